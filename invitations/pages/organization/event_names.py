"""The names of what events refer to, as the reader may see them. Events contain only ids.

A name is shown only if the reader may see the row that has it: members, invitations, roles, and the API keys and
applications that the reader sees elsewhere. Somebody who is no longer a member has the address that was invited, or the
name on the invitations that they sent.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.principals import Method, Principal
from core.addresses import displayed_address
from core.admin_labels import LABELS
from core.ids import parse_uuid
from events.models import Event
from invitations.models import Invitation
from invitations.pages.organization.event_words import METHODS
from orgs.actions.api_keys import visible_keys
from orgs.labels import permission_labels, role_label
from orgs.models import Membership, Organization
from orgs.oauth.applications import visible_applications
from orgs.querysets import members_of, roles_of, units_of

USER_IDS = ("user_id", "inviter_user_id", "answered_by_id")
CHANGED_FIELDS = {"permissions": gettext_lazy("permissions"), "slug": gettext_lazy("name in URLs")}
UNNAMED_FIELDS = ("inviter_name", "status", "updated_at")
ROLE_IDS = ("role_id", "unit_role_id", "default_role_id", "reassigned_to")


class EventNames:
    """The names for some events, read in one query for each kind of row."""

    def __init__(self, by: Principal, organization: Organization, events: Sequence[Event]) -> None:
        self.organization = organization
        self.people, self.memberships = _people(by, organization, events)
        self.invitations = _invitations(by, organization, events)
        self._add_former_members(by, events)
        roles = [*_subjects(events, "role"), *(key for event in events for key in _values_of(event, ROLE_IDS))]
        self.roles = {key: role_label(role) for key, role in _named(roles_of(organization), roles).items()}
        units = [*_subjects(events, "unit"), *(key for event in events for key in _values_of(event, ("unit_id",)))]
        self.others: dict[str, dict[UUID, str]] = {
            "role": self.roles,
            "unit": {key: unit.name for key, unit in _named(units_of(by, organization), units).items()},
            "apikey": _names(lambda: visible_keys(by, organization), _subjects(events, "apikey")),
            "oauthapplication": _names(
                lambda: visible_applications(by, organization), _subjects(events, "oauthapplication")
            ),
        }

    def subject_of(self, event: Event) -> str:
        """Return the name of what the event is about, or "" if it is unknown or the organization itself."""
        if event.subject_type == "membership":
            return self.memberships.get(event.subject_id) or self.person(_first(event, USER_IDS))
        if event.subject_type == "user":
            return self.person(event.subject_id)
        if event.subject_type == "invitation":
            return self.invitations.get(event.subject_id, "")
        if event.subject_type == "email":
            return self.invitations.get(_first(event, ("invitation_id",)) or event.subject_id, "")
        if event.subject_type == "organization":
            return self.person(_first(event, USER_IDS))
        return self.others.get(event.subject_type, {}).get(event.subject_id, "")

    def person(self, user_id: UUID | None) -> str:
        """Return the name of a member, or what the organization knows of a former member, or ""."""
        return self.people.get(user_id, "") if user_id else ""

    def actor_of(self, event: Event) -> str:
        """Return who acted, and how."""
        if event.actor_method == Method.STAFF:
            return _("Staff of this service")
        if event.actor_method == Method.LINK:
            return _("Somebody with the link")
        if event.actor_id is None:
            return _("This service")
        name = self.person(event.actor_id) or _("Somebody who isn't a member")
        how = METHODS.get(event.actor_method)
        return f"{name}, {how}" if how else name

    def details_of(self, event: Event) -> list[str]:
        """Return the roles, the workspace or application, and the permissions that the event names."""
        found = []
        for name, label in (
            ("role_id", _("Role")),
            ("default_role_id", _("Default role")),
            ("reassigned_to", _("New role")),
        ):
            if key := _value(event, name):
                former = self.roles.get(parse_uuid(str(event.data.get("old", {}).get(name))) or key)
                present = self.roles.get(key, _("a role that was deleted"))
                found.append(
                    f"{label}: {former} → {present}" if former and former != present else f"{label}: {present}"
                )
        if key := _value(event, "unit_id"):
            unit = self.others["unit"].get(key, _("one that was deleted"))
            role = self.roles.get(_value(event, "unit_role_id") or key)
            found.append(_("Workspace or application") + f": {unit}" + (f" ({role})" if role else ""))
        if labels := permission_labels(event.data.get("permissions") or ()):
            found.append(_("Permissions") + ": " + ", ".join(labels))
        if event.kind.endswith(".updated") and (words := changed_words(event, "permissions" if labels else "")):
            found.append(_("Changed") + ": " + ", ".join(words))
        return found

    def _add_former_members(self, by: Principal, events: Sequence[Event]) -> None:
        """Add the people who are no longer members: by the address that was invited, or by their name as an inviter.

        Whoever founded the organization was not invited.
        """
        unknown = {key for event in events for key in _people_of(event)} - self.people.keys()
        managed = Invitation.objects.managed_in(self.organization, by)
        if unknown:
            accepted = managed.filter(status="accepted", answered_by__in=unknown)
            rows = accepted.values_list("answered_by", "email")
            self.people |= {key: str(displayed_address(email)) for key, email in rows if key}
        if unknown := unknown - self.people.keys():
            sent = managed.filter(inviter=OuterRef("pk")).exclude(inviter_name="").values("inviter_name")
            inviters = User.objects.filter(pk__in=unknown).annotate(known_name=Subquery(sent[:1]))
            named = inviters.filter(known_name__isnull=False).values_list("pk", "known_name")
            self.people |= {key: str(displayed_address(name)) for key, name in named}


def changed_words(event: Event, shown: str = "") -> list[str]:
    """Return the names of the fields that changed, in words. Leave out ``shown`` and what the details show anyway."""
    names = (name for name in event.data.get("changed", ()) if name not in {*ROLE_IDS, *UNNAMED_FIELDS, shown})
    return [str(label) for name in names if (label := CHANGED_FIELDS.get(name) or LABELS.get(name))]


def _people(
    by: Principal, organization: Organization, events: Sequence[Event]
) -> tuple[dict[UUID, str], dict[UUID, str]]:
    """Return the names of members by the id of the user, and by the id of the membership."""
    users = {key for event in events for key in _people_of(event)}
    wanted = Q(user_id__in=users) | Q(pk__in=_subjects(events, "membership"))
    members: list[Membership] = list(members_of(by, organization).prefetch_related(None).filter(wanted))
    names = {member.pk: str(displayed_address(member.shown_name)) for member in members}
    return {member.user_id: names[member.pk] for member in members}, names


def _people_of(event: Event) -> Iterable[UUID]:
    """Return the ids of the users that the page names for this event."""
    if event.actor_id and event.actor_method != Method.STAFF:
        yield event.actor_id
    if event.subject_type == "user":
        yield event.subject_id
    yield from _values_of(event, USER_IDS)


def _invitations(by: Principal, organization: Organization, events: Sequence[Event]) -> dict[UUID, str]:
    wanted = {
        *_subjects(events, "invitation"),
        *(key for event in events for key in _values_of(event, ("invitation_id",))),
    }
    if not wanted:
        return {}
    rows = Invitation.objects.managed_in(organization, by).filter(pk__in=wanted).values_list("pk", "email")
    return {key: str(displayed_address(email)) for key, email in rows}


def _subjects(events: Iterable[Event], kind: str) -> list[UUID]:
    return [event.subject_id for event in events if event.subject_type == kind]


def _values_of(event: Event, names: Iterable[str]) -> list[UUID]:
    """Return the ids with these names in the event, also the old and the new ones of a change."""
    facts = (event.data, event.data.get("old", {}), event.data.get("new", {}))
    found = (parse_uuid(str(one[name])) for one in facts for name in names if one.get(name))
    return [key for key in found if key]


def _value(event: Event, name: str) -> UUID | None:
    """Return the present id of this name in the event."""
    found = event.data.get(name) or event.data.get("new", {}).get(name)
    return parse_uuid(str(found)) if found else None


def _first(event: Event, names: Iterable[str]) -> UUID | None:
    return next(iter(_values_of(event, names)), None)


def _named(rows: QuerySet[Any], keys: Iterable[UUID]) -> dict[UUID, Any]:
    wanted = set(keys)
    return {row.pk: row for row in rows.filter(pk__in=wanted)} if wanted else {}


def _names(rows: Callable[[], QuerySet[Any]], keys: Sequence[UUID]) -> dict[UUID, str]:
    return {key: row.name for key, row in _named(rows(), keys).items()} if keys else {}
