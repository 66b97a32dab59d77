"""Run the benchmark: `python -m bench`. `BENCH_SCALE=0.01` uses a hundredth of the rows."""

import os
import sys

from bench.database import SCALE, create_empty, database_name, drop, runtime_url, url_of
from bench.emails import email_table
from bench.processes import SETTINGS, serve
from bench.webhooks import webhook_table

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "8"))
REQUESTS = int(os.environ.get("BENCH_REQUESTS", "25"))


def main() -> int:
    """Fill the database if necessary, measure, and print the table."""
    name = database_name()
    set_up_django(name)
    if create_empty(name):
        fill(name)
    with runtime_url(name) as url:
        measure_on(name, url)
    print("", *email_table(), sep="\n")
    print("", *webhook_table(), sep="\n")
    from bench.uploads import upload_table

    print("", *upload_table(), sep="\n")
    return 0


def set_up_django(name: str) -> None:
    """Use the service's settings and the benchmark's database in this process, as the owner of the tables."""
    os.environ |= SETTINGS | {
        "DJANGO_SETTINGS_MODULE": "perfectworks.settings", "DATABASE_URL": url_of(name),
        "PUBLIC_BASE_URL": "http://127.0.0.1",
    }  # fmt: skip
    import django

    django.setup()


def fill(name: str) -> None:
    """Create the tables and the rows. Drop the database if that fails."""
    from django.core.management import call_command

    from bench.seed import seed

    print(f"Filling {name} with {SCALE:g} million open invitations in one organization, and as many in others.")
    try:
        call_command("migrate", verbosity=0)
        seed()
    except BaseException:
        drop(name)
        raise


def measure_on(name: str, url: str) -> None:
    """Start the servers, send the requests and print the table."""
    from bench.admin import admin_table
    from bench.limited import limited_targets, serve_limited
    from bench.measure import measure, table
    from bench.peers.better_auth import peer_targets, serve_peers
    from bench.statements import count_statements
    from bench.targets import targets

    with (
        serve("perfectworks.wsgi:application", name, url) as service,
        serve("bench.reference.wsgi:application", name, url) as reference,
        serve_limited(name, url) as limited,
        serve_peers() as peers,
    ):
        own = targets()
        measured = [*own, *limited_targets(own, limited), *peer_targets(peers)]
        statements = count_statements(measured)
        servers = {"service": service, "reference": reference, **limited, **peers}
        results = measure(measured, servers, ROUNDS, REQUESTS)
    print(*table(measured, results, statements), sep="\n", flush=True)
    print("", *admin_table(), sep="\n")


if __name__ == "__main__":
    sys.exit(main())
