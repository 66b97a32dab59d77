"""Account pages: sign-in, sign-up, profile, connected applications."""
