"""Invitations: send them, email the invitees, and show the pages on which invitees accept or decline."""
