"""Webhooks: signed HTTPS requests that tell other software about the events of an organization."""
