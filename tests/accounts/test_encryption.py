"""A copy of the database contains no secret that can be used."""

import json
from importlib import import_module
from io import StringIO
from urllib.parse import urlsplit

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from allauth.mfa.totp.internal.auth import yield_hotp_counters_from_time as current_counters
from django.apps import apps
from django.core.management import CommandError, call_command

from accounts.actions.encryption import TWO_FACTOR
from accounts.oauth.tokens import issue_token
from core import reencryption
from core.encryption import SecretNotReadable, decrypt, encrypt
from orgs.actions.api_keys import create_api_key
from tests.factories import OAuthApplicationFactory, UserFactory
from tests.support.changes import all_models, rows_of, track_changes
from tests.support.people import PASSWORD, session_of

OLD, NEW = "the old key, which is long enough to be one", "the new key, which is long enough to be one"


@pytest.fixture
def person(db):
    return UserFactory.create(email="member@example.com", password=PASSWORD)


def dump():
    """Return everything that the database contains."""
    return "\n".join(str(row) for model in all_models() for row in rows_of(model).values())


def test_a_dump_contains_no_secret_of_two_factor_authentication(person):
    secret = generate_totp_secret()
    TOTP.activate(person, secret)
    codes = RecoveryCodes.activate(person)
    seed = decrypt(codes.instance.data["seed"])

    assert secret not in dump()
    assert seed not in dump()
    assert not [code for code in codes.generate_codes() if code in dump()]


def test_a_secret_that_is_being_set_up_is_not_in_the_dump_either(client, person):
    client.force_login(person)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    secret = client.get("/accounts/2fa/totp/activate/").context["form"].secret

    assert secret not in dump()


def test_an_opened_reset_link_is_not_in_the_dump(client, person, mailoutbox):
    client.post("/accounts/password/reset/", {"email": "member@example.com"})
    [link] = [word for word in mailoutbox[0].body.split() if "/password/reset/key/" in word]
    client.get(urlsplit(link).path)
    key = urlsplit(link).path.rstrip("/").rpartition("-")[2]

    assert client.session["_password_reset_key"].endswith(key)
    assert key not in dump()


def test_a_dump_contains_no_key_token_or_password(organization, owner):
    _, api_key = create_api_key(by=session_of(owner), organization_id=organization.pk, name="Key")
    UserFactory.create(password=PASSWORD)
    application = OAuthApplicationFactory.create()
    token = issue_token(application, owner, "profile", owner.created_at)

    assert not [secret for secret in (api_key, token, PASSWORD) if secret in dump()]


def test_the_codes_of_an_app_still_open_the_account(client, person):
    secret = generate_totp_secret()
    TOTP.activate(person, secret)
    client.post("/accounts/login/", {"login": "member@example.com", "password": PASSWORD})
    code = format_hotp_value(hotp_value(secret, next(current_counters())))
    client.post("/accounts/2fa/authenticate/", {"code": code})

    assert "_auth_user_id" in client.session


def test_the_first_key_encrypts_and_every_key_decrypts(settings):
    settings.ENCRYPTION_KEYS = [OLD]
    stored = encrypt("secret")
    settings.ENCRYPTION_KEYS = [NEW, OLD]

    assert (decrypt(stored), decrypt(encrypt("secret"))) == ("secret", "secret")
    settings.ENCRYPTION_KEYS = [OLD]
    assert decrypt(stored) == "secret"
    settings.ENCRYPTION_KEYS = [NEW]
    with pytest.raises(SecretNotReadable):
        decrypt(stored)


def rotate(**options):
    out = StringIO()
    call_command("rotate_keys", stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


def test_after_the_command_the_old_key_can_be_removed(person, settings, client):
    settings.ENCRYPTION_KEYS = [OLD]
    seed = decrypt(RecoveryCodes.activate(person).instance.data["seed"])
    client.force_login(person)
    settings.ENCRYPTION_KEYS = [NEW, OLD]

    assert rotate() == (
        "secrets of two-factor authentication: 1 encrypted with the first key, 0 were already, 0 are not readable\n"
        "webhook endpoints with their secrets: 0 encrypted with the first key, 0 were already, 0 are not readable\n"
        "sessions: 1 encrypted with the first key, 0 were already, 0 are not readable\n"
    )
    settings.ENCRYPTION_KEYS = [NEW]
    assert decrypt(Authenticator.objects.get().data["seed"]) == seed
    assert client.get("/invitations").status_code == 200
    with track_changes() as changes:
        assert json.loads(rotate(json=True)) == {
            "twoFactorSecrets": {"changed": 0, "unchanged": 1, "unreadable": 0},
            "webhookEndpoints": {"changed": 0, "unchanged": 0, "unreadable": 0},
            "sessions": {"changed": 0, "unchanged": 1, "unreadable": 0},
        }
    assert changes.nothing


def test_the_command_goes_through_all_rows_in_short_steps(person, settings, monkeypatch):
    settings.ENCRYPTION_KEYS = [OLD]
    for _ in range(5):
        RecoveryCodes.activate(UserFactory.create())
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    monkeypatch.setattr(reencryption, "ROWS_AT_ONCE", 2)

    assert [step.counts() for step in TWO_FACTOR.in_steps()] == [(2, 0, 0), (2, 0, 0), (1, 0, 0)]


def test_while_a_key_is_missing_the_command_names_it_and_keeps_what_it_cannot_read(person, settings):
    settings.ENCRYPTION_KEYS = [OLD]
    RecoveryCodes.activate(person)
    before = Authenticator.objects.get().data
    settings.ENCRYPTION_KEYS = [NEW]

    with pytest.raises(CommandError, match="Add the former key back"):
        rotate()
    assert Authenticator.objects.get().data == before


def test_a_session_that_no_key_decrypts_has_ended_and_is_no_error(person, settings, client):
    settings.ENCRYPTION_KEYS = [OLD]
    client.force_login(person)
    settings.ENCRYPTION_KEYS = [NEW]

    assert json.loads(rotate(json=True))["sessions"] == {"changed": 0, "unchanged": 0, "unreadable": 1}


def test_a_missing_key_is_said_as_unavailable_and_not_as_a_wrong_code(client, person, settings):
    TOTP.activate(person, generate_totp_secret())
    client.post("/accounts/login/", {"login": "member@example.com", "password": PASSWORD})
    rows = Authenticator.objects.get()
    rows.data["secret"] = "gAAAA" + rows.data["secret"][::-1]
    rows.save()

    assert client.post("/accounts/2fa/authenticate/", {"code": "000000"}).status_code == 503


def test_the_migration_encrypts_existing_secrets_and_keeps_their_other_data(person):
    clear = [
        ("totp", {"secret": "JBSWY3DPEHPK3PXP"}),
        ("recovery_codes", {"seed": "00ff", "used_mask": 5}),
    ]
    for kind, data in clear:
        Authenticator.objects.create(user=person, type=kind, data=data)
    migration = import_module("accounts.migrations.0014_encrypt_secrets")

    migration.encrypt_secrets(apps, None)
    migration.encrypt_secrets(apps, None)  # a second run changes nothing that is read

    totp, codes = Authenticator.objects.order_by("pk")
    assert decrypt(totp.data["secret"]) == "JBSWY3DPEHPK3PXP"
    assert (decrypt(codes.data["seed"]), codes.data["used_mask"]) == ("00ff", 5)
    assert "JBSWY3DPEHPK3PXP" not in json.dumps(totp.data)
