"""Bare views, and the views of a plain project."""

from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ModelViewSet

from bench.reference.models import Assignment, Invitation, Membership, Role

LIFETIME = timedelta(days=10)
VIEWER = "00000000-0000-7000-8000-000000000004"  # the role that new members get


def floor(request: HttpRequest) -> JsonResponse:
    """Return a constant."""
    return JsonResponse({"ok": True})


def select_one(request: HttpRequest) -> JsonResponse:
    """Return the result of the cheapest statement."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return JsonResponse({"ok": cursor.fetchone()[0]})


class InvitationSerializer(serializers.ModelSerializer[Invitation]):
    """An invitation with the names of what it belongs to."""

    organization = serializers.CharField(source="organization.name", read_only=True)
    role = serializers.CharField(source="role.name", read_only=True)
    unit = serializers.CharField(source="unit.name", read_only=True, default=None)
    inviter = serializers.CharField(source="inviter.email", read_only=True)

    class Meta:
        """All columns that an API shows."""

        model = Invitation
        fields = (
            "id", "email", "status", "organization", "role", "unit", "inviter", "permissions", "expires_at",
            "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = ("id", "status", "permissions", "expires_at", "created_at", "updated_at")


class InvitationViewSet(ModelViewSet[Invitation]):
    """The invitations of an organization, for its members."""

    serializer_class = InvitationSerializer

    def get_queryset(self) -> Any:
        """Return the open invitations of the organization. Raises PermissionDenied for people who are no members."""
        organization = self.kwargs["organization"]
        if not Membership.objects.filter(organization=organization, user=self.request.user.pk).exists():
            raise PermissionDenied
        rows = Invitation.objects.filter(organization=organization, status="pending", expires_at__gt=timezone.now())
        return rows.select_related("organization", "role", "unit", "inviter").order_by("-created_at")

    def perform_create(self, serializer: Any) -> None:
        """Invite the address, unless it is invited already."""
        with transaction.atomic():
            if self.get_queryset().filter(email=serializer.validated_data["email"]).exists():
                raise PermissionDenied
            serializer.save(
                organization_id=self.kwargs["organization"],
                role=Role.objects.get(pk=VIEWER),
                inviter_id=self.request.user.pk,
                expires_at=timezone.now() + LIFETIME,
            )


class MyInvitationViewSet(ModelViewSet[Invitation]):
    """The open invitations of the person."""

    serializer_class = InvitationSerializer

    def get_queryset(self) -> Any:
        """Return the open invitations to the address of the person."""
        address = self.request.user.email  # type: ignore[union-attr]
        rows = Invitation.objects.filter(email=address, status="pending", expires_at__gt=timezone.now())
        return rows.select_related("organization", "role", "unit", "inviter").order_by("-created_at")

    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: str) -> Response:
        """Make the person a member."""
        with transaction.atomic():
            invitation = self.get_queryset().select_for_update(of=("self",)).get(pk=pk)
            invitation.status, invitation.finished_at = "accepted", timezone.now()
            invitation.save()
            membership = Membership.objects.create(organization=invitation.organization, user_id=request.user.pk)
            Assignment.objects.create(membership=membership, role=invitation.role)
        return Response(self.get_serializer(invitation).data)
