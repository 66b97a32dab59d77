"""Receive webhooks, and keep a copy of an organization's members in members.sqlite3."""

import json
import os
import sqlite3
from http.server import BaseHTTPRequestHandler, HTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(os.environ["WEBHOOK_SECRET"])
copy = sqlite3.connect(os.environ.get("MEMBERS_FILE", "members.sqlite3"))
copy.execute("CREATE TABLE IF NOT EXISTS members (id TEXT PRIMARY KEY, number INTEGER, member TEXT)")
STORE = """INSERT INTO members VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE
    SET number = excluded.number, member = excluded.member WHERE excluded.number > number"""


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            data = webhook.verify(body, dict(self.headers))["data"]
        except WebhookVerificationError:
            return self.send_error(401)
        if "member" in data:
            event, member = data["event"], data["member"]  # the member is None if the person was erased
            ended = member is None or event["kind"] in ("membership.removed", "membership.left")
            row = (event["subject"]["id"], event["number"], None if ended else json.dumps(member))
            with copy:  # commits before the response: what is acknowledged is stored
                copy.execute(STORE, row)
        self.send_response(204)
        self.end_headers()


HTTPServer(("127.0.0.1", int(os.environ.get("PORT", "9000"))), Receiver).serve_forever()
