"""Serve better-auth, and send it the requests that the service is compared by."""

import base64
import hmac
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg

from bench.database import temporary_database, url_of
from bench.peers.seed import seed_better_auth
from bench.processes import SECRET, Server, application_name, free_port, running
from bench.targets import Request, Target, invite_new, repeat

FOLDER = Path(__file__).resolve().parent
INSTALL = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
API = "/api/auth"
WARM_UP = 200  # Node needs so many requests of a kind until it has compiled what they run
TOKENS = 'SELECT email, token FROM session JOIN "user" ON "user".id = "userId"'


@contextmanager
def serve_peers() -> Iterator[dict[str, Server]]:
    """Serve better-auth on a new database if `PEERS=1` and Node is there. Yield the servers by their names."""
    if os.environ.get("PEERS") != "1" or not is_installed():
        yield {}
        return
    with temporary_database("peers") as database, serve_better_auth(database) as server:
        seed_better_auth(database)
        yield {"better-auth": server}


def is_installed() -> bool:
    """Install the locked packages. Print why if that is not possible."""
    missing = [program for program in ("node", "npm") if not shutil.which(program)]
    if missing:
        print(f"Without better-auth, as {' and '.join(missing)} cannot be found.")
    elif subprocess.run(INSTALL, cwd=FOLDER, check=False).returncode:
        print("Without better-auth, as npm could not install it.")
    else:
        return True
    return False


@contextmanager
def serve_better_auth(database: str) -> Iterator[Server]:
    """Create the tables and run the server, until the block ends."""
    port, url = free_port(), url_of(database)
    environment = {
        "PATH": os.environ["PATH"], "NODE_ENV": "production", "SECRET_KEY": SECRET, "PORT": str(port),
        "PUBLIC_BASE_URL": f"http://127.0.0.1:{port}",
        "DATABASE_URL": f"{url}?application_name={application_name(port)}",
    }  # fmt: skip
    with running(["node", "server.mjs"], FOLDER, environment, port) as process:
        yield Server(process, port, database, url)


def peer_targets(servers: dict[str, Server]) -> list[Target]:
    """Return the requests to better-auth, if it runs."""
    return [
        Target(f"{name}: {kind}", requests, server=name, warm_up=WARM_UP)
        for name, server in servers.items()
        for kind, requests in requests_of(server).items()
    ]


def requests_of(server: Server) -> dict[str, Iterator[Request]]:
    """Return the kinds of request. The lists are those that better-auth has: without pages, and of every state."""
    with psycopg.connect(url_of(server.database)) as connection:
        organizations: dict[str, str] = dict(connection.execute("SELECT slug, id FROM organization").fetchall())
        headers = {email: session(server, token) for email, token in connection.execute(TOKENS)}
        waiting = connection.execute("SELECT id, email FROM invitation WHERE email LIKE 'accepting-%'").fetchall()
    owner, receiver = headers["owner@example.com"], headers["receiver@example.com"]
    member_of_middle = {"role": "member", "organizationId": organizations["middle-0"]}
    small = f"organizationId={organizations['small-0']}"
    return {
        "list of 20": repeat(f"{API}/organization/list-invitations?{small}", owner),
        "my invitations": repeat(f"{API}/organization/list-user-invitations", receiver),
        "get-session": repeat(f"{API}/get-session", receiver),
        "accept": acceptances_of(waiting, headers),
        "invite": invite_new(f"{API}/organization/invite-member", owner, member_of_middle),
    }


def session(server: Server, token: str) -> dict[str, str]:
    """Return the headers of a browser in which the person with this session is signed in."""
    signature = base64.b64encode(hmac.digest(SECRET.encode(), token.encode(), "sha256")).decode()
    cookie = quote(f"{token}.{signature}", safe="")
    return {"Cookie": f"better-auth.session_token={cookie}", "Origin": f"http://127.0.0.1:{server.port}"}


def acceptances_of(waiting: list[tuple[str, str]], headers: dict[str, dict[str, str]]) -> Iterator[Request]:
    """Yield the acceptance of another person each time."""
    for invitation, email in waiting:
        path = f"{API}/organization/accept-invitation"
        yield Request(path, headers[email], "POST", {"invitationId": invitation})
