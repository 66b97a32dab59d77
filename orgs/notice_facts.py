"""What the security notices about organizations contain. It is read when a notice is sent."""

from uuid import UUID

from django.urls import reverse

from accounts.email.models import AccountEmail
from accounts.email.purposes import Facts, FactsOf
from accounts.models import User
from core.addresses import displayed_address
from core.emails import one_line
from orgs.labels import role_label
from orgs.models import Membership, Organization

Purpose = AccountEmail.Purpose
NOBODY = UUID(int=0)


def _about_organization(email: AccountEmail) -> Facts | None:
    """Return the names of the organization and of the person. None if either was erased."""
    organization = Organization.objects.filter(pk=email.organization_id or NOBODY).first()
    person = User.objects.filter(pk=email.person_id or NOBODY).first()
    if organization is None or person is None:
        return None
    return {
        "slug": organization.slug,
        "organization": one_line(organization.name),
        "person": one_line(displayed_address(person.display_name)),
        "is_about_you": email.user_id == email.person_id,
        "path": reverse("organization", args=[organization.slug]),
    }


def _role_changed(email: AccountEmail) -> Facts | None:
    """Add the present role of the member. None if the person is no longer a member."""
    facts, membership = _about_organization(email), _membership(email)
    return facts | {"role": one_line(role_label(membership.organization_role))} if facts and membership else None


def _membership_ended(email: AccountEmail) -> Facts | None:
    """Lead to the home page. None if the person has joined again."""
    facts = _about_organization(email)
    return facts | {"path": reverse("home")} if facts and _membership(email) is None else None


def _to(name: str) -> FactsOf:
    def facts_of_page(email: AccountEmail) -> Facts | None:
        facts = _about_organization(email)
        return facts | {"path": reverse(name, args=[facts["slug"]])} if facts else None

    return facts_of_page


def _application_created(email: AccountEmail) -> Facts | None:
    """Lead to the applications of the organization or, for a personal application, of the person."""
    if email.organization_id is None:
        return {"organization": "", "is_about_you": True, "path": reverse("applications")}
    return _to("organization-oauth-applications")(email)


def _membership(email: AccountEmail) -> Membership | None:
    of_person = Membership.objects.with_people_and_roles().filter(user=email.person_id)
    return of_person.filter(organization=email.organization_id).first()


NOTICE_FACTS: dict[str, FactsOf] = {
    Purpose.ROLE_CHANGED: _role_changed,
    Purpose.MEMBERSHIP_ENDED: _membership_ended,
    Purpose.OWNERSHIP_TRANSFERRED: _about_organization,
    Purpose.API_KEY_CREATED: _to("organization-api-keys"),
    Purpose.OAUTH_APPLICATION_CREATED: _application_created,
}
