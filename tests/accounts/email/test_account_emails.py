"""Emails about accounts are rows in the transaction of their cause. The worker sends them, and nothing is lost."""

import re
from datetime import timedelta

import pytest
from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.account.utils import user_pk_to_url_str
from django.db import connection
from django.db.models.functions import Now
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django import Settings

from accounts.actions.account_emails import request_account_email
from accounts.actions.registration import register
from accounts.actions.retention import delete_account_emails_before
from accounts.email.handlers import GIVE_UP_AFTER, MAX_DELAY
from accounts.email.models import AccountEmail, AccountEmailAttempt
from accounts.email.notices import NOTICES
from accounts.email.purposes import _FACTS
from accounts.models import User
from core.addresses import normalize_address
from events.models import Event
from orgs.actions.accounts import delete_account, purge_account
from outbox.handlers import Batch, handler_of
from outbox.leases import LeaseLost, reserve_due
from outbox.worker import Worker
from tests.factories import AccountEmailFactory, EmailAddressFactory, UserFactory
from tests.outbox.scripted_server import ScriptedServer
from tests.support.outbox import account_emails, deliver_next
from tests.support.people import PASSWORD, session_of

pytestmark = pytest.mark.django_db

Purpose = AccountEmail.Purpose


def forget_password(address: str = "member@example.com") -> int:
    return Client().post("/accounts/password/reset/", {"email": address}).status_code


def sign_up(address: str = "newcomer@example.com") -> int:
    return Client().post("/accounts/signup/", {"email": address, "password1": PASSWORD}).status_code


def states() -> list[tuple[str, str]]:
    return list(AccountEmail.objects.order_by("id").values_list("purpose", "state"))


def let_time_pass() -> None:
    AccountEmail.objects.unsent().update(due_at=Now())


def test_each_purpose_has_a_link_and_a_template(settings: Settings) -> None:
    assert _FACTS.keys() == {*Purpose}
    written = {path.stem for path in (settings.BASE_DIR / "templates" / "account" / "email").iterdir()}
    assert written == {*Purpose, "by_staff", "notice", "notice_about_organization"}  # which others extend
    assert NOTICES.keys() < {*Purpose}


@pytest.mark.django_db(transaction=True)
def test_an_email_outlives_a_mail_server_that_is_away(
    mail_server: ScriptedServer, member: User, closed_port: int, settings: Settings
) -> None:
    settings.EMAIL_PORT = closed_port
    assert (forget_password(), sign_up(), sign_up("member@example.com")) == (302, 302, 302)
    Worker(()).drain()
    assert {state for _, state in states()} == {"deferred"}

    settings.EMAIL_PORT = mail_server.port
    let_time_pass()
    Worker(()).drain()

    assert states() == [
        ("password_reset_key", "sent"),
        ("email_confirmation_signup", "sent"),
        ("account_already_exists", "sent"),
    ]
    ids = [email.message_id for email in AccountEmail.objects.order_by("id")]
    assert [(delivery.recipients, delivery.message_id) for delivery in mail_server.accepted] == [
        (["member@example.com"], ids[0]),
        (["newcomer@example.com"], ids[1]),
        (["member@example.com"], ids[2]),
    ]
    assert AccountEmailAttempt.objects.count() == 6


def test_a_row_opens_nothing(member: User) -> None:
    """A link of a reset or a verification cannot be made from the row without the keys of the service."""
    forget_password()
    sign_up()
    tables = (AccountEmail._meta.db_table, AccountEmailAttempt._meta.db_table)
    account_emails()
    with connection.cursor() as cursor:
        stored = ""
        for table in tables:
            cursor.execute(f"SELECT * FROM {table}")
            stored += repr(cursor.fetchall())
    sent = "".join(str(message.body) for message in account_emails())
    secrets = re.findall(r"/confirm-email/[^/]*:([\w-]+)/|/password/reset/key/[^/]*-(\w+)/", sent)
    assert len(secrets) == 2
    assert [secret for pair in secrets for secret in pair if secret and secret in stored] == []
    assert "/accounts/" not in stored


def test_the_time_of_a_link_starts_when_the_email_is_sent(member: User) -> None:
    for purpose in (Purpose.PASSWORD_RESET_KEY, Purpose.EMAIL_CONFIRMATION):
        EmailAddressFactory.create(user=member, email=f"{purpose}@example.com", verified=False)
        request_account_email(purpose, f"{purpose}@example.com", user=member)
    AccountEmail.objects.update(created_at=timezone.now() - timedelta(days=4))  # both links are valid for three days

    reset, confirm = (handler_of(email).facts["path"].split("/")[-2] for email in AccountEmail.objects.order_by("id"))

    user, _, token = reset.partition("-")
    assert user == user_pk_to_url_str(member)
    assert default_token_generator.check_token(member, token)
    confirmation = EmailConfirmationHMAC.from_key(confirm)
    assert confirmation is not None
    assert confirmation.email_address.email == "email_confirmation@example.com"


