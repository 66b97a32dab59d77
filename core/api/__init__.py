"""The base of our JSON APIs: errors, envelope, pagination, strict input, OpenAPI. This package imports no app."""
