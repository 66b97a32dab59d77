"""``/users``: register, say who one is, choose where one acts, and go."""

from django.contrib.auth import logout
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actions import profile
from accounts.actions.registration import register
from accounts.api.idempotency import IDEMPOTENCY_KEY, once
from accounts.models import User
from accounts.principals import Method, Principal
from core.api.operations import operation
from orgs import querysets
from orgs.actions import accounts
from orgs.api.account_serializers import (
    ActiveOrganizationSerializer,
    ProfileSerializer,
    RegistrationSerializer,
    SystemUserSerializer,
    UserSerializer,
)
from orgs.api.organization_context import HEADERS, CurrentOrganizationContext, HouseViewSet
from orgs.api.serializers import MemberSerializer, OrganizationSerializer
from orgs.locks import active_organization_id
from orgs.policies import require_person

CHECK_YOUR_EMAIL = "If this address can be registered, a mail with the next step is on its way"


class UserViewSet(HouseViewSet):
    """The caller's own account."""

    resource = "users"

    @operation(
        "User registered successfully",
        body=RegistrationSerializer,
        response=UserSerializer,
        status=201,
        also={202: CHECK_YOUR_EMAIL},
        errors=(429,),
    )
    def register(self, request: Request) -> Response:
        """Register new client user.

        Without a credential: `email` and `password` make an account once the mailed link has proven the address; the
        answer (202) is the same whether or not the address has an account. With the token of an identity provider
        the account is there already, and takes the given names (201).
        """
        if isinstance(request.auth, Principal):
            return self.respond(profile.update_profile(by=self.caller, **self.body) if self.body else self.caller.user)
        register(request._request, **self.body)
        return self.respond_without_data(202)

    @operation("Profile retrieved successfully", response=UserSerializer)
    def profile(self, request: Request) -> Response:
        """Get user profile."""
        return self.respond(self.caller.user)

    @operation("Profile updated successfully", body=ProfileSerializer, response=UserSerializer)
    def replace_profile(self, request: Request) -> Response:
        """Replace your profile.

        What is left out is cleared.
        """
        return self.respond(profile.update_profile(by=self.caller, **self.body))

    @operation("Profile updated successfully", body=ProfileSerializer, response=UserSerializer)
    def update_profile(self, request: Request) -> Response:
        """Change parts of your profile."""
        return self.respond(profile.update_profile(by=self.caller, **self.body))

    @operation("Account deleted successfully", status=204, errors=(409,))
    def delete_profile(self, request: Request) -> Response:
        """Soft delete user account.

        You leave every organization and can no longer sign in. The last owner of an organization stays.
        """
        accounts.delete_account(by=self.caller, user=self.person)
        return self.gone()

    @operation("Account deleted permanently", status=204, errors=(409,))
    def purge_profile(self, request: Request) -> Response:
        """Permanently delete user account.

        Addresses and names are erased; events keep an id that means nothing any more.
        """
        accounts.purge_account(by=self.caller, user=self.person)
        return self.gone()

    @operation("Active organization retrieved successfully", response=OrganizationSerializer, errors=(409,))
    def active_organization(self, request: Request) -> Response:
        """Get current active organization.

        The one you switched to last, or else joined first; an API key has its own.
        """
        organizations = querysets.live_organizations_of(self.caller)
        return self.respond(organizations.get(pk=active_organization_id(self.caller)))

    @operation(
        "Active organization switched successfully",
        body=ActiveOrganizationSerializer,
        response=OrganizationSerializer,
        errors=(404,),
    )
    def switch_organization(self, request: Request) -> Response:
        """Switch active organization."""
        organization = accounts.switch_organization(by=self.caller, **self.body)
        return self.respond(querysets.organizations_of(self.caller).get(pk=organization.pk))

    @property
    def person(self) -> User:
        """The person who asks; raises PersonRequired for programs."""
        return require_person(self.caller)

    def gone(self) -> Response:
        """Answer whoever no longer has an account; a browser's session, which still names them, ends with it."""
        if self.caller.method == Method.SESSION:
            logout(self.request._request)
        return self.respond()


class SystemUserViewSet(CurrentOrganizationContext):
    """Programs that act in an organization."""

    resource = "users"

    @operation(
        "System user registered successfully",
        body=SystemUserSerializer,
        response=MemberSerializer,
        headers={**HEADERS, **IDEMPOTENCY_KEY},
        status=201,
        errors=(404, 409, 422),
    )
    @once
    def register_system(self, request: Request) -> Response:
        """Register system user.

        A member of the current organization that acts by API keys. It holds at most what you hold, and ends with its
        membership.
        """
        membership = accounts.register_system_user(by=self.caller, organization_id=self.organization.pk, **self.body)
        return self.respond(querysets.member_of(self.caller, self.organization, membership.pk))
