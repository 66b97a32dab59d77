"""Test the permission matrix: the status of every operation of the house API for each caller.

The routes come from ``perfectworks.urls``, so this test fails for a new operation until the matrix has a row for it.
Each person has a JWT of a recent sign-in, which every operation accepts. "key" is an unrestricted API key of the owner.
The stranger owns another organization, the invitee is not a member of any organization, and the manager may only
manage members.
"""

from collections.abc import Callable
from copy import deepcopy
from typing import NamedTuple

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.credentials import OPERATIONS
from accounts.models import User
from orgs.permissions import ADMIN_ROLE, EDITOR_ROLE, MANAGE_MEMBERS, VIEWER_ROLE
from tests.dialects.exchanges import tokens_in
from tests.factories import MembershipFactory, OrganizationFactory, RoleFactory
from tests.support.changes import track_changes
from tests.support.openapi import assert_documented
from tests.support.operations import ABSENT, World, house_routes, parse
from tests.support.people import cast_member
from tests.support.queries import query_summaries

MATRIX = """
operation                               anonymous stranger invitee member editor manager admin owner key

organizations.list                      401       200      200     200    200    200     200   200   200
organizations.create                    401       201      201     201    201    201     201   201   403
organizations.current                   401       404      404     200    200    200     200   200   200
organizations.by_slug                   200       200      200     200    200    200     200   200   200
organizations.retrieve                  401       404      404     200    200    200     200   200   200
organizations.update                    401       404      404     403    403    403     200   200   200
organizations.partial_update            401       404      404     403    403    403     200   200   200
organizations.destroy                   401       404      404     403    403    403     403   200   200
organizations.purge                     401       404      404     403    403    403     403   204   403
organizations.restore                   401       404      404     403    403    403     403   200   200
organizations.statistics                401       404      404     403    403    200     200   200   200
organizations.leave                     401       404      404     204    204    204     204   409   403
organizations.transfer_ownership        401       404      404     403    403    403     403   200   403
organization_events.list                401       404      404     403    403    200     200   200   200

webhook_endpoints.list                  401       404      404     403    403    403     200   200   200
webhook_endpoints.create                401       404      404     403    403    403     201   201   201
webhook_endpoints.retrieve              401       404      404     403    403    403     200   200   200
webhook_endpoints.partial_update        401       404      404     403    403    403     200   200   200
webhook_endpoints.destroy               401       404      404     403    403    403     204   204   204
webhook_endpoints.enable                401       404      404     403    403    403     200   200   200
webhook_endpoints.disable               401       404      404     403    403    403     200   200   200
webhook_endpoints.rotate_secret         401       404      404     403    403    403     200   200   200
webhook_endpoints.test                  401       404      404     403    403    403     202   202   202
webhook_endpoints.replay                401       404      404     403    403    403     202   202   202
webhook_deliveries.list                 401       404      404     403    403    403     200   200   200
webhook_deliveries.retrieve             401       404      404     403    403    403     200   200   200
webhook_deliveries.replay               401       404      404     403    403    403     202   202   202

organization_roles.list                 401       404      404     200    200    200     200   200   200
organization_roles.create               401       404      404     403    403    201     201   201   201
organization_roles.retrieve             401       404      404     200    200    200     200   200   200
organization_roles.partial_update       401       404      404     403    403    200     200   200   200
organization_roles.destroy              401       404      404     403    403    204     204   204   204

workspaces.list                         401       404      404     200    200    200     200   200   200
workspaces.create                       401       404      404     403    201    403     201   201   201
workspaces.retrieve                     401       404      404     200    200    200     200   200   200
workspaces.partial_update               401       404      404     403    403    403     200   200   200
workspaces.destroy                      401       404      404     403    403    403     204   204   204
workspace_collaborators.list            401       404      404     200    200    200     200   200   200
workspace_collaborators.update          401       404      404     403    403    200     200   200   200
workspace_collaborators.destroy         401       404      404     403    403    204     204   204   204

applications.list                       401       404      404     200    200    200     200   200   200
applications.create                     401       404      404     403    201    403     201   201   201
applications.retrieve                   401       404      404     200    200    200     200   200   200
applications.partial_update             401       404      404     403    403    403     200   200   200
applications.destroy                    401       404      404     403    403    403     204   204   204
application_collaborators.list          401       404      404     200    200    200     200   200   200
application_collaborators.update        401       404      404     403    403    200     200   200   200
application_collaborators.destroy       401       404      404     403    403    204     204   204   204

members.list                            401       404      404     200    200    200     200   200   200
members.export                          401       404      404     403    403    200     200   200   200
members.retrieve                        401       404      404     200    200    200     200   200   200
members.partial_update                  401       404      404     403    403    200     200   200   200
members.destroy                         401       404      404     403    403    204     204   204   204

users.register                          202       201      201     201    201    201     201   201   403
users.register_system                   401       404      404     403    403    201     201   201   201
users.profile                           401       200      200     200    200    200     200   200   200
users.replace_profile                   401       200      200     200    200    200     200   200   403
users.update_profile                    401       200      200     200    200    200     200   200   403
users.export_profile                    401       200      200     200    200    200     200   200   403
users.delete_profile                    401       409      204     204    204    204     204   409   403
users.purge_profile                     401       409      204     204    204    204     204   409   403
users.active_organization               401       200      409     200    200    200     200   200   200
users.switch_organization               401       404      404     200    200    200     200   200   403

api_keys.list                           401       404      404     200    200    200     200   200   200
api_keys.create                         401       404      404     201    201    201     201   201   403
api_keys.retrieve                       401       404      404     404    404    200     200   200   200
api_keys.update                         401       404      404     404    404    200     200   200   200
api_keys.partial_update                 401       404      404     404    404    200     200   200   200
api_keys.destroy                        401       404      404     404    404    204     204   204   204

oauth_applications.list                 401       404      404     200    200    200     200   200   403
oauth_applications.create               401       404      404     403    403    201     201   201   403
oauth_applications.retrieve             401       404      404     404    404    200     200   200   403
oauth_applications.partial_update       401       404      404     404    404    200     200   200   403
oauth_applications.renew_secret         401       404      404     404    404    200     200   200   403
oauth_applications.destroy              401       404      404     404    404    204     204   204   403

member_invitations.invite               401       404      404     403    403    201     201   201   201
member_invitations.invites              401       200      200     200    200    200     200   200   403
member_invitations.join                 401       404      200     404    404    404     404   404   403
organization_invitations.list           401       404      404     403    403    200     200   200   200
organization_invitations.export         401       404      404     403    403    200     200   200   200
organization_invitations.create         401       404      404     403    403    201     201   201   201
organization_invitations.retrieve       401       404      404     403    403    200     200   200   200
organization_invitations.explain        401       404      404     403    403    200     200   200   200
organization_invitations.partial_update 401       404      404     403    403    200     200   200   200
organization_invitations.destroy        401       404      404     403    403    204     204   204   204
organization_invitations.resend         401       404      404     403    403    200     200   200   200
organization_invitations.correct_address 401      404      404     403    403    201     201   201   201
organization_invitations.link           401       404      404     403    403    200     200   200   200
organization_invitations.cancel         401       404      404     403    403    200     200   200   200
many_invitations.invite                 401       404      404     403    403    200     200   200   200
selected_invitations.resend             401       404      404     403    403    200     200   200   200
selected_invitations.cancel             401       404      404     403    403    200     200   200   200
selected_invitations.extend             401       404      404     403    403    200     200   200   200
my_invitations.list                     401       200      200     200    200    200     200   200   403
my_invitations.retrieve                 401       404      200     404    404    404     404   404   403
my_invitations.accept                   401       404      200     404    404    404     404   404   403
my_invitations.decline                  401       404      200     404    404    404     404   404   403
my_invitations.lookup                   200       200      200     200    200    200     200   200   200
"""


