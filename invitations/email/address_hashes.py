"""Suppressions and sending counters, stored under a keyed hash instead of the email address.

A hash is HMAC-SHA256. For each purpose, a separate HMAC key is derived from a key in ``ADDRESS_KEYS``. New rows use the
first key in ``ADDRESS_KEYS``. Queries try all keys. The database alone reveals no addresses. Without the keys,
nobody can check whether the database contains an address.
"""

import hashlib
import hmac
from collections.abc import Iterable
from enum import StrEnum

from django.conf import settings
from django.db import models
from django.utils import timezone

from core.ids import uuid7
from orgs.models import Organization


class HashPurpose(StrEnum):
    """The use of a hash. Each purpose has its own HMAC key. Do not change a value, or stored hashes no longer match."""

    RECIPIENT = "recipient"
    INVITER = "inviter"
    SUPPRESSION = "refusal"


def keyed_hashes(purpose: HashPurpose, *values: str) -> list[str]:
    """Return a hash of the values for each key in ``ADDRESS_KEYS``. New rows use the first hash."""
    return [_keyed_hash(key, purpose, "\0".join(values)) for key in settings.ADDRESS_KEYS]


def _keyed_hash(key: str, purpose: HashPurpose, text: str) -> str:
    purpose_key = hmac.digest(key.encode(), f"perfectworks.address.{purpose}".encode(), hashlib.sha256)
    return hmac.digest(purpose_key, text.encode(), hashlib.sha256).hex()


class SuppressionScope(StrEnum):
    """Whether a suppression is for the emails of one organization or of all organizations."""

    ORGANIZATION = "organization"
    ALL = "all"


class SuppressionQuerySet(models.QuerySet["Suppression"]):
    """Suppressions can be found only by address."""

    def by_address(self, address: str, organization: Organization | None) -> "SuppressionQuerySet":
        """Return suppressions of this address for one organization or, with None, for all. Tries all keys."""
        return self.filter(digest__in=suppression_digests(address, organization))

    def concerning(self, address: str, organization: Organization) -> "SuppressionQuerySet":
        """Return the suppressions that stop emails from this organization to this address."""
        return self.concerning_any([(address, organization)])

    def concerning_any(self, recipients: Iterable[tuple[str, Organization]]) -> "SuppressionQuerySet":
        """Return the suppressions that stop an email to one of these addresses from the organization in its pair."""
        scopes = [(address, scope) for address, organization in recipients for scope in (organization, None)]
        return self.filter(digest__in=[digest for scope in scopes for digest in suppression_digests(*scope)])


class Suppression(models.Model):
    """An address that has unsubscribed from one organization, or from all of them if ``organization`` is null.

    The address is stored as a hash.

    Erasing an account does not delete its suppressions, so that the person still gets no emails.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    digest = models.CharField(max_length=64)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = SuppressionQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["digest"], name="suppression_once"),)

    def __str__(self) -> str:
        return f"{self.scope} since {self.created_at}"

    @property
    def scope(self) -> SuppressionScope:
        """The scope: one organization if ``organization`` is set, otherwise all organizations."""
        return SuppressionScope.ORGANIZATION if self.organization_id else SuppressionScope.ALL


def suppression_digests(address: str, organization: Organization | None) -> list[str]:
    """Return the hashes of a suppression for one organization or, with None, for all. New rows use the first hash."""
    scope = str(organization.pk) if organization else SuppressionScope.ALL
    return keyed_hashes(HashPurpose.SUPPRESSION, scope, address)


class SendingCounter(models.Model):
    """Recent requests for emails to one recipient, or a row to lock while the emails of one inviter are counted.

    ``moments`` lists the request times as Unix timestamps, oldest first. The row of an inviter has none. It has a
    default in the database because Django then returns the stored value of each row from an upsert.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=64)
    moments = models.JSONField(default=list, db_default=[])
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["key"], name="sending_counter_key"),)
        indexes = (models.Index(fields=["updated_at"], name="sending_counter_age"),)

    def __str__(self) -> str:
        return f"{len(self.moments)} until {self.updated_at}"
