"""Test whom an email comes from, where replies go, and what its footer says about the operator."""

from collections.abc import Callable

import pytest
from allauth.account.models import EmailAddress
from pytest_django import Settings

from accounts.email.messages import render_account_email
from accounts.models import User
from core.unlinked import unlinked
from invitations.email.messages import render_invitation_email
from invitations.email.models import Email
from invitations.models import Invitation
from orgs.models import Membership, Organization
from outbox.handlers import Batch, handler_of
from outbox.leases import reserve_due
from tests.accounts.emailing import html_of
from tests.factories import AccountEmailFactory

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

Invite = Callable[..., Invitation]
FOOTER = {
    "OPERATOR_NAME": "Riverside Hosting & Söhne",
    "SUPPORT_EMAIL": "help@riverside.test",
    "IMPRINT_URL": "https://riverside.test/imprint?a=1&b=2",
    "PRIVACY_URL": "https://riverside.test/privacy",
}


@pytest.fixture(autouse=True)
def _service(settings: Settings) -> None:
    settings.DEFAULT_FROM_EMAIL, settings.SERVICE_NAME = "Passes <no-reply@passes.test>", "Passes"


def render(invitation: Invitation, kind: str = "invitation") -> tuple[str, str | None]:
    """Return the headers From and Reply-To of the email."""
    email = Email.objects.get(invitation=invitation)
    email.kind = kind
    message = render_invitation_email(email, Invitation.objects.with_details().get(pk=invitation.pk)).message()
    [sender] = message["From"].addresses
    assert sender.addr_spec == "no-reply@passes.test"
    return sender.display_name, message["Reply-To"]


@pytest.mark.parametrize("kind", ["invitation", "reminder"])
def test_an_invitation_comes_from_the_inviter_via_the_service_and_replies_go_to_them(invite: Invite, kind: str) -> None:
    assert render(invite(), kind) == ("Owner Cast via Passes", "owner@example.com")


def test_replies_go_to_the_address_that_the_organization_names(invite: Invite, organization: Organization) -> None:
    Organization.objects.update(reply_to="hello@riverside.test", replies_go_to_inviter=False)
    assert render(invite())[1] == "hello@riverside.test"


def test_the_text_of_the_organization_ends_the_email_without_links(invite: Invite, organization: Organization) -> None:
    Organization.objects.update(email_footer="Riverside <b>Ltd.</b>\nriverside.test")
    invitation = Invitation.objects.with_details().get(pk=invite().pk)
    message = render_invitation_email(Email.objects.get(invitation=invitation), invitation)
    assert f"\nRiverside <b>Ltd.</b>\n{unlinked('riverside.test')}\n" in str(message.body)
    assert "Riverside &lt;b&gt;Ltd.&lt;/b&gt;<br>riverside" in html_of(message)


def test_in_german_too(invite: Invite, organization: Organization) -> None:
    Organization.objects.filter(pk=organization.pk).update(language="de")
    assert render(invite())[0] == "Owner Cast über Passes"


@pytest.mark.parametrize("of_staff", [0, 1])
def test_replies_to_what_the_inviter_sent_as_staff_go_to_nobody_in_the_same_batch_too(
    invite: Invite, of_staff: int
) -> None:
    invitations = [invite("first@example.com"), invite("second@example.com")]
    Invitation.objects.filter(pk=invitations[of_staff].pk).update(inviter_name="")  # as staff sign
    batch = Batch(reserve_due(Email, 2))
    replies = [handler_of(email, batch).render().reply_to for email in batch.deliveries]
    assert replies[of_staff] == []
    assert replies[1 - of_staff] == ["owner@example.com"]


@pytest.mark.parametrize("kind", ["answered", "undeliverable", "ask_again"])
def test_an_email_to_the_inviter_comes_from_the_service(invite: Invite, kind: str) -> None:
    assert render(invite(), kind) == ("Passes", None)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ('Ann "Boss" O\'Neil, Lee <x>', 'Ann "Boss" O\'Neil, Lee <x> via Passes'),
        ("Müller, Änne; 河畔", "Müller, Änne; 河畔 via Passes"),
        ("Ann\r\nBcc: stranger", "Ann Bcc: stranger via Passes"),
        ("=?utf-8?q?evil=0D=0ABcc=3A_a?=", "= ?utf-8?q?evil=0D=0ABcc=3A_a?= via Passes"),
        ("A" * 128, "A" * 59 + "… via Passes"),
        ("support@bank.test", "Riverside via Passes"),
        ("https://bank.test", "Riverside via Passes"),
    ],
)
def test_no_name_is_more_than_a_name(invite: Invite, owner: User, name: str, shown: str) -> None:
    invitation = invite()
    User.objects.filter(pk=owner.pk).update(first_name=name, last_name="")
    assert render(invitation)[0] == shown


def test_without_a_usable_name_the_email_comes_from_the_service_alone(
    invite: Invite, owner: User, organization: Organization
) -> None:
    invitation = invite()
    User.objects.filter(pk=owner.pk).update(first_name="", last_name="")
    Organization.objects.filter(pk=organization.pk).update(name="https://bank.test")
    assert render(invitation)[0] == "Passes"


def turn_off(owner: User, organization: Organization) -> None:
    Organization.objects.filter(pk=organization.pk).update(replies_go_to_inviter=False)


def unverify(owner: User, organization: Organization) -> None:
    EmailAddress.objects.filter(user=owner).update(verified=False)


def deactivate(owner: User, organization: Organization) -> None:
    User.objects.filter(pk=owner.pk).update(is_active=False)


def leave(owner: User, organization: Organization) -> None:
    Membership.objects.filter(user=owner, organization=organization).delete()


def erase(owner: User, organization: Organization) -> None:
    Invitation.objects.update(inviter=None)


@pytest.mark.parametrize("change", [turn_off, unverify, deactivate, leave, erase])
def test_replies_go_to_nobody_without_a_present_inviter_with_a_verified_address_or_if_turned_off(
    invite: Invite, owner: User, organization: Organization, change: Callable[..., None]
) -> None:
    invitation = invite()
    change(owner, organization)
    assert render(invitation)[1] is None


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_email_says_who_operates_the_service(invite: Invite, settings: Settings, language: str) -> None:
    for name, value in FOOTER.items():
        setattr(settings, name, value)
    email = invite(language=language).emails.get()
    messages = []
    for kind in Email.Kind.values:
        email.kind = kind
        email.invitation.organization.language = language
        messages.append(render_invitation_email(email, email.invitation))
    purpose = "unknown_account"
    about = AccountEmailFactory.build(purpose=purpose, user=None, recipient="a@b.test", language=language)
    messages.append(render_account_email(about, "/s"))
    imprint = {"en": "Imprint", "de": "Impressum"}[language]
    for message in messages:
        html = html_of(message)
        assert "Passes, Riverside Hosting & Söhne\n" in message.body
        assert f"Support: help@riverside.test\n{imprint}: https://riverside.test/imprint?a=1&b=2\n" in message.body
        assert "Passes &middot; Riverside Hosting &amp; Söhne<br>" in html
        assert 'href="mailto:help@riverside.test"' in html
        assert f'href="https://riverside.test/imprint?a=1&amp;b=2" style="color:#0b5d5a;">{imprint}</a>' in html


def test_an_email_begins_with_a_preview_that_adds_to_the_subject(invite: Invite) -> None:
    email = invite().emails.get()
    body = html_of(render_invitation_email(email, email.invitation)).partition("<body")[2]
    assert body.partition("</div>")[0].partition('mso-hide:all;">')[2].startswith("Role: Editor. Expires: ")
