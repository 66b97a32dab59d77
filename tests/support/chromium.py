"""Chromium, which the browser tests use."""

import shutil

# The names in Debian. The first has no windows, and needs half of the time.
COMMANDS = ("chromium-headless-shell", "chromium")
CHROMIUM = next(filter(None, map(shutil.which, COMMANDS)), None)
