"""The settings of the service with other environment variables."""

import runpy
from pathlib import Path
from typing import Any
from unittest.mock import patch

import perfectworks
from perfectworks.environment import Environment, Variables

SECRET = "f4QmZ8vJ2xWc7RtYb1NsKd6LpHg3EaUoB5iD9kXyM0qVhTjCwF"
PRODUCTION = {"SECRET_KEY": SECRET, "PUBLIC_BASE_URL": "https://perfectworks.test"}


def load(**environment: str) -> dict[str, Any]:
    """Run the module of the settings with only this environment, apart from the settings of the tests."""
    with patch.object(Environment, "ENVIRON", Variables(environment)):
        return runpy.run_path(str(Path(perfectworks.__file__).with_name("settings.py")))
