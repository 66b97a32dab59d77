"""Move one organization to another installation: a directory of JSON Lines, written and read in one transaction."""
