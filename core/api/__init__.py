"""The base of our JSON APIs: errors, envelope, pagination, strict input, OpenAPI. It imports no app."""