EXPECTED = parse(MATRIX)
ROUTES = house_routes()
WHO = [*next(iter(EXPECTED.values()))]
ABOUT_ONE = [operation for operation, row in EXPECTED.items() if row["stranger"] == 404]
ANSWERS_A_LINK = {"organization_invitations.link"}  # the only one
NOTED_BY_AUTHENTICATION = {"orgs.ApiKey"}  # the time of the API key's last use


class Cast(NamedTuple):
    """The objects of the operations, and the user for each column of the matrix."""

    world: World
    users: dict[str, User]


def make_cast() -> Cast:
    users = {who: cast_member(who) for who in WHO if who not in ("anonymous", "key")}
    organization = OrganizationFactory.create(slug="riverside", owners=[users["owner"]])
    OrganizationFactory.create(slug="hillside", owners=[users["stranger"]])
    manager = RoleFactory.create(organization=organization, name="Manager", permissions=[MANAGE_MEMBERS])
    roles = {"member": VIEWER_ROLE, "editor": EDITOR_ROLE, "manager": manager.pk, "admin": ADMIN_ROLE}
    for who, role_id in roles.items():
        MembershipFactory.create(organization=organization, user=users[who], role_id=role_id)
    return Cast(World(organization, users["owner"]), users)


@pytest.fixture(scope="module")
def first_cast(kept: Callable[[Callable[[], Cast]], Cast]) -> Cast:
    return kept(make_cast)


@pytest.fixture
def cast(first_cast: Cast, db: None) -> Cast:
    return deepcopy(first_cast)


def test_every_operation_of_the_map_is_in_the_matrix_and_only_those():
    assert set(EXPECTED) == set(ROUTES)


def test_every_operation_of_the_map_is_in_the_table_of_credentials():
    assert set(ROUTES) <= set(OPERATIONS)


@pytest.mark.parametrize("operation", EXPECTED)
def test_every_caller_gets_the_status_in_the_matrix(operation: str, cast: Cast):
    world, answers = cast.world, {}
    for who in WHO:
        client = world.client(who, cast.users.get(who))
        with transaction.atomic():
            with track_changes() as changes:
                response = world.ask(client, operation, who, ROUTES[operation])
            transaction.set_rollback(True)
        answers[who] = response.status_code
        body = assert_documented(operation, response).decode()
        assert operation in ANSWERS_A_LINK or not tokens_in(body)
        if response.status_code >= 400:
            assert not changes.events
            assert set(changes.tables) <= NOTED_BY_AUTHENTICATION

    assert answers == EXPECTED[operation]


@pytest.mark.parametrize("operation", ABOUT_ONE)
def test_foreign_and_unknown_ids_get_the_same_response(operation: str, cast: Cast):
    """Body, status and queries are the same, including for paths below the organization."""
    world = cast.world
    route, foreign = ROUTES[operation], world.names(operation)
    alone = "organization_id" not in route.names and not route.in_current_organization
    absent = dict.fromkeys(foreign, ABSENT) if alone else foreign | {"organization_id": ABSENT}
    client = world.client("stranger", cast.users["stranger"])
    client.defaults["HTTP_X_REQUEST_ID"] = "the-same-request"  # the response names it

    told = []
    for names in (foreign, absent):
        with CaptureQueriesContext(connection) as captured:
            response = world.ask(client, operation, "stranger", route, names)
        told.append((response.status_code, response.json(), query_summaries(captured)))

    assert told[0] == told[1]
