"""Kill workers while they deliver an email that several invitations share: its effects reach all of them, or none."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from accounts.models import User
from core.addresses import normalize_address
from events.models import Event
from invitations.actions.inviting_together import UnitOffer, invite_to_units
from invitations.email.models import Email
from invitations.models import Invitation
from orgs.models import Organization
from orgs.permissions import UNIT_VIEWER_ROLE
from tests.factories import UnitFactory
from tests.outbox.fixtures import let_time_pass
from tests.outbox.kill_points import LIFE_STARTED, MARK_ERROR, MARK_SENT, NO_SUCH_MAILBOX, SLOT_TAKEN, ForkServer, Point
from tests.outbox.scripted_server import ScriptedServer
from tests.outbox.test_crashes import kill_at, send_the_rest
from tests.support.people import session_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("intact_data")]

POINTS = [
    Point("all slots taken, before the commit", sql=SLOT_TAKEN, when="after"),
    Point("one life of three started", sql=LIFE_STARTED, when="after", in_window=True),
    Point("all lives started, half recorded", sql=MARK_SENT, when="after", in_window=True),
    Point("one of three failed", sql=MARK_ERROR, when="after", reply=NO_SUCH_MAILBOX),
]


@pytest.fixture
def shared(organization: Organization, owner: User) -> list[Invitation]:
    """Three invitations whose email was scheduled and is due."""
    offers = [UnitOffer(unit.pk, UNIT_VIEWER_ROLE) for unit in UnitFactory.create_batch(3, organization=organization)]
    address = normalize_address("invitee@example.com")
    rows = invite_to_units(by=session_of(owner), organization_id=organization.pk, email=address, units=offers)
    Email.objects.update(state="scheduled", due_at=Now())
    Invitation.objects.update(lifetime_days=10, is_emailed=False)
    return rows


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)
def test_an_email_of_three_invitations_is_sent_once_for_all(
    mail_server: ScriptedServer, fork_server: ForkServer, shared: list[Invitation], point: Point
):
    if point.reply:
        mail_server.rcpt_replies = {shared[0].email: point.reply}
    kill_at(point, 0, mail_server, fork_server)
    states = set(Invitation.objects.values_list("status", "lifetime_days", "is_emailed"))
    assert len(states) == 1
    assert not Event.objects.filter(kind__in=("invitation.emailed", "invitation.failed")).exists()

    let_time_pass()
    send_the_rest(mail_server)

    email = Email.objects.get(kind="invitation")
    to_invitee = [delivery for delivery in mail_server.accepted if delivery.message_id == email.message_id]
    rows = Invitation.objects.all()
    if point.reply:
        assert (email.state, to_invitee) == ("failed", [])
        assert [row.status for row in rows] == ["error"] * 3
        assert Email.objects.filter(kind="undeliverable").count() == 1
    else:
        assert email.sent_at
        assert len(to_invitee) == (2 if point.in_window else 1)
        lives = {(row.expires_at, row.lifetime_days, row.is_emailed) for row in rows}
        assert lives == {(email.sent_at + timedelta(days=10), None, True)}
    kind = "invitation.failed" if point.reply else "invitation.emailed"
    assert [Event.objects.about(row).filter(kind=kind).count() for row in rows] == [1, 1, 1]
