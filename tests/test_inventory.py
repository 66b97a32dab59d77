"""Test that the inventory in docs/operations.md lists every outbound connection and every secret, and nothing else."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.packages import PACKAGES

ROOT = Path(__file__).parents[1]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
VARIABLES = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))

# Modules that open connections. Of `http.client` and `smtplib`, names of errors and codes do not.
CLIENTS = (
    *("urllib.request", "http.client", "smtplib", "socket", "ssl", "psycopg", "redis", "dns"),
    *("sentry_sdk", "opentelemetry.exporter", "requests", "httpx", "boto3"),
)
ONLY_NAMES = re.compile(r"responses|HTTPException|HTTPResponse|SMTP\w+|sql|DNSException")
# Code that uses these modules, but connects to nobody.
CONNECTS_TO_NOBODY = {
    "perfectworks/web_server.py",  # listens
    "outbox/heartbeat.py",  # the name of this machine
    "perfectworks/management/commands/healthcheck.py",  # the same
}

# What a variable is called that says where to connect to, or that is a secret.
SAYS_WHERE = re.compile(r"_URL$|_DSN$|_ENDPOINT$|_BACKEND$|^ANYMAIL$|_ISSUERS$|_PROJECT_ID$")
IS_SECRET = re.compile(
    r"_KEYS?$|_FALLBACKS$|PASSWORD$|_TOKEN$|_DSN$|^ANYMAIL$|^(DATABASE|DATABASE_OWNER|DATABASE_ADMIN|CACHE|EMAIL)_URL$"
)
# URLs that only browsers open, or that say what to call the service.
NOT_OPENED = {"SERVICE_LOGO_URL", "IMPRINT_URL", "PRIVACY_URL", "SECURITY_POLICY_URL"}


def section(title: str) -> str:
    """Return the text below a heading, up to the next one."""
    return re.split(r"^#+ ", OPERATIONS.partition(f"### {title}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def column(title: str, number: int) -> list[str]:
    """Return the names in backticks in one column of the tables of a section."""
    rows = [line.strip("|").split("|") for line in section(title).splitlines() if line.startswith("| ")]
    return [name for row in rows[1:] if len(row) > number for name in re.findall(r"`([\w./]+)`", row[number])]


def modules_that_connect() -> Iterator[str]:
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            tree = ast.parse(file.read_text())
            if any(is_client(name) for node in ast.walk(tree) for name in imported(node)):
                yield file.relative_to(ROOT).as_posix()


def imported(node: ast.AST) -> Iterator[str]:
    """Yield what the statement imports, without names that open no connection."""
    if isinstance(node, ast.Import):
        yield from (one.name for one in node.names)
    elif isinstance(node, ast.ImportFrom) and not all(ONLY_NAMES.fullmatch(one.name) for one in node.names):
        yield node.module or ""


def is_client(module: str) -> bool:
    return any(module == client or module.startswith(f"{client}.") for client in CLIENTS)


def test_every_module_that_connects_is_in_the_list_of_outbound_connections():
    listed = {path for path in column("Outbound connections", 3) if path.endswith(".py")}

    assert listed == set(modules_that_connect()) - CONNECTS_TO_NOBODY
    assert set(modules_that_connect()) >= CONNECTS_TO_NOBODY


def test_every_variable_that_says_where_to_connect_is_in_the_list():
    where = {name for name in VARIABLES if SAYS_WHERE.search(name)} - NOT_OPENED
    listed = set(column("Outbound connections", 2))

    assert where - listed == set()
    assert listed - VARIABLES == set()


def test_every_secret_is_in_the_list_of_secrets():
    assert sorted(column("Secrets", 0)) == sorted(name for name in VARIABLES if IS_SECRET.search(name))


@pytest.mark.parametrize("name", ["SECRET_KEY", "ANYMAIL", "METRICS_TOKEN"])
def test_a_secret_can_come_from_a_file(name, tmp_path):
    from perfectworks.environment import Variables

    (tmp_path / "secret").write_text("from a file\n")

    assert Variables({f"{name}_FILE": str(tmp_path / "secret")})[name] == "from a file"


def test_what_listens_is_in_the_list():
    listed = set(re.findall(r"`([A-Z_]+)`", section("What listens")))

    assert {name for name in VARIABLES if re.search(r"(^|_)(HOST|PORT)$", name)} <= listed <= VARIABLES
