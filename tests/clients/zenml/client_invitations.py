"""Test ZenML's published client for the Pro API: base URL, credential store and errors.

The client has no methods for invitations, so the tests use its ``get`` and ``post``.
"""

import json
import os
import unittest
from pathlib import Path
from uuid import uuid4

os.environ |= {"ZENML_CONFIG_PATH": f"{os.environ['HOME']}/zenml", "ZENML_ANALYTICS_OPT_IN": "false"}

from zenml.exceptions import AuthorizationException
from zenml.login.credentials_store import get_credentials_store
from zenml.login.pro.client import ZenMLProClient
from zenml.login.pro.models import BaseRestAPIModel
from zenml.models import OAuthTokenResponse

DEMO = json.loads(Path(os.environ["DEMO"]).read_text())
ADDRESS = f"{DEMO['base_url']}/zenml"
NOTHING = BaseRestAPIModel()


def client(token: str) -> ZenMLProClient:
    """Return a client with a stored token, as if ``zenml login`` had run."""
    stored = OAuthTokenResponse(access_token=token, token_type="bearer", expires_in=3600)
    get_credentials_store().set_token(ADDRESS, stored, is_zenml_pro=True)
    ZenMLProClient._clear()  # the client is a singleton, so discard the instance of an earlier test
    return ZenMLProClient(ADDRESS)


class Invitations(unittest.TestCase):
    """Tests run in the order of their names. Later tests accept or decline invitations that earlier tests read."""

    def setUp(self) -> None:
        self.invitee = client(DEMO["people"]["invitee"]["oauth_token"])

    def test_1_it_lists_and_reads_them(self) -> None:
        newest, older = self.invitee.get("/invitations")

        self.assertEqual(newest["id"], DEMO["invitations"]["pending"]["id"])
        self.assertEqual(
            {name: newest[name] for name in newest if name not in ("id", "expiration_date")},
            {
                "organization_name": "Riverside Cooperative",
                "organization_logo_url": None,
                "organization_member_count": 4,
                "inviting_user_name": "Demo Owner",
                "inviting_user_avatar_url": None,
            },
        )
        self.assertEqual(older["organization_name"], "Hillside Studio")
        self.assertEqual(self.invitee.get(f"/invitations/{newest['id']}"), newest)

    def test_2_it_raises_its_own_errors_for_ours(self) -> None:
        with self.assertRaisesRegex(KeyError, r"There is no such invitation\."):
            self.invitee.get(f"/invitations/{uuid4()}")
        with self.assertRaisesRegex(ValueError, "uuid_parsing"):
            self.invitee.get("/invitations/no-uuid")
        with self.assertRaisesRegex(ValueError, r'"loc":\["query","accept"\]'):
            self.invitee.post(f"/invitations/{uuid4()}", NOTHING)
        with self.assertRaises(AuthorizationException):
            client("unknown").get("/invitations")

    def test_3_a_program_has_no_invitations(self) -> None:
        service = client(DEMO["service"]["oauth_token"])

        self.assertEqual(service.get("/invitations"), [])

    def test_4_it_accepts_and_declines(self) -> None:
        newest, older = self.invitee.get("/invitations")

        joined = self.invitee.post(f"/invitations/{newest['id']}", NOTHING, params={"accept": True})
        declined = self.invitee.post(f"/invitations/{older['id']}", NOTHING, params={"accept": False})

        self.assertEqual(joined, DEMO["organization"]["id"])
        self.assertIsNone(declined)
        self.assertEqual(self.invitee.get("/invitations"), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
