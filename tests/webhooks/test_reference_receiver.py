"""Test the receiver of the documentation: it ends with exactly our members after kills and replays, in any order."""

import json
import random
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings as project
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from accounts.principals import staff
from orgs.actions import members, roles, units
from orgs.models import Membership, Organization, Unit
from orgs.permissions import ADMIN_ROLE, EDITOR_ROLE, UNIT_EDITOR_ROLE, UNIT_VIEWER_ROLE, VIEWER_ROLE, Level
from tests.factories import UserFactory, WebhookEndpointFactory
from tests.factories.webhooks import SECRET
from tests.outbox.kill_points import ForkServer
from tests.outbox.scripted_server import DEADLINE
from tests.repetition import times
from tests.support.people import session_of
from webhooks.actions.replaying import replay_delivery, replay_since
from webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookMessage
from webhooks.sending import send

pytestmark = pytest.mark.django_db(transaction=True)

SCRIPT = Path(project.BASE_DIR) / "docs" / "examples" / "webhook_receiver.py"
ROLES = (VIEWER_ROLE, EDITOR_ROLE, ADMIN_ROLE)
UNIT_ROLES = (UNIT_VIEWER_ROLE, UNIT_EDITOR_ROLE)
PEOPLE = 12
Roles = tuple[str, dict[str, str]]  # the role in the organization, and the roles in units


def is_open(port: int) -> bool:
    with closing(socket.socket()) as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


class ReferenceReceiver:
    """The process of the receiver, which a test can kill and start again."""

    def __init__(self, folder: Path, port: int) -> None:
        self.file, self.port = folder / "members.sqlite3", port
        self.start()

    def start(self) -> None:
        environment = {"WEBHOOK_SECRET": SECRET, "MEMBERS_FILE": str(self.file), "PORT": str(self.port)}
        self.process = subprocess.Popen([sys.executable, str(SCRIPT)], env=environment, stderr=subprocess.DEVNULL)
        end = time.monotonic() + DEADLINE
        while not is_open(self.port):
            assert time.monotonic() < end, "the receiver does not start"
            self.process.poll()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def members(self) -> dict[str, Roles]:
        """Return the roles of the members that the receiver knows, by the id of the membership."""
        with closing(sqlite3.connect(self.file)) as copy:
            rows = copy.execute("SELECT id, member FROM members WHERE member IS NOT NULL").fetchall()
        known = {key: json.loads(member) for key, member in rows}
        return {
            key: (member["role"]["id"], {unit["id"]: unit["role"]["id"] for unit in member["units"]})
            for key, member in known.items()
        }


@pytest.fixture
def reference(tmp_path: Path, closed_port: int) -> Iterator[ReferenceReceiver]:
    receiver = ReferenceReceiver(tmp_path, closed_port)
    yield receiver
    receiver.kill()


@pytest.fixture
def followed(organization: Organization, closed_port: int, settings: Any) -> WebhookEndpoint:
    Organization.objects.filter(pk=organization.pk).update(has_webhooks=True)
    settings.WEBHOOK_ALLOW_PRIVATE = True
    url = f"http://127.0.0.1:{closed_port}/"
    endpoint: WebhookEndpoint = WebhookEndpointFactory.create(organization=organization, url=url)
    return endpoint


def roles_now(organization: Organization, *, but: User) -> dict[str, Roles]:
    rows = Membership.objects.with_people_and_roles().filter(organization=organization).exclude(user=but)
    return {
        str(row.pk): (
            str(row.organization_role.pk),
            {str(one.unit_id): str(one.role_id) for one in row.assignments.all() if one.unit_id},
        )
        for row in rows
    }


