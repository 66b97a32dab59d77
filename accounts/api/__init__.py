"""Shared parts of all APIs: credentials in OpenAPI, idempotency."""
