"""Test ``manage.py verify``: it notices each kind of row that violates an invariant, and finds none in the demo."""

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from core.ids import uuid7
from core.invariants import MAX_EXAMPLES, all_invariants
from events.models import Event
from invitations.actions.inviting import resend
from invitations.email.models import Email
from invitations.models import Invitation
from orgs.models import Membership, Organization, Role, RoleAssignment
from orgs.permissions import OWN, OWNER_ROLE, UNIT_VIEWER_ROLE, VIEWER_ROLE
from tests.factories import (
    EmailFactory,
    EventFactory,
    InvitationFactory,
    MembershipFactory,
    RoleAssignmentFactory,
    RoleFactory,
    UserFactory,
    WebhookDeliveryFactory,
    WebhookEndpointFactory,
    WebhookMessageFactory,
)
from tests.support.changes import track_changes
from tests.support.invariants import violations
from tests.support.people import session_of

pytestmark = pytest.mark.django_db

Break = Callable[[Organization], Any]


def run(**options: Any) -> str:
    out = StringIO()
    call_command("verify", stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


def without_index(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f'DROP INDEX "{name}"')


def without_check(table: str, name: str) -> None:
    switch_off = {
        "sqlite": "PRAGMA ignore_check_constraints = ON",
        "postgresql": f'SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE "{table}" DROP CONSTRAINT "{name}"',
    }
    with connection.cursor() as cursor:
        cursor.execute(switch_off[connection.vendor])


@pytest.fixture(autouse=True)
def _checks_again(db: None) -> Any:
    yield
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA ignore_check_constraints = OFF")


def two_accounts_with_an_address(organization: Organization) -> str:
    without_index("unique_verified_email")
    first, second = EmailAddress.objects.order_by("pk")[:2]
    EmailAddress.objects.create(user=second.user, email=first.email, verified=True)
    return first.email


def an_address_as_typed(organization: Organization) -> int:
    without_check("account_emailaddress", "account_emailaddress_normalized")
    address = EmailAddress.objects.create(user=UserFactory.create(), email="Ann@Example.com")
    return address.pk


def an_account_without_its_address(organization: Organization) -> Any:
    return UserFactory.create(email_address=None).pk


def a_missing_event(organization: Organization) -> Any:
    events = [EventFactory.create(organization=organization) for _ in range(3)]
    events[1].delete()
    return organization.pk


def a_service_account_as_owner(organization: Organization) -> Any:
    membership = MembershipFactory.create(organization=organization, of_system_user=True, role_id=OWNER_ROLE)
    return membership.assignments.get().pk


def a_custom_role_that_owns(organization: Organization) -> Any:
    return RoleFactory.create(organization=organization, permissions=[OWN]).pk


def a_member_who_owns_directly(organization: Organization) -> Any:
    return MembershipFactory.create(organization=organization, permissions=[OWN]).pk


def a_member_without_a_role(organization: Organization) -> Any:
    membership = MembershipFactory.create(organization=organization)
    membership.assignments.all().delete()
    return membership.pk


def a_role_of_another_organization(organization: Organization) -> Any:
    membership = MembershipFactory.create(organization=organization, role_id=RoleFactory.create().pk)
    return membership.assignments.get().pk


def a_role_for_units_in_the_organization(organization: Organization) -> Any:
    membership = MembershipFactory.create(organization=organization, role_id=UNIT_VIEWER_ROLE)
    return membership.assignments.get().pk


def a_built_in_role_with_less(organization: Organization) -> Any:
    Role.objects.filter(pk=VIEWER_ROLE).update(permissions=[])
    return VIEWER_ROLE


def a_deleted_account_that_is_a_member(organization: Organization) -> Any:
    membership = MembershipFactory.create(organization=organization)
    User.objects.filter(pk=membership.user_id).update(is_active=False, deleted_at=timezone.now())
    return membership.pk


def a_default_role_of_another_organization(organization: Organization) -> Any:
    Organization.objects.filter(pk=organization.pk).update(default_role=RoleFactory.create())
    return organization.pk


def a_service_account_of_two_organizations(organization: Organization) -> Any:
    user = MembershipFactory.create(organization=organization, of_system_user=True).user
    RoleAssignmentFactory.create(
        membership=Membership.objects.create(organization=other_of(organization), user=user),
        unit=None,
        role_id=VIEWER_ROLE,
    )
    return user.pk


def other_of(organization: Organization) -> Organization:
    """Return another organization with an owner."""
    other: Organization = MembershipFactory.create(role_id=OWNER_ROLE).organization
    return other


def a_member_above_the_seat_limit(organization: Organization) -> Any:
    EventFactory.create(organization=organization, kind="organization.seat_limit_set")
    EventFactory.create(organization=organization, kind="membership.created")
    Organization.objects.filter(pk=organization.pk).update(seat_limit=2)
    return organization.pk


def members_without_an_owner(organization: Organization) -> Any:
    RoleAssignment.objects.filter(role_id=OWNER_ROLE).update(role_id=VIEWER_ROLE)
    return organization.pk


def two_open_invitations(organization: Organization) -> Any:
    without_index("invitation_one_open_to_organization")
    for _ in range(2):
        InvitationFactory.create(organization=organization, email="twice@example.com")
    return "twice@example.com"


def an_invitation_that_ended_twice(organization: Organization) -> Any:
    invitation = InvitationFactory.create(organization=organization, accepted=True)
    for kind in ("invitation.accepted", "invitation.cancelled"):
        EventFactory.create(organization=organization, kind=kind, subject_type="invitation", subject_id=invitation.pk)
    return invitation.pk


def an_invitation_with_a_foreign_role(organization: Organization) -> Any:
    return InvitationFactory.create(organization=organization, role=RoleFactory.create()).pk


def an_invitation_with_a_role_for_units(organization: Organization) -> Any:
    return InvitationFactory.create(organization=organization, role_id=UNIT_VIEWER_ROLE).pk


def an_anonymous_acceptance(organization: Organization) -> Any:
    return InvitationFactory.create(organization=organization, waiting=True, answered_by=None, invitee=None).pk


def a_shared_email_to_another_address(organization: Organization) -> Any:
    first = InvitationFactory.create(organization=organization)
    Invitation.objects.filter(pk=first.pk).update(shares_email_of=first)
    return InvitationFactory.create(organization=organization, shares_email_of=first).pk


def a_reminder_of_the_future(organization: Organization) -> Any:
    return InvitationFactory.create(organization=organization, reminded_generation=2).pk


def an_email_of_the_future(organization: Organization) -> Any:
    return EmailFactory.create(invitation__organization=organization, generation=2).pk


def an_email_that_counts_elsewhere(organization: Organization) -> Any:
    return EmailFactory.create(invitation__organization=organization, organization_id=other_of(organization).pk).pk


def a_scheduled_email_that_is_missing(organization: Organization) -> Any:
    return InvitationFactory.create(organization=organization, is_emailed=False).pk


def a_forgotten_endpoint(organization: Organization) -> Any:
    WebhookEndpointFactory.create(organization=organization)
    return organization.pk


def endpoint_of(organization: Organization, **values: Any) -> Any:
    Organization.objects.filter(pk=organization.pk).update(has_webhooks=True)
    return WebhookEndpointFactory.create(organization=organization, **{"sequence": 9, "position": 9, **values})


def a_webhook_for_somebody_else(organization: Organization) -> Any:
    message = WebhookMessageFactory.create(organization__has_webhooks=False, number=1)
    return WebhookDeliveryFactory.create(endpoint=endpoint_of(organization), message=message, sequence=1).pk


def a_sequence_with_a_duplicate(organization: Organization) -> Any:
    endpoint = endpoint_of(organization)
    for number in (1, 2):
        message = WebhookMessageFactory.create(organization=organization, number=number)
        WebhookDeliveryFactory.create(endpoint=endpoint, message=message, sequence=1)
    return endpoint.pk


def a_sequence_that_was_not_counted(organization: Organization) -> Any:
    endpoint = endpoint_of(organization, sequence=1)
    message = WebhookMessageFactory.create(organization=organization, number=1)
    WebhookDeliveryFactory.create(endpoint=endpoint, message=message, sequence=2)
    return endpoint.pk


def a_webhook_that_nobody_sends(organization: Organization) -> Any:
    WebhookMessageFactory.create(organization=organization, number=10)
    return endpoint_of(organization).pk


def an_email_without_its_invitation(organization: Organization) -> Any:
    email = EmailFactory.create(invitation__organization=organization)
    Email.objects.filter(pk=email.pk).update(invitation=uuid7())
    return email.pk


def a_sent_email_without_a_date(organization: Organization) -> Any:
    without_check("invitations_email", "email_dates_fit_state")
    return EmailFactory.create(invitation__organization=organization, sent=True, sent_at=None).pk


BREAKS: dict[str, Break] = {
    "verified_addresses_have_one_account": two_accounts_with_an_address,
    "addresses_of_accounts_are_normalized": an_address_as_typed,
    "sign_in_addresses_belong_to_the_account": an_account_without_its_address,
    "events_have_consecutive_numbers": a_missing_event,
    "owners_are_people": a_service_account_as_owner,
    "ownership_comes_with_the_owner_role": a_custom_role_that_owns,
    "ownership_is_not_a_direct_permission": a_member_who_owns_directly,
    "members_have_a_role": a_member_without_a_role,
    "roles_of_members_stay_in_their_organization": a_role_of_another_organization,
    "roles_of_members_have_their_level": a_role_for_units_in_the_organization,
    "built_in_roles_are_those_of_this_version": a_built_in_role_with_less,
    "members_are_not_deleted": a_deleted_account_that_is_a_member,
    "default_roles_fit_their_organization": a_default_role_of_another_organization,
    "system_users_have_one_organization": a_service_account_of_two_organizations,
    "seats_are_not_oversold": a_member_above_the_seat_limit,
    "organizations_have_an_owner": members_without_an_owner,
    "one_open_invitation_for_each_target": two_open_invitations,
    "invitations_end_once": an_invitation_that_ended_twice,
    "invitations_stay_in_their_organization": an_invitation_with_a_foreign_role,
    "invitations_offer_roles_of_their_level": an_invitation_with_a_role_for_units,
    "waiting_invitations_name_who_accepted": an_anonymous_acceptance,
    "invitations_that_share_an_email_have_its_address": a_shared_email_to_another_address,
    "reminders_are_of_a_generation": a_reminder_of_the_future,
    "emails_are_of_a_generation": an_email_of_the_future,
    "emails_count_for_their_organization": an_email_that_counts_elsewhere,
    "scheduled_invitations_have_an_email": a_scheduled_email_that_is_missing,
    "organizations_know_their_webhooks": a_forgotten_endpoint,
    "webhooks_stay_in_their_organization": a_webhook_for_somebody_else,
    "webhook_sequences_have_no_duplicate": a_sequence_with_a_duplicate,
    "webhook_sequences_are_counted": a_sequence_that_was_not_counted,
    "webhooks_are_not_overlooked": a_webhook_that_nobody_sends,
    "references_of_invitations_email": an_email_without_its_invitation,
    "checks_of_invitations_email": a_sent_email_without_a_date,
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_row_that_breaks_an_invariant_is_found(name: str, organization: Organization):
    with transaction.atomic():
        broken = BREAKS[name](organization)
        found = violations()
        transaction.set_rollback(True)  # at the end of a test, the database checks references

    assert found == {name: [str(broken)]}


def test_each_invariant_is_broken_by_a_test():
    declared = {invariant.name for invariant in all_invariants()}

    of_constraints = {name for name in declared if name.startswith(("checks_of_", "references_of_"))}
    assert declared - BREAKS.keys() == of_constraints - BREAKS.keys()
    assert BREAKS.keys() <= declared


def test_an_expired_invitation_may_be_sent_again(organization, owner):
    invitation = InvitationFactory.create(organization=organization, inviter=owner, overdue=True)
    resend(by=session_of(owner), organization_id=organization.pk, invitation_id=invitation.pk)

    assert [found.kind for found in Event.objects.about(invitation)] == ["invitation.expired", "invitation.superseded"]
    assert violations() == {}


def test_nothing_is_found_in_the_demonstration(settings):
    settings.DEBUG = True
    call_command("demo", stdout=StringIO())

    assert violations() == {}


def test_it_prints_each_invariant_with_its_count_and_changes_nothing(organization):
    with track_changes() as changes:
        lines = run().splitlines()

    assert changes.nothing
    assert lines[0] == "        0  A verified email address belongs to one account."
    assert lines[-1] == f"0 of {len(all_invariants())} invariants are violated."
    assert len(lines) == len(all_invariants()) + 1


def test_it_fails_and_names_a_few_rows(organization):
    broken = sorted(str(a_member_without_a_role(organization)) for _ in range(MAX_EXAMPLES + 2))
    out = StringIO()

    with pytest.raises(CommandError, match=r"^7 rows violate an invariant\.$"):
        call_command("verify", json=True, stdout=out, stderr=StringIO())

    found = json.loads(out.getvalue())
    [finding] = [finding for finding in found["invariants"] if finding["violations"]]
    assert set(finding.pop("examples")) < set(broken)
    assert (found["violations"], finding) == (
        7,
        {
            "name": "members_have_a_role",
            "statement": "Each member has exactly one role in the organization.",
            "violations": 7,
        },
    )


def test_the_text_names_the_rows(organization):
    broken = a_member_without_a_role(organization)
    out = StringIO()

    with pytest.raises(CommandError):
        call_command("verify", stdout=out, stderr=StringIO())

    assert (
        f"        1  Each member has exactly one role in the organization.\n           members_have_a_role: {broken}\n"
        in (out.getvalue())
    )


def test_its_queries_do_not_grow_with_the_rows(organization, django_assert_num_queries):
    number = len(all_invariants())
    for _ in range(3):
        InvitationFactory.create(organization=organization, created_at=timezone.now())

    with django_assert_num_queries(number):
        run()
