"""One organization goes out and comes in: the copy is equal, complete, consistent, without secrets, and paused."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import User
from core.addresses import normalize_address
from events.models import Event
from invitations.actions.answering import accept
from invitations.actions.inviting import invite, resend
from invitations.actions.maintenance import MAINTENANCE_TASKS
from invitations.actions.reminders import ending_soon as ending_soon_now
from invitations.email.models import Email
from invitations.explaining import Reason, explain
from invitations.models import Invitation
from invitations.tokens import Purpose as TokenPurpose
from invitations.tokens import token_for
from orgs.actions.organizations import archive_organization, purge_organization
from orgs.models import Membership, Organization
from orgs.permissions import EDITOR_ROLE, LIST_PROJECTS, OWNER_ROLE, UNIT_EDITOR_ROLE
from perfectworks.management.commands.import_organization import KEYS
from perfectworks.transfer.tables import PAUSED, TABLES
from tests.factories import (
    ApiKeyFactory,
    AttemptFactory,
    AuthenticatorFactory,
    EmailFactory,
    FormerSlugFactory,
    InvitationFactory,
    MembershipFactory,
    OrganizationFactory,
    RoleFactory,
    SuppressionFactory,
    UnitFactory,
    UserFactory,
    WebhookEndpointFactory,
    WebhookMessageFactory,
)
from tests.support.changes import track_changes
from tests.support.invariants import violations
from tests.support.outbox import deliver_next
from tests.support.people import PASSWORD, membership_of, session_of
from webhooks.models import WebhookEndpoint

pytestmark = [pytest.mark.django_db]

# Tables that refer to an exported one and do not leave: credentials, a table that nothing uses, and the ledger of
# webhooks, which ends after 30 days.
NOT_EXPORTED = {"account.EmailConfirmation", "orgs.ApiKey", "webhooks.WebhookMessage", "webhooks.WebhookDelivery"}


def run(command: str, *arguments: Any, **options: Any) -> str:
    out = StringIO()
    call_command(command, *map(str, arguments), stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


@pytest.fixture
def full(organization: Organization, owner: User, admin: User, member: User) -> Organization:
    """An organization with a row in every table of the export."""
    UserFactory.create(email="no-member@example.com")
    role = RoleFactory.create(organization=organization, name="Hüter", permissions=[LIST_PROJECTS])
    unit = UnitFactory.create(organization=organization)
    robot = MembershipFactory.create(organization=organization, of_system_user=True).user
    User.objects.filter(pk=robot.pk).update(responsible=admin)
    MembershipFactory.create(
        organization=organization, user__password=PASSWORD, role_id=role.pk, unit_roles={unit: UNIT_EDITOR_ROLE}
    )
    AuthenticatorFactory.create(user=owner)
    ApiKeyFactory.create(membership=membership_of(member, organization), secret="pw_a-secret-of-a-key")
    FormerSlugFactory.create(organization=organization, slug="formerly")
    SuppressionFactory.create(organization=organization, address="quiet@example.com")
    Organization.objects.filter(pk=organization.pk).update(default_role=role, has_webhooks=True, seat_limit=20)
    WebhookEndpointFactory.create(organization=organization, rotated=True, position=1, sequence=3)
    WebhookMessageFactory.create(organization=organization, number=1)
    InvitationFactory.create(organization=organization, inviter=owner, declined=True, email="no@example.com")
    left = UserFactory.create(email="left@example.com")
    accepted = InvitationFactory.create(organization=organization, inviter=left, accepted=True, invitee=left)
    email = EmailFactory.create(invitation=accepted, delivered=True)
    AttemptFactory.create(email=email, response="250 ÖK")
    InvitationFactory.create(organization=organization, inviter=owner, waiting=True)
    scheduled = InvitationFactory.create(organization=organization, inviter=owner, is_emailed=False, lifetime_days=10)
    later = timezone.now() + timedelta(days=1)
    EmailFactory.create(invitation=scheduled, scheduled=True, due_at=later, organization_id=organization.pk)
    Organization.objects.filter(pk=organization.pk).update(has_webhooks=False)
    invited = partial(invite, by=session_of(owner), organization_id=organization.pk)
    open_address, second_address = normalize_address("open@example.com"), normalize_address("second@example.com")
    invited(email=open_address, role_id=EDITOR_ROLE, metadata={"Team": ["β"]}, message="Hi\nthere")
    invited(email=second_address, unit_id=unit.pk, unit_role_id=UNIT_EDITOR_ROLE)
    Organization.objects.filter(pk=organization.pk).update(has_webhooks=True)
    return organization


@pytest.fixture
def exported(full: Organization, tmp_path: Path) -> Path:
    run("export_organization", "riverside", tmp_path / "riverside")
    return tmp_path / "riverside"


def checksums(directory: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in directory.glob("*.jsonl")}


def rows_in(directory: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (directory / f"{name}.jsonl").read_text().splitlines()]


def forget_everything() -> None:
    """Delete all rows, as if this were another installation."""
    Invitation.objects.all().delete()
    Membership.objects.all().delete()
    Organization.objects.update(default_role=None)
    Organization.objects.all().delete()
    User.objects.all().delete()
    Event.objects.all().delete()


def rewrite(directory: Path, name: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the first row of a file, and its checksum."""
    rows = rows_in(directory, name)
    change(rows[0])
    rewrite_lines(directory, name, [json.dumps(row) for row in rows])


