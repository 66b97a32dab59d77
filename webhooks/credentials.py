"""The credentials that each operation on webhook endpoints accepts. See `accounts.credentials`."""

from accounts.credentials import ANYTHING
from orgs.oauth.scopes import ADMINISTRATION

credentials = {
    **{
        f"webhook_endpoints.{name}": ANYTHING.scoped(*ADMINISTRATION)
        for name in (
            *("list", "retrieve", "destroy"),
            *("enable", "disable", "test", "replay"),
        )
    },
    # What they return or set decides who gets the data of all members.
    **{
        f"webhook_endpoints.{name}": ANYTHING.scoped(*ADMINISTRATION).but(recent=True)
        for name in ("create", "partial_update", "rotate_secret")
    },
    **{f"webhook_deliveries.{name}": ANYTHING.scoped(*ADMINISTRATION) for name in ("list", "retrieve", "replay")},
}
