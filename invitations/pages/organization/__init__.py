"""The pages of an organization that are about invitations. The others are in ``orgs.pages``."""

from invitations.pages.organization import refusal_texts  # noqa: F401 - adds what the pages say about errors
