"""The export of everything about a person: what it contains, and what it leaves out."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.db import models
from django.test import Client
from django.utils import timezone

from accounts.models import ExternalIdentity, User
from accounts.oauth.tokens import issue_token
from accounts.principals import SERVICE
from core.address_fields import AddressField
from core.addresses import normalize_address
from core.personal_data import SECTIONS, export_person
from events.models import Event
from invitations.actions import answering, inviting
from invitations.email.address_hashes import SuppressionScope
from invitations.email.models import Email
from invitations.email.queue import queue_email
from invitations.email.suppressions import unsubscribe
from orgs.actions import accounts, api_keys, members
from orgs.models import Organization
from orgs.oauth import applications
from orgs.permissions import ADMIN_ROLE, EDITOR_ROLE, UNIT_EDITOR_ROLE
from tests.factories import (
    AuthenticatorFactory,
    EmailAddressFactory,
    IdempotentResponseFactory,
    InvitationFactory,
    OrganizationFactory,
    RoleAssignmentFactory,
    UnitFactory,
)
from tests.support.people import membership_of, session_of

pytestmark = pytest.mark.django_db

# The columns that refer to a user or contain an address, with the section that exports them.
EXPORTED = {
    "account.EmailAddress.email": "emailAddresses",
    "account.EmailAddress.user": "emailAddresses",
    "accounts.AccountEmail.recipient": "emailsAboutYourAccount",
    "accounts.AccountEmail.user": "emailsAboutYourAccount",
    "accounts.ApplicationAccess.user": "applicationAccesses",
    "accounts.ExternalIdentity.ignored_address": "signInMethods",
    "accounts.ExternalIdentity.user": "signInMethods",
    "accounts.OAuthApplication.responsible": "oauthApplications",
    "accounts.OAuthApplication.user": "oauthApplications",
    "accounts.Session.user": "sessions",
    "accounts.User.email": "account",
    "accounts.User.groups": "account",
    "accounts.User.responsible": "serviceAccounts",
    "accounts.User.user_permissions": "account",
    "events.Event.actor_id": "eventsByYou",
    "events.Event.subject_id": "eventsAboutYourAccount",
    "invitations.Email.recipient": "emailsToYou",
    "invitations.Invitation.answered_by": "invitationsToYou",
    "invitations.Invitation.email": "invitationsToYou",
    "invitations.Invitation.inviter": "invitationsByYou",
    "mfa.Authenticator.user": "signInMethods",
    "oauth2_provider.AccessToken.user": "applicationAccesses",
    "oauth2_provider.Grant.user": "applicationAccesses",
    "oauth2_provider.RefreshToken.user": "applicationAccesses",
    "orgs.ApiKey.responsible": "apiKeys",
    "orgs.Membership.user": "memberships",
}
COPY = "a copy for the organization's software of invitations and members, which are exported; kept for 30 days"
# The other columns of this kind, with the reason why they are not exported.
NOT_EXPORTED = {
    "accounts.AccountEmail.person_id": "the person in a notice to others, kept for 30 days",
    "accounts.IdempotentResponse.user": "a copy of responses of the API and of forms, kept for 24 hours",
    "accounts.OAuthApplication.system_user": "system users are no people",
    "admin.LogEntry.user": "Django's log of the admin, which stays empty: the admin records events",
    "invitations.Email.responsible_id": "the inviter of the invitation, which is exported",
    "invitations.Invitation.inviter_user_id": "the same id as inviter",
    "oauth2_provider.DeviceGrant.user": "the device flow is not offered",
    "oauth2_provider.IDToken.user": "OpenID Connect is not offered",
    "webhooks.WebhookMessage.address": COPY,
    "webhooks.WebhookMessage.subject_id": COPY,
    "webhooks.WebhookMessage.user_id": COPY,
    "orgs.Organization.reply_to": "an address of the organization, which its managers see in its settings",
}
# Hashes of addresses: suppressions are exported by address; sending counters are kept for a day.


def exported(user: User) -> dict[str, Any]:
    document: dict[str, Any] = json.loads("".join(export_person(user)))
    return document


def personal_columns() -> Iterator[str]:
    for model in apps.get_models():
        for field in [*model._meta.fields, *model._meta.many_to_many]:
            if is_personal(model, field):
                yield f"{model._meta.label}.{field.name}"


def is_personal(model: type[models.Model], field: Any) -> bool:
    """Return whether the column refers to a user, contains an address, or belongs to the user as a group does."""
    refers = field.related_model is User or isinstance(field, AddressField | models.EmailField)
    of_user = model is User and field.many_to_many
    named = isinstance(field, models.UUIDField) and field.name in (
        "actor_id",
        "subject_id",
        "inviter_user_id",
        "responsible_id",
        "user_id",
        "person_id",
    )
    return refers or of_user or named


def test_every_column_about_a_person_is_exported_or_left_out_for_a_reason():
    found = {column for column in personal_columns() if not column.startswith(("tests.", "accounts.User_"))}

    assert found == EXPORTED.keys() | NOT_EXPORTED.keys()


@pytest.fixture
def full(organization: Organization, member: User, owner: User) -> dict[str, Any]:
    """The member with rows in every section, and what the export must not contain."""
    by = session_of(member)
    Client().force_login(member)
    User.objects.filter(pk=member.pk).update(is_staff=True, last_login=timezone.now())
    EmailAddressFactory.create(user=member, email="unverified@example.com", verified=False)
    AuthenticatorFactory.create(user=member)
    ExternalIdentity.objects.create(user=member, issuer="https://issuer.example.com", subject="subject-of-member")
    unit = UnitFactory.create(organization=organization, name="Design")
    membership = membership_of(member, organization)
    RoleAssignmentFactory.create(membership=membership, unit=unit, role_id=UNIT_EDITOR_ROLE)
    members.change_member_roles(
        by=session_of(owner), organization_id=organization.pk, membership_id=membership.pk, role_id=ADMIN_ROLE
    )
    _, key_secret = api_keys.create_api_key(by=by, organization_id=organization.pk, name="Nightly")
    accounts.register_system_user(by=by, organization_id=organization.pk, name="Robot", role_id=EDITOR_ROLE)
    client, client_secret = applications.register_client(
        by=session_of(owner), name="Calendar", redirect_uris=["https://client.example.com/back"]
    )
    token = issue_token(client, member, "profile", timezone.now() + timedelta(days=1))
    _, own_secret = applications.register_personal_client(by=by, name="Script")
    inviting.invite(
        by=by,
        organization_id=organization.pk,
        email=normalize_address("guest@example.com"),
        invitee_name="Gus Guest",
        message="Welcome",
        metadata={"crm": "guest-7"},
    )
    received = InvitationFactory.create(
        organization=OrganizationFactory.create(slug="lakeside"), email="member@example.com", inviter=owner
    )
    answering.decline(by=by, invitation_id=received.pk, reason="Not now")
    queue_email(received, Email.Kind.INVITATION)
    unsubscribe(by=by, invitation_id=received.pk, scope=SuppressionScope.ALL)
    IdempotentResponseFactory.create(user=member, key="a-key-of-member")
    member.refresh_from_db()
    return {"secrets": [key_secret, client_secret, own_secret, token], "received": received, "membership": membership}


def test_every_section_has_what_is_stored(full: dict[str, Any], organization: Organization, member: User):
    document = exported(member)

    assert list(document) == [
        *("schemaVersion", "service", "exportedAt", "account", "emailAddresses", "emailsAboutYourAccount"),
        *("signInMethods", "sessions"),
        *("applicationAccesses", "oauthApplications", "serviceAccounts", "eventsByYou", "eventsAboutYourAccount"),
        *("memberships", "apiKeys", "eventsAboutYourMemberships"),
        *("invitationsToYou", "invitationsByYou", "emailsToYou", "suppressions"),
    ]
    assert set(EXPORTED.values()) <= set(document)
    assert document["schemaVersion"] == 1
    account = document["account"]
    assert (account["id"], account["email"], account["firstName"]) == (str(member.pk), "member@example.com", "Member")
    assert document["emailAddresses"] == [
        {"email": "member@example.com", "verified": True, "primary": True},
        {"email": "unverified@example.com", "verified": False, "primary": False},
    ]
    methods = document["signInMethods"]
    assert (methods["password"], methods["twoFactor"][0]["type"]) == (False, "totp")
    assert methods["identities"][0]["subject"] == "subject-of-member"
    assert len(document["sessions"]) == 1
    [access] = document["applicationAccesses"]
    assert (access["application"]["name"], access["scopes"]) == ("Calendar", ["profile"])
    assert [issued["kind"] for issued in access["issued"]] == ["access_token"]
    assert [one["name"] for one in document["oauthApplications"]] == ["Script"]
    assert [one["name"] for one in document["serviceAccounts"]] == ["Robot"]
    [key] = document["apiKeys"]
    assert (key["name"], key["actsAsYou"], len(key["prefix"])) == ("Nightly", True, 10)
    [suppression] = document["suppressions"]
    assert (suppression["address"], suppression["scope"]) == ("member@example.com", "all")
    [email] = document["emailsToYou"]
    assert (email["kind"], email["recipient"], email["state"]) == ("invitation", "member@example.com", "queued")


def test_a_membership_has_its_roles_and_permissions(full: dict[str, Any], organization: Organization, member: User):
    [membership] = exported(member)["memberships"]

    assert membership == {
        "id": str(full["membership"].pk),
        "organization": {"id": str(organization.pk), "slug": "riverside", "name": "Riverside"},
        "role": "admin",
        "permissions": [],
        "effectivePermissions": membership["effectivePermissions"],
        "workspacesAndApplications": [
            {**membership["workspacesAndApplications"][0], "kind": "workspace", "name": "Design", "role": "editor"}
        ],
        "createdAt": membership["createdAt"],
        "activatedAt": None,
    }
    assert "organization:manage_members" in membership["effectivePermissions"]


def test_invitations_are_in_it_for_the_invitee_and_for_the_inviter(full: dict[str, Any], member: User, owner: User):
    [received] = exported(member)["invitationsToYou"]
    [sent] = exported(member)["invitationsByYou"]

    assert (received["id"], received["state"], received["email"], received["declineReason"]) == (
        *(str(full["received"].pk), "declined", "member@example.com"),
        "Not now",
    )
    assert "metadata" not in received
    assert (sent["email"], sent["inviteeName"], sent["message"], sent["metadata"]) == (
        *("guest@example.com", "Gus Guest", "Welcome"),
        {"crm": "guest-7"},
    )
    assert (sent["state"], sent["organization"]["slug"]) == ("pending", "riverside")


def test_events_say_what_the_person_did_and_not_who_else_did_something(full: dict[str, Any], member: User, owner: User):
    document = exported(member)

    assert [one["kind"] for one in document["eventsByYou"]] == [
        *("api_key.created", "user.registered", "membership.created", "oauth_application.registered"),
        *("invitation.created", "invitation.declined", "suppression.created"),
    ]
    [changed] = document["eventsAboutYourMemberships"]
    assert (changed["kind"], changed["byYou"], changed["method"]) == ("membership.roles_changed", False, "session")
    assert str(owner.pk) not in json.dumps(document)


def test_failed_sign_ins_and_what_staff_did_are_in_it(member: User):
    Event.objects.record("user.sign_in_failed", by=SERVICE, subject=member, reason="wrong_password")

    [event] = exported(member)["eventsAboutYourAccount"]
    assert (event["kind"], event["byYou"], event["data"]) == (
        "user.sign_in_failed",
        False,
        {"reason": "wrong_password"},
    )


def test_no_secret_and_no_hash_is_in_it(full: dict[str, Any], member: User):
    member.set_password("a calm and long phrase")
    member.save()
    stored = [
        member.password,
        *(secret for model in SECRET for secret in model_values(model)),
        *full["secrets"],
    ]
    text = json.dumps(exported(member))

    assert len(stored) > 12
    assert [secret for secret in stored if secret in text] == []


# The columns with secrets, hashes of secrets and hashes of addresses.
SECRET = (
    "accounts.Session.session_key",
    "accounts.Session.session_data",
    "accounts.OAuthApplication.client_secret",
    "orgs.ApiKey.secret_hash",
    "oauth2_provider.AccessToken.token",
    "oauth2_provider.AccessToken.token_checksum",
    "invitations.Suppression.digest",
    "invitations.SendingCounter.key",
    "accounts.IdempotentResponse.key",
    "accounts.IdempotentResponse.fingerprint",
)


def model_values(column: str) -> list[str]:
    label, _, name = column.rpartition(".")
    found = apps.get_model(label).objects.values_list(name, flat=True)
    secrets = [str(Authenticator.objects.get().data["secret"])]
    return [str(value) for value in found if value] + secrets


@pytest.mark.parametrize("lost", ["membership", "role", "second factor", "organization"])
def test_what_the_person_no_longer_sees_does_not_name_others(
    full: dict[str, Any], organization: Organization, member: User, owner: User, lost: str
):
    """An inviter who lost the right to see invitations gets no addresses of invitees by the export."""
    if lost == "membership":
        full["membership"].delete()
    elif lost == "role":
        full["membership"].assignments.filter(unit=None).update(role_id=EDITOR_ROLE)
    elif lost == "second factor":
        Authenticator.objects.all().delete()
        Organization.objects.update(second_factor_required=True)
    else:
        Organization.objects.update(deleted_at=timezone.now())

    [sent] = exported(member)["invitationsByYou"]

    names = ("email", "inviteeName", "declineReason", "metadata")
    assert {sent[name] for name in names} == {None}
    text = json.dumps(exported(member))
    assert [word for word in ("guest@example.com", "Gus Guest", "guest-7") if word in text] == []


def test_nothing_of_others_is_in_it(full: dict[str, Any], member: User, stranger: User):
    document = exported(stranger)

    assert {name for name, value in document.items() if isinstance(value, list) and value} == {"emailAddresses"}
    assert "member@example.com" not in json.dumps(document)


def test_a_long_section_is_read_in_steps(member: User, settings: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("core.personal_data.ROWS_AT_ONCE", 2)
    for number in range(5):
        Event.objects.record("user.signed_in", by=session_of(member), subject=member, methods=[str(number)])

    events = exported(member)["eventsByYou"]

    assert [event["data"]["methods"] for event in events] == [["0"], ["1"], ["2"], ["3"], ["4"]]


def test_each_section_is_described():
    assert all(section.__doc__ for section in SECTIONS.values())
