"""Authentication with JSON Web Tokens from trusted identity providers."""
