"""Emails about accounts: which there are, how they are queued and what they say."""
