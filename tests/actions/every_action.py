"""Calls of all actions of the service, with the ``world`` fixture of ``conftest.py``."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from django.utils import timezone

from accounts.actions import oauth_access, own_sessions
from accounts.actions import profile as profiles
from accounts.actions.passwords import change_password
from accounts.models import User
from accounts.staff_roles import StaffRole
from core.addresses import normalize_address
from invitations.actions import (
    answering,
    answering_together,
    ending,
    founding,
    inviting,
    inviting_many,
    inviting_together,
    links,
    mailbox_proof,
    managing_many,
    reminders,
    scheduling,
    waiting,
)
from invitations.bulk.rows import InviteRow
from invitations.email import delivery_reports, suppressions
from invitations.email.address_hashes import SuppressionScope
from invitations.email.models import Email
from invitations.tokens import Proof, Purpose
from orgs.actions import account_help, accounts, api_keys, members, organizations, roles, staff_roles, units
from orgs.models import Unit
from orgs.oauth import applications
from orgs.permissions import EDITOR_ROLE, LIST_PROJECTS, UNIT_EDITOR_ROLE, VIEWER_ROLE, Level
from outbox.delivery_reports import Report
from webhooks.actions import endpoints, replaying

World = SimpleNamespace

# Map the dotted name of each action to a function that calls it.
DONE: dict[str, Callable[[World], object]] = {
    "orgs.actions.organizations.create_organization": lambda w: organizations.create_organization(
        by=w.stranger, name="New", slug="new"
    ),
    "orgs.actions.organizations.update_organization": lambda w: organizations.update_organization(
        by=w.admin, organization_id=w.id, name="Lakeside"
    ),
    "orgs.actions.organizations.set_seat_limit": lambda w: organizations.set_seat_limit(
        by=w.staff, organization_id=w.id, seat_limit=9
    ),
    "orgs.actions.organizations.set_open_invitation_limit": lambda w: organizations.set_open_invitation_limit(
        by=w.staff, organization_id=w.id, open_invitation_limit=500
    ),
    "orgs.actions.organizations.set_daily_email_limit": lambda w: organizations.set_daily_email_limit(
        by=w.staff, organization_id=w.id, daily_email_limit=500
    ),
    "orgs.actions.organizations.set_legal_hold": lambda w: organizations.set_legal_hold(
        by=w.staff, organization_id=w.id, legal_hold=True
    ),
    "orgs.actions.organizations.archive_organization": lambda w: organizations.archive_organization(
        by=w.owner, organization_id=w.id
    ),
    "orgs.actions.organizations.restore_organization": lambda w: organizations.restore_organization(
        by=w.owner, organization_id=w.archived
    ),
    "orgs.actions.organizations.purge_organization": lambda w: organizations.purge_organization(
        by=w.owner, organization_id=w.id
    ),
    "orgs.actions.members.add_member": lambda w: members.add_member(
        by=w.staff, organization_id=w.id, user=w.stranger.user, role_id=VIEWER_ROLE
    ),
    "orgs.actions.members.remove_member": lambda w: members.remove_member(
        by=w.admin, organization_id=w.id, membership_id=w.of_system_user
    ),
    "orgs.actions.members.leave_organization": lambda w: members.leave_organization(by=w.member, organization_id=w.id),
    "orgs.actions.members.change_member_roles": lambda w: members.change_member_roles(
        by=w.admin, organization_id=w.id, membership_id=w.membership, role_id=EDITOR_ROLE
    ),
    "orgs.actions.units.assign_unit_role": lambda w: units.assign_unit_role(
        by=w.admin, organization_id=w.id, unit_id=w.unit, membership_id=w.membership, role_id=UNIT_EDITOR_ROLE
    ),
    "orgs.actions.units.remove_unit_role": lambda w: units.remove_unit_role(
        by=w.admin, organization_id=w.id, unit_id=w.unit, membership_id=w.membership
    ),
    "orgs.actions.members.transfer_ownership": lambda w: members.transfer_ownership(
        by=w.owner, organization_id=w.id, membership_id=w.membership
    ),
    "orgs.actions.roles.create_role": lambda w: roles.create_role(
        by=w.admin,
        organization_id=w.id,
        level=Level.ORGANIZATION,
        name="Guide",
        permissions=frozenset({LIST_PROJECTS}),
    ),
    "orgs.actions.roles.update_role": lambda w: roles.update_role(
        by=w.admin, organization_id=w.id, role_id=w.role, name="Guide"
    ),
    "orgs.actions.roles.delete_role": lambda w: roles.delete_role(by=w.admin, organization_id=w.id, role_id=w.role),
    "orgs.actions.units.create_unit": lambda w: units.create_unit(
        by=w.admin, organization_id=w.id, kind=Unit.Kind.WORKSPACE, name="New", slug="new"
    ),
    "orgs.actions.units.update_unit": lambda w: units.update_unit(
        by=w.admin, organization_id=w.id, unit_id=w.unit, name="Renamed"
    ),
    "orgs.actions.units.delete_unit": lambda w: units.delete_unit(by=w.admin, organization_id=w.id, unit_id=w.unit),
    "orgs.actions.api_keys.create_api_key": lambda w: api_keys.create_api_key(
        by=w.member, organization_id=w.id, name="Daily"
    ),
    "orgs.actions.api_keys.update_api_key": lambda w: api_keys.update_api_key(
        by=w.member, organization_id=w.id, key_id=w.key, name="Daily"
    ),
    "orgs.actions.api_keys.delete_api_key": lambda w: api_keys.delete_api_key(
        by=w.member, organization_id=w.id, key_id=w.key
    ),
    "webhooks.actions.endpoints.create_endpoint": lambda w: endpoints.create_endpoint(
        by=w.admin, organization_id=w.id, url="https://example.com/new"
    ),
    "webhooks.actions.endpoints.update_endpoint": lambda w: endpoints.update_endpoint(
        by=w.admin, organization_id=w.id, endpoint_id=w.webhook, event_types=["role.created"]
    ),
    "webhooks.actions.endpoints.rotate_secret": lambda w: endpoints.rotate_secret(
        by=w.admin, organization_id=w.id, endpoint_id=w.webhook
    ),
    "webhooks.actions.endpoints.disable_endpoint": lambda w: endpoints.disable_endpoint(
        by=w.admin, organization_id=w.id, endpoint_id=w.webhook
    ),
    "webhooks.actions.endpoints.enable_endpoint": lambda w: endpoints.enable_endpoint(
        by=w.admin, organization_id=w.id, endpoint_id=w.disabled_webhook
    ),
    "webhooks.actions.replaying.send_test": lambda w: replaying.send_test(
        by=w.admin, organization_id=w.id, endpoint_id=w.webhook
    ),
    "webhooks.actions.replaying.replay_delivery": lambda w: replaying.replay_delivery(
        by=w.admin, organization_id=w.id, endpoint_id=w.webhook, delivery_id=w.webhook_delivery
    ),
    "webhooks.actions.replaying.replay_since": lambda w: replaying.replay_since(
        by=w.admin, organization_id=w.id, endpoint_id=w.webhook, since=timezone.now()
    ),
    "webhooks.actions.endpoints.delete_endpoint": lambda w: endpoints.delete_endpoint(
        by=w.admin, organization_id=w.id, endpoint_id=w.webhook
    ),
    "orgs.actions.accounts.register_system_user": lambda w: accounts.register_system_user(
        by=w.admin, organization_id=w.id, name="Robot", role_id=VIEWER_ROLE
    ),
    "orgs.actions.accounts.switch_organization": lambda w: accounts.switch_organization(
        by=w.member, organization_id=w.id
    ),
    "orgs.actions.accounts.delete_account": lambda w: accounts.delete_account(by=w.member, user=w.member.user),
    "orgs.actions.accounts.deactivate_account": lambda w: accounts.deactivate_account(by=w.staff, user=w.member.user),
    "orgs.actions.accounts.reactivate_account": lambda w: accounts.reactivate_account(by=w.staff, user=w.inactive),
    "orgs.actions.accounts.purge_account": lambda w: accounts.purge_account(
        by=w.staff, user=User.objects.get(pk=w.invitee.user.pk)
    ),
    "orgs.actions.accounts.secure_account": lambda w: accounts.secure_account(
        by=w.staff, user=w.member.user, address=normalize_address("member@example.com")
    ),
    "orgs.actions.account_help.remove_two_factor": lambda w: account_help.remove_two_factor(
        by=w.staff, user=w.admin.user
    ),
    "orgs.actions.account_help.send_password_reset": lambda w: account_help.send_password_reset(
        by=w.staff, user=w.member.user, address=normalize_address("member@example.com")
    ),
    "orgs.actions.account_help.confirm_address": lambda w: account_help.confirm_address(
        by=w.staff, user=w.member.user, address=normalize_address("further@example.com")
    ),
    "orgs.actions.account_help.end_sessions": lambda w: account_help.end_sessions(by=w.staff, user=w.member.user),
    "orgs.actions.staff_roles.change_staff_role": lambda w: staff_roles.change_staff_role(
        by=w.staff, user=w.member.user, role=StaffRole.SUPPORT
    ),
    "orgs.oauth.applications.register_client": lambda w: applications.register_client(
        by=w.member, name="Reader", redirect_uris=["https://example.com/back"]
    ),
    "orgs.oauth.applications.register_personal_client": lambda w: applications.register_personal_client(
        by=w.member, name="Reader"
    ),
    "orgs.oauth.applications.register_service_client": lambda w: applications.register_service_client(
        by=w.admin, organization_id=w.id, membership_id=w.of_system_user, name="Reader"
    ),
    "orgs.oauth.applications.update_application": lambda w: applications.update_application(
        by=w.member, organization=None, application_id=w.client.pk, name="Importer", scopes=["profile"]
    ),
    "orgs.oauth.applications.update_any_application": lambda w: applications.update_any_application(
        by=w.staff, application=w.reader, name="Writer", redirect_uris=["https://example.com/there"]
    ),
    "orgs.oauth.applications.renew_client_secret": lambda w: applications.renew_client_secret(
        by=w.member, organization=None, application_id=w.client.pk
    ),
    "orgs.oauth.applications.renew_any_client_secret": lambda w: applications.renew_any_client_secret(
        by=w.staff, application=w.reader
    ),
    "orgs.oauth.applications.stop_acting_for_owner": lambda w: applications.stop_acting_for_owner(
        by=w.staff, application=w.client
    ),
    "orgs.oauth.applications.delete_application": lambda w: applications.delete_application(
        by=w.member, organization=None, application_id=w.client.pk
    ),
    "orgs.oauth.applications.end_application": lambda w: applications.end_application(by=w.staff, application=w.client),
    "orgs.oauth.applications.end_application_tokens": lambda w: applications.end_application_tokens(
        by=w.staff, application=w.client
    ),
    "accounts.actions.oauth_access.withdraw_access": lambda w: oauth_access.withdraw_access(
        by=w.member, access_id=w.access
    ),
    "accounts.actions.own_sessions.end_session": lambda w: own_sessions.end_session(by=w.member, key=w.session),
    "accounts.actions.own_sessions.end_other_sessions": lambda w: own_sessions.end_other_sessions(by=w.member),
    "accounts.actions.passwords.change_password": lambda w: change_password(
        by=w.member, user=w.member.user, password="a calm and long phrase"
    ),
    "accounts.actions.profile.update_profile": lambda w: profiles.update_profile(by=w.member, first_name="Another"),
    "invitations.actions.founding.create_organization_for_owner": lambda w: founding.create_organization_for_owner(
        by=w.staff, name="Hillside", email=normalize_address("founder@example.com")
    ),
    "invitations.actions.inviting.invite": lambda w: inviting.invite(
        by=w.owner, organization_id=w.id, email=normalize_address("invitee@example.com"), force=True
    ),
    "invitations.actions.inviting.update_invitation": lambda w: inviting.update_invitation(
        by=w.admin, organization_id=w.id, invitation_id=w.invitation, role_id=EDITOR_ROLE
    ),
    "invitations.actions.inviting.resend": lambda w: inviting.resend(
        by=w.admin, organization_id=w.id, invitation_id=w.invitation
    ),
    "invitations.actions.inviting.correct_address": lambda w: inviting.correct_address(
        by=w.admin, organization_id=w.id, invitation_id=w.invitation, email=normalize_address("right@example.com")
    ),
    "invitations.actions.links.copy_link": lambda w: links.copy_link(
        by=w.admin, organization_id=w.id, invitation_id=w.invitation
    ),
    "invitations.actions.inviting.cancel": lambda w: inviting.cancel(
        by=w.admin, organization_id=w.id, invitation_id=w.invitation
    ),
    "invitations.actions.inviting_many.invite_many": lambda w: inviting_many.invite_many(
        by=w.admin, organization_id=w.id, rows=[InviteRow(email="many@example.com")]
    ),
    "invitations.actions.managing_many.resend_many": lambda w: managing_many.resend_many(
        by=w.admin, organization_id=w.id, invitation_ids=[w.invitation]
    ),
    "invitations.actions.managing_many.withdraw_many": lambda w: managing_many.withdraw_many(
        by=w.admin, organization_id=w.id, invitation_ids=[w.invitation, w.unanswered]
    ),
    "invitations.actions.managing_many.extend_many": lambda w: managing_many.extend_many(
        by=w.admin, organization_id=w.id, invitation_ids=[w.invitation, w.unanswered]
    ),
    "invitations.actions.answering.accept": lambda w: answering.accept(by=w.invitee, invitation_id=w.invitation),
    "invitations.actions.answering.decline": lambda w: answering.decline(
        by=w.invitee, invitation_id=w.invitation, reason="Not now"
    ),
    "invitations.actions.inviting_together.invite_to_units": lambda w: inviting_together.invite_to_units(
        by=w.admin,
        organization_id=w.id,
        email=normalize_address("both@example.com"),
        units=[inviting_together.UnitOffer(w.unit, UNIT_EDITOR_ROLE)],
    ),
    "invitations.actions.answering_together.accept_all": lambda w: answering_together.accept_all(
        by=w.invitee, invitation_id=w.invitation
    ),
    "invitations.actions.answering_together.decline_all": lambda w: answering_together.decline_all(
        by=w.invitee, invitation_id=w.invitation
    ),
    "invitations.actions.answering.ask_again": lambda w: answering.ask_again(by=w.late, invitation_id=w.overdue),
    "invitations.actions.mailbox_proof.add_invited_address": lambda w: mailbox_proof.add_invited_address(
        by=w.stranger, invitation_id=w.unanswered, proof=Proof(w.unanswered, 1, Purpose.EMAILED)
    ),
    "invitations.actions.mailbox_proof.set_first_password": lambda w: mailbox_proof.set_first_password(
        invitation_id=w.invitation, proof=Proof(w.invitation, 1, Purpose.EMAILED), password="a calm and long phrase"
    ),
    "invitations.actions.ending.expire": lambda w: ending.expire(organization_id=w.second),
    "invitations.actions.ending.fail": lambda w: ending.fail(
        invitation_id=w.invitation, generation=1, reason="550 5.1.1"
    ),
    "invitations.email.delivery_reports.take_report": lambda w: delivery_reports.take_report(
        email_id=w.email, report=Report(Email.State.BOUNCED, "550 5.1.1", is_final=True)
    ),
    "invitations.email.suppressions.unsubscribe": lambda w: suppressions.unsubscribe(
        by=w.invitee, invitation_id=w.invitation, scope=SuppressionScope.ORGANIZATION
    ),
    "invitations.email.suppressions.remove_suppression": lambda w: suppressions.remove_suppression(
        by=w.late, suppression_id=w.refusal
    ),
    "invitations.actions.scheduling.take_slot": lambda w: scheduling.take_slot(
        email_id=w.scheduled, invitation_id=w.postponed
    ),
    "invitations.actions.reminders.remind": lambda w: reminders.remind(invitation_id=w.invitation),
    "invitations.actions.waiting.give_free_seats": lambda w: waiting.give_free_seats(organization_id=w.owed),
}

every_action = pytest.mark.parametrize("name", DONE)