def rewrite_lines(directory: Path, name: str, lines: list[str]) -> None:
    """Write a file with these lines, and its checksum."""
    file = directory / f"{name}.jsonl"
    file.write_text("".join(f"{line}\n" for line in lines))
    manifest = json.loads((directory / "manifest.json").read_text())
    [entry] = [entry for entry in manifest["files"] if entry["file"] == file.name]
    entry["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
    (directory / "manifest.json").write_text(json.dumps(manifest))


def test_what_comes_in_is_what_went_out(exported, full, tmp_path):
    before = checksums(exported)
    assert all(rows_in(exported, table.name) for table in TABLES)
    forget_everything()

    run("import_organization", exported)
    assert violations() == {}
    run("export_organization", full.pk, tmp_path / "again")
    after = checksums(tmp_path / "again")

    assert after.keys() == {f"{table.name}.jsonl" for table in TABLES}
    assert after == before


def test_the_copy_works(exported, full, owner):
    count = Event.objects.of_organization(full.pk).count()
    forget_everything()
    run("import_organization", exported)

    owner = User.objects.get(email="owner@example.com")
    invitation = Invitation.objects.get(email="open@example.com")
    resend(by=session_of(owner), organization_id=full.pk, invitation_id=invitation.pk)

    assert Event.objects.of_organization(full.pk).values_list("number", flat=True).last() == count + 1
    assert [email.state for email in invitation.emails.order_by("generation")] == ["failed", "queued"]
    assert violations() == {}


def test_open_invitations_are_paused_and_say_so(exported, full, mailoutbox):
    forget_everything()
    run("import_organization", exported)

    assert not deliver_next()
    unsent = Email.objects.filter(reason=PAUSED)
    assert unsent.count() == 3
    for email in unsent:
        invitation = Invitation.objects.with_details().get(pk=email.invitation_id)
        assert (invitation.state, invitation.is_emailed, invitation.reminded_generation) == ("pending", True, 1)
        assert explain(invitation, to_staff=True).reason == Reason.EMAIL_NOT_SENT


@pytest.fixture
def ending_soon(full: Organization) -> Invitation:
    """An open invitation whose email was sent, and that would get a reminder."""
    ends_at, sent_at = timezone.now() + timedelta(days=1), timezone.now() - timedelta(days=6)
    invitation: Invitation = InvitationFactory.create(organization=full, email="soon@example.com", expires_at=ends_at)
    EmailFactory.create(invitation=invitation, sent=True, sent_at=sent_at)
    assert ending_soon_now().filter(pk=invitation.pk).exists()
    return invitation


def test_nothing_is_sent_for_an_open_invitation_until_somebody_resends_it(ending_soon, exported, full, owner):
    forget_everything()
    run("import_organization", exported)
    Invitation.objects.waiting().delete()  # it was accepted, and gets the free seat

    for task in MAINTENANCE_TASKS:
        task()
    assert not deliver_next()
    resend(by=session_of(User.objects.get(pk=owner.pk)), organization_id=full.pk, invitation_id=ending_soon.pk)
    assert deliver_next()
    assert not deliver_next()
    assert Email.objects.get(invitation=ending_soon, generation=2).state == "sent"


@pytest.mark.parametrize("kept", [True, False])
def test_an_earlier_link_works_only_with_the_former_keys(exported, settings, client, kept):
    link = token_for(Invitation.objects.get(email="open@example.com"), TokenPurpose.EMAILED)
    forget_everything()
    former = settings.INVITATION_TOKEN_KEYS if kept else []
    settings.INVITATION_TOKEN_KEYS = ["a key of the new installation, which is long enough", *former]
    run("import_organization", exported)

    assert client.get(f"/i/{link}", follow=True).status_code == (200 if kept else 404)


def test_the_person_who_was_invited_can_answer_without_a_link(exported, full):
    forget_everything()
    run("import_organization", exported)
    Organization.objects.update(seat_limit=None)
    person = UserFactory.create(email="open@example.com")
    invitation = Invitation.objects.addressed_to(person).get()

    accept(by=session_of(person), invitation_id=invitation.pk)
    assert membership_of(person, full)
    assert violations() == {}


def test_webhooks_are_disabled_until_the_organization_has_a_new_secret(exported, full):
    former = WebhookEndpoint.objects.get().secret
    forget_everything()
    run("import_organization", exported)

    endpoint = WebhookEndpoint.objects.get()
    assert (endpoint.state, endpoint.sequence, endpoint.former_secret) == ("disabled", 3, "")
    assert endpoint.secret != former
    assert endpoint.secrets_at(timezone.now())[0].startswith("whsec_")
    assert not Organization.objects.get().has_webhooks


def test_no_secret_and_no_stranger_leaves(exported, full):
    everything = "".join(file.read_text() for file in exported.iterdir())
    member = User.objects.exclude(password__startswith="!").get()
    endpoint = WebhookEndpoint.objects.get()

    for secret in (member.password, endpoint.secret, endpoint.former_secret, "pw_a-secret", "no-member@example.com"):
        assert secret not in everything
    assert not [word for word in ("password", "secret_hash", "is_superuser", "gAAAA") if word in everything]


def test_people_who_are_no_members_leave_only_their_name(exported, full):
    [accepted] = [row["fields"] for row in rows_in(exported, "invitations") if row["fields"]["status"] == "accepted"]

    assert (accepted["inviter"], accepted["answered_by"]) == (None, None)
    assert accepted["inviter_name"] == "left@example.com"
    assert "left@example.com" not in {row["fields"]["email"] for row in rows_in(exported, "accounts")}


def test_only_the_operator_can_read_the_files(exported):
    assert exported.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in exported.iterdir()} == {0o600}


