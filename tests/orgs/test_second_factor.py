"""An organization can require two-factor authentication of its members."""

from typing import Any

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from accounts.principals import Method, Principal, staff
from invitations.actions.answering import accept
from orgs.access import find_organization
from orgs.actions.organizations import create_organization, update_organization
from orgs.locks import SecondFactorRequired, lock_organization
from orgs.models import Organization
from orgs.oauth.scopes import SCOPES
from tests.dialects import operations as dialects
from tests.factories import InvitationFactory, MembershipFactory, UnitFactory, UserFactory
from tests.orgs.api.house import refused, said
from tests.support.changes import event, track_changes
from tests.support.operations import World
from tests.support.people import session_of
from tests.test_permission_matrix import EXPECTED, ROUTES

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXP"
TEXT = "This organization requires two-factor authentication. Set it up for your account, then sign in again."
OF_THE_INVITEE = {
    "member_invitations.join",
    "my_invitations.retrieve",
    "my_invitations.accept",
    "my_invitations.decline",
}
ON_ONE_ORGANIZATION = [name for name, row in EXPECTED.items() if row["stranger"] == 404 and name not in OF_THE_INVITEE]


@pytest.fixture
def strict(organization: Organization) -> Organization:
    """An organization that requires a second factor. None of its members has one yet."""
    return require_second_factor_in(organization)


def require_second_factor_in(organization: Organization) -> Organization:
    organization.second_factor_required = True
    organization.save()
    return organization


def test_every_operation_on_it_refuses_a_session_without_a_second_factor(organization: Organization, owner: User):
    world = World(organization, owner)
    require_second_factor_in(organization)
    client = client_of(session_with(owner))

    with track_changes() as changes:
        answers = {name: world.ask(client, name, "owner", ROUTES[name]) for name in ON_ONE_ORGANIZATION}

    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(ON_ONE_ORGANIZATION, 403)
    assert {answer.json()["error"]["code"] for answer in answers.values()} == {"second_factor_required"}
    assert changes.nothing


DIALECTS = [name for name, route in dialects.ROUTES.items() if "organization_id" in route.names]


@pytest.mark.parametrize("operation", DIALECTS)
def test_the_dialects_refuse_it_in_their_own_words(strict: Organization, owner: User, operation: str):
    route = dialects.ROUTES[operation]
    wacht = operation.startswith("wacht")
    by_application = Principal(user=owner, method=Method.OAUTH2, granted_scopes=frozenset(SCOPES))
    ids = {
        "organization_id": strict.pk,
        "invitation_id": InvitationFactory.create(organization=strict, inviter=owner).pk,
        "application_id": UnitFactory.create(organization=strict, kind="application").pk,
    }
    client = client_of(session_with(owner) if wacht else by_application)

    answer = getattr(client, route.method)(
        route.path.format_map(dialects.path_values(operation, ids)), dialects.body(operation) or None or None
    )

    assert answer.status_code == 403
    assert TEXT in answer.content.decode()


def test_the_refusal_says_what_to_do(strict: Organization, owner: User):
    answer = client_of(session_with(owner)).get(f"/api/v0/organizations/{strict.pk}")
    assert said(answer) == refused(403, "second_factor_required", TEXT)


@pytest.mark.parametrize("method", [Method.SESSION, Method.OAUTH2])
def test_with_a_second_factor_a_person_uses_it(strict: Organization, owner: User, method: Method):
    by = Principal(user=owner, method=method)
    with pytest.raises(SecondFactorRequired):
        lock_organization(strict.pk, by=by)
    TOTP.activate(owner, SECRET)
    assert lock_organization(strict.pk, by=by) == strict


def test_recovery_codes_alone_are_no_second_factor(strict: Organization, owner: User):
    RecoveryCodes.activate(owner)
    with pytest.raises(SecondFactorRequired):
        find_organization(session_of(owner), strict.pk)


@pytest.mark.parametrize("method", [Method.JWT, Method.API_KEY, Method.CLIENT])
def test_it_does_not_apply_to_other_credentials(strict: Organization, owner: User, method: Method):
    assert find_organization(Principal(user=owner, method=method), strict.pk) == strict


def test_it_does_not_apply_to_staff(strict: Organization):
    by = staff(UserFactory.create(email="staff@example.com", superuser=True), "accounts.change_user")
    assert lock_organization(strict.pk, by=by) == strict


def test_other_organizations_are_not_affected(strict: Organization, other_organization: Organization, owner: User):
    MembershipFactory.create(organization=other_organization, user=owner)
    assert find_organization(session_of(owner), other_organization.pk) == other_organization


def test_an_admin_with_a_second_factor_requires_it(organization: Organization, admin: User):
    TOTP.activate(admin, SECRET)
    with track_changes() as changes:
        update_organization(by=session_of(admin), organization_id=organization.pk, second_factor_required=True)
    assert changes.tables == {"orgs.Organization": (0, 1, 0)}
    assert changes.events == [
        event("organization.updated", organization, admin, organization, changed=["second_factor_required"])
    ]


def test_nobody_locks_themselves_out_by_requiring_it(organization: Organization, admin: User):
    with track_changes() as changes, pytest.raises(SecondFactorRequired):
        update_organization(by=session_of(admin), organization_id=organization.pk, second_factor_required=True)
    with pytest.raises(SecondFactorRequired):
        create_organization(by=session_of(admin), name="Lakeside", second_factor_required=True)
    assert changes.nothing
    assert Organization.objects.count() == 1


def test_a_put_that_does_not_name_it_leaves_it_as_it_is(strict: Organization, owner: User):
    answer = client_of(Principal(user=owner, method=Method.JWT)).put(
        f"/api/v0/organizations/{strict.pk}", {"name": "Lakeside"}
    )
    assert answer.json()["data"]["secondFactorRequired"] is True


def test_an_invitee_without_a_second_factor_may_accept(strict: Organization, owner: User, invitee: User):
    invitation = InvitationFactory.create(organization=strict, invitee=invitee, inviter=owner)
    accept(by=session_of(invitee), invitation_id=invitation.pk)
    with pytest.raises(SecondFactorRequired):
        find_organization(session_of(invitee), strict.pk)


def session_with(user: User) -> Principal:
    return Principal(user=user, method=Method.SESSION, authenticated_at=timezone.now())


def client_of(by: Any) -> APIClient:
    client = APIClient()
    client.force_authenticate(by.user, token=by)
    return client
