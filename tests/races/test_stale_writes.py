"""Of concurrent writes that name the same `ETag` in `If-Match`, one succeeds. The others are refused."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.actions.profile import update_profile
from accounts.models import User
from accounts.principals import Method, Principal
from events.models import Event
from orgs.actions.members import change_member_roles
from orgs.actions.roles import update_role
from orgs.models import Organization
from orgs.oauth.applications import register_personal_client, update_application
from orgs.permissions import EDITOR_ROLE
from tests.factories import InvitationFactory, MembershipFactory, RoleFactory
from tests.races.racing import PATIENCE, race, rounds, wait_until_somebody_waits
from tests.support.people import session_of

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE = 3
API = "/api/v0"


def send(user: User, method: str, path: str, body: dict[str, Any] | None = None, *, tag: str = "") -> Any:
    """Send a request, with the tag in `If-Match` if there is one."""
    client = APIClient()
    token: Any = Principal(user=user, method=Method.SESSION, authenticated_at=timezone.now())
    client.force_authenticate(user, token=token)
    return getattr(client, method)(f"{API}{path}", body, headers={"If-Match": tag} if tag else {})


def tag_of(user: User, path: str) -> str:
    return str(send(user, "get", path).headers["ETag"])


def role_of(organization: Organization) -> str:
    role = RoleFactory.create(organization=organization, name="Helper")
    return f"/organizations/{organization.pk}/roles/{role.pk}"


@pytest.mark.parametrize("place", ["role", "organization", "profile"])
def test_of_concurrent_changes_of_one_version_one_is_made(
    somebody: Callable[[], User], founded: Callable[..., Organization], place: str
):
    for _ in rounds():
        owner = somebody()
        organization = founded(owner)
        path, field = {
            "role": (role_of(organization), "name"),
            "organization": (f"/organizations/{organization.pk}", "name"),
            "profile": ("/users/profile", "firstName"),
        }[place]
        tag = tag_of(owner, path)
        names = [f"Name {number}" for number in range(AT_ONCE)]

        answers = race(*(partial(send, owner, "patch", path, {field: name}, tag=tag) for name in names))

        assert sorted(answer.status_code for answer in answers) == [200, 412, 412]
        made = next(answer.json()["data"][field] for answer in answers if answer.status_code == 200)
        assert send(owner, "get", path).json()["data"][field] == made


def test_an_invitation_is_not_accepted_if_it_changes_at_the_same_time(
    somebody: Callable[[], User], founded: Callable[..., Organization]
):
    for _ in rounds():
        owner, invitee = somebody(), somebody()
        organization = founded(owner)
        invitation = InvitationFactory.create(organization=organization, invitee=invitee, inviter=owner)
        sent, received = (
            f"/organizations/{organization.pk}/invitations/{invitation.pk}",
            f"/invitations/{invitation.pk}",
        )
        changed, accepted = race(
            partial(send, owner, "patch", sent, {"role": "viewer", "expiresInDays": 20}, tag=tag_of(owner, sent)),
            partial(send, invitee, "post", f"{received}/accept", tag=tag_of(invitee, received)),
        )

        assert (changed.status_code, accepted.status_code) in [(200, 412), (412, 200)]


class Change:
    """Changes of resources, which hold their locks until the transaction ends."""

    def __init__(self, owner: User, organization: Organization) -> None:
        self.owner, self.organization, self.by = owner, organization, session_of(owner)

    def of_role(self) -> tuple[str, dict[str, Any], Callable[[], Any]]:
        role = RoleFactory.create(organization=self.organization, name="Helper")
        path = f"/organizations/{self.organization.pk}/roles/{role.pk}"
        named: dict[str, Any] = {"organization_id": self.organization.pk, "role_id": role.pk}
        return path, {"name": "Aide"}, partial(update_role, by=self.by, **named, name="Reader")

    def of_member(self) -> tuple[str, dict[str, Any], Callable[[], Any]]:
        member = MembershipFactory.create(organization=self.organization)
        named: dict[str, Any] = {"organization_id": self.organization.pk, "membership_id": member.pk}
        change = partial(change_member_roles, by=self.by, **named, role_id=EDITOR_ROLE)
        return f"/organization-members/{member.pk}", {"role": "unassigned"}, change

    def of_profile(self) -> tuple[str, dict[str, Any], Callable[[], Any]]:
        return "/users/profile", {"firstName": "Robin"}, partial(update_profile, by=self.by, first_name="Ann")

    def of_application(self) -> tuple[str, dict[str, Any], Callable[[], Any]]:
        """The other change is about another organization, so both only have the lock of the application in common."""
        application, _ = register_personal_client(by=self.by, name="Nightly")
        named: dict[str, Any] = {"organization": None, "application_id": application.pk}
        change = partial(update_application, by=self.by, **named, name="Weekly")
        return f"/oauth-applications/{application.pk}", {"name": "Hourly"}, change


@pytest.mark.postgresql
@pytest.mark.parametrize("resource", ["role", "member", "profile", "application"])
def test_the_version_is_compared_after_waiting_for_another_change(
    somebody: Callable[[], User], founded: Callable[..., Organization], resource: str
):
    owner = somebody()
    path, body, change = getattr(Change(owner, founded(owner)), f"of_{resource}")()
    tag = tag_of(owner, path)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            change()
            late = pool.submit(race, partial(send, owner, "patch", path, body, tag=tag))
            wait_until_somebody_waits()
            events = Event.objects.count()
        (answer,) = late.result(PATIENCE)

    assert answer.status_code == 412
    assert Event.objects.count() == events
