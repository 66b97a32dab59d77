"""The pages of an organization, except those about invitations (``invitations.pages.organization``)."""
