"""Each event about a changed row has the changed columns, with old and new values except names, addresses and texts."""

import ast
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from accounts.actions import profile as profiles
from events.changed_fields import describe_changes
from events.kinds import KINDS, SUBJECTS
from events.models import Event
from invitations.actions import inviting
from orgs.actions import api_keys, members, organizations, roles, units
from orgs.oauth import applications
from orgs.permissions import EDITOR_ROLE, LIST_PROJECTS, MANAGE_BILLING, VIEWER_ROLE
from outbox.delivery_reports import FOLLOWS
from tests.actions.every_action import DONE, World
from tests.support.changes import OURS, all_rows
from tests.support.packages import PACKAGES
from webhooks.actions import endpoints

pytestmark = pytest.mark.django_db

SECRETIVE = {"name": "Quiet Name", "description": "Quiet text", "website": "https://quiet.example.com"}

# Calls that change every field that the action accepts. ``DONE`` calls each action, but changes few fields.
WHOLE: dict[str, Callable[[World], object]] = {
    "update_organization": lambda w: organizations.update_organization(
        by=w.admin,
        organization_id=w.id,
        **SECRETIVE,
        slug="quiet-slug",
        logo_url="https://quiet.example.com/logo.png",
        language="de",
        replies_go_to_inviter=False,
        default_role_id=VIEWER_ROLE,
    ),
    "change_member_roles": lambda w: members.change_member_roles(
        by=w.admin,
        organization_id=w.id,
        membership_id=w.membership,
        role_id=EDITOR_ROLE,
        permissions=frozenset({MANAGE_BILLING}),
    ),
    "update_role": lambda w: roles.update_role(
        by=w.admin, organization_id=w.id, role_id=w.role, name="Quiet Name", permissions=frozenset({MANAGE_BILLING})
    ),
    "update_unit": lambda w: units.update_unit(
        by=w.admin,
        organization_id=w.id,
        unit_id=w.unit,
        name="Quiet Name",
        slug="quiet-slug",
        picture_url="https://quiet.example.com/x.png",
    ),
    "update_api_key": lambda w: api_keys.update_api_key(
        by=w.member, organization_id=w.id, key_id=w.key, name="Quiet Name", description="Quiet text"
    ),
    "update_profile": lambda w: profiles.update_profile(
        by=w.member, first_name="Quiet", last_name="Name", avatar_url="https://quiet.example.com/x.png"
    ),
    "update_application": lambda w: applications.update_application(
        by=w.member,
        organization=None,
        application_id=w.reader.pk,
        name="Quiet Name",
        redirect_uris=["https://quiet.example.com/back"],
        scopes=["profile"],
    ),
    "update_invitation": lambda w: inviting.update_invitation(
        by=w.admin,
        organization_id=w.id,
        invitation_id=w.invitation,
        role_id=EDITOR_ROLE,
        permissions=frozenset({LIST_PROJECTS}),
        lifetime_days=30,
        invitee_name="Quiet Name",
        message="Quiet text",
        metadata={"quiet": "text"},
    ),
    "update_endpoint": lambda w: endpoints.update_endpoint(
        by=w.admin,
        organization_id=w.id,
        endpoint_id=w.webhook,
        url="https://quiet.example.com/hooks",
        description="Quiet text",
        event_types=["role.created"],
    ),
    "nothing": lambda w: organizations.update_organization(
        by=w.admin, organization_id=w.id, replies_go_to_inviter=True
    ),
}

# Columns that follow from other columns or from the time of the event.
DERIVED = {"updated_at", "updated", "finished_at", "folded_name", "has_webhooks"}

# Columns that an action also changes in rows without an event about them.
UNTOLD = {
    "orgs.actions.members.remove_member": {"User.is_active"},  # the account of a system user ends with its membership
    "orgs.actions.organizations.purge_organization": {"User.is_active"},
    "orgs.actions.accounts.switch_organization": {"Membership.activated_at"},  # the event is about the organization
    # The account's clients get secrets that nobody knows.
    "orgs.actions.accounts.delete_account": {"OAuthApplication.client_secret"},
    "orgs.actions.accounts.deactivate_account": {"OAuthApplication.client_secret"},
    "orgs.actions.accounts.secure_account": {"OAuthApplication.client_secret"},
    # It says the same as the event `invitation.reminded`, for an index.
    "invitations.actions.reminders.remind": {"Invitation.reminded_generation"},
    "orgs.actions.accounts.purge_account": {"Invitation.email"},  # the address is erased
}
# What events about these rows say about other tables.
OF_OTHER_TABLES = {"Membership": {"role_id"}, "User": {"staff_role", "group_ids", "permissions"}}
# The columns of these rows are in the events about other rows: roles in those about the membership.
PARTS = {"RoleAssignment", "Email", "EmailAddress", "ApplicationAccess", "WebhookDelivery"}

