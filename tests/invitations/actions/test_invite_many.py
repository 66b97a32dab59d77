"""Test inviting many people at once: a verdict for each row, and the rules of inviting one."""

from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.principals import staff
from core.addresses import normalize_address
from core.errors import Invalid
from events.models import Event
from invitations.actions import inviting
from invitations.actions.inviting import cancel
from invitations.actions.inviting_many import invite_many
from invitations.actions.inviting_together import MAX_UNITS
from invitations.actions.scheduling import take_slot
from invitations.bulk.rows import MAX_ROWS, InviteRow, RowResult, RowVerdict
from invitations.email.address_hashes import SendingCounter
from invitations.email.models import Email
from invitations.models import Invitation
from orgs.lookups import RoleName
from orgs.models import Organization
from orgs.permissions import (
    ADMIN_ROLE,
    EDITOR_ROLE,
    MANAGE_MEMBERS,
    UNASSIGNED_ROLE,
    UNIT_ADMIN_ROLE,
    UNIT_EDITOR_ROLE,
    VIEWER_ROLE,
)
from orgs.policies import PermissionMissing
from tests.factories import InvitationFactory, MembershipFactory, RoleFactory, UnitFactory, UserFactory
from tests.support.changes import track_changes

pytestmark = pytest.mark.django_db


@pytest.fixture
def many(organization, owner, principal):
    """Return a function that invites rows as the owner. A text is a row with this address."""

    def many(*rows: InviteRow | str, **options: Any) -> list[RowResult]:
        options = {"by": principal(owner), **options}
        people = [InviteRow(email=row) if isinstance(row, str) else row for row in rows]
        return invite_many(organization_id=organization.pk, rows=people, **options)

    return many


def verdicts(results: list[RowResult]) -> list[str]:
    return [f"{result.verdict} {result.reason}".strip() for result in results]


def row(number: int, **values: Any) -> InviteRow:
    return InviteRow(email=f"person-{number}@example.com", **values)


def test_every_row_gets_an_invitation_like_one_that_is_sent_alone(many, organization, owner, principal):
    unit = UnitFactory.create(organization=organization, slug="design", name="Design")
    texts: dict[str, Any] = {"language": "de", "message": "Hello", "metadata": {"a": 1}}
    alone = inviting.invite(
        by=principal(owner),
        organization_id=organization.pk,
        email=normalize_address("alone@example.com"),
        role_id=EDITOR_ROLE,
        unit_id=unit.pk,
        unit_role_id=UNIT_EDITOR_ROLE,
        invitee_name="Ann Lee",
        lifetime_days=5,
        **texts,
    )

    with track_changes() as changes:
        [result] = many(
            InviteRow("Ann <Ann@Example.com>", "Ann Lee", "editor", "design", "editor", **texts), lifetime_days=5
        )

    invitation = Invitation.objects.get(pk=result.invitation_id)
    assert result == RowResult("ann@example.com", RowVerdict.INVITED, invitation_id=invitation.pk)
    own = {"id", "email", "created_at", "updated_at", "expires_at", "invitation_id", "recipient", "message_id"}
    times = {"counted_at", "due_at"}
    for rows in (Invitation.objects, Email.objects):
        first, second = ({k: v for k, v in one.items() if k not in own | times} for one in rows.order_by("id").values())
        assert first == second
    assert 4.99 < (invitation.expires_at - timezone.now()).total_seconds() / 86400 <= 5
    assert (changes.tables["invitations.Invitation"], changes.tables["invitations.Email"]) == ((1, 0, 0), (1, 0, 0))
    sent_alone, sent_together = Event.objects.filter(kind="invitation.created").order_by("id")
    assert (sent_alone.subject_id, sent_together.subject_id) == (alone.pk, invitation.pk)
    assert sent_alone.data == sent_together.data
    assert (sent_alone.actor_id, sent_alone.actor_method) == (sent_together.actor_id, sent_together.actor_method)


