"""Test the content and headers of each email."""

from collections.abc import Callable
from datetime import UTC, datetime
from html.parser import HTMLParser
from uuid import UUID

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from accounts.principals import Principal
from core.addresses import normalize_address
from core.relative_time import relative_time
from invitations.actions import answering
from invitations.email.models import TO_INVITEE, Email
from invitations.models import Invitation
from invitations.tokens import Purpose, link_for, read_token, unsubscribe_link_for
from orgs.models import Organization
from orgs.permissions import (
    ADMIN_ROLE,
    LIST_PROJECTS,
    MANAGE_MEMBERS,
    UNASSIGNED_ROLE,
    UNIT_EDITOR_ROLE,
    VIEWER_ROLE,
)
from tests.factories import EmailFactory, MembershipFactory, RoleFactory, UnitFactory
from tests.outbox.scripted_server import Delivery, ScriptedServer
from tests.support.outbox import deliver_next

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

IN_2099 = datetime(2099, 1, 2, 3, 4, tzinfo=UTC)
Invite = Callable[..., Invitation]

# Names that validation rejects. They stand for rows that were written to the database without validation.
INJECTIONS = [
    "Riverside\r\nBcc: stranger@example.com",
    "Riverside\nBcc: stranger@example.com\n\nAnother body",
    "Riverside\x0bBcc:\x0c\x1c\x85\u2028\u2029stranger",
    "Riverside \u202egnp.exe\u200b\x07\x1b[2J",
    "Riverside\r\n.\r\nMAIL FROM:<stranger@example.com>",
    "<script>alert(1)</script><a href='https://elsewhere.test/'>Riverside</a>",
    "{{ link }} {% include 'emails/base.html' %} https://elsewhere.test/login",
    "Ré ver’s ide 河畔 🌊" * 12,
    "R" * 256,
]


