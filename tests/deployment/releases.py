"""The releases in CHANGELOG.md, and their code."""

import os
import re
import shutil
import subprocess
from io import BytesIO
from pathlib import Path
from typing import NoReturn
from zipfile import ZipFile

import pytest

from tests.deployment.files import ROOT

CHANGELOG = ROOT / "CHANGELOG.md"
RELEASE = re.compile(r"^## (?P<version>\d+\.\d+\.\d+) - (?P<date>\d{4}-\d\d-\d\d)$", re.MULTILINE)
RECORDED = re.compile(rf"{RELEASE.pattern}\n\nCommit: `(?P<commit>[0-9a-f]{{40}})`$", re.MULTILINE)


def newest_recorded(changelog: str) -> tuple[str, str]:
    """Return the version and the commit of the newest release that has one. The release being made has none yet."""
    found = RECORDED.search(changelog)
    assert found is not None, "CHANGELOG.md records no commit of a release."
    return found["version"], found["commit"]


def extract(commit: str, folder: Path) -> Path:
    """Write the code of a commit to a folder, and return the folder. Skip the test if this clone does not have it.

    With `REQUIRE_RELEASE=1`, a missing commit is a failure.
    """
    command = ["git", "-C", str(ROOT), "archive", "--format=zip", commit]
    found = subprocess.run(command, capture_output=True, check=False) if shutil.which("git") else None
    if found is None or found.returncode:
        reason = found.stderr.decode().strip() if found else "git is not installed"
        miss(f"The code of the last release ({commit[:12]}) is not available: {reason}.")
    with ZipFile(BytesIO(found.stdout)) as archive:
        archive.extractall(folder)
    return folder


def miss(reason: str) -> NoReturn:
    """Skip or fail the test."""
    if os.environ.get("REQUIRE_RELEASE") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
