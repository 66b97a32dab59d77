"""Test the pages of OAuth applications: people see their own, and managers also those of service accounts."""

import pytest
from oauth2_provider.models import get_access_token_model

from accounts.models import OAuthApplication
from orgs.permissions import LIST_PROJECTS, MANAGE_BILLING, MANAGE_MEMBERS
from tests.factories import MembershipFactory, OAuthApplicationFactory
from tests.support.pages import visible_text
from tests.support.people import sign_in_recently
from tests.support.queries import assert_queries

LIST = "/organizations/riverside/oauth-applications"
BACK = "https://client.example.com/back"
RULE = "Use whole addresses that begin with https or http, without spaces and without a part after #."


@pytest.fixture
def robot(organization):
    return MembershipFactory.create(organization=organization, of_system_user=True)


@pytest.fixture
def application(organization, member):
    return OAuthApplicationFactory.create(user=member, name="Planner", redirect_uris=BACK)


@pytest.fixture
def recent(client, organization):
    """A function that signs somebody in with a password, a moment ago."""

    def sign_in(user):
        client.force_login(user)
        sign_in_recently(client)
        return client

    return sign_in


def text_from(heading, page):
    """Return the lines of the page after the navigation."""
    lines = visible_text(page)
    return lines[len(lines) - 1 - lines[::-1].index(heading) :]


def names_on(page):
    return [application.name for application in page.context["page"].rows]


def test_an_application_is_listed_with_what_it_may_ask_for(client, member, application):
    OAuthApplication.objects.update(allowed_scopes=["profile", LIST_PROJECTS], client_id="abc")
    client.force_login(member)

    assert text_from("OAuth applications", client.get(LIST)) == [
        "OAuth applications",
        "Your own applications.",
        "Planner",
        "Acts for people who agree",
        "Client ID:",
        "abc",
        f"Redirect URIs: {BACK}",
        "It may ask for: See your name, email address and picture, and change your name and picture; "
        "View workspaces and applications where you're allowed to",
        "Change",
        "Renew the secret",
        "Delete",
        "Register an application",
        "Acts for people who agree",
        "Acts as you",
    ]


def test_people_see_their_own_applications_and_managers_those_of_service_accounts(
    client, organization, admin, member, robot, application
):
    OAuthApplicationFactory.create(service=True, system_user=robot.user, user=None, name="Nightly")

    for user, expected in ((member, ["Planner"]), (admin, ["Nightly"])):
        client.force_login(user)
        assert names_on(client.get(LIST)) == expected


def test_the_list_takes_one_query(client, member, application):
    OAuthApplicationFactory.create(user=member)
    client.force_login(member)

    with assert_queries(
        session="SELECT django_session",
        user="SELECT accounts_user",
        organization="SELECT orgs_roleassignment",
        applications="SELECT accounts_oauthapplication",
    ):
        client.get(LIST)


@pytest.mark.parametrize("path", ["/new/client", "/{}/change", "/{}/secret"])
def test_registering_changing_and_renewing_need_a_recent_sign_in(client, member, application, path):
    client.force_login(member)
    address = LIST + path.format(application.pk)

    for response in (client.get(address), client.post(address, {"name": "Mine"})):
        assert response["Location"].startswith("/accounts/reauthenticate/?next=%2Forganizations%2Friverside%2Foauth-")
    application.refresh_from_db()
    assert application.name == "Planner"


def test_the_secret_is_only_in_the_response_that_registers_the_application(recent, member):
    client = recent(member)

    page = client.post(
        f"{LIST}/new/client", {"name": "Planner", "redirect_uris": f"{BACK}\r\n\r\n{BACK}/2 ", "scopes": ["profile"]}
    )

    application = OAuthApplication.objects.get()
    secret = page.context["values"][1][1]
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]
    assert page.content.decode().count(secret) == 1
    assert text_from("The application Planner has been registered", page) == [
        "The application Planner has been registered",
        "Copy the secret now. You won't see it again.",
        "Client ID",
        application.client_id,
        "Client secret",
        secret,
        "Done",
    ]
    assert (application.user, application.redirect_uris) == (member, f"{BACK} {BACK}/2")
    assert application.allowed_scopes == ["profile"]
    assert secret not in client.get(LIST).content.decode()
    assert secret not in str(dict(client.session.items()))
    assert secret not in str(client.cookies)


def test_an_application_that_keeps_no_secret_has_none(recent, member):
    page = recent(member).post(f"{LIST}/new/client", {"name": "Planner", "redirect_uris": BACK, "public": "on"})

    assert OAuthApplication.objects.get().client_type == OAuthApplication.CLIENT_PUBLIC
    assert "Copy the secret now. You won't see it again." not in visible_text(page)
    assert "It has no secret, because it can't keep one." in visible_text(page)
    assert "Renew the secret" not in visible_text(recent(member).get(LIST))