class Links(HTMLParser):
    """Collect all URLs in HTML: links and loaded resources."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.found += [str(value) for name, value in attributes if name in ("href", "src", "background", "action")]


def send(server: ScriptedServer) -> Delivery:
    assert deliver_next()
    return server.accepted[-1]


def end_in_2099(invitation: Invitation) -> None:
    Invitation.objects.filter(pk=invitation.pk).update(expires_at=IN_2099)


def subject_of(delivery: Delivery) -> str:
    return str(delivery.message["Subject"]).lstrip()  # the header of a long subject starts with a line break


def test_the_text_of_an_invitation(mail_server: ScriptedServer, invite: Invite) -> None:
    invitation = invite()
    end_in_2099(invitation)
    delivery = send(mail_server)
    assert subject_of(delivery) == "Owner Cast invited you to join Riverside"
    assert delivery.text == (
        "Owner Cast invited you to join Riverside.\n"
        "\n"
        "Role: Editor\n"
        "Invited email address: invitee@example.com\n"
        f"Expires: {relative_time(IN_2099)}, on Jan. 2, 2099, 3:04 a.m. UTC\n"
        "\n"
        "View the invitation to accept or decline it:\n"
        "\n"
        f"{link_for(invitation)}\n"
        "\n"
        "You got this email because Owner Cast invited invitee@example.com at http://127.0.0.1:8000.\n"
        "Not expecting this? You can ignore it. Nothing happens unless you respond.\n"
        "\n"
        "Unsubscribe:\n"
        f"{unsubscribe_link_for(invitation)}\n"
    )


@pytest.mark.parametrize("kind", TO_INVITEE)
def test_the_email_greets_the_invitee_and_contains_the_personal_message(
    mail_server: ScriptedServer, invite: Invite, kind: str
) -> None:
    invite(invitee_name="Robin Lee", message="Welcome!\nSee <you>.", metadata={"crm": "secret-4711"})
    Email.objects.update(kind=kind)

    delivery = send(mail_server)

    assert delivery.text.startswith("Hello Robin Lee,\n\nOwner Cast invited you to join Riverside")
    assert "\n\nMessage from Owner Cast:\n\n> Welcome!\n> See <you>.\n\nRole: Editor\n" in delivery.text
    assert "Hello Robin Lee,</p>" in delivery.html
    assert "Welcome!<br>See &lt;you&gt;.</blockquote>" in delivery.html
    assert "4711" not in delivery.text + delivery.html


def test_an_invitation_to_a_workspace_names_it_and_the_permissions(
    mail_server: ScriptedServer, invite: Invite, organization: Organization
) -> None:
    workspace = UnitFactory.create(organization=organization, slug="main-workspace")
    permissions = frozenset({MANAGE_MEMBERS, LIST_PROJECTS})
    invite(role_id=UNASSIGNED_ROLE, permissions=permissions, unit_id=workspace.pk, unit_role_id=UNIT_EDITOR_ROLE)
    delivery = send(mail_server)
    assert (
        "\nRole: Member\nCan also: manage members, view all workspaces and applications"
        "\nWorkspace: Main-workspace, as Editor\n"
    ) in delivery.text
    assert "manage members, view all workspaces and applications</td>" in delivery.html
    assert "Main-workspace, as Editor</td>" in delivery.html


def test_a_reminder_says_that_the_invitation_ends_soon(mail_server: ScriptedServer, invite: Invite) -> None:
    invitation = invite()
    end_in_2099(invitation)
    Email.objects.update(kind="reminder")
    delivery = send(mail_server)
    assert subject_of(delivery) == "Your invitation to Riverside expires soon"
    assert delivery.text.startswith(
        "Owner Cast invited you to join Riverside, and you haven't responded yet. The invitation expires soon.\n"
        "\n"
        "Role: Editor\n"
    )
    assert link_for(invitation) in delivery.links


def test_the_inviter_reads_that_somebody_joined(
    mail_server: ScriptedServer, invite: Invite, invitee: User, principal: Callable[..., Principal]
) -> None:
    invitation = invite()
    invitation.emails.all().delete()
    answering.accept(by=principal(invitee), invitation_id=invitation.pk)
    delivery = send(mail_server)
    assert delivery.recipients == ["owner@example.com"]
    assert subject_of(delivery) == "invitee@example.com joined Riverside"
    assert delivery.text == (
        "invitee@example.com accepted your invitation and is now a member of Riverside.\n"
        "\n"
        "You got this email because you invited invitee@example.com to Riverside at http://127.0.0.1:8000.\n"
    )


def test_the_inviter_reads_the_reason_for_declining_as_a_quotation(
    mail_server: ScriptedServer, invite: Invite, invitee: User, principal: Callable[..., Principal]
) -> None:
    invitation = invite()
    invitation.emails.all().delete()
    reason = "Not now.\n\nSee https://elsewhere.test <b>instead</b>"
    answering.decline(by=principal(invitee), invitation_id=invitation.pk, reason=reason)
    delivery = send(mail_server)
    assert subject_of(delivery) == "invitee@example.com declined your invitation to Riverside"
    assert delivery.text == (
        "invitee@example.com declined your invitation to join Riverside.\n"
        "\n"
        "Their reason:\n"
        "\n"
        "> Not now.\n"
        ">\n"
        "> See https: //elsewhere. test <b>instead</b>\n"
        "\n"
        "You got this email because you invited invitee@example.com to Riverside at http://127.0.0.1:8000.\n"
    )
    assert "Not now.<br><br>See https: //elsewhere. test &lt;b&gt;instead&lt;/b&gt;</blockquote>" in delivery.html


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (
            VIEWER_ROLE,
            "They kept what they had, and now also have:\n\nRole: Editor\nApplication: Red Room, as Editor\n",
        ),
        (ADMIN_ROLE, "They kept what they had, and now also have:\n\nApplication: Red Room, as Editor\n"),
        (None, "They already had everything that the invitation offers, so nothing changed.\n"),
    ],
)
def test_the_inviter_of_a_member_reads_what_was_really_given(
    mail_server: ScriptedServer,
    invite: Invite,
    organization: Organization,
    invitee: User,
    principal: Callable[..., Principal],
    held: UUID | None,
    said: str,
) -> None:
    room = UnitFactory.create(organization=organization, name="Red Room", kind="application")
    invitation = invite(permissions=frozenset({LIST_PROJECTS}), unit_id=room.pk, unit_role_id=UNIT_EDITOR_ROLE)
    membership = MembershipFactory.create(organization=organization, user=invitee, role_id=held or ADMIN_ROLE)
    if held is None:
        membership.assignments.create(unit=room, role_id=UNIT_EDITOR_ROLE)
    Email.objects.all().delete()
    answering.accept(by=principal(invitee), invitation_id=invitation.pk)
    delivery = send(mail_server)
    assert subject_of(delivery) == "invitee@example.com accepted your invitation to Riverside"
    assert delivery.text == (
        "invitee@example.com accepted your invitation. They were already a member of Riverside.\n"
        "\n"
        f"{said}"
        "\n"
        "You got this email because you invited invitee@example.com to Riverside at http://127.0.0.1:8000.\n"
    )
    assert said.strip().rpartition("\n")[2] in delivery.html


def test_an_inviter_of_a_member_who_gets_everything_does_not_read_that_they_joined(
    mail_server: ScriptedServer,
    invite: Invite,
    organization: Organization,
    invitee: User,
    principal: Callable[..., Principal],
) -> None:
    invitation = invite(permissions=frozenset())
    MembershipFactory.create(organization=organization, user=invitee, role_id=VIEWER_ROLE)
    Email.objects.all().delete()
    answering.accept(by=principal(invitee), invitation_id=invitation.pk)
    delivery = send(mail_server)
    assert subject_of(delivery) == "invitee@example.com accepted your invitation to Riverside"
    assert delivery.text == (
        "invitee@example.com accepted your invitation. They were already a member of Riverside.\n"
        "\n"
        "They kept what they had, and now also have:\n"
        "\n"
        "Role: Editor\n"
        "\n"
        "You got this email because you invited invitee@example.com to Riverside at http://127.0.0.1:8000.\n"
    )


def test_the_inviter_reads_why_an_email_could_not_be_delivered(mail_server: ScriptedServer, invite: Invite) -> None:
    invite()
    mail_server.script("RCPT", "550 5.1.1 No such mailbox")
    assert deliver_next()
    delivery = send(mail_server)
    assert subject_of(delivery) == "We couldn't deliver your invitation to invitee@example.com"
    assert delivery.text == (
        "We couldn't deliver your invitation for invitee@example.com to join Riverside.\n"
        "\n"
        "The mail server's response:\n"
        "\n"
        "> 550 5.1.1 No such mailbox\n"
        "\n"
        "Check the address, then send a new invitation to the correct one.\n"
        "\n"
        "You got this email because you invited invitee@example.com to Riverside at http://127.0.0.1:8000.\n"
    )


def test_the_inviter_reads_that_a_new_invitation_is_requested(
    mail_server: ScriptedServer, invite: Invite, principal: Callable[..., Principal]
) -> None:
    invitation = invite()
    proof = read_token(link_for(invitation).rpartition("/")[2])
    assert proof is not None
    expired = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    Invitation.objects.update(expires_at=expired)
    invitation.emails.all().delete()
    answering.ask_again(by=principal(None), invitation_id=invitation.pk, proof=proof)
    delivery = send(mail_server)
    assert subject_of(delivery) == "invitee@example.com would like a new invitation to Riverside"
    assert delivery.text == (
        "invitee@example.com would like a new invitation to Riverside.\n"
        "\n"
        f"Your last invitation expired {relative_time(expired)}, on Jan. 2, 2026, 3:04 a.m. UTC.\n"
        "\n"
        "To let them join, send the invitation again. Otherwise, you don't need to do anything.\n"
        "\n"
        "You got this email because you invited invitee@example.com to Riverside at http://127.0.0.1:8000.\n"
    )


@pytest.mark.parametrize("kind", Email.Kind.values)
@pytest.mark.parametrize("name", INJECTIONS)
def test_no_name_changes_the_structure_of_an_email(
    mail_server: ScriptedServer, invite: Invite, organization: Organization, kind: str, name: str
) -> None:
    invitation = invite()
    Organization.objects.filter(pk=organization.pk).update(name=name)
    texts = {"invitee_name": name[:200], "message": name, "decline_reason": name}
    Invitation.objects.update(inviter=None, inviter_name=name, **texts)
    Email.objects.update(kind=kind)
    delivery = send(mail_server)
    message = delivery.message
    assert delivery.recipients == ["invitee@example.com"]
    no_email = ["List-Unsubscribe", "List-Unsubscribe-Post"] if kind in TO_INVITEE else []
    assert sorted(message.keys()) == [
        "Auto-Submitted", "Content-Type", "Date", "From", *no_email, "MIME-Version", "Message-ID", "Subject", "To",
    ]  # fmt: skip
    assert not message.defects
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert subject_of(delivery).isprintable()
    allowed = {link_for(invitation), unsubscribe_link_for(invitation), "http://127.0.0.1:8000"}
    links = Links(delivery.html)
    assert delivery.links <= allowed
    assert set(links.found) <= allowed
    assert not links.tags & {"script", "img", "iframe", "form", "object", "svg", "link", "base"}
    assert all(len(line) < 998 for line in delivery.raw.split(b"\r\n"))


def test_the_headers(mail_server: ScriptedServer, invite: Invite, settings: Settings) -> None:
    settings.DEFAULT_FROM_EMAIL = "PerfectWorks <no-reply@perfectworks.test>"
    email = invite().emails.get()
    delivery = send(mail_server)
    assert delivery.sender == "no-reply@perfectworks.test"
    headers = {name: str(value) for name, value in delivery.message.items() if name not in ("Content-Type", "Date")}
    assert headers == {
        "MIME-Version": "1.0",
        "Subject": "Owner Cast invited you to join Riverside",
        "From": "Owner Cast via PerfectWorks <no-reply@perfectworks.test>",
        "To": "invitee@example.com",
        "Reply-To": "owner@example.com",
        "Message-ID": email.message_id,
        "Auto-Submitted": "auto-generated",
        "List-Unsubscribe": f"<{unsubscribe_link_for(email.invitation)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    assert email.message_id == f"<{email.pk.hex}@127.0.0.1>"


def test_each_header_is_one_line(mail_server: ScriptedServer, invite: Invite, settings: Settings) -> None:
    settings.PUBLIC_HOST = "perfectworks-of-a-long-name." + "x" * 40 + ".test"
    settings.PUBLIC_BASE_URL = f"https://{settings.PUBLIC_HOST}"
    email = invite(f"{'x' * 64}@example.com").emails.get()
    delivery = send(mail_server)
    head, _, _ = delivery.raw.partition(b"\r\n\r\n")
    lines = head.decode("ascii").split("\r\n")
    assert [line.partition(": ")[0] for line in lines] == delivery.message.keys()
    assert f"Message-ID: {email.message_id}" in lines
    assert f"List-Unsubscribe: <{unsubscribe_link_for(email.invitation)}>" in lines
    assert f"To: {email.recipient}" in lines


def test_a_server_without_8bitmime_gets_names_with_umlauts_encoded(
    mail_server: ScriptedServer, invite: Invite, organization: Organization
) -> None:
    invitation = invite()
    Organization.objects.filter(pk=organization.pk).update(name="Müller & Söhne", language="de")
    delivery = send(mail_server)
    assert delivery.raw.isascii()
    assert "Müller & Söhne" in delivery.text
    assert delivery.links == {link_for(invitation), unsubscribe_link_for(invitation), "http://127.0.0.1:8000"}


def test_the_link_is_on_the_public_address_and_proves_the_mailbox(
    mail_server: ScriptedServer, invite: Invite, settings: Settings
) -> None:
    settings.PUBLIC_BASE_URL = "https://perfectworks.test"
    invitation = invite()
    delivery = send(mail_server)
    assert delivery.links == {link_for(invitation), unsubscribe_link_for(invitation), "https://perfectworks.test"}
    proof = read_token(link_for(invitation).removeprefix("https://perfectworks.test/i/"))
    assert proof is not None
    assert (proof.invitation_id, proof.generation, proof.purpose) == (invitation.pk, 1, Purpose.EMAILED)


@pytest.mark.parametrize("kind", ["answered", "undeliverable", "ask_again"])
def test_the_link_never_goes_to_the_inviter(mail_server: ScriptedServer, invite: Invite, kind: str) -> None:
    invite()
    Email.objects.update(kind=kind)
    assert send(mail_server).links == {"http://127.0.0.1:8000"}


def test_a_long_name_is_cut_in_the_subject_alone(
    mail_server: ScriptedServer, invite: Invite, organization: Organization
) -> None:
    Organization.objects.filter(pk=organization.pk).update(name="R" * 256)
    invite()
    delivery = send(mail_server)
    assert subject_of(delivery) == "Owner Cast invited you to join " + "R" * 59 + "…"
    assert "R" * 256 in delivery.text


def test_the_html_has_the_same_content_as_the_text(mail_server: ScriptedServer, invite: Invite) -> None:
    invitation = invite()
    end_in_2099(invitation)
    html = send(mail_server).html
    for content in (
        '<html lang="en">',
        "Owner Cast invited you to join Riverside.",
        "Editor</td>",
        "invitee@example.com",
        f"{relative_time(IN_2099)}, on Jan. 2, 2099, 3:04 a.m. UTC",
        f'<a class="button" href="{link_for(invitation)}"',
        "You got this email because Owner Cast invited invitee@example.com at",
    ):
        assert content in html


def test_the_subject_names_the_organization_if_the_inviter_has_only_an_address(
    mail_server: ScriptedServer, invite: Invite, owner: User
) -> None:
    User.objects.filter(pk=owner.pk).update(first_name="", last_name="")
    invite()

    delivery = send(mail_server)

    assert subject_of(delivery) == "You're invited to Riverside"
    assert delivery.text.startswith("owner@ example. com invited you to join Riverside.\n")


BAIT = ("evil.example", "www.evil", "x@evil", "0800 123 4567")


@pytest.mark.parametrize("kind", Email.Kind.values)
def test_names_make_no_link_in_any_part_of_any_email(
    mail_server: ScriptedServer, invite: Invite, organization: Organization, owner: User, kind: str
) -> None:
    User.objects.filter(pk=owner.pk).update(first_name="Verify at evil.example/verify", last_name="0800 123 4567")
    Organization.objects.filter(pk=organization.pk).update(name="www.evil.example or x@evil.example")
    unit = UnitFactory.create(organization=organization, name="www.evil.example")
    role = RoleFactory.create(organization=organization, name="x@evil.example")
    unit_role = RoleFactory.create(organization=organization, level="unit", name="evil.example")
    texts = {"invitee_name": "evil.example", "message": "Open www.evil.example"}
    invitation = invite(role_id=role.pk, unit_id=unit.pk, unit_role_id=unit_role.pk, **texts)
    Email.objects.update(kind=kind)
    EmailFactory.create(invitation=invitation, generation=2, failed=True, response="550 See www.evil.example")
    if kind == "answered":
        declined = {"status": "declined", "finished_at": timezone.now()}
        Invitation.objects.update(**declined, decline_reason="See www.evil.example")

    delivery = send(mail_server)

    raw = "\n".join([*map(str, delivery.message.values()), delivery.text, delivery.html])
    assert [bait for bait in BAIT if bait in raw] == []
    assert "www. evil. example or x@ evil. example" in " ".join(raw.split())


def test_people_read_unicode_domains_and_the_envelope_has_the_stored_one(
    mail_server: ScriptedServer, invite: Invite
) -> None:
    invite(email=normalize_address("invitee@bücher.example"))

    delivery = send(mail_server)

    assert delivery.recipients == ["invitee@xn--bcher-kva.example"]
    assert "Invited email address: invitee@bücher.example\n" in delivery.text
    assert "invitee@bücher.example" in delivery.html
