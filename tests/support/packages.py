"""The packages of this project, as the import contract in pyproject.toml names them."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES: tuple[str, ...] = tuple(
    tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["root_packages"]
)
APPS = tuple(package for package in PACKAGES if package not in ("core", "perfectworks"))
