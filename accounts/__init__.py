"""Who you are: users, their proven addresses and external identities, and every way of proving it."""