# The kinds of events about changed rows, of the actions and of the account pages.
CHANGING = {
    *("organization.updated", "organization.seat_limit_set", "organization.open_invitation_limit_set"),
    *("organization.daily_email_limit_set", "organization.legal_hold_set"),
    *("organization.archived", "organization.restored", "role.updated", "unit.updated", "api_key.described"),
    *("membership.roles_changed", "membership.unit_role_assigned", "membership.unit_role_removed"),
    *("user.deleted", "user.deactivated", "user.reactivated", "user.profile_updated", "user.password_changed"),
    *("user.secured", "user.sessions_ended", "user.staff_role_changed"),
    *("user.address_proven", "user.address_lost", "user.main_address_changed"),
    *("identity.address_ignored", "identity.address_counts"),
    *("oauth_application.updated", "oauth_application.secret_renewed", "oauth_application.acting_for_owner_set"),
    *("invitation.updated", "invitation.resent", "invitation.cancelled", "invitation.superseded"),
    *("invitation.address_corrected", "invitation.accepted", "invitation.declined", "invitation.waits_for_seat"),
    *("invitation.expired", "invitation.failed", "email."),
    *("invitation.emailed", "invitation.postponed", "invitation.rescheduled"),
    *("webhook_endpoint.updated", "webhook_endpoint.secret_rotated"),
    *("webhook_endpoint.enabled", "webhook_endpoint.disabled"),
}
# The kinds of events about new rows, about deleted rows, and about what changes no column of the subject.
OTHER = {
    *("organization.created", "organization.purged", "organization.ownership_transferred"),
    *("organization.left_without_owner", "organization.owner_returned"),
    *("organization.exported", "organization.imported"),
    *("role.created", "role.deleted", "unit.created", "unit.deleted", "api_key.created", "api_key.deleted"),
    *("membership.created", "membership.removed", "membership.left"),
    *("user.registered", "user.purged", "user.signed_in", "user.signed_out", "user.sign_in_failed"),
    "user.organization_switched",
    *("user.address_added", "user.address_removed", "user.password_reset_sent"),
    *("user.two_factor_added", "user.two_factor_renewed", "user.two_factor_removed"),
    *("identity.linked", "identity.unlinked", "suppression.created", "suppression.deleted"),
    *("oauth_application.registered", "oauth_application.deleted", "oauth_application.tokens_ended"),
    *("oauth_application.authorized", "oauth_application.access_withdrawn"),
    *("invitation.created", "invitation.reminded", "invitation.asked_again", "invitation.link_copied"),
    *("invitation.delivered", "invitation.bounced"),
    *("webhook_endpoint.created", "webhook_endpoint.deleted"),
    *("webhook_endpoint.tested", "webhook_endpoint.replayed"),
}

RECORDS = re.compile(r"(Event\.objects\.|_)?record(_own_change)?")

every_change = pytest.mark.parametrize("name", [*DONE, *WHOLE])


def perform(world: World, name: str) -> tuple[dict[str, Any], dict[str, Any], list[Event]]:
    """Run the action. Return all rows before and after, and the new events."""
    before, known = all_rows(), set(Event.objects.values_list("pk", flat=True))
    (DONE | WHOLE)[name](world)
    return before, all_rows(), list(Event.objects.exclude(pk__in=known).order_by("id"))


