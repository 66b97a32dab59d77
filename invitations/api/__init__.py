"""The house API of invitations."""
