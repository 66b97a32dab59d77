"""The ground that every app stands on. It imports none of them."""
