"""Viewsets of the house API for organizations, one module per noun. Their paths are in ``perfectworks.urls``."""
