"""Every action of the service, and how each is done to the world of ``conftest.py``."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from accounts import access
from accounts import actions as profiles
from accounts.models import User
from invitations import actions as invitation_actions
from invitations import mail_refusals, reminders, reports, waiting
from invitations.addressees import Reach
from invitations.outbox import Mail
from orgs import account_actions, actions, keys, oauth_applications, structure
from orgs.models import Role, Unit
from orgs.permissions import EDITOR_ROLE, LIST_PROJECTS, UNIT_EDITOR_ROLE, VIEWER_ROLE

World = SimpleNamespace

# What is done, by which action.
DONE: dict[str, Callable[[World], object]] = {
    "orgs.actions.create_organization": lambda w: actions.create_organization(by=w.stranger, name="New", slug="new"),
    "orgs.actions.update_organization": lambda w: actions.update_organization(
        by=w.admin, organization_id=w.id, name="Lakeside"
    ),
    "orgs.actions.set_seat_limit": lambda w: actions.set_seat_limit(by=w.staff, organization_id=w.id, seat_limit=9),
    "orgs.actions.set_open_invitation_limit": lambda w: actions.set_open_invitation_limit(
        by=w.staff, organization_id=w.id, open_invitation_limit=500
    ),
    "orgs.actions.archive_organization": lambda w: actions.archive_organization(by=w.owner, organization_id=w.id),
    "orgs.actions.restore_organization": lambda w: actions.restore_organization(by=w.owner, organization_id=w.archived),
    "orgs.actions.purge_organization": lambda w: actions.purge_organization(by=w.owner, organization_id=w.id),
    "orgs.actions.add_member": lambda w: actions.add_member(
        by=w.staff, organization_id=w.id, user=w.stranger.user, role_id=VIEWER_ROLE
    ),
    "orgs.actions.remove_member": lambda w: actions.remove_member(
        by=w.admin, organization_id=w.id, membership_id=w.of_program
    ),
    "orgs.actions.leave_organization": lambda w: actions.leave_organization(by=w.member, organization_id=w.id),
    "orgs.actions.change_member_roles": lambda w: actions.change_member_roles(
        by=w.admin, organization_id=w.id, membership_id=w.membership, role_id=EDITOR_ROLE
    ),
    "orgs.structure.assign_unit_role": lambda w: structure.assign_unit_role(
        by=w.admin, organization_id=w.id, unit_id=w.unit, membership_id=w.membership, role_id=UNIT_EDITOR_ROLE
    ),
    "orgs.structure.remove_unit_role": lambda w: structure.remove_unit_role(
        by=w.admin, organization_id=w.id, unit_id=w.unit, membership_id=w.membership
    ),
    "orgs.actions.transfer_ownership": lambda w: actions.transfer_ownership(
        by=w.owner, organization_id=w.id, membership_id=w.membership
    ),
    "orgs.structure.create_role": lambda w: structure.create_role(
        by=w.admin,
        organization_id=w.id,
        scope=Role.Scope.ORGANIZATION,
        name="Guide",
        permissions=frozenset({LIST_PROJECTS}),
    ),
    "orgs.structure.update_role": lambda w: structure.update_role(
        by=w.admin, organization_id=w.id, role_id=w.role, name="Guide"
    ),
    "orgs.structure.delete_role": lambda w: structure.delete_role(by=w.admin, organization_id=w.id, role_id=w.role),
    "orgs.structure.create_unit": lambda w: structure.create_unit(
        by=w.admin, organization_id=w.id, kind=Unit.Kind.WORKSPACE, name="New", slug="new"
    ),
    "orgs.structure.update_unit": lambda w: structure.update_unit(
        by=w.admin, organization_id=w.id, unit_id=w.unit, name="Renamed"
    ),
    "orgs.structure.delete_unit": lambda w: structure.delete_unit(by=w.admin, organization_id=w.id, unit_id=w.unit),
    "orgs.keys.create_api_key": lambda w: keys.create_api_key(by=w.member, organization_id=w.id, name="Daily"),
    "orgs.keys.describe_api_key": lambda w: keys.describe_api_key(
        by=w.member, organization_id=w.id, key_id=w.key, name="Daily"
    ),
    "orgs.keys.delete_api_key": lambda w: keys.delete_api_key(by=w.member, organization_id=w.id, key_id=w.key),
    "orgs.account_actions.register_system_user": lambda w: account_actions.register_system_user(
        by=w.admin, organization_id=w.id, name="Robot", role_id=VIEWER_ROLE
    ),
    "orgs.account_actions.switch_organization": lambda w: account_actions.switch_organization(
        by=w.member, organization_id=w.id
    ),
    "orgs.account_actions.delete_account": lambda w: account_actions.delete_account(by=w.member, user=w.member.user),
    "orgs.account_actions.deactivate_account": lambda w: account_actions.deactivate_account(
        by=w.staff, user=w.member.user
    ),
    "orgs.account_actions.reactivate_account": lambda w: account_actions.reactivate_account(
        by=w.staff, user=w.inactive
    ),
    "orgs.account_actions.purge_account": lambda w: account_actions.purge_account(
        by=w.staff, user=User.objects.get(pk=w.invitee.user.pk)
    ),
    "orgs.oauth_applications.register_client": lambda w: oauth_applications.register_client(
        by=w.member, name="Reader", redirect_uris=["https://example.com/back"]
    ),
    "orgs.oauth_applications.register_personal_client": lambda w: oauth_applications.register_personal_client(
        by=w.member, name="Reader"
    ),
    "orgs.oauth_applications.register_service_client": lambda w: oauth_applications.register_service_client(
        by=w.admin, organization_id=w.id, membership_id=w.of_program, name="Reader"
    ),
    "orgs.oauth_applications.update_application": lambda w: oauth_applications.update_application(
        by=w.member, organization=None, application_id=w.client.pk, name="Importer", scopes=["profile"]
    ),
    "orgs.oauth_applications.update_any_application": lambda w: oauth_applications.update_any_application(
        by=w.staff, application=w.reader, name="Writer", redirect_uris=["https://example.com/there"]
    ),
    "orgs.oauth_applications.renew_client_secret": lambda w: oauth_applications.renew_client_secret(
        by=w.member, organization=None, application_id=w.client.pk
    ),
    "orgs.oauth_applications.renew_any_client_secret": lambda w: oauth_applications.renew_any_client_secret(
        by=w.staff, application=w.reader
    ),
    "orgs.oauth_applications.stop_acting_for_owner": lambda w: oauth_applications.stop_acting_for_owner(
        by=w.staff, application=w.client
    ),
    "orgs.oauth_applications.delete_application": lambda w: oauth_applications.delete_application(
        by=w.member, organization=None, application_id=w.client.pk
    ),
    "orgs.oauth_applications.end_application": lambda w: oauth_applications.end_application(
        by=w.staff, application=w.client
    ),
    "orgs.oauth_applications.end_application_tokens": lambda w: oauth_applications.end_application_tokens(
        by=w.staff, application=w.client
    ),
    "accounts.access.withdraw_access": lambda w: access.withdraw_access(by=w.member, access_id=w.access),
    "accounts.actions.update_profile": lambda w: profiles.update_profile(by=w.member, first_name="Another"),
    "invitations.actions.invite": lambda w: invitation_actions.invite(
        by=w.owner, organization_id=w.id, email="invitee@example.com", force=True
    ),
    "invitations.actions.update_invitation": lambda w: invitation_actions.update_invitation(
        by=w.admin, organization_id=w.id, invitation_id=w.invitation, role_id=EDITOR_ROLE
    ),
    "invitations.actions.resend": lambda w: invitation_actions.resend(
        by=w.admin, organization_id=w.id, invitation_id=w.invitation
    ),
    "invitations.actions.correct_address": lambda w: invitation_actions.correct_address(
        by=w.admin, organization_id=w.id, invitation_id=w.invitation, email="right@example.com"
    ),
    "invitations.actions.cancel": lambda w: invitation_actions.cancel(
        by=w.admin, organization_id=w.id, invitation_id=w.invitation
    ),
    "invitations.actions.accept": lambda w: invitation_actions.accept(by=w.invitee, invitation_id=w.invitation),
    "invitations.actions.decline": lambda w: invitation_actions.decline(
        by=w.invitee, invitation_id=w.invitation, reason="Not now"
    ),
    "invitations.actions.ask_again": lambda w: invitation_actions.ask_again(by=w.late, invitation_id=w.overdue),
    "invitations.actions.expire": lambda w: invitation_actions.expire(organization_id=w.second),
    "invitations.actions.fail": lambda w: invitation_actions.fail(
        invitation_id=w.invitation, generation=1, reason="550 5.1.1"
    ),
    "invitations.reports.take_report": lambda w: reports.take_report(
        mail_id=w.mail, report=reports.Report(Mail.State.BOUNCED, "550 5.1.1", is_final=True)
    ),
    "invitations.mail_refusals.refuse_mails": lambda w: mail_refusals.refuse_mails(
        by=w.invitee, invitation_id=w.invitation, reach=Reach.ORGANIZATION
    ),
    "invitations.mail_refusals.allow_mails": lambda w: mail_refusals.allow_mails(by=w.late, refusal_id=w.refusal),
    "invitations.reminders.remind": lambda w: reminders.remind(invitation_id=w.invitation),
    "invitations.waiting.give_free_seats": lambda w: waiting.give_free_seats(organization_id=w.owed),
}

every_action = pytest.mark.parametrize("name", DONE)
