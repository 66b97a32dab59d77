"""JSON Web Tokens of trusted identity providers."""
