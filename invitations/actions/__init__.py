"""The actions that create, change, answer and end invitations."""
