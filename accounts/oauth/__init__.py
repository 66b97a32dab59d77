"""Our own OAuth 2.0 authorization server."""
