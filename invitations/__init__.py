"""How you come to belong: invitations, their mails, and the pages that answer them."""
