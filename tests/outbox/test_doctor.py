"""Test what `manage.py doctor` says about the mail server, and its test email."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

pytestmark = pytest.mark.django_db


def run(**options):
    out = StringIO()
    call_command("doctor", only=["mail-server"], json=True, stdout=out, **options)
    return [f"{one['level']}: {one['text']}" for one in json.loads(out.getvalue())]


def test_a_mail_server_that_answers(mail_server):
    assert run() == [f"ok: The mail server 127.0.0.1:{mail_server.port} accepts the connection."]
    assert mail_server.accepted == []


def test_a_mail_server_that_refuses_the_connection(mail_server):
    mail_server.script("CONNECT", "554 5.7.1 Blocked")

    with pytest.raises(CommandError):
        run()


def test_a_password_that_goes_without_encryption(mail_server, settings):
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "user", "a secret"

    found = run()

    assert found[1] == "warning: The password goes to the mail server without encryption."
    assert "a secret" not in str(found)


def test_the_test_email_arrives(mail_server):
    found = run(send_to="Ops@Example.com")

    assert found[1].startswith("ok: The mail server accepted an email to ops@example.com: ")
    [delivery] = mail_server.accepted
    assert (delivery.recipients, delivery.message["Subject"]) == (["ops@example.com"], "Test email of PerfectWorks")
    assert "spf, dkim and dmarc should be “pass”" in delivery.text


def test_a_test_email_that_is_refused(mail_server, capsys):
    mail_server.rcpt_replies = {"ops@example.com": "550 5.1.1 No such user"}
    out = StringIO()

    with pytest.raises(CommandError, match="Failures: 1"):
        call_command("doctor", only=["mail-server"], send_to="ops@example.com", stdout=out)

    assert "The email to ops@example.com was not sent: 550 5.1.1 No such user" in out.getvalue()


def test_an_address_that_is_none(mail_server):
    with pytest.raises(CommandError, match="nobody"):
        run(send_to="nobody")
