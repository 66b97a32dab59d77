"""Viewsets of the house API for organizations. The viewsets' paths are in ``perfectworks.urls``."""
