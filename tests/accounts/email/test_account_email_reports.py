"""A provider's report about an email about an account changes the email, and nothing else."""

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.email.models import AccountEmail
from outbox.email_transport import provider_options
from tests.factories import AccountEmailFactory
from tests.invitations.email.providers import configure, report
from tests.support.changes import track_changes
from tests.support.outbox import account_emails

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("provider", "state"), [("postmark", "bounced"), ("mailgun", "delivered")])
def test_a_report_changes_the_email_it_is_about(settings: Settings, client: Client, provider: str, state: str) -> None:
    configure(settings, provider)
    email, other = AccountEmailFactory.create_batch(2, sent=True)
    with track_changes() as changes:
        for _ in range(2):  # a duplicate changes nothing
            assert report(f"{provider}-{state}", email).status_code == 200
    assert changes.emails == (0, 1, 0)
    assert changes.tables == {"accounts.AccountEmailAttempt": (1, 0, 0)}
    email.refresh_from_db()
    assert (email.state, email.history.get().state) == (state, state)
    assert AccountEmail.objects.get(pk=other.pk).state == "sent"


def test_the_provider_gets_the_id_of_the_email(settings: Settings) -> None:
    configure(settings, "postmark")
    email = AccountEmailFactory.create(purpose="unknown_account")
    [message] = account_emails()
    assert vars(message)["metadata"] == provider_options(email)["metadata"] == {"mail_id": email.pk.hex}
