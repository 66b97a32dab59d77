"""Only responses without secrets are compressed, see docs/decisions/0064-entity-tags-and-compression.md."""

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from orgs.models import Organization
from tests.support.people import session_of

GZIP = {"Accept-Encoding": "gzip"}
ENOUGH = "We build boats. " * 100  # Django does not compress short responses


@pytest.mark.any_database
def test_responses_with_data_are_not_compressed(owner: User, organization: Organization):
    organization.description = ENOUGH
    organization.save()
    client = APIClient()
    client.force_authenticate(owner, token=session_of(owner))  # type: ignore[arg-type]
    client.force_login(owner)

    for path in (f"/api/v0/organizations/{organization.pk}", f"/organizations/{organization.slug}/people"):
        response = client.get(path, headers=GZIP)
        assert response.status_code == 200
        assert len(response.content) > 1000
        assert "Content-Encoding" not in response.headers


def test_openapi_documents_are_compressed(client: APIClient):
    for prefix in ("api/v0", "wacht", "zenml", "upsun", "applivery"):
        assert client.get(f"/{prefix}/openapi.json", headers=GZIP).headers["Content-Encoding"] == "gzip"
