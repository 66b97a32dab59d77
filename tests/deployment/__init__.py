"""Test the files for containers, Kubernetes and systemd."""