class Chaos:
    """Random actions on members, roles and units, and random kills and replays."""

    def __init__(self, owner: User, endpoint: WebhookEndpoint, killer: ForkServer, receiver: ReferenceReceiver) -> None:
        self.random = random.Random(20261130)
        self.by, self.by_staff = session_of(owner), staff(UserFactory.create(superuser=True), "accounts.change_user")
        self.people = UserFactory.create_batch(PEOPLE)
        self.endpoint, self.killer, self.receiver = endpoint, killer, receiver
        self.named: dict[str, Any] = {"organization_id": endpoint.organization_id}
        self.own_roles: list[UUID] = []
        self.own_units: list[UUID] = []
        self.began = timezone.now()
        self.worker = killer.start("deliver_webhooks", endless=True)

    def act(self) -> None:
        """Add, change or remove a random person, or begin or end a role or a unit."""
        if self.random.random() < 0.1:
            return self.random.choice((self.change_roles, self.change_units))()
        person, role_id = self.random.choice(self.people), self.random.choice((*ROLES, *self.own_roles))
        membership = Membership.objects.filter(user=person, **self.named).first()
        if membership is None:
            members.add_member(by=self.by_staff, user=person, role_id=role_id, **self.named)
            return None
        named = {"by": self.by, "membership_id": membership.pk, **self.named}
        if self.own_units and self.random.random() < 0.3:
            unit_id, role_id = self.random.choice(self.own_units), self.random.choice(UNIT_ROLES)
            units.assign_unit_role(**named, unit_id=unit_id, role_id=role_id)
        elif self.random.random() < 0.6:
            members.change_member_roles(**named, role_id=role_id)
        else:
            members.remove_member(**named)
        return None

    def change_roles(self) -> None:
        """Create a role, or delete one that members may have."""
        if len(self.own_roles) < 3:
            values: dict[str, Any] = {
                "level": Level.ORGANIZATION,
                "name": f"Role {uuid4()}",
                "permissions": frozenset(),
            }
            self.own_roles.append(roles.create_role(by=self.by, **values, **self.named).pk)
        else:
            role_id = self.own_roles.pop(0)
            roles.delete_role(by=self.by, role_id=role_id, reassign_to=self.random.choice(ROLES), **self.named)

    def change_units(self) -> None:
        """Create a workspace, or delete one in which members may have roles."""
        if len(self.own_units) < 3:
            unit = units.create_unit(by=self.by, kind=Unit.Kind.WORKSPACE, name="Office", **self.named)
            self.own_units.append(unit.pk)
        else:
            units.delete_unit(by=self.by, unit_id=self.own_units.pop(0), **self.named)

    def disturb(self) -> None:
        """Kill the worker or the receiver, or replay something."""
        self.random.choice((self.kill_worker, self.kill_receiver, self.replay_one, self.replay_some))()

    def kill_worker(self) -> None:
        self.killer.kill(self.worker)
        WebhookDelivery.objects.unsent().update(due_at=Now())  # as if its lease had ended
        self.worker = self.killer.start("deliver_webhooks", endless=True)

    def kill_receiver(self) -> None:
        self.receiver.kill()
        self.receiver.start()
        WebhookDelivery.objects.deferred().update(due_at=Now())  # as if half an hour had passed

    def replay_one(self) -> None:
        known = [*WebhookDelivery.objects.filter(state="sent").values_list("pk", flat=True)[:100]]
        if known:
            named = {**self.named, "endpoint_id": self.endpoint.pk, "delivery_id": self.random.choice(known)}
            replay_delivery(by=self.by, **named)

    def replay_some(self) -> None:
        recent = WebhookMessage.objects.order_by("-number")[: self.random.randrange(1, 30)]
        since = min((message.created_at for message in recent), default=self.began)
        replay_since(by=self.by, endpoint_id=self.endpoint.pk, since=since, **self.named)

    def finish(self, deliver: Callable[[], None]) -> None:
        """Deliver what is left."""
        self.killer.kill(self.worker)
        while self.has_more():
            WebhookDelivery.objects.unsent().update(due_at=Now())
            deliver()

    def has_more(self) -> bool:
        news = WebhookEndpoint.objects.filter(has_news=True)
        return news.exists() or WebhookDelivery.objects.unsent().exists()


def test_the_receiver_ends_with_exactly_our_members(
    owner: User,
    organization: Organization,
    followed: WebhookEndpoint,
    killer: ForkServer,
    reference: ReferenceReceiver,
    deliver: Callable[[], None],
    request: pytest.FixtureRequest,
):
    actions = request.config.getoption("--actions") or times(60, in_full=400)
    Membership.objects.filter(organization=organization).exclude(user=owner).delete()
    chaos = Chaos(owner, followed, killer, reference)
    for _ in range(actions):
        chaos.act()
        if chaos.random.random() < min(0.1, 200 / actions):
            chaos.disturb()
    chaos.finish(deliver)

    assert {*WebhookDelivery.objects.values_list("state", flat=True)} == {"sent"}
    assert reference.members() == roles_now(organization, but=owner)
    sequences = {*WebhookDelivery.objects.values_list("sequence", flat=True)}
    assert sequences == {*range(1, WebhookMessage.objects.count() + 1)}


def test_the_receiver_refuses_what_is_not_signed(reference: ReferenceReceiver, followed: WebhookEndpoint):
    assert len(SCRIPT.read_text().splitlines()) < 40
    headers = {"webhook-id": "msg_1", "webhook-timestamp": "1", "webhook-signature": "v1,x"}
    assert send(followed.url, headers, b'{"data": {}}').status == 401
