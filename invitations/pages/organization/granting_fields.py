"""Offer in a form what the reader may give in an invitation."""

from typing import Any

from django import forms

from accounts.principals import Principal
from orgs.models import Organization
from orgs.pages.members import offer_roles
from orgs.permissions import MANAGE_MEMBERS, UNIT_MANAGE_MEMBERS, Level
from orgs.policies import EffectivePermissions
from orgs.querysets import units_of


def offer_grant(form: forms.Form, by: Principal, organization: Organization, held: EffectivePermissions) -> None:
    """Offer the roles, workspaces and applications that the reader may give.

    Who manages only the members of units must name one of them. Without units, the fields are left out.
    """
    offer_roles(form.fields["role_id"], organization.pk, Level.ORGANIZATION, held)
    units = units_of(by, organization).order_by("name", "id")
    if not held.permits(MANAGE_MEMBERS):
        units = units.filter(pk__in=held.units_permitting(UNIT_MANAGE_MEMBERS))
        form.fields["unit_id"].required = form.fields["unit_role_id"].required = True
    if not units.exists():
        del form.fields["unit_id"], form.fields["unit_role_id"]
        return
    _offer(form.fields["unit_id"], units)
    offer_roles(form.fields["unit_role_id"], organization.pk, Level.UNIT)


def _offer(field: Any, rows: Any) -> None:
    field.queryset = rows