def test_the_commands_say_what_they_did(full, tmp_path):
    directory = tmp_path / "out"
    with track_changes() as changes:
        printed = run("export_organization", "riverside", directory)

    number = sum(len(rows_in(directory, table.name)) for table in TABLES)
    assert printed == f"Wrote {number} rows of Riverside to {directory}.\n"
    assert (changes.tables, [found.kind for found in changes.events]) == ({}, ["organization.exported"])
    assert changes.events[0].organization is None
    forget_everything()
    unsubscribed = len(rows_in(directory, "suppressions"))
    keys = KEYS.format(unsubscribed)
    assert unsubscribed
    assert (
        run("import_organization", directory, dry_run=True) == f"{number} rows of Riverside can be imported. {keys}\n"
    )
    assert not Organization.objects.exists()
    assert run("import_organization", directory) == (
        f"Imported {number} rows of Riverside. Its open invitations are paused: send them again. {keys}\n"
    )
    assert Event.objects.get(kind="organization.imported").organization_id is None


@pytest.mark.parametrize("is_archived", [True, False])
def test_exporting_an_organization_that_still_changes_is_said(organization, tmp_path, is_archived):
    Organization.objects.update(deleted_at=timezone.now() if is_archived else None)
    err = StringIO()

    call_command("export_organization", "riverside", tmp_path / "out", stdout=StringIO(), stderr=err)

    said = "Riverside is not archived: what changes from now on is not in the export." in err.getvalue()
    assert said is not is_archived


def test_they_print_the_manifest(full, tmp_path):
    printed = json.loads(run("export_organization", "riverside", tmp_path / "out", json=True))

    assert printed == json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert printed["organization"] == {"id": str(full.pk), "slug": "riverside", "name": "Riverside"}
    forget_everything()
    assert json.loads(run("import_organization", tmp_path / "out", json=True)) == printed


def test_a_directory_is_not_written_twice(exported):
    with pytest.raises(CommandError, match="cannot be made: File exists"):
        run("export_organization", "riverside", exported)


def test_after_a_permanent_deletion_the_organization_can_come_back(exported, full, owner):
    by, kinds = session_of(owner), Event.objects.of_organization(full.pk).values_list("kind", flat=True)
    before = [*kinds]
    archive_organization(by=by, organization_id=full.pk)
    purge_organization(by=by, organization_id=full.pk)

    run("import_organization", exported)

    assert [*kinds.all()] == [*before, "organization.archived", "organization.purged"]
    assert violations() == {}


