"""Emails about invitations: queue, delivery, reports, limits and suppressions."""
