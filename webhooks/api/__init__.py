"""The house API of webhook endpoints."""
