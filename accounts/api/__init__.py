"""Code that all APIs share: credentials in OpenAPI documents, and idempotent requests."""
