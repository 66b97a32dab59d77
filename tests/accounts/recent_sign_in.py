"""What a person may do for a short time after sign-in."""

from django.test import Client


def statuses_of_grave_operations(client: Client) -> dict[str, int]:
    """Create an API key, purge an organization and open the page that sets up two-factor authentication."""
    headers = {"X-CSRFToken": client.cookies["csrftoken"].value} if "csrftoken" in client.cookies else {}
    body = {"name": "Hillside"}
    created = client.post("/api/v0/organizations", body, content_type="application/json", headers=headers).json()
    organization = f"/api/v0/organizations/{created['data']['id']}"
    key = client.post("/api/v0/api-keys", {"name": "Key"}, content_type="application/json", headers=headers)
    client.delete(organization, headers=headers)
    purged = client.delete(f"{organization}/permanent", headers=headers)
    two_factor = client.get("/accounts/2fa/totp/activate/")
    return {"key": key.status_code, "purge": purged.status_code, "two-factor": two_factor.status_code}


GRAVE_OPERATIONS_ALLOWED = {"key": 201, "purge": 204, "two-factor": 200}
