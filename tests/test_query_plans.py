"""Test which index PostgreSQL uses for each query, including in generic plans (one plan for all parameters).

An index that no query uses would only make writes slower.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from accounts.actions.maintenance import oldest_expired_sessions
from accounts.actions.own_sessions import session_rows_of
from accounts.actions.retention import account_emails_before
from accounts.email.models import AccountEmail, AccountEmailAttempt
from accounts.models import ApplicationAccess, ExternalIdentity, IdempotentResponse, OAuthApplication, User
from core.literals import literal
from events.models import Event
from invitations.actions.reminders import ending_soon
from invitations.email.address_hashes import SendingCounter, Suppression
from invitations.email.limits import busy_organizations, emails_counted_since
from invitations.email.models import Attempt, Email
from invitations.email.queue import delivery_is
from invitations.models import Invitation
from orgs.models import ApiKey, FormerSlug, Membership, Organization, RoleAssignment
from tests.support.packages import APPS
from tests.support.query_plans import create_many_rows, indexes_used, without_digest
from tests.test_list_plans import LISTS, SOME, STATES, page, sent
from webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookMessage

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)


def of_organization() -> Any:
    return Invitation.objects.filter(organization=SOME)


# The queries, each with the index that it must use.
QUESTIONS: dict[str, tuple[str, Callable[[], QuerySet[Any]]]] = {
    "where is a person signed in": ("session_of", lambda: session_rows_of(User(pk=SOME))),
    "which sessions have expired": ("django_session_expire_date", oldest_expired_sessions),
    "who has an ignored address": (
        "identity_ignored_address",
        lambda: ExternalIdentity.objects.filter(ignored_address="invitee@example.com"),
    ),
    "the former slugs of an organization": (
        "orgs_formerslug_organization_id",
        lambda: FormerSlug.objects.filter(organization=SOME),
    ),
    "how many are open": ("invitation_unanswered", lambda: of_organization().open().values("expires_at")[:9]),
    "how many reserve a seat": (
        "invitation_unanswered",
        lambda: of_organization().reserving_seats().values("expires_at")[:9],
    ),
    "what is open to a person": (
        "invitation_to_email",
        lambda: Invitation.objects.addressed_to(User(pk=SOME)).open(),
    ),
    "what a new member has not answered": (
        "invitation_to_email",
        lambda: of_organization().unanswered_of(User(pk=SOME)),
    ),
    "what is open to an address": (
        "invitation_to_email",
        lambda: Invitation.objects.filter(email="invitee@example.com").open(),
    ),
    "an organization's bounces": ("email_by_state", lambda: of_organization().filter(delivery_is("bounced"))),
    "invitations of all bounces": ("invitation_of_email", lambda: Invitation.objects.filter(delivery_is("bounced"))),
    "the newest invitations of an organization": (
        "invitation_of_organization",
        lambda: Invitation.objects.filter(organization=literal(SOME.hex)).order_by("-id")[:50],
    ),
    "the invitations that ended in a state": (
        "invitation_finished",
        lambda: Invitation.objects.filter(status=literal("error"), finished_at__isnull=False).order_by("-id")[:50],
    ),
    "the invitations to an address": (
        "invitation_to_email",
        lambda: page(sent(email="invitee@example.com", state=STATES)),
    ),
    "the invitations to an application by role": (
        "invitation_to_unit_by_role",
        lambda: Invitation.objects.filter(unit=SOME, organization=SOME, unit_role=SOME).open().order_by("-id"),
    ),
    "what is overdue": ("invitation_open_expiry", Invitation.objects.overdue),
    "what expired first": ("invitation_open_expiry", lambda: Invitation.objects.overdue().order_by("expires_at")[:1]),
    "what ends first": ("invitation_not_reminded", lambda: ending_soon().order_by("expires_at", "id")[:100]),
    "who waits for a seat anywhere": ("invitation_open_expiry", lambda: Invitation.objects.waiting().order_by()),
    "what ends soon": ("invitation_not_reminded", ending_soon),
    "who was offered a role": ("invitation_with_role", lambda: Invitation.objects.filter(role=SOME)),
    "who was offered a role in a unit": (
        "invitation_with_unit_role",
        lambda: Invitation.objects.filter(unit_role=SOME),
    ),
    "a user's sent invitations": (
        "invitations_invitation_inviter_id",
        lambda: Invitation.objects.filter(inviter=SOME),
    ),
    "a user's answered invitations": (
        "invitation_answered_by",
        lambda: Invitation.objects.filter(answered_by=SOME),
    ),
    "superseded invitations": (
        "invitation_superseded_by",
        lambda: Invitation.objects.filter(superseded_by=SOME),
    ),
    "the invitations that share an email": (
        "invitation_shares_email",
        lambda: Invitation.objects.filter(shares_email_of=SOME),
    ),
    "the emails to an address": ("email_to_recipient", lambda: Email.objects.filter(recipient="invitee@example.com")),
    "the reminders": ("email_of_other_kind", lambda: Email.objects.filter(kind=literal("reminder")).order_by("-id")),
    "the emails that are due": ("email_unsent", lambda: Email.objects.due()[:1]),
    "the emails that wait for another attempt": ("email_unsent", lambda: Email.objects.deferred()[:1001]),
    "the emails that are being sent": ("email_unsent", Email.objects.being_sent),
    "the emails that bounced or failed": ("email_undelivered", Email.objects.undelivered_this_week),
    "what expires within days": ("invitation_open_expiry", Invitation.objects.expiring_soon),
    "the organizations without an active owner": ("user_inactive", Organization.objects.live().without_active_owner),
    "the organizations with many emails in a day": ("email_counted", busy_organizations),
    "the emails of an invitation": ("email_once", lambda: Email.objects.filter(invitation=SOME)),
    "the attempts of an email": (
        "invitations_attempt_mail_id",
        lambda: Attempt.objects.filter(email=SOME).order_by(),
    ),
    "the memberships of a user": ("orgs_membership_user_id", lambda: Membership.objects.filter(user=SOME)),
    "the roles of members": (
        "orgs_roleassignment_membership_id",
        lambda: RoleAssignment.objects.filter(membership__in=[SOME, uuid4()]),
    ),
    "the members with a role": ("orgs_roleassignment_role_id", lambda: RoleAssignment.objects.filter(role=SOME)),
    "the keys of members": ("orgs_apikey_membership_id", lambda: ApiKey.objects.filter(membership=SOME).order_by()),
    "the key with a secret": ("api_key_secret", lambda: ApiKey.objects.filter(secret_hash="x").order_by()),
    "the events of an organization": ("event_number", lambda: Event.objects.of_organization(SOME)[:100]),
    "the events after a number": (
        "event_number",
        lambda: Event.objects.of_organization(SOME).filter(number__gt=1000)[:100],
    ),
    "the events of some kinds in a range of numbers": (
        "event_number",
        lambda: Event.objects.of_organization(SOME).filter(number__gt=1000, number__lte=2000, kind__in=["x", "y"])[
            :100
        ],
    ),
    "the newest number of an organization": ("event_number", lambda: Event.objects.of_organization(SOME).reverse()[:1]),
    "the activity of an organization since a time": (
        "event_of_organization",
        lambda: Event.objects.of_organization(SOME).filter(id__gte=SOME).order_by("-id")[:50],
    ),
    "what a person did": ("event_by_actor", lambda: Event.objects.concerning(SOME).order_by("-id")[:50]),
    "what happened to an account": ("event_about_subject", lambda: Event.objects.concerning(SOME).order_by("-id")[:50]),
    "the events of a kind": (
        "event_of_kind",
        lambda: Event.objects.filter(kind=literal("user.one")).order_by("-id")[:50],
    ),
    "the events by a method": (
        "event_by_method",
        lambda: Event.objects.filter(actor_method=literal("x")).order_by("-id")[:50],
    ),
    "the events about a kind of object": (
        "event_about_type",
        lambda: Event.objects.filter(subject_type=literal("unit")).order_by("-id")[:50],
    ),
    "the events of a request": ("event_of_request", lambda: Event.objects.of_request("an-id").order_by("-id")[:50]),
    "the events about an object": ("event_about_subject", lambda: Event.objects.about(User(pk=SOME))),
    "the user with an address": ("user_email", lambda: User.objects.filter(email="owner@example.com")),
    "the people by their first names": ("user_first_name", lambda: User.objects.order_by("first_name")[:50]),
    "the people by their last names": ("user_last_name", lambda: User.objects.order_by("last_name")[:50]),
    "the organizations with a default role": (
        "orgs_organization_default_role_id",
        lambda: Organization.objects.filter(default_role=SOME),
    ),
    "the organization with a slug": ("organization_slug", lambda: Organization.objects.filter(slug="riverside")),
    "counters that are older than every limit": (
        "sending_counter_age",
        lambda: SendingCounter.objects.filter(updated_at__lt=LONG_AGO),
    ),
    "an organization's emails in a day": (
        "email_of_organization",
        lambda: emails_counted_since(SOME, LONG_AGO).order_by("-counted_at")[:1],
    ),
    "the emails that count for a person": (
        "email_of_responsible",
        lambda: Email.objects.filter(responsible_id=SOME, counted_at__gt=LONG_AGO).order_by("counted_at"),
    ),
    "the scheduled emails of an organization": ("email_scheduled", lambda: Email.objects.scheduled_of(SOME)),
    "the suppressions of an address": (
        "suppression_once",
        lambda: Suppression.objects.concerning("invitee@example.com", Organization(pk=SOME)),
    ),
    "the suppressions of an organization": (
        "invitations_mailrefusal_organization_id",
        lambda: Suppression.objects.filter(organization=SOME),
    ),
    "the people with access by an application": (
        "accounts_applicationaccess_application_id",
        lambda: ApplicationAccess.objects.filter(application=SOME),
    ),
    "the organizations that a person created": (
        "event_of_founder",
        lambda: Event.objects.founded_by(SOME).order_by(),
    ),
    # What refers to a person whose account is purged:
    "the service accounts of a person": (
        "accounts_user_responsible_id",
        lambda: User.objects.filter(responsible=SOME),
    ),
    "the service clients of a person": (
        "accounts_oauthapplication_responsible_id",
        lambda: OAuthApplication.objects.filter(responsible=SOME),
    ),
    "the API keys of a person's service accounts": (
        "orgs_apikey_responsible_id",
        lambda: ApiKey.objects.filter(responsible=SOME).order_by(),
    ),
    "the emails about accounts that are due": ("accountemail_unsent", lambda: AccountEmail.objects.due()[:1]),
    "the emails about accounts to an address": (
        "accountemail_to_recipient",
        lambda: AccountEmail.objects.filter(recipient="invitee@example.com"),
    ),
    "the emails about an account": (
        "accounts_accountemail_user_id",
        lambda: AccountEmail.objects.filter(user=SOME).order_by(),
    ),
    "the emails about accounts that are kept no longer": (
        "accountemail_age",
        lambda: account_emails_before(timezone.now())[:1000],
    ),
    "the attempts of an email about an account": (
        "accounts_accountemailattempt_email_id",
        lambda: AccountEmailAttempt.objects.filter(email=SOME).order_by(),
    ),
    "the webhook endpoints of an organization": (
        "webhook_of_organization",
        lambda: WebhookEndpoint.objects.of_organization(literal(SOME.hex)),
    ),
    "the webhook endpoints with news": (
        "webhook_with_news",
        lambda: WebhookEndpoint.objects.enabled().filter(has_news=True).order_by("id"),
    ),
    "old webhook messages": ("webhook_message_by_age", lambda: WebhookMessage.objects.before(timezone.now())),
    "the webhook messages about an object": (
        "webhook_message_of_subject",
        lambda: WebhookMessage.objects.filter(subject_id=SOME).order_by(),
    ),
    "the webhook messages about a person": (
        "webhook_message_of_user",
        lambda: WebhookMessage.objects.filter(user_id=SOME).order_by(),
    ),
    "the webhook messages about an address": (
        "webhook_message_of_address",
        lambda: WebhookMessage.objects.filter(address="invitee@example.com").order_by(),
    ),
    "the deliveries of a webhook endpoint that wait": (
        "webhook_delivery_waiting",
        lambda: WebhookDelivery.objects.unsent().filter(endpoint=SOME, sequence__lt=5).order_by(),
    ),
    "the webhook deliveries that are due": ("webhookdelivery_unsent", lambda: WebhookDelivery.objects.due()[:50]),
    "the deliveries of a webhook message": (
        "webhooks_webhookdelivery_message_id",
        lambda: WebhookDelivery.objects.filter(message=SOME).order_by(),
    ),
    "the attempts of a webhook delivery": (
        "webhooks_webhookattempt_delivery_id",
        lambda: WebhookAttempt.objects.filter(delivery=SOME).order_by(),
    ),
    "expired idempotent responses": ("idempotent_response_age", IdempotentResponse.objects.outdated),
}


def test_each_query_uses_its_index(organization: Organization, owner: User):
    create_many_rows(organization, owner)
    used = {question: indexes_used(rows()) for question, (_, rows) in QUESTIONS.items()}
    assert {question: found for question, found in used.items() if QUESTIONS[question][0] not in found} == {}


def test_every_index_is_used():
    ours = {model._meta.db_table for app in APPS for model in models_of(app)}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid"
            " WHERE indrelid::regclass::text = ANY(%s) AND NOT indisunique",
            [sorted(ours)],
        )
        present = {without_digest(name) for (name,) in cursor.fetchall()}
    assert present - OF_LIBRARIES == {index for index, _ in (*QUESTIONS.values(), *LISTS.values())} & present
    assert not [name for name in present - OF_LIBRARIES if name.endswith("_like")]


# Skip indexes that django-oauth-toolkit and Django's abstract model of sessions declare.
OF_LIBRARIES = {
    "django_session_session_key_like",
    *(
        f"accounts_oauthapplication_{column}"
        for column in ("client_id_like", "client_secret", "client_secret_like", "system_user_id", "user_id")
    ),
}


def models_of(app: str) -> list[Any]:
    return list(apps.get_app_config(app).get_models())


def test_the_beginning_of_an_address_is_found_by_its_index(organization: Organization, owner: User):
    create_many_rows(organization, owner)
    assert "invitation_to_email" in Invitation.objects.filter(email__startswith="3999").explain()
