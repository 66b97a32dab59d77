"""Test that the files for containers, Kubernetes and systemd agree with the service."""

import re
from collections.abc import Iterator

import pytest
from django.core.management import get_commands

from perfectworks.health import CHECKS
from tests.deployment.files import (
    COMPOSE,
    DOCKERFILE,
    FILES,
    KUBERNETES,
    ROOT,
    UNITS,
    commands,
    containers,
    manifests,
    ours,
    pods,
    services,
)

LISTED = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
SECRETS_OF_STEPS = {
    "POSTGRES_PASSWORD": set(),
    "POSTGRES_OWNER_PASSWORD": set(),
    "POSTGRES_RUNTIME_PASSWORD": set(),
    "DATABASE_ADMIN_URL": {"roles"},
    "DATABASE_OWNER_URL": {"roles"},
    "FIRST_STAFF_PASSWORD": {"first-staff"},
}


def variables() -> Iterator[str]:
    """Yield the environment variables that the files set for the service."""
    for service in ours().values():
        yield from service["environment"]
    for one in manifests().values():
        yield from one.get("data", {}) if one["kind"] == "ConfigMap" else []
    yield from re.findall(r"--from-literal=([A-Z_]+)=", KUBERNETES.read_text())


def test_every_variable_is_one_that_the_service_reads():
    assert set(variables()) - LISTED == set()


def test_every_command_exists():
    assert {"migrate", "worker", "database_roles", "create_first_staff", "serve"} <= commands() <= get_commands().keys()


def test_the_ports_are_the_same_everywhere():
    [exposed] = re.findall(r"^EXPOSE (\d+)$", DOCKERFILE.read_text(), re.MULTILINE)

    assert re.findall(r"\bPORT=(\d+)", DOCKERFILE.read_text()) == [exposed]
    assert f"\nPORT={exposed}\n" in (ROOT / ".env.example").read_text()
    for service in (ours()["web"], ours()["demo"]):
        assert service["ports"] == [f"127.0.0.1:${{PORT:-{exposed}}}:{exposed}"]
        assert str(service["environment"]["PORT"]) == exposed
    [port] = [port for container in containers() for port in container.get("ports", [])]
    assert port == {"name": "http", "containerPort": int(exposed)}
    assert manifests()["Service/perfectworks"]["spec"]["ports"] == [{"name": "http", "port": 80, "targetPort": "http"}]


def test_every_published_port_is_only_for_this_machine():
    published = [port for service in services().values() for port in service.get("ports", [])]

    assert len(published) == 3
    assert [port for port in published if not port.startswith("127.0.0.1:")] == []


def test_the_checks_of_health_exist():
    probes = [probe for container in containers() for name, probe in container.items() if name.endswith("Probe")]
    paths = [probe["httpGet"]["path"] for probe in probes if "httpGet" in probe]
    paths += re.findall(r"/healthz/\w+", DOCKERFILE.read_text())

    assert len(paths) == 4
    assert set(paths) == {"/healthz/live", "/healthz/ready"} <= set(CHECKS)


def test_the_worker_is_healthy_while_its_heart_beats():
    [worker] = [container for container in containers() if container["name"] == "worker"]

    assert ours()["worker"]["healthcheck"]["test"] == ["CMD", "python", "manage.py", "healthcheck"]
    assert worker["livenessProbe"]["exec"] == {"command": ["python", "manage.py", "healthcheck"]}


def test_the_processes_of_a_new_version_wait_for_its_migrations():
    [web, worker] = [manifests()[f"Deployment/perfectworks-{name}"]["spec"] for name in ("web", "worker")]

    assert web["template"]["spec"]["containers"][0]["readinessProbe"]["httpGet"]["path"] == "/healthz/ready"
    [waiting] = worker["template"]["spec"]["initContainers"]
    assert waiting["command"] == ["python", "manage.py", "migrate", "--check"]
    assert ("strategy" in web, "strategy" in worker) == (False, False)  # the default: the old pods stay until then
    assert ours()["web"]["depends_on"] == ours()["worker"]["depends_on"]
    assert ours()["web"]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}


def test_only_the_demonstration_is_in_development_mode():
    in_development = [name for name, service in ours().items() if "DEBUG" in service["environment"]]

    assert in_development == ["demo"]
    assert ours()["demo"]["profiles"] == services()["mailpit"]["profiles"] == ["demo"]
    assert "env_file" not in ours()["demo"]
    assert not re.search(r"\bDEBUG", "".join(file.read_text() for file in (DOCKERFILE, KUBERNETES, *UNITS)))


def test_the_web_server_and_the_worker_get_no_secret_of_another_step():
    """`env_file` gives each service all variables of .env. These are empty again, except where they are needed."""
    for name, service in ours().items():
        if name == "demo":
            continue
        for secret, readers in SECRETS_OF_STEPS.items():
            value = service["environment"].get(secret)
            if name in readers:
                assert value, (name, secret)
            elif secret not in {"DATABASE_ADMIN_URL", "DATABASE_OWNER_URL"}:  # .env does not set them
                assert value == "", (name, secret)


def test_only_the_migration_connects_as_the_owner():
    users = {name: service["environment"].get("DATABASE_URL", "") for name, service in ours().items()}

    assert [name for name, url in users.items() if "//perfectworks_owner:" in url] == ["migrate"]
    assert [name for name, url in users.items() if "//perfectworks:" in url] == []
    owners = [one["name"] for one in containers() if {"secretRef": {"name": "perfectworks-owner"}} in one["envFrom"]]
    assert owners == ["migrate"]
    assert [unit.stem for unit in UNITS if "/etc/perfectworks/owner" in unit.read_text()] == ["perfectworks-migrate"]


def test_nothing_runs_as_root_or_writes_to_its_image():
    [user] = re.findall(r"^USER (\d+)$", DOCKERFILE.read_text(), re.MULTILINE)

    for service in ours().values():
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert service["security_opt"] == ["no-new-privileges:true"]
    for pod in pods():
        assert (pod["securityContext"]["runAsNonRoot"], pod["securityContext"]["runAsUser"]) == (True, int(user))
        assert pod["automountServiceAccountToken"] is False
    for container in containers():
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


@pytest.mark.parametrize("line", ["User=perfectworks", "NoNewPrivileges=yes", "ProtectSystem=strict", "UMask=0077"])
def test_the_units_run_with_few_rights(line):
    assert [unit.name for unit in UNITS if f"\n{line}\n" not in unit.read_text()] == []


def test_the_worker_may_finish_its_email():
    [worker] = [pod for pod in pods() if pod["containers"][0]["name"] == "worker"]

    assert ours()["worker"]["stop_grace_period"] == "16m"
    assert worker["terminationGracePeriodSeconds"] == 16 * 60
    [unit] = [unit for unit in UNITS if unit.stem == "perfectworks-worker"]
    assert "\nTimeoutStopSec=16min\n" in unit.read_text()


def test_no_file_contains_a_secret():
    values = [value for service in services().values() for value in service.get("environment", {}).values()]

    assert [value for value in values if re.search(r":[^/@$]+@", str(value))] == []
    assert "Secret" not in {one["kind"] for one in manifests().values()}
    assert all("PASSWORD=" not in file.read_text() for file in FILES if file != COMPOSE)
