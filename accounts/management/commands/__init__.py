"""Commands that replace Django's own."""
