"""What tests of more than one folder use: people, pages, database changes, queries, the API and its document."""
