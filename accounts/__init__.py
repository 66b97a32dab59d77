"""Users, their verified addresses and external identities, and authentication."""
