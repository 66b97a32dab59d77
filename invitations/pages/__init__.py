"""The website pages for invitees."""