def test_an_application_can_act_as_its_owner(recent, member):
    recent(member).post(f"{LIST}/new/personal", {"name": "Planner"})

    application = OAuthApplication.objects.get()
    assert (application.user, application.acts_for_owner) == (member, True)


def test_a_manager_registers_an_application_that_acts_as_a_service_account(recent, admin, robot):
    recent(admin).post(f"{LIST}/new/service", {"name": "Planner", "membership_id": str(robot.pk)})

    assert OAuthApplication.objects.get().system_user == robot.user


def test_nobody_gets_the_secret_of_a_service_account_with_more_permissions(recent, organization):
    strong = MembershipFactory.create(organization=organization, of_system_user=True, permissions=[MANAGE_BILLING])
    manager = MembershipFactory.create(organization=organization, permissions=[MANAGE_MEMBERS]).user

    page = recent(manager).post(f"{LIST}/new/service", {"name": "Planner", "membership_id": str(strong.pk)})

    assert page.status_code == 403
    assert any("You lack these permissions: manage billing." in line for line in visible_text(page))
    assert not OAuthApplication.objects.exists()


def test_members_register_nothing_for_service_accounts(recent, member, robot):
    page = recent(member).post(f"{LIST}/new/service", {"name": "Planner", "membership_id": str(robot.pk)})

    assert page.status_code == 400
    assert not OAuthApplication.objects.exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": ""}, "This field is required."),
        ({"redirect_uris": " "}, "This field is required."),
        ({"redirect_uris": "https://a.example.com/ b"}, RULE),
        ({"redirect_uris": "javascript:alert(1)"}, RULE),
        ({"redirect_uris": f"{BACK}#part"}, RULE),
    ],
)
def test_what_is_not_possible_is_refused_at_its_field(recent, member, given, said):
    page = recent(member).post(f"{LIST}/new/client", {"name": "Planner", "redirect_uris": BACK, **given})

    assert page.status_code == 400
    assert said in visible_text(page)
    assert not OAuthApplication.objects.exists()


def test_an_unknown_kind_is_not_found(recent, member):
    assert recent(member).get(f"{LIST}/new/robot").status_code == 404


def test_an_application_is_changed(recent, member, application):
    client = recent(member)
    form = client.get(f"{LIST}/{application.pk}/change").context["form"]
    assert form.initial == {"name": "Planner", "scopes": [], "redirect_uris": BACK}

    page = client.post(
        f"{LIST}/{application.pk}/change", {"name": "Calendar", "redirect_uris": f"{BACK}/2", "scopes": [LIST_PROJECTS]}
    )

    assert page["Location"] == LIST
    application.refresh_from_db()
    assert (application.name, application.redirect_uris) == ("Calendar", f"{BACK}/2")
    assert application.allowed_scopes == [LIST_PROJECTS]


def test_renewing_asks_and_then_shows_the_new_secret(recent, member, application):
    client = recent(member)
    former = application.client_secret

    assert text_from("Renew the secret of Planner?", client.get(f"{LIST}/{application.pk}/secret")) == [
        "Renew the secret of Planner?",
        "The present secret and all tokens stop working, at once.",
        "People must allow it again to act for them.",
        "Renew the secret",
        "Cancel",
    ]
    application.refresh_from_db()
    assert application.client_secret == former
    page = client.post(f"{LIST}/{application.pk}/secret")

    application.refresh_from_db()
    assert application.client_secret != former
    secret = page.context["values"][1][1]
    assert (page.status_code, page.content.decode().count(secret)) == (200, 1)
    assert "Planner has a new secret" in visible_text(page)
    assert secret not in str(dict(client.session.items()))


def test_an_application_without_a_secret_gets_none(recent, member):
    public = OAuthApplicationFactory.create(user=member, public=True)

    page = recent(member).post(f"{LIST}/{public.pk}/secret")

    assert page.status_code == 409
    assert "This application has no secret, because it can't keep one." in visible_text(page)


def test_deleting_asks_and_then_deletes(client, member, application):
    client.force_login(member)
    assert client.get(f"{LIST}/{application.pk}/delete").status_code == 200
    assert OAuthApplication.objects.exists()

    page = client.post(f"{LIST}/{application.pk}/delete", follow=True)

    assert visible_text(page)[0] == "The application Planner has been deleted."
    assert not OAuthApplication.objects.exists()
    assert not get_access_token_model().objects.exists()


@pytest.mark.parametrize("page", ["change", "secret", "delete"])
def test_applications_of_other_people_are_not_found(recent, owner, stranger, application, page):
    for user in (owner, stranger):
        client = recent(user)
        assert client.get(f"{LIST}/{application.pk}/{page}").status_code == 404
        assert (
            client.post(f"{LIST}/{application.pk}/{page}", {"name": "Mine", "redirect_uris": BACK}).status_code == 404
        )
    application.refresh_from_db()
    assert application.name == "Planner"
