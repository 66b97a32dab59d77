"""Invitations: sending them, their emails, and the pages on which invitees answer them."""
