"""Test that everything that names the release names the same one."""

import re

from django.conf import settings

from perfectworks import __version__
from tests.deployment.files import ROOT, containers
from tests.deployment.releases import RELEASE


def test_the_newest_release_in_the_changelog_is_the_version_of_the_code():
    assert re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[0] == "Unreleased"
    newest = RELEASE.search((ROOT / "CHANGELOG.md").read_text())

    assert newest is not None
    assert newest["version"] == __version__


def test_the_manifest_runs_this_release():
    assert {container["image"].rpartition(":")[2] for container in containers()} == {__version__}


def test_the_documents_of_the_apis_do_not_tell_the_release():
    """They are public. Their version is the version of the APIs."""
    assert settings.SPECTACULAR_SETTINGS["VERSION"] == "0.1.0"