def test_each_row_has_its_verdict_in_the_order_of_the_rows(many, organization, owner, member):
    open_one = InvitationFactory.create(organization=organization, inviter=owner, email="open@example.com")
    InvitationFactory.create(organization=organization, inviter=owner, email="overdue@example.com", overdue=True)
    InvitationFactory.create(organization=organization, inviter=owner, email="declined@example.com", declined=True)
    UnitFactory.create(organization=organization, slug="design")

    results = many(
        "new@example.com",
        "member@example.com",
        "OPEN@example.com",
        "NEW@example.com",
        "no address",
        row(1, left_out="suspended"),
        row(2, role="Chef"),
        row(3, unit="nowhere", unit_role="viewer"),
        row(4, unit="design"),
        row(5, unit_role="viewer"),
        row(6, language="xx"),
        row(7, message="\u202e"),
        row(8, name="x" * 201),
        row(9, metadata={"a": "x" * 20_000}),
        row(10, unit="design", unit_role="Chef"),
        "overdue@example.com",
        "declined@example.com",
    )

    assert verdicts(results) == [
        "invited",
        "already_member",
        "already_invited",
        "duplicate",
        "invalid_address Enter a valid email address.",
        "left_out suspended",
        "unknown_role Chef",
        "unknown_unit nowhere",
        "invalid_row unit_role",
        "invalid_row unit",
        "invalid_row language",
        "invalid_row message",
        "invalid_row name",
        "invalid_row metadata",
        "unknown_role Chef",
        "invited",
        "invited",
    ]
    assert results[2].invitation_id == open_one.pk
    assert Invitation.objects.get(email="overdue@example.com", finished_at=None).pk == results[15].invitation_id
    assert Event.objects.filter(kind="invitation.expired").count() == 1


def test_a_dry_run_gives_the_same_verdicts_and_changes_nothing(many, organization, owner, settings):
    settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY = 2
    InvitationFactory.create(organization=organization, inviter=owner, email="overdue@example.com", overdue=True)
    rows = (row(1), "overdue@example.com", row(3), row(3), row(4, role="Chef"))

    with track_changes() as changes:
        tried = many(*rows, dry_run=True)
    assert changes.nothing
    assert not SendingCounter.objects.exists()

    done = many(*rows)
    assert verdicts(tried) == verdicts(done) == ["invited", "invited", "scheduled", "duplicate", "unknown_role Chef"]
    assert [result.invitation_id for result in tried] == [None] * 5
    assert done[2].scheduled_for - tried[2].scheduled_for < timedelta(minutes=1)


def test_words_for_roles_are_chosen_ids_names_and_suggestions_in_this_order(many, organization):
    own = RoleFactory.create(organization=organization, name="Admin Assistant")
    roles = {"Boss": ADMIN_ROLE, "Viewer": RoleName("editor")}

    results = many(
        row(1, role="boss"),
        row(2, role="viewer"),
        row(3, role="admin assistant"),
        row(4, role=str(own.pk)),
        row(5, role="Member"),
        row(6),
        roles=roles,
        suggested_roles={"Member": RoleName("unassigned"), "Admin Assistant": RoleName("admin")},
        default=InviteRow(email="", role="viewer"),
    )

    given = [Invitation.objects.get(pk=result.invitation_id).role_id for result in results]
    assert given == [ADMIN_ROLE, EDITOR_ROLE, own.pk, own.pk, UNASSIGNED_ROLE, EDITOR_ROLE]


def test_rows_without_a_role_get_the_default_role_of_the_organization(many, organization):
    many(row(1))
    Organization.objects.update(default_role_id=VIEWER_ROLE)
    many(row(2))
    assert [one.role_id for one in Invitation.objects.order_by("id")] == [UNASSIGNED_ROLE, VIEWER_ROLE]


def test_what_the_caller_may_not_offer_is_refused_by_row(many, organization, principal):
    role = RoleFactory.create(organization=organization, name="Manager", permissions=[MANAGE_MEMBERS])
    manager = MembershipFactory.create(organization=organization, user=UserFactory.create(), role_id=role.pk).user

    results = many(row(1), row(2, role="admin"), row(3, role="Manager"), by=principal(manager))

    assert verdicts(results) == ["invited", "role_not_yours admin", "invited"]


def test_a_manager_of_a_unit_invites_only_there(many, organization, principal):
    unit = UnitFactory.create(organization=organization, slug="design")
    membership = MembershipFactory.create(organization=organization, user=UserFactory.create())
    membership.assignments.create(role_id=UNIT_ADMIN_ROLE, unit=unit)

    results = many(row(1), row(2, unit="design", unit_role="viewer"), by=principal(membership.user))

    assert verdicts(results) == ["role_not_yours", "invited"]


def test_who_may_not_invite_gets_no_verdict(many, member, principal):
    with track_changes() as changes, pytest.raises(PermissionMissing):
        many(row(1), by=principal(member))
    assert changes.nothing