def changed_rows(before: dict[str, Any], after: dict[str, Any]) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Yield model, key and former columns of each row that changed."""
    for table, rows in after.items():
        for key in rows.keys() & before[table].keys():
            yield table.partition(".")[2], key, {c: v for c, v in before[table][key].items() if v != rows[key][c]}


@every_change
def test_the_events_about_a_row_name_all_its_changed_columns(world: World, name: str):
    before, after, events = perform(world, name)
    for model, key, columns in changed_rows(before, after):
        told = {column for event in events if event.subject_id == key for column in event.data.get("changed", [])}
        told = {"allowed_scopes" if column == "scopes" else column for column in told} - OF_OTHER_TABLES.get(
            model, set()
        )
        untold = {column.partition(".")[2] for column in UNTOLD.get(name, ()) if column.startswith(f"{model}.")}
        if model not in PARTS:
            assert told | untold == columns.keys() - DERIVED | untold, (model, told)


@every_change
def test_old_and_new_values_are_those_of_the_rows(world: World, name: str):
    before, after, events = perform(world, name)
    for model, key, columns in changed_rows(before, after):
        about = [event.data for event in events if event.subject_id == key and "changed" in event.data]
        for column in columns.keys() & {told for data in about for told in data["new"]}:
            told = [data for data in about if column in data["new"]]
            rows = [
                next(rows[key] for table, rows in all_.items() if table.endswith(f".{model}"))
                for all_ in (before, after)
            ]
            assert [told[0]["old"][column], told[-1]["new"][column]] == [stored(row[column]) for row in rows]


def stored(value: Any) -> Any:
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder))


@every_change
def test_events_about_changed_rows_have_changed_old_and_new(world: World, name: str):
    _, _, events = perform(world, name)
    for event in events:
        kind = "email." if event.kind.startswith("email.") else event.kind
        assert event.subject_type in SUBJECTS
        assert ("changed" in event.data, "old" in event.data, "new" in event.data) == (kind in CHANGING,) * 3, kind
        if kind in CHANGING:
            assert event.data["old"].keys() == event.data["new"].keys() <= set(event.data["changed"])


def test_every_kind_of_event_in_the_code_is_named_here():
    sources = (path for app in PACKAGES for path in (Path(settings.BASE_DIR) / app).rglob("*.py"))
    trees = (ast.parse(path.read_text()) for path in sources if "migrations" not in path.parts)
    assert {kind for tree in trees for node in ast.walk(tree) for kind in kinds_in(node)} == CHANGING | OTHER


def test_the_audit_log_offers_every_kind_of_event():
    reported = {f"email.{state}" for state in FOLLOWS}
    assert (set(KINDS), list(KINDS)) == (CHANGING - {"email."} | OTHER | reported, sorted(KINDS))


def kinds_in(node: ast.AST) -> Iterator[str]:
    """Return the kinds of events in the first argument of a function that records, and in names called `kind`."""
    found: list[ast.expr] = []
    if isinstance(node, ast.Call) and RECORDS.fullmatch(ast.unparse(node.func)):
        found = node.args[:1]
    elif isinstance(node, ast.keyword | ast.Assign) and isinstance(node.value, ast.Constant | ast.IfExp):
        is_kind = ast.unparse(node).partition("=")[0].strip() == "kind"
        found = [node.value] if is_kind else []
    for expression in found:
        for part in ast.walk(expression):
            if isinstance(part, ast.Constant) and isinstance(part.value, str) and "." in part.value:
                yield part.value


@every_change
def test_no_event_contains_a_name_an_address_or_a_text(world: World, name: str):
    before, after, events = perform(world, name)
    told = json.dumps([event.data for event in events])
    texts = {text for rows in (before, after) for text in texts_of(rows)}
    assert {text for text in texts if f'"{text}"' in told} == set()


def texts_of(tables: dict[str, Any]) -> Iterator[str]:
    """Return all values of text columns without choices."""
    for model in apps.get_models():
        names = {
            field.attname
            for field in model._meta.concrete_fields
            if isinstance(field, models.CharField | models.TextField) and not field.choices
        }
        if model is not Event:
            yield from (
                row[name]
                for row in tables.get(model._meta.label, {}).values()
                for name in names
                if row[name] and isinstance(row[name], str)
            )


def test_the_recorded_columns_are_ids_states_permissions_numbers_dates_and_booleans():
    def recorded(model: type[models.Model]) -> set[str]:
        names = [field.attname for field in model._meta.concrete_fields]
        return set(describe_changes(dict.fromkeys(names, 1), dict.fromkeys(names, 2), of=model)["new"])

    texts = {
        f"{model._meta.model_name}.{name}"
        for app in OURS[:-1]
        for model in apps.get_app_config(app).get_models()
        for name in recorded(model)
        if isinstance(model._meta.get_field(name), models.CharField | models.TextField | models.JSONField)
    }
    assert texts == {
        *("accountemail.purpose", "accountemail.state", "accountemailattempt.state"),
        *("apikey.permissions", "applicationaccess.scopes", "attempt.state", "email.kind", "email.state"),
        *("externalidentity.ignored_reason", "invitation.given", "invitation.permissions", "invitation.status"),
        *("membership.permissions", "oauthapplication.algorithm", "oauthapplication.authorization_grant_type"),
        *(
            "oauthapplication.client_type",
            "oauthapplication.registration_source",
            "role.level",
            "role.permissions",
            "unit.kind",
            "user.kind",
            "webhookattempt.state",
            "webhookdelivery.state",
            "webhookendpoint.state",
        ),
    }