def refused(directory: Path) -> str:
    """Return why the import was refused. It has changed nothing."""
    with track_changes() as changes, pytest.raises(CommandError) as caught:
        run("import_organization", directory)
    assert changes.nothing
    return str(caught.value)


class TestConflicts:
    """Nothing is written if anything exists already."""

    def test_the_organization_itself(self, exported, full):
        problems = refused(exported).splitlines()

        assert f"The organization {full.pk} exists already." in problems
        assert "Another organization has the slug riverside." in problems
        assert len(problems) == 20

    def test_the_slug(self, exported):
        forget_everything()
        OrganizationFactory.create(slug="riverside")
        assert refused(exported) == "Another organization has the slug riverside."

    def test_an_address_of_another_account(self, exported):
        forget_everything()
        other = UserFactory.create(email="owner@example.com")
        assert refused(exported).splitlines() == [f"owner@example.com belongs to another account, {other.pk}."] * 2

    def test_a_verified_address_of_another_account(self, exported):
        forget_everything()
        other = UserFactory.create(email="other@example.com")
        EmailAddress.objects.create(user=other, email="member@example.com", verified=True)
        assert refused(exported) == f"member@example.com belongs to another account, {other.pk}."

    def test_an_account_that_is_somebody_else(self, exported, owner):
        forget_everything()
        UserFactory.create(id=owner.pk, email="somebody@example.com")
        assert refused(exported) == f"The account {owner.pk} is somebody else here."

    def test_other_events(self, exported, full):
        forget_everything()
        Event.objects.create(
            organization_id=full.pk, number=1, kind="organization.created", subject_id=full.pk, actor_method="service"
        )
        assert refused(exported) == "Other events of the organization are here already."


def test_an_account_that_exists_stays_as_it_is(exported, owner):
    forget_everything()
    existing = UserFactory.create(id=owner.pk, email="owner@example.com", first_name="Other", password=PASSWORD)

    run("import_organization", exported)

    existing.refresh_from_db()
    assert (existing.first_name, existing.check_password(PASSWORD)) == ("Other", True)
    assert existing.memberships.get().organization_role.pk == OWNER_ROLE


class TestFiles:
    """What is no whole export of this version is refused."""

    def test_a_changed_file(self, exported):
        file = exported / "accounts.jsonl"
        file.write_text(file.read_text().replace("owner@", "other@"))
        assert refused(exported) == "accounts.jsonl is missing or was changed."

    def test_a_missing_file(self, exported):
        (exported / "events.jsonl").unlink()
        assert refused(exported) == "events.jsonl is missing or was changed."

    def test_no_manifest(self, exported):
        (exported / "manifest.json").unlink()
        assert "manifest.json cannot be read" in refused(exported)

    @pytest.mark.parametrize(
        ("changed", "problem"),
        [({"version": 2}, "is not a perfectworks-organization of version 1"), ({"schema": {}}, "another version")],
    )
    def test_another_version(self, exported, changed, problem):
        file = exported / "manifest.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | changed))
        assert problem in refused(exported)

    @pytest.mark.parametrize(
        "changed",
        [{"files": None}, {"files": {"a": 1}}, {"files": [{"file": "roles.jsonl"}]}, {"organization": "riverside"}],
    )
    def test_a_manifest_without_a_part(self, exported, changed):
        file = exported / "manifest.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | changed))
        assert refused(exported) == f"{file} does not have the expected form."


