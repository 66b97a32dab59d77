"""Test GET /organizations/{id}/invitations/{invitationId}/explain."""

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from accounts.principals import Method
from core.addresses import normalize_address
from events.models import Event
from invitations.actions import inviting
from invitations.email.models import Email
from orgs.permissions import LIST_PROJECTS, MANAGE_MEMBERS
from tests.factories import AttemptFactory, EmailAddressFactory, UserFactory
from tests.invitations.api.house import NO_INVITATION, captured_queries, indistinguishable, moment, sent, without_token
from tests.orgs.api.house import ABSENT, ANONYMOUS, OUTSIDER, at, lacking, said, success
from tests.support.changes import track_changes
from tests.support.people import session_of
from tests.support.queries import assert_queries

MESSAGE = "Invitation explained successfully"


@pytest.fixture
def emailed(organization, owner):
    """An invitation whose email was deferred by the mail server."""
    invitation = inviting.invite(
        by=session_of(owner), organization_id=organization.pk, email=normalize_address("new@example.com")
    )
    Email.objects.update(state="deferred", attempts=1, response="451 4.7.1 Greylisted")
    AttemptFactory.create(email=invitation.emails.get(), state="deferred", response="451 4.7.1 Greylisted")
    return invitation


def test_the_reason_and_the_timeline_are_returned(by, emailed, owner):
    email = emailed.emails.get()
    invited_at = moment(Event.objects.about(emailed).get(kind="invitation.created").created_at)
    with track_changes() as changes:
        response = without_token(by("owner").get(sent(emailed, "explain")))

    about = {"actor": None, "mail": {"id": str(email.pk), "kind": "invitation"}}
    invited = {"actor": {"id": str(owner.pk), "method": "session"}, "mail": None, "response": None}
    assert said(response) == success(
        MESSAGE,
        {
            "invitationId": str(emailed.pk),
            "state": "pending",
            "reason": {"code": "email_deferred", "message": "The email could not be delivered yet. We will try again."},
            "timeline": [
                {"at": invited_at, "what": "invitation.created", **invited},
                {"at": invited_at, "what": "email.queued", "response": None, **about},
                {
                    "at": moment(email.history.get().created_at),
                    "what": "email.deferred",
                    "response": "451 4.7.1 Greylisted",
                    **about,
                },
            ],
        },
    )
    assert changes.nothing


def test_ended_invitations_are_explained_too(by, emailed, owner):
    inviting.cancel(by=session_of(owner), organization_id=emailed.organization_id, invitation_id=emailed.pk)

    data = by("owner").get(sent(emailed, "explain")).json()["data"]

    assert (data["state"], data["reason"]["code"]) == ("cancelled", "cancelled")
    assert data["timeline"][-1]["what"] == "invitation.cancelled"


def test_nobody_learns_whether_the_address_has_an_account(by, emailed):
    Email.objects.update(state="sent", sent_at=timezone.now(), due_at=None)
    client, answers = by("owner"), []

    def ask():
        with captured_queries() as made:
            answer = said(client.get(sent(emailed, "explain")))
        answers.append((answer, list(made)))

    ask()
    somebody = UserFactory.create(email="somebody@example.com")
    EmailAddressFactory.create(user=somebody, email="new@example.com", verified=False)
    ask()
    EmailAddress.objects.update(verified=True)
    ask()

    assert answers[0] == answers[1] == answers[2]


def test_only_managers_of_the_invitation_may_read_it(by, organization, emailed):
    absent = at(organization, "invitations", ABSENT, "explain")
    path = sent(emailed, "explain")
    key = {"method": Method.API_KEY, "organization_id": organization.pk, "permissions": frozenset({LIST_PROJECTS})}
    member, unit_manager = by("member"), by("unit_manager")

    assert indistinguishable(lambda: member.get(path), lambda: member.get(absent)) == lacking(MANAGE_MEMBERS)
    assert indistinguishable(lambda: unit_manager.get(path), lambda: unit_manager.get(absent)) == NO_INVITATION
    assert said(by("stranger").get(path)) == OUTSIDER
    assert said(by("anonymous").get(path)) == ANONYMOUS
    assert said(by("owner", **key).get(path)) == lacking(MANAGE_MEMBERS)


def test_a_unit_manager_reads_it_for_invitations_into_the_unit(by, workspace_invitation):
    data = by("unit_manager").get(sent(workspace_invitation, "explain")).json()["data"]

    assert data["reason"]["code"] == "open_waiting_for_answer"


def test_the_queries_are_these(by, emailed):
    client = by("owner")

    with assert_queries(
        organization="SELECT orgs_roleassignment",
        row="SELECT invitations_invitation",
        emails="SELECT invitations_email",
        answers="SELECT invitations_attempt",
        is_member="SELECT orgs_membership",
        is_closed="SELECT accounts_user",
        inviters_rights="SELECT orgs_roleassignment",
        events="SELECT events_event",
    ):
        client.get(sent(emailed, "explain"))