def test_staff_do_not_invite_themselves(many, staff_member):
    results = many(str(staff_member.email), row(1), by=staff(staff_member, "invitations.add_invitation"))
    assert verdicts(results) == ["left_out own_account", "invited"]
    assert Invitation.objects.get().inviter_name == ""


def test_rows_of_one_person_to_several_units_share_one_email(many, organization, owner, principal):
    units = [UnitFactory.create(organization=organization, slug=slug) for slug in ("design", "build", "shop")]
    InvitationFactory.create(
        organization=organization, inviter=owner, email=row(1).email, unit=units[2], unit_role_id=UNIT_EDITOR_ROLE
    )
    rows = [row(1, unit=slug, unit_role="viewer") for slug in ("design", "build", "design", "shop")]
    other = row(1, unit="build", unit_role="viewer", message="Hello")

    results = many(rows[0], row(2, unit="build", unit_role="viewer"), *rows[1:], row(1))

    assert verdicts(results) == ["invited", "invited", "invited", "duplicate", "already_invited", "invited"]
    design, build = (Invitation.objects.get(pk=results[place].invitation_id) for place in (0, 2))
    assert [one.shares_email_of_id for one in (design, build)] == [design.pk, design.pk]
    assert not Invitation.objects.exclude(pk__in=[design.pk, build.pk]).filter(shares_email_of__isnull=False)
    queued = Email.objects.exclude(invitation__unit=units[2]).order_by("id").values_list("invitation_id", flat=True)
    assert list(queued) == [design.pk, results[1].invitation_id, results[5].invitation_id]
    assert sorted(len(counter.moments) for counter in SendingCounter.objects.all()) == [0, 1, 2]
    shared = Event.objects.about(build).get().data["shares_email_of"]
    assert shared == str(design.pk)
    cancel(by=principal(owner), organization_id=organization.pk, invitation_id=build.pk)
    assert verdicts(many(other)) == ["invited"]


def test_rows_that_share_an_email_wait_together_for_open_slots(many, organization, settings):
    settings.OPEN_INVITATIONS_PER_ORGANIZATION = 2
    for slug in ("design", "build"):
        UnitFactory.create(organization=organization, slug=slug)

    both = {number: [row(number, unit=slug, unit_role="viewer") for slug in ("design", "build")] for number in (1, 3)}
    results = many(row(0), *both[1], row(2))

    assert verdicts(results) == ["invited", *["scheduled open_invitations"] * 2, "invited"]
    waiting = Invitation.objects.filter(email=row(1).email)
    assert {(one.is_emailed, one.lifetime_days) for one in waiting} == {(False, 10)}
    assert Email.objects.get(state="scheduled").invitation.email == row(1).email
    settings.OPEN_INVITATIONS_PER_ORGANIZATION = 4
    assert verdicts(many(*both[3], row(4))) == ["invited", "invited", "scheduled open_invitations"]


def test_other_texts_and_more_units_than_one_email_can_name_need_another_email(many, organization):
    units = UnitFactory.create_batch(MAX_UNITS + 1, organization=organization)
    rows = [row(1, unit=str(unit.pk), unit_role="viewer") for unit in units]
    hello = [row(2, unit=str(unit.pk), unit_role="viewer", message=str(place)) for place, unit in enumerate(units[:2])]

    many(*rows, *hello)

    assert Email.objects.count() == 4
    assert Invitation.objects.filter(shares_email_of__isnull=False).count() == MAX_UNITS


def test_seats_are_given_in_the_order_of_the_rows(many, organization, owner):
    InvitationFactory.create(
        organization=organization,
        inviter=owner,
        email="seated@example.com",
        unit=UnitFactory.create(organization=organization),
    )
    Organization.objects.update(seat_limit=organization.memberships.count() + 2)

    results = many(row(1), "seated@example.com", row(2))

    assert verdicts(results) == ["invited", "invited", "no_seat"]


def test_emails_over_the_daily_limit_are_scheduled_and_need_no_open_slot(many, organization, settings):
    settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY = 2
    settings.OPEN_INVITATIONS_PER_ORGANIZATION = 2

    results = many(*(row(number) for number in range(5)))

    assert verdicts(results) == ["invited"] * 2 + ["scheduled"] * 3
    emails = {email.invitation_id: email for email in Email.objects.all()}
    for result in results:
        email = emails[result.invitation_id]
        due = None if result.verdict == "invited" else email.due_at
        assert (email.state, result.scheduled_for) == ("scheduled" if due else "queued", due)
    assert [one.is_emailed for one in Invitation.objects.order_by("id")] == [True] * 2 + [False] * 3


