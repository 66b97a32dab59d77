"""Emails about invitations: outbox, delivery, provider reports, sending limits and suppressions."""
