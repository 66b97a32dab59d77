"""The pages of an account: sign-in, sign-up, profile, connected applications."""
