"""The pages of an organization that are about invitations. The others are in ``orgs.pages``."""
