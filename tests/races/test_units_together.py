"""Concurrent answers to invitations that share an email: each is answered once, and each has one event."""

from collections.abc import Callable
from functools import partial

import pytest

from accounts.models import User
from core.addresses import normalize_address
from invitations.actions.answering_together import accept_all
from invitations.actions.inviting import cancel, resend
from invitations.actions.inviting_together import UnitOffer, invite_to_units
from invitations.email.models import Email
from invitations.models import Invitation
from invitations.querysets import InvitationQuerySet
from invitations.refusals import InvitationAccepted
from orgs.models import Membership, Organization
from orgs.permissions import UNIT_VIEWER_ROLE
from tests.factories import UnitFactory
from tests.races.racing import kinds, race, refusals, rounds
from tests.support.people import session_of

pytestmark = pytest.mark.django_db(transaction=True)

Somebody = Callable[[], User]
Founded = Callable[..., Organization]


def invited(owner: User, invitee: User, organization: Organization) -> list[Invitation]:
    return invite_to_units(
        by=session_of(owner),
        organization_id=organization.pk,
        email=normalize_address(invitee.email or ""),
        units=[UnitOffer(UnitFactory.create(organization=organization).pk, UNIT_VIEWER_ROLE) for _ in range(2)],
    )


def stored(rows: list[Invitation]) -> InvitationQuerySet:
    return Invitation.objects.filter(pk__in=[row.pk for row in rows])


def states(rows: list[Invitation]) -> list[str]:
    return list(stored(rows).order_by("id").values_list("status", flat=True))


def test_one_of_many_clicks_accepts_all(somebody: Somebody, founded: Founded):
    for _ in rounds():
        owner, invitee = somebody(), somebody()
        organization = founded(owner)
        rows = invited(owner, invitee, organization)
        click = partial(accept_all, by=session_of(invitee), invitation_id=rows[0].pk)
        outcomes = race(click, click, click)
        assert refusals(outcomes) == [InvitationAccepted] * 2
        assert states(rows) == ["accepted", "accepted"]
        assert kinds(organization).count("invitation.accepted") == 2
        assert Membership.objects.filter(user=invitee).count() == 1
        assert Email.objects.filter(kind="answered", invitation__in=rows).count() == 1


def test_each_is_accepted_or_withdrawn(somebody: Somebody, founded: Founded):
    for _ in rounds():
        owner, invitee = somebody(), somebody()
        organization = founded(owner)
        rows = invited(owner, invitee, organization)
        race(
            partial(accept_all, by=session_of(invitee), invitation_id=rows[0].pk),
            partial(cancel, by=session_of(owner), organization_id=organization.pk, invitation_id=rows[0].pk),
        )
        assert states(rows) in (["accepted", "accepted"], ["cancelled", "accepted"])
        answered = [kind for kind in kinds(organization) if kind in ("invitation.accepted", "invitation.cancelled")]
        assert len(answered) == 2


def test_resends_of_both_keep_them_in_one_email(somebody: Somebody, founded: Founded):
    for _ in rounds():
        owner, invitee = somebody(), somebody()
        organization = founded(owner)
        rows = invited(owner, invitee, organization)
        again = [
            partial(resend, by=session_of(owner), organization_id=organization.pk, invitation_id=row.pk) for row in rows
        ]
        assert refusals(race(*again)) == []
        found = stored(rows)
        assert set(found.values_list("generation", flat=True)) == {3}
        [leader] = set(found.values_list("shares_email_of", flat=True))
        assert Email.objects.filter(invitation__in=rows).order_by("-generation")[0].invitation_id == leader
