"""The pages for invited people."""
