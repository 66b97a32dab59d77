"""Read texts and files that list people to invite. Pure functions: no database, no HTTP."""
