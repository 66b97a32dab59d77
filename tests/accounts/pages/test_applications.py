"""``/accounts/applications/``: list the applications with access, and withdraw the access."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_grant_model, get_refresh_token_model

from accounts.actions.oauth_access import AccessNotYours, withdraw_access
from accounts.models import ApplicationAccess, User
from accounts.oauth.tokens import issue_token
from accounts.principals import Method, Principal
from core.relative_time import relative_time
from orgs.oauth.applications import register_client, register_personal_client, update_application
from tests.accounts.oauth.exchange import CALLBACK, Browser, Program, asked, holds, result_of, tokens_of
from tests.factories import UserFactory
from tests.support.changes import event, track_changes
from tests.support.pages import visible_text
from tests.support.people import session_of
from tests.support.queries import assert_queries

PAGE = "/accounts/applications/"
NONE = "No application has access to your account."


@pytest.fixture
def maker(db: None) -> User:
    return UserFactory.create(email="maker@example.com", first_name="Owner", last_name="Cast")


@pytest.fixture
def program(maker: User) -> Program:
    return Program(*register_client(by=session_of(maker), name="Calendar", redirect_uris=[CALLBACK]))


@pytest.fixture
def signed_in(member: User) -> Client:
    client = Client(enforce_csrf_checks=True)
    client.force_login(member)
    return client


def access_of(member: User) -> ApplicationAccess:
    return ApplicationAccess.objects.get(user=member)


def presses(client: Client, access: ApplicationAccess) -> Any:
    """Submit the form with the page's CSRF token."""
    return posts(client, f"{PAGE}{access.pk}/withdraw/")


def deletes(client: Client, program: Program) -> Any:
    return posts(client, f"/accounts/programs/{program.application.pk}/delete/")


def posts(client: Client, path: str) -> Any:
    token = client.get(PAGE).context["csrf_token"]
    return client.post(path, {"csrfmiddlewaretoken": str(token)}, follow=True)


def shown(client: Client) -> list[str]:
    page: Any = client.get(PAGE)
    text = visible_text(page)
    return text[text.index("Applications with access") + 1 :]


def test_one_is_shown_with_its_maker_what_it_may_and_since_when(signed_in: Client, member: User, program: Program):
    tokens_of(program, member, scope="invitations profile")
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    ApplicationAccess.objects.update(created_at=moment)

    assert shown(signed_in) == [
        "These applications can act for you. Remove access for any you don't use or recognize.",
        "Calendar",
        "Made by Owner Cast · https://client.example.com",
        "See the invitations sent to you, and accept or decline them",
        "See your name, email address and picture, and change your name and picture",
        f"Access given {relative_time(moment)}, on Jan. 2, 2026, 3:04 a.m. UTC · Never used",
        "Remove access",
    ]


def test_its_last_use_is_shown_and_noted_once_a_minute(signed_in: Client, member: User, program: Program):
    token = tokens_of(program, member)["access_token"]
    assert holds(token)
    assert any("· Last used less than a minute ago, on" in line for line in shown(signed_in))

    for minutes, noted in ((0, False), (2, True)):
        earlier = timezone.now() - timedelta(minutes=minutes)
        ApplicationAccess.objects.update(last_used_at=earlier)
        assert holds(token)
        assert (access_of(member).last_used_at != earlier) is noted


def test_what_is_allowed_later_is_added(signed_in: Client, member: User, program: Program):
    tokens_of(program, member, scope="invitations")
    tokens_of(program, member, scope="profile")

    assert access_of(member).scopes == ["invitations", "profile"]


def test_what_its_client_may_do_no_longer_is_not_shown(signed_in: Client, maker: User, member: User, program: Program):
    tokens_of(program, member, scope="invitations profile")

    update_application(
        by=session_of(maker), organization=None, application_id=program.application.pk, scopes=["invitations"]
    )

    assert "See the invitations sent to you, and accept or decline them" in shown(signed_in)
    assert "See your name, email address and picture, and change your name and picture" not in shown(signed_in)


def test_the_address_of_a_maker_without_a_name_is_not_shown(signed_in: Client, member: User, program: Program):
    User.objects.update(first_name="", last_name="")
    tokens_of(program, member)

    assert "https://client.example.com" in shown(signed_in)
    assert "maker@example.com" not in signed_in.get(PAGE).content.decode()


def test_other_expired_and_foreign_applications_are_not_shown(
    signed_in: Client, member: User, maker: User, program: Program
):
    tokens_of(program, maker)
    personal = Program(*register_personal_client(by=session_of(maker), name="Script"))
    assert holds(result_of(personal.gets_token())[1]["access_token"])
    issue_token(program.application, member, "profile", timezone.now() - timedelta(seconds=1))

    assert shown(signed_in) == [NONE]


def test_one_that_only_holds_a_code_has_access(signed_in: Client, member: User, program: Program):
    Browser(member).allows(program)

    assert "Calendar" in shown(signed_in)


def test_withdrawing_ends_every_token_and_code(signed_in: Client, member: User, program: Program):
    tokens, waiting = tokens_of(program, member), Browser(member).allows(program)

    with track_changes() as changes:
        response = presses(signed_in, access_of(member))

    assert response.redirect_chain == [(PAGE, 302)]
    assert visible_text(response)[0] == "Calendar no longer has access."
    assert shown(signed_in) == [NONE]
    assert changes.tables == {"accounts.ApplicationAccess": (0, 0, 1)}
    assert changes.events == [event("oauth_application.access_withdrawn", program.application, member)]
    assert not holds(tokens["access_token"])
    for refused in (program.refreshes(tokens["refresh_token"]), program.redeems(waiting)):
        assert result_of(refused) == (400, {"error": "invalid_grant"})
    for issued in (get_access_token_model(), get_refresh_token_model(), get_grant_model()):
        assert not issued.objects.exists()


