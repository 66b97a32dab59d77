"""Invite many: rows, their verdicts and checks. The action is ``invitations.actions.inviting_many``."""
