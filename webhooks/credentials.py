"""The credentials that each operation on webhook endpoints accepts. See `accounts.credentials`."""

from accounts.credentials import ANYTHING
from orgs.oauth.scopes import ADMINISTRATION

credentials = {
    **{
        f"webhook_endpoints.{name}": ANYTHING.scoped(*ADMINISTRATION)
        for name in (
            *("list", "create", "retrieve", "partial_update", "destroy"),
            *("enable", "disable", "rotate_secret", "test", "replay"),
        )
    },
    **{f"webhook_deliveries.{name}": ANYTHING.scoped(*ADMINISTRATION) for name in ("list", "retrieve", "replay")},
}
