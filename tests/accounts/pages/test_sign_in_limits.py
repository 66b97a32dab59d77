"""Wrong passwords and codes slow down the client that sends them, and lock nobody else out."""

from typing import Any

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core import signing
from django.test import Client

from tests.factories import UserFactory
from tests.support.pages import visible_text
from tests.support.people import PASSWORD

TOO_MANY = "Too many failed sign-in attempts. Please try again later."
ATTACKER, HOME = "203.0.113.9", "198.51.100.7"


def sign_in(client: Client, password: str = PASSWORD, ip: str = HOME, login: str = "member@example.com") -> Any:
    return client.post("/accounts/login/", {"login": login, "password": password}, REMOTE_ADDR=ip)


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def attack(attempts: int = 6, ip: str = ATTACKER) -> Any:
    for _ in range(attempts):
        response = sign_in(Client(), "wrong", ip)
    return response


def attack_from_everywhere() -> None:
    for number in range(25):
        attack(1, f"203.0.113.{number + 10}")


@pytest.fixture
def known_browser(client: Client, member: Any) -> Client:
    """A browser that the member has signed in with and out of."""
    sign_in(client)
    client.post("/accounts/logout/")
    return client


def test_the_guessing_client_has_to_wait(member):
    assert TOO_MANY in visible_text(attack())
    assert TOO_MANY in visible_text(sign_in(Client(), ip=ATTACKER))


def test_the_person_signs_in_from_elsewhere_meanwhile(client, member):
    attack()

    sign_in(client)

    assert is_signed_in(client)


def test_a_known_browser_signs_in_even_behind_the_router_of_the_attacker(known_browser):
    attack(20)

    sign_in(known_browser, ip=ATTACKER)

    assert is_signed_in(known_browser)


def test_a_known_browser_signs_in_during_an_attack_from_everywhere(known_browser):
    attack_from_everywhere()

    sign_in(known_browser, ip=ATTACKER)

    assert is_signed_in(known_browser)


def test_during_an_attack_from_everywhere_each_client_has_one_attempt(member, client):
    attack_from_everywhere()

    assert TOO_MANY in visible_text(attack(2, "203.0.113.99"))
    sign_in(client)
    assert is_signed_in(client)


def test_a_known_browser_may_not_guess_either(known_browser):
    for _ in range(5):
        sign_in(known_browser, "wrong")

    assert TOO_MANY in visible_text(sign_in(known_browser))


def test_a_browser_known_for_one_account_is_a_stranger_for_another(known_browser):
    UserFactory.create(email="victim@example.com", password=PASSWORD)
    for _ in range(6):
        response = sign_in(known_browser, "wrong", login="victim@example.com")

    assert TOO_MANY in visible_text(response)
    assert TOO_MANY in visible_text(sign_in(Client(), login="victim@example.com"))


def test_one_client_cannot_try_many_accounts(db):
    for number in range(11):
        response = sign_in(Client(), "wrong", ATTACKER, f"somebody-{number}@example.com")

    assert TOO_MANY in visible_text(response)


@pytest.mark.parametrize(
    "cookie",
    ["", "x", "e30:1xXhf4:forged", signing.dumps({"a": "b"}, salt="another")],
    ids=["empty", "no signature", "wrong signature", "signed for another purpose"],
)
def test_a_forged_cookie_makes_no_known_browser(client, member, cookie):
    client.cookies["known_device"] = cookie
    attack(6, HOME)

    assert TOO_MANY in visible_text(sign_in(client))


def test_the_cookie_tells_no_address_and_is_out_of_reach_of_scripts(known_browser, member):
    cookie = known_browser.cookies["known_device"]
    content = str(signing.loads(cookie.value, salt="accounts.known_devices"))

    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert "member" not in content
    assert str(member.pk) not in content


def test_an_unknown_address_is_limited_in_the_same_way(db):
    assert TOO_MANY in visible_text(attack())


def test_entering_the_password_again_does_not_depend_on_others(client, member):
    client.force_login(member)
    attack(20, HOME)
    attack_from_everywhere()

    response = client.post("/accounts/reauthenticate/", {"password": PASSWORD}, REMOTE_ADDR=HOME)

    assert response.status_code == 302


class TestResetByAnEmailedLink:
    """A person who proves who they are by an emailed link need not wait because of wrong passwords."""

    NEW = "another calm and long phrase"

    @pytest.fixture
    def reset(self, client, mailoutbox, settings):
        """Set the new password with the emailed link."""

        def reset() -> None:
            client.post("/accounts/password/reset/", {"email": "member@example.com"})
            [link] = [word for word in mailoutbox[0].body.split() if "/password/reset/key/" in word]
            opened = client.get(link.removeprefix(settings.PUBLIC_BASE_URL))
            passwords = {"password1": self.NEW, "password2": self.NEW}
            assert client.post(opened["Location"], passwords, REMOTE_ADDR=HOME).status_code == 302

        return reset

    @pytest.mark.parametrize("is_known", [False, True], ids=["unknown browser", "known browser"])
    def test_it_forgets_the_wrong_passwords_at_sign_in(self, client, member, reset, is_known):
        if is_known:
            sign_in(client)
            client.post("/accounts/logout/")
        for _ in range(6):
            refused = sign_in(client, "wrong")
        assert TOO_MANY in visible_text(refused)

        reset()
        sign_in(client, self.NEW)

        assert is_signed_in(client)

    def test_it_forgets_the_wrong_passwords_of_somebody_who_is_signed_in(self, client, member, reset):
        def enter_again(password: str) -> Any:
            return client.post("/accounts/reauthenticate/", {"password": password}, REMOTE_ADDR=HOME)

        client.force_login(member)
        for _ in range(6):
            refused = enter_again("wrong")
        assert TOO_MANY in visible_text(refused)

        reset()
        sign_in(client, self.NEW)

        assert enter_again(self.NEW).status_code == 302


def test_behind_a_proxy_the_forwarded_address_is_the_client(member, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    for _ in range(6):
        Client().post(
            "/accounts/login/",
            {"login": "member@example.com", "password": "wrong"},
            headers={"X-Forwarded-For": f"forged, {ATTACKER}"},
        )
    browser = Client(headers={"X-Forwarded-For": HOME})

    sign_in(browser)

    assert is_signed_in(browser)


class TestCodesOfTwoFactorAuthentication:
    """An attacker who knows the password cannot lock the person out of the second step."""

    @pytest.fixture
    def code(self, member):
        TOTP.activate(member, generate_totp_secret())
        return RecoveryCodes.activate(member).generate_codes()[0]

    def enter(self, client: Client, code: str, ip: str) -> Any:
        return client.post("/accounts/2fa/authenticate/", {"code": code}, REMOTE_ADDR=ip)

    def test_the_guessing_client_has_to_wait_and_the_person_has_not(self, client, code):
        attacker = Client()
        sign_in(attacker, ip=ATTACKER)
        for _ in range(6):
            response = self.enter(attacker, "000000", ATTACKER)
        assert TOO_MANY in visible_text(response)

        sign_in(client)
        self.enter(client, code, HOME)
        assert is_signed_in(client)
