"""Test that each page that sets a password says in one line what the validators ask."""

import pytest
from allauth.account.forms import default_token_generator
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from accounts.passwords import PASSWORD_RULES
from invitations.tokens import Purpose, token_for
from tests.factories import InvitationFactory, UserFactory
from tests.support.pages import visible_text
from tests.support.people import PASSWORD

RULES = (
    "At least 8 characters, not only digits. Not your name, your address or a common password, even with digits added."
)


@pytest.mark.parametrize(
    ("password", "rule"),
    [
        ("kx7-Tq2", "password_too_short"),
        ("Miranda-Lake", "password_too_similar"),
        ("miranda@example.com", "password_too_similar"),
        ("839205716438", "password_entirely_numeric"),
        ("password1", "password_too_common"),
        ("summer2026!", "password_too_common"),
    ],
)
def test_each_part_of_the_line_is_a_rule(db, password, rule):
    user = UserFactory.create(first_name="Miranda", last_name="Lake", email="miranda@example.com")

    with pytest.raises(ValidationError) as refusal:
        validate_password(password, user)

    assert rule in {error.code for error in refusal.value.error_list}
    assert str(PASSWORD_RULES) == RULES


def test_the_line_has_every_validator():
    assert [validator["NAME"].rsplit(".")[-1] for validator in settings.AUTH_PASSWORD_VALIDATORS] == [
        "OwnNameValidator",
        "MinimumLengthValidator",
        "GuessablePasswordValidator",
        "NumericPasswordValidator",
    ]
    validate_password("kx7-Tq2m")


def rules_on(page):
    return [line for line in visible_text(page) if "characters" in line]


def test_signing_up_and_changing_a_password_show_the_line(client, db):
    assert rules_on(client.get("/accounts/signup/")) == [RULES]

    client.force_login(UserFactory.create(email="guest@example.com", password=PASSWORD))
    assert rules_on(client.get("/accounts/password/change/")) == [RULES]


def test_the_reset_link_shows_the_line(client, invitee):
    key = default_token_generator.make_token(invitee)

    page = client.get(f"/accounts/password/reset/key/{invitee.pk.hex}-{key}/", follow=True)

    assert rules_on(page) == [RULES]


def test_an_account_without_a_password_sees_the_line(client, organization, owner, invitee):
    invitee.set_unusable_password()
    invitee.save()
    invitation = InvitationFactory.create(organization=organization, inviter=owner, email="invitee@example.com")
    client.get(f"/i/{token_for(invitation, Purpose.EMAILED)}")
    assert rules_on(client.get(f"/invitations/{invitation.pk}/sign-up")) == [RULES]
    assert rules_on(client.get(f"/invitations/{invitation.pk}/set-password")) == [RULES]

    client.force_login(invitee)
    assert rules_on(client.get("/accounts/password/set/")) == [RULES]