def test_what_others_let_it_do_stays(signed_in: Client, member: User, maker: User, program: Program):
    mine, theirs = tokens_of(program, member), tokens_of(program, maker)

    presses(signed_in, access_of(member))

    assert (holds(mine["access_token"]), holds(theirs["access_token"])) == (False, True)


def test_pressing_twice_says_that_it_is_over(signed_in: Client, member: User, program: Program):
    tokens_of(program, member)
    access = access_of(member)
    presses(signed_in, access)

    with track_changes() as changes:
        response = presses(signed_in, access)

    assert visible_text(response)[0] == "This application doesn't have access to your account."
    assert changes.nothing


def test_nobody_withdraws_for_another(signed_in: Client, maker: User, member: User, program: Program):
    tokens_of(program, maker)

    with track_changes() as changes:
        response = presses(signed_in, ApplicationAccess.objects.get(user=maker))

    assert visible_text(response)[0] == "This application doesn't have access to your account."
    assert changes.nothing


def test_an_application_of_the_person_withdraws_nothing(member: User, program: Program):
    tokens_of(program, member)

    with track_changes() as changes, pytest.raises(AccessNotYours):
        withdraw_access(by=Principal(user=member, method=Method.API_KEY), access_id=access_of(member).pk)

    assert changes.nothing


def test_it_takes_a_post_with_a_csrf_token(signed_in: Client, member: User, program: Program):
    tokens = tokens_of(program, member)
    path = f"{PAGE}{access_of(member).pk}/withdraw/"

    assert signed_in.get(path).status_code == 405
    assert signed_in.post(path).status_code == 403
    assert Client().post(path)["Location"].startswith("/accounts/login/")
    assert asked(tokens["access_token"]).status_code == 200


def test_a_token_that_was_asked_for_before_and_is_issued_after_is_refused(member: User, program: Program):
    """Simulate a race: the access is withdrawn while the token endpoint handles a refresh."""
    tokens = tokens_of(program, member)
    ApplicationAccess.objects.all().delete()

    assert result_of(program.refreshes(tokens["refresh_token"])) == (400, {"error": "invalid_grant"})


def test_the_number_of_queries_does_not_grow(signed_in: Client, member: User, maker: User):
    for number in range(3):
        made = Program(*register_client(by=session_of(maker), name=f"Calendar {number}", redirect_uris=[CALLBACK]))
        tokens_of(made, member)
    with assert_queries(
        session="SELECT django_session",
        user="SELECT accounts_user",
        applications="SELECT accounts_applicationaccess",
        programs="SELECT accounts_oauthapplication",
    ):
        page = signed_in.get(PAGE)

    assert len(page.context["accesses"]) == 3


# The person's service accounts


def a_program_of(person: User, **bounds: Any) -> Program:
    return Program(*register_personal_client(by=session_of(person), name="Script", **bounds))


@pytest.mark.parametrize(
    ("scopes", "words"),
    [
        (
            [],
            [
                "See your name, email address and picture, and change your name and picture",
                "See the invitations sent to you, and accept or decline them",
                "Act for you in your organizations, with all your permissions",
            ],
        ),
        (["organization:manage_billing"], ["Manage billing where you're allowed to"]),
    ],
    ids=["any", "some"],
)
def test_a_service_account_is_shown_before_it_gets_a_token(
    signed_in: Client, member: User, scopes: list[str], words: list[str]
):
    made = a_program_of(member, scopes=scopes)
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    type(made.application).objects.update(created=moment)

    assert shown(signed_in) == [
        "These are your own service accounts. Anyone who has a service account's secret can act as you.",
        "Script",
        *words,
        f"Created {relative_time(moment)}, on Jan. 2, 2026, 3:04 a.m. UTC",
        "Delete",
    ]


def test_deleting_a_service_account_ends_its_tokens(signed_in: Client, member: User):
    made = a_program_of(member)
    token = result_of(made.gets_token())[1]["access_token"]

    with track_changes() as changes:
        response = deletes(signed_in, made)

    assert response.redirect_chain == [(PAGE, 302)]
    assert visible_text(response)[0] == "The service account has been deleted. It can no longer act as you."
    assert shown(signed_in) == [NONE]
    assert changes.tables == {"accounts.OAuthApplication": (0, 0, 1)}
    assert changes.events == [event("oauth_application.deleted", made.application, member)]
    assert not holds(token)
    assert result_of(made.gets_token()) == (401, {"error": "invalid_client"})
    assert visible_text(deletes(signed_in, made))[0] == "This service account no longer exists."


def test_nobody_deletes_the_service_account_of_another(signed_in: Client, maker: User):
    made = a_program_of(maker)

    with track_changes() as changes:
        response = deletes(signed_in, made)

    assert visible_text(response)[0] == "This service account no longer exists."
    assert changes.nothing


def test_deleting_takes_a_post_with_a_csrf_token(signed_in: Client, member: User):
    made = a_program_of(member)
    path = f"/accounts/programs/{made.application.pk}/delete/"

    assert signed_in.get(path).status_code == 405
    assert signed_in.post(path).status_code == 403
    assert Client().post(path)["Location"].startswith("/accounts/login/")
    assert holds(result_of(made.gets_token())[1]["access_token"])