def test_rows_that_find_no_open_slot_any_more_wait_for_one(many, settings):
    settings.OPEN_INVITATIONS_PER_ORGANIZATION = 2

    results = many(*(row(number) for number in range(3)))

    assert verdicts(results) == ["invited", "invited", "scheduled open_invitations"]
    assert results[2].scheduled_for is None
    waiting = Invitation.objects.get(pk=results[2].invitation_id)
    email = waiting.emails.get()
    assert (email.state, email in Email.objects.due(), waiting.is_emailed) == ("scheduled", True, False)
    assert not take_slot(email_id=email.pk, invitation_id=waiting.pk)
    Invitation.objects.filter(pk=results[0].invitation_id).update(status="declined", finished_at=timezone.now())
    assert take_slot(email_id=email.pk, invitation_id=waiting.pk)


def test_an_organization_at_its_limit_of_open_invitations_is_refused(many, settings):
    settings.OPEN_INVITATIONS_PER_ORGANIZATION = 2
    many(row(0), row(1))

    results = many(row(2))

    assert verdicts(results) == ["over_limit open_invitations"]
    counters = {len(counter.moments) for counter in SendingCounter.objects.all()}
    assert counters == {0, 1}  # the one of the owner, and that of the third person, have none
    assert SendingCounter.objects.filter(moments=[]).count() == 2


def test_a_recipient_at_the_hourly_limit_is_refused_alone(many, organization, settings, other_organization, stranger):
    settings.RECIPIENT_EMAILS_PER_HOUR = 1
    many(row(1))
    Invitation.objects.update(status="declined", finished_at=timezone.now())

    assert verdicts(many(row(1), row(2))) == ["over_limit recipient", "invited"]


def test_no_more_than_the_maximum_is_taken(many):
    with pytest.raises(Invalid) as refusal:
        many(*[InviteRow(email="x")] * (MAX_ROWS + 1))
    assert list(refusal.value.fields) == ["rows"]


@pytest.mark.parametrize("lifetime_days", [0, 31])
@pytest.mark.parametrize("dry_run", [True, False])
def test_the_lifetime_is_that_of_one_invitation(many, lifetime_days, dry_run):
    with pytest.raises(Invalid):
        many(row(1), lifetime_days=lifetime_days, dry_run=dry_run)


def test_nothing_of_another_organization_is_known_or_granted(many, other_organization):
    unit = UnitFactory.create(organization=other_organization, slug="their-unit")
    role = RoleFactory.create(organization=other_organization, name="Their role")

    results = many(
        row(1, unit=str(unit.pk), unit_role="viewer"),
        row(2, unit="their-unit", unit_role="viewer"),
        row(3, role=str(role.pk)),
        row(4, role="Their role"),
    )

    units, roles = ("unknown_unit",) * 2, ("unknown_role",) * 2
    assert [result.verdict for result in results] == [*units, *roles]


def test_an_address_that_a_member_has_not_verified_is_invited(many, member):
    EmailAddress.objects.create(user=member, email="further@example.com", verified=False)
    assert verdicts(many("further@example.com")) == ["invited"]


def test_no_more_emails_are_scheduled_than_the_limit(many, settings):
    settings.YOUNG_ORGANIZATION_EMAILS_PER_DAY = settings.SCHEDULED_EMAILS_PER_ORGANIZATION = 1
    assert verdicts(many(row(1), row(2), row(3))) == ["invited", "scheduled", "over_limit scheduled"]


def test_the_number_of_statements_does_not_depend_on_the_number_of_rows(many):
    counts = []
    for count in (6, 30):  # fewer events are numbered without a query; SQLite takes few values in one statement
        with CaptureQueriesContext(connection) as captured:
            many(*(row(number + 1000 * count) for number in range(count)))
        counts.append(len(captured))
    assert counts[0] == counts[1] < 30


def test_rows_that_postgresql_copies_are_the_same(many):
    results = many(*(row(number, metadata={"a": ["\\", "\t", None]}) for number in range(150)))

    assert set(verdicts(results)) == {"invited", "scheduled"}
    stored = Invitation.objects.order_by("id").values_list("pk", "metadata", "permissions", "given", "language")
    assert list(stored) == [(r.invitation_id, {"a": ["\\", "\t", None]}, [], None, "") for r in results]
    assert Event.objects.filter(kind="invitation.created", data__lifetime_days=10).count() == 150
    assert Email.objects.filter(due_at__isnull=False).count() == 150
