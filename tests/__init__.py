"""The folders mirror the code: tests/orgs tests orgs, and so on."""
