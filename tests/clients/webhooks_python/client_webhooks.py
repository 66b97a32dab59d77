"""Verify webhooks of a running service with the published packages ``standardwebhooks`` and ``svix``."""

import json
import os
import threading
import unittest
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue
from typing import Any
from urllib.request import Request, urlopen

import standardwebhooks
import svix

DEMO = json.loads(Path(os.environ["DEMO"]).read_text())
WEBHOOKS = f"{DEMO['base_url']}/api/v0/organizations/{DEMO['organization']['id']}/webhooks"
PACKAGES = (standardwebhooks.Webhook, svix.Webhook)
SECONDS = 30


class Receiver(BaseHTTPRequestHandler):
    received: Queue = Queue()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.received.put((dict(self.headers), body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        pass


def ask(method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    headers = {"X-API-Key": DEMO["service"]["api_key"], "Content-Type": "application/json"}
    request = Request(WEBHOOKS + path, json.dumps(body or {}).encode(), headers, method=method)
    with urlopen(request, timeout=SECONDS) as response:
        return json.load(response)["data"] if response.status != 204 else None


class Webhooks(unittest.TestCase):
    """The tests share one endpoint."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = HTTPServer(("127.0.0.1", 0), Receiver)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        cls.endpoint = ask("POST", "", {"url": f"http://127.0.0.1:{cls.server.server_port}/"})

    @classmethod
    def tearDownClass(cls) -> None:
        ask("DELETE", f"/{cls.endpoint['id']}")
        cls.server.shutdown()

    def next_test(self) -> tuple[dict[str, str], bytes]:
        ask("POST", f"/{self.endpoint['id']}/test")
        return Receiver.received.get(timeout=SECONDS)

    def test_1_both_packages_verify_a_webhook(self) -> None:
        headers, body = self.next_test()
        for package in PACKAGES:
            package(self.endpoint["secret"]).verify(body, headers)
        received = json.loads(body)
        self.assertEqual(received["type"], "webhook.test")
        self.assertEqual(received["data"]["organizationId"], DEMO["organization"]["id"])

    def test_2_both_packages_refuse_what_was_changed(self) -> None:
        headers, body = self.next_test()
        for package in PACKAGES:
            for changed in (body + b" ", body.replace(b"test", b"text")):
                with self.assertRaises(Exception) as refused:
                    package(self.endpoint["secret"]).verify(changed, headers)
                self.assertEqual(type(refused.exception).__name__, "WebhookVerificationError")

    def test_3_after_a_rotation_either_secret_verifies(self) -> None:
        rotated = ask("POST", f"/{self.endpoint['id']}/rotate-secret")["secret"]
        headers, body = self.next_test()
        for package in PACKAGES:
            for secret in (rotated, self.endpoint["secret"]):
                package(secret).verify(body, headers)
        with self.assertRaises(standardwebhooks.WebhookVerificationError):
            standardwebhooks.Webhook("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD").verify(body, headers)


if __name__ == "__main__":
    unittest.main(verbosity=2)
