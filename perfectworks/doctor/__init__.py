"""What goes wrong in practice when the service runs: ``manage.py doctor``."""
