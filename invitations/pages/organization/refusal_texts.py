"""What the pages of an organization say if an action on invitations refuses. See ``orgs.pages.refusal_texts``."""

from django.utils.translation import gettext_lazy as _

from invitations import refusals
from invitations.email import limits
from orgs.pages.refusal_texts import add_texts

add_texts(
    {
        refusals.InvitationNotFound: _("This invitation doesn't exist, or you may not manage it."),
        refusals.AlreadyInvited: _("This address has an open invitation. You find it on the page People."),
        refusals.InviterCannotGrant: _("The person who sent this invitation can no longer offer what it offers."),
        refusals.SameAddress: _("The invitation is to this address already."),
        refusals.InviteeErased: _("The data of the invited person was erased. Invite them again by their address."),
        refusals.GrantGone: _("What this invitation offered no longer exists. Send a new one."),
        refusals.InvitationWaits: _("The invitation was accepted and waits for a free seat."),
        refusals.InvitationAccepted: _("The invitation was accepted."),
        refusals.InvitationDeclined: _("The invitation was declined."),
        refusals.InvitationCancelled: _("The invitation was withdrawn."),
        refusals.InvitationNotNeeded: _("This person already has everything that the invitation offers."),
        refusals.InvitationSuperseded: _("A newer invitation replaced this one."),
        refusals.InvitationExpired: _("The invitation has expired."),
        refusals.ExpiresLater: _("The invitation already expires later."),
        refusals.InvitationUndeliverable: _("The invitation could not be delivered."),
        limits.RecipientSendingLimitReached: _("This address was sent several emails within the last hour."),
        limits.TooManyOpenInvitations: _("The organization has reached its limit of open invitations. Withdraw some."),
    },
    fields=dict.fromkeys((refusals.AlreadyInvited, refusals.SameAddress, limits.RecipientSendingLimitReached), "email"),
)
