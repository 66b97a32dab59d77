"""Test the `demo` command on an empty database: a second run creates nothing new."""

from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from oauth2_provider.models import get_access_token_model

from accounts.browser_sessions import Session
from orgs.models import ApiKey
from perfectworks import demo
from tests.support.changes import all_models

PAST = datetime(2025, 6, 1, tzinfo=UTC)
STATES = "pending,processing,accepted,declined,cancelled,expired,error"

pytestmark = pytest.mark.django_db


@pytest.fixture
def in_debug(settings):
    settings.DEBUG = True


def printed(*arguments: str) -> str:
    out = StringIO()
    call_command("demo", *arguments, stdout=out)
    return out.getvalue()


def test_running_it_again_adds_nothing_but_credentials(in_debug):
    printed()
    before = counts()
    printed()
    grown = {name for name, count in counts().items() if count != before[name]}
    assert grown == {"accounts.Session", "oauth2_provider.AccessToken"}


def test_what_has_ended_of_earlier_runs_is_forgotten(in_debug):
    printed("--json")
    before = counts()
    Session.objects.update(expire_date=PAST)
    get_access_token_model().objects.update(expires=PAST)
    ApiKey.objects.update(expires_at=PAST)
    printed("--json")
    grown = {name for name, count in counts().items() if count != before[name]}
    assert grown == {"accounts.AccountEmail", "events.Event"}  # the owner is told about each new key


def counts():
    return {model._meta.label: model._default_manager.count() for model in all_models()}


def test_it_refuses_where_everybody_could_use_its_passwords(settings):
    settings.DEBUG = False
    with pytest.raises(CommandError, match="only while DEBUG is on"):
        printed()
    assert not demo.is_present()


def test_the_text_tells_a_line_to_paste_for_each_api(in_debug):
    text = printed()
    for path in ("/api/v0/", "/zenml/", "/wacht/", "/upsun/", "/applivery/"):
        assert [line for line in text.splitlines() if "curl" in line and path in line]
