"""The project package: settings, URLs and commands."""