class TestForgedRows:
    """Rows with right checksums that give more than an export contains are refused."""

    @pytest.fixture(autouse=True)
    def _elsewhere(self, exported: Path) -> None:
        forget_everything()

    def test_a_column_that_does_not_leave(self, exported):
        rewrite(exported, "accounts", lambda row: row["fields"].update(is_superuser=True))
        assert refused(exported) == "A row of accounts does not have the expected columns."

    @pytest.mark.parametrize("line", ["", "{", "[]", '"fields"', '{"pk": 1}', '{"fields": []}', "\u00ff"])
    def test_a_line_that_is_no_row(self, exported, line):
        rewrite_lines(exported, "invitations", [line])
        assert refused(exported) == "Line 1 of invitations.jsonl is no row."

    @pytest.mark.parametrize("pk", ["../../etc", 1, None, []])
    def test_an_id_that_is_none(self, exported, pk):
        rewrite(exported, "invitations", lambda row: row.update(pk=pk))
        assert refused(exported) == "A row of invitations has no valid id."

    @pytest.mark.parametrize(
        ("name", "column"),
        [("accounts", "email"), ("addresses", "user"), ("events", "organization_id"), ("emails", "message_id")],
    )
    def test_a_list_instead_of_a_text(self, exported, name, column):
        rewrite(exported, name, lambda row: row["fields"].update({column: ["a"]}))
        assert refused(exported) == f"A row of {name} is not valid."

    @pytest.mark.parametrize("name", ["units", "invitations", "roles"])
    def test_a_row_of_another_organization(self, exported, name):
        other = OrganizationFactory.create()
        rewrite(exported, name, lambda row: row["fields"].update(organization=str(other.pk)))
        assert refused(exported) == f"A row of {name} belongs to another organization."

    def test_an_event_of_another_organization(self, exported):
        other = OrganizationFactory.create()
        rewrite(exported, "events", lambda row: row["fields"].update(organization_id=str(other.pk)))
        assert refused(exported) == "A row of events belongs to another organization."

    def test_a_member_of_another_organization_gets_no_role(self, exported):
        other = MembershipFactory.create(role_id=OWNER_ROLE)
        rewrite(exported, "role-assignments", lambda row: row["fields"].update(membership=str(other.pk)))
        assert "assignment" in refused(exported)

    def test_a_role_of_another_organization(self, exported):
        other = RoleFactory.create(organization=MembershipFactory.create(role_id=OWNER_ROLE).organization)
        rewrite(exported, "role-assignments", lambda row: row["fields"].update(role=str(other.pk), unit=None))
        assert "organization" in refused(exported)

    def test_an_assignment_to_a_member_of_another_organization(self, exported):
        other = MembershipFactory.create(role_id=OWNER_ROLE)
        unit = UnitFactory.create(organization=other.organization)
        changed = {"membership": str(other.pk), "unit": str(unit.pk), "role": str(UNIT_EDITOR_ROLE)}
        rewrite(exported, "role-assignments", lambda row: row["fields"].update(changed))
        assert refused(exported) == "A row of role-assignments belongs to another organization."

    def test_an_email_of_an_invitation_of_another_organization(self, exported):
        other = InvitationFactory.create()
        rewrite(exported, "emails", lambda row: row["fields"].update(invitation=str(other.pk), generation=9))
        assert refused(exported) == "A row of emails belongs to another organization."

    @pytest.mark.parametrize("spelled", [str, str.upper])
    def test_an_address_of_an_account_that_was_there_before(self, exported, spelled):
        staff = UserFactory.create(superuser=True)
        changed = {"user": spelled(str(staff.pk)), "email": "other@example.net"}
        rewrite(exported, "addresses", lambda row: row["fields"].update(changed))
        assert refused(exported) == "A row of addresses belongs to another account."

    @pytest.mark.parametrize("text", ["\0@example.com", "\ud800@example.com"])
    def test_a_text_that_no_database_contains(self, exported, text):
        rewrite(exported, "accounts", lambda row: row["fields"].update(email=text))
        assert refused(exported) == "A row of accounts is not valid."

    def test_a_name_with_characters_that_nobody_sees(self, exported):
        rewrite(exported, "organization", lambda row: row["fields"].update(name="River\u202eside"))
        assert "A row of organization is not valid" in refused(exported)

    @pytest.mark.parametrize(
        ("name", "changed"),
        [
            ("organization", {"has_webhooks": True}),
            ("invitations", {"reminded_generation": 0, "finished_at": None}),
            ("emails", {"state": "queued", "due_at": "2020-01-01T00:00:00Z"}),
            ("webhook-endpoints", {"state": "enabled"}),
        ],
    )
    def test_something_that_would_be_sent(self, exported, name, changed):
        rewrite(exported, name, lambda row: row["fields"].update(changed))
        assert refused(exported) == f"A row of {name} is not paused: something would be sent."

    def test_a_reference_to_nothing(self, exported):
        absent = "01900000-0000-7000-8000-000000000000"
        rewrite(exported, "memberships", lambda row: row["fields"].update(user=absent))
        assert "does not exist" in refused(exported) or "does not fit" in refused(exported)


def test_every_table_that_refers_to_an_exported_one_is_exported_or_left_out():
    exported = {table.model for table in TABLES if table.model is not User}
    referring = {
        model._meta.label
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if field.related_model in exported
    }

    assert referring - {table.model._meta.label for table in TABLES} == NOT_EXPORTED
