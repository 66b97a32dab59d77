"""An endpoint of the organization, and a receiver on this machine."""

import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from orgs.models import Organization
from outbox.handlers import Queue
from tests.factories import WebhookEndpointFactory
from tests.factories.webhooks import SECRET
from tests.outbox.fixtures import closed_port  # noqa: F401 - a fixture
from tests.outbox.kill_points import ForkServer
from tests.webhooks.receiving import Receiver, receiving
from webhooks.handling import WebhookHandler, WebhookTransport
from webhooks.lane import WebhookLane
from webhooks.models import WebhookDelivery, WebhookEndpoint


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    with receiving(SECRET) as found:
        yield found


@pytest.fixture
def endpoint(organization: Organization, receiver: Receiver) -> WebhookEndpoint:
    """Return an endpoint that follows the events of the organization."""
    Organization.objects.filter(pk=organization.pk).update(has_webhooks=True)
    created: WebhookEndpoint = WebhookEndpointFactory.create(organization=organization, url=receiver.url)
    return created


@pytest.fixture
def killer(fork_server_process: subprocess.Popen[bytes]) -> Iterator[ForkServer]:
    """Return the fork server, which starts workers. Those that still run are killed after the test."""
    server = ForkServer(fork_server_process, mail_port=0)
    yield server
    server.kill_all()


@pytest.fixture
def deliver() -> Callable[[], None]:
    """Return a function that delivers everything that is due, as a worker does."""

    def deliver() -> None:
        lane = WebhookLane(WebhookTransport(), [Queue(WebhookDelivery, WebhookHandler, WebhookTransport)])
        while lane.step():
            pass
        lane.close()

    return deliver
