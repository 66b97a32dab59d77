#!/usr/bin/env python3
"""Run PerfectWorks' commands: `python manage.py help` lists them."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def main() -> None:
    """Run the command. If a setting is wrong, print one sentence about it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "perfectworks.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as refusal:
        sys.exit(f"PerfectWorks does not start: {refusal}")


if __name__ == "__main__":
    main()