def test_a_newer_request_replaces_an_email_that_was_not_sent_yet(member: User, mailoutbox) -> None:
    for _ in range(3):
        forget_password()
    forget_password("nobody@example.com")
    assert [message.to for message in mailoutbox] == [["member@example.com"], ["nobody@example.com"]]
    assert [state for _, state in states()] == ["dropped", "dropped", "sent", "sent"]
    assert AccountEmail.objects.order_by("id")[0].reason == "A newer email was requested."


def test_an_address_that_is_verified_in_the_meantime_gets_no_email(db: None, mailoutbox) -> None:
    sign_up()
    EmailAddress.objects.update(verified=True)
    assert mailoutbox == []
    assert states() == [("email_confirmation_signup", "dropped")]


def test_a_deactivated_account_gets_no_link_to_a_new_password(member: User, mailoutbox) -> None:
    forget_password()
    User.objects.filter(pk=member.pk).update(is_active=False)
    assert mailoutbox == []
    assert states() == [("password_reset_key", "dropped")]


def test_an_email_and_its_cause_are_saved_together_or_not_at_all(rf: RequestFactory, settings: Settings) -> None:
    """A request that is interrupted before the email leaves no account either, so that the person can try again."""
    settings.ACCOUNT_EMAIL_LIMITS = {"account_email": "1/h/none"}  # the request fails when it counts the email
    address = normalize_address("newcomer@example.com")
    with pytest.raises(ValueError, match="none"):
        register(rf.post("/"), email=address, password=PASSWORD)
    with pytest.raises(ValueError, match="none"):
        sign_up("another@example.com")
    assert (User.objects.count(), Event.objects.count(), AccountEmail.objects.count()) == (0, 0, 0)


def test_an_email_is_tried_every_quarter_of_an_hour_for_a_day(mail_server: ScriptedServer, member: User) -> None:
    forget_password()
    AccountEmail.objects.update(attempts=20)
    mail_server.script("RCPT", *["450 4.2.1 Greylisted"] * 2)
    assert deliver_next(AccountEmail)
    email = AccountEmail.objects.get()
    assert email.due_at is not None
    assert MAX_DELAY / 2 - timedelta(seconds=5) < email.due_at - timezone.now() <= MAX_DELAY
    AccountEmail.objects.update(created_at=timezone.now() - GIVE_UP_AFTER)
    let_time_pass()
    assert deliver_next(AccountEmail)
    assert states() == [("password_reset_key", "failed")]


@pytest.mark.django_db(transaction=True)
def test_the_emails_of_accounts_and_of_invitations_take_turns(
    mail_server: ScriptedServer, invite, member: User
) -> None:
    for number in range(4):
        invite(f"invitee-{number}@example.com")
    forget_password()
    worker = Worker(())
    worker.run_once()
    assert {delivery.recipients[0] for delivery in mail_server.accepted} == {
        "member@example.com",
        "invitee-0@example.com",
    }
    worker.drain()
    assert mail_server.sessions == 1


@pytest.mark.parametrize("path", ["/accounts/password/reset/done/", "/accounts/confirm-email/"])
def test_the_pages_say_whether_the_email_is_delayed(client: Client, member: User, path: str) -> None:
    assert "It may take a few minutes" not in client.get(path).content.decode()
    AccountEmailFactory.create(due_at=timezone.now() - timedelta(minutes=2))
    assert "It may take a few minutes" in client.get(path).content.decode()


@pytest.mark.parametrize("minutes", [0, 2])
def test_the_page_of_the_addresses_says_whether_the_email_is_delayed(
    client: Client, member: User, minutes: int
) -> None:
    AccountEmailFactory.create(due_at=timezone.now() - timedelta(minutes=minutes))
    client.force_login(member)
    page = client.post("/accounts/email/", {"action_add": "", "email": "second@example.com"}, follow=True)
    text = page.content.decode()
    assert "second@example.com" in text
    assert ("It may take a few minutes" in text) == bool(minutes)


def test_old_emails_are_deleted(member: User) -> None:
    old, new = AccountEmailFactory.create_batch(2, sent=True, user=member)
    moment = timezone.now() - timedelta(days=30)
    AccountEmail.objects.filter(pk=old.pk).update(created_at=moment - timedelta(seconds=1))
    assert [*delete_account_emails_before(moment)] == [1]
    assert list(AccountEmail.objects.all()) == [new]


def test_erasing_a_person_deletes_their_emails(member: User) -> None:
    forget_password()
    AccountEmailFactory.create(user=None, recipient="member@example.com", purpose="unknown_account")
    other = AccountEmailFactory.create(user=UserFactory.create())
    delete_account(by=session_of(member), user=member)
    purge_account(by=session_of(member), user=member)
    assert list(AccountEmail.objects.all()) == [other]


def test_an_account_that_is_erased_in_the_meantime_keeps_no_other_email_of_the_batch(
    member: User, stranger: User
) -> None:
    forget_password()
    forget_password("stranger@example.com")
    batch = Batch(reserve_due(AccountEmail, 2))
    User.objects.filter(pk=member.pk).delete()
    gone, other = (handler_of(email, batch) for email in batch.deliveries)
    with pytest.raises(LeaseLost):
        gone.examine()
    assert other.examine() is None
