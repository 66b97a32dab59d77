"""``/users``: register, read and change the profile, switch the organization, and delete the account."""

from django.contrib.auth import logout
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actions import profile
from accounts.actions.registration import register
from accounts.api.idempotency import IDEMPOTENCY_KEY, once
from accounts.models import User
from accounts.principals import Method, Principal
from core.api.entity_tags import IF_MATCH, IF_NONE_MATCH, if_unchanged
from core.api.operations import EXAMPLE_ID, operation
from core.api.streaming import stream_value
from core.personal_data import export_person
from orgs import querysets
from orgs.access import active_organization_id
from orgs.actions import accounts
from orgs.api.account_serializers import (
    ActiveOrganizationSerializer,
    ProfileSerializer,
    RegistrationSerializer,
    SystemUserSerializer,
    UserSerializer,
)
from orgs.api.organization_context import HEADERS, CurrentOrganizationContext, HouseViewSet
from orgs.api.personal_data import PERSONAL_DATA
from orgs.api.serializers import MemberSerializer, OrganizationSerializer
from orgs.locks import lock_active_account
from orgs.policies import require_person

EXAMPLE = {"firstName": "Ann", "lastName": "Lee"}
CHECK_YOUR_EMAIL = "If this address can be registered, an email with the next step is on its way"


class UserViewSet(HouseViewSet):
    """The caller's own account."""

    resource = "users"

    def lock_resource(self) -> None:
        """Lock the caller's account, and read it again. Raises PersonRequired for system users, and AccountEnded."""
        lock_active_account(self.person.pk)
        self.person.refresh_from_db()

    @operation(
        "User registered successfully",
        body=RegistrationSerializer,
        example={"email": "newcomer@example.com", "password": "paddle-harbor-94-lantern", "firstName": "Ann"},
        response=UserSerializer,
        status=201,
        also={202: CHECK_YOUR_EMAIL},
        errors=(429,),
    )
    def register(self, request: Request) -> Response:
        """Register a new user.

        Without a credential, send `email` and `password`. The account is created when the person opens the link that we
        email to this address. The response (202) does not show whether the address already has an account. With a
        token of an identity provider, the account already exists. The request then only sets the names (201).
        """
        if isinstance(request.auth, Principal):
            return self.respond(profile.update_profile(by=self.caller, **self.body) if self.body else self.caller.user)
        register(request._request, **self.body)
        return self.respond_without_data(202)

    @operation("Profile retrieved successfully", response=UserSerializer, headers=IF_NONE_MATCH)
    def profile(self, request: Request) -> Response:
        """Get your profile."""
        return self.respond(self.caller.user)

    @operation(
        "Profile updated successfully",
        body=ProfileSerializer,
        example=EXAMPLE,
        response=UserSerializer,
        headers=IF_MATCH,
    )
    @if_unchanged("profile")
    def replace_profile(self, request: Request) -> Response:
        """Replace your profile.

        Fields that you leave out are cleared.
        """
        return self.respond(profile.update_profile(by=self.caller, **self.body))

    @operation(
        "Profile updated successfully",
        body=ProfileSerializer,
        example=EXAMPLE,
        response=UserSerializer,
        headers=IF_MATCH,
    )
    @if_unchanged("profile")
    def update_profile(self, request: Request) -> Response:
        """Change parts of your profile."""
        return self.respond(profile.update_profile(by=self.caller, **self.body))

    @operation("Data exported successfully", response=PERSONAL_DATA)
    def export_profile(self, request: Request) -> HttpResponseBase:
        """Export everything about you.

        The data contains no secret. Each kind of row has an array, such as `memberships` and `invitationsToYou`.
        You must have signed in recently. The response is streamed.
        """
        return stream_value(self, export_person(self.person))

    @operation("Account deleted successfully", status=204, errors=(409,))
    def delete_profile(self, request: Request) -> Response:
        """Delete your account.

        You leave all organizations and can no longer sign in. If you are the last owner of an organization, transfer
        the organization first.
        """
        accounts.delete_account(by=self.caller, user=self.person)
        return self.gone()

    @operation("Account deleted permanently", status=204, errors=(409,))
    def purge_profile(self, request: Request) -> Response:
        """Erase your account permanently.

        Your names and email addresses are erased. Events only keep your user id.
        """
        accounts.purge_account(by=self.caller, user=self.person)
        return self.gone()

    @operation(
        "Active organization retrieved successfully",
        response=OrganizationSerializer,
        errors=(409,),
        headers=IF_NONE_MATCH,
    )
    def active_organization(self, request: Request) -> Response:
        """Get the active organization.

        It is the organization that you switched to last. If you never switched, it is the organization that you joined
        first. For an API key, it is the key's organization.
        """
        organizations = querysets.live_organizations_of(self.caller)
        return self.respond(organizations.get(pk=active_organization_id(self.caller)))

    @operation(
        "Active organization switched successfully",
        body=ActiveOrganizationSerializer,
        example={"organizationId": EXAMPLE_ID},
        response=OrganizationSerializer,
        errors=(404,),
    )
    def switch_organization(self, request: Request) -> Response:
        """Switch the active organization."""
        organization = accounts.switch_organization(by=self.caller, **self.body)
        return self.respond(querysets.organizations_of(self.caller).get(pk=organization.pk))

    @property
    def person(self) -> User:
        """The caller's user. Raises PersonRequired for system users."""
        return require_person(self.caller)

    def gone(self) -> Response:
        """End the session, if there is one, and return the empty response for a deleted account."""
        if self.caller.method == Method.SESSION:
            logout(self.request._request)
        return self.respond()


class SystemUserViewSet(CurrentOrganizationContext):
    """System users of the current organization."""

    resource = "users"

    @operation(
        "System user registered successfully",
        body=SystemUserSerializer,
        example={"name": "Nightly report", "role": "viewer"},
        response=MemberSerializer,
        headers={**HEADERS, **IDEMPOTENCY_KEY},
        status=201,
        errors=(404, 409, 422),
    )
    @once
    def register_system(self, request: Request) -> Response:
        """Register a system user.

        A system user is a member of the current organization and uses API keys. It can only have permissions that you
        have. When its membership ends, its account is deactivated.
        """
        membership = accounts.register_system_user(by=self.caller, organization_id=self.organization.pk, **self.body)
        return self.respond(querysets.member_of(self.caller, self.organization, membership.pk))
