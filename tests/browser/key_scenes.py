"""Scenes of an organization's API keys and OAuth applications."""

from datetime import UTC, datetime

from playwright.sync_api import Response

from orgs.permissions import LIST_PROJECTS, MANAGE_MEMBERS
from tests.browser.stage import Stage, open_after_password, open_as_owner, scene
from tests.factories import ApiKeyFactory, MembershipFactory, OAuthApplicationFactory
from tests.support.people import membership_of


def fill(stage: Stage) -> None:
    """Add keys and applications of each kind."""
    own = membership_of(stage.owner, stage.organization)
    robot = MembershipFactory.create(organization=stage.organization, of_system_user=True)
    ApiKeyFactory.create(membership=own, name="Laptop", description="For trying\nthings out")
    ApiKeyFactory.create(membership=own, name="Old report", permissions=[LIST_PROJECTS], expired=True)
    ApiKeyFactory.create(
        membership=robot, name="Nightly", expires_at=datetime(2099, 12, 31, tzinfo=UTC), permissions=[MANAGE_MEMBERS]
    )
    OAuthApplicationFactory.create(user=stage.owner, name="Planner", allowed_scopes=["profile", LIST_PROJECTS])
    OAuthApplicationFactory.create(user=stage.owner, name="Phone", public=True)
    OAuthApplicationFactory.create(user=stage.owner, name="My script", personal=True)
    OAuthApplicationFactory.create(user=None, name="Robot's client", service=True, system_user=robot.user)


@scene(200)
def api_keys(stage: Stage) -> Response:
    fill(stage)
    return open_as_owner(stage, "/api-keys")


@scene(200)
def api_keys_without_any(stage: Stage) -> Response:
    return open_as_owner(stage, "/api-keys")


@scene(200)
def new_api_key(stage: Stage) -> Response:
    fill(stage)
    return open_after_password(stage, "/api-keys/new")


@scene(400)
def new_api_key_refused(stage: Stage) -> Response:
    new_api_key(stage)
    return stage.visitor.submit({"Name": "Nightly"}, "Create")


@scene(200)
def api_key_created(stage: Stage) -> Response:
    new_api_key(stage)
    stage.visitor.page.get_by_label(stage.visitor.translated("Everything that the account may do")).check()
    return stage.visitor.submit({"Name": "Nightly"}, "Create")


@scene(200)
def api_key_changed(stage: Stage) -> Response:
    fill(stage)
    open_as_owner(stage, "/api-keys")
    stage.visitor.page.get_by_role("link", name=stage.visitor.translated("Change")).first.click()
    return stage.visitor.submit({}, "Save")


@scene(200)
def api_key_revocation_asked(stage: Stage) -> Response:
    key = ApiKeyFactory.create(membership=membership_of(stage.owner, stage.organization), name="Laptop")
    return open_as_owner(stage, f"/api-keys/{key.pk}/revoke")


@scene(200)
def oauth_applications(stage: Stage) -> Response:
    fill(stage)
    return open_as_owner(stage, "/oauth-applications")


@scene(200)
def new_oauth_client(stage: Stage) -> Response:
    return open_after_password(stage, "/oauth-applications/new/client")


@scene(400)
def new_oauth_client_refused(stage: Stage) -> Response:
    new_oauth_client(stage)
    return stage.visitor.submit({"Name": "Planner", "Redirect URIs": "nonsense"}, "Register")


@scene(200)
def oauth_client_registered(stage: Stage) -> Response:
    new_oauth_client(stage)
    return stage.visitor.submit({"Name": "Planner", "Redirect URIs": "https://client.example.com/back"}, "Register")


@scene(200)
def new_service_client(stage: Stage) -> Response:
    fill(stage)
    return open_after_password(stage, "/oauth-applications/new/service")


@scene(200)
def oauth_secret_renewal_asked(stage: Stage) -> Response:
    application = OAuthApplicationFactory.create(user=stage.owner, name="Planner")
    return open_after_password(stage, f"/oauth-applications/{application.pk}/secret")


@scene(200)
def oauth_application_deletion_asked(stage: Stage) -> Response:
    application = OAuthApplicationFactory.create(user=stage.owner, name="Planner")
    return open_as_owner(stage, f"/oauth-applications/{application.pk}/delete")
