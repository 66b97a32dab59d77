"""The house API of invitations: as the organization sends them, and as the invitee answers them."""
