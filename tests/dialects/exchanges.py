"""Golden files: complete HTTP requests and responses in a readable form.

A file contains a title, the request and the response. An optional "Given" line changes the test data:

    # The organization's open invitations, newest first.
    # Given: nobody is invited.

    GET /wacht/organizations/2077/invitations HTTP/1.1
    Cookie: session_id={owner's session}

    HTTP/1.1 200 OK
    Allow: GET, POST, HEAD, OPTIONS
    Cache-Control: no-store
    ...

    {"status": 200, ...}

The file contains all response headers, sorted by name. Credentials are placeholders in braces. Compact JSON is indented
in the file. Other JSON is not changed. New ids, new tokens and current times are replaced with placeholders.
"""

import json
import re
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import responses
from pathlib import Path
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.test import Client, override_settings
from django.utils import timezone

from core.ids import parse_decimal, parse_oid, parse_ulid, parse_uuid
from core.request_context import HEADER
from invitations.models import Invitation
from invitations.tokens import Purpose, read_token, token_for
from orgs.authentication import key_token_principal
from tests.dialects.world import ERASED, GIVEN, World
from tests.support.changes import all_rows

FOLDER = Path(__file__).parent / "golden"
START_OF_RESPONSE = re.compile(r"\n(?=HTTP/1\.1 )")
CREDENTIAL = re.compile(r"\{([\w ]+)'s (session|token|jwt|key)\}")
NAMED_TOKEN = re.compile(r"\{(listed|mailed) token of ([0-9a-f-]{36})\}")


@dataclass(frozen=True)
class Exchange:
    """The request and the response of one golden file."""

    path: Path
    notes: tuple[str, ...]
    request: str
    response: str

    @classmethod
    def read(cls, path: Path) -> "Exchange":
        head, _, rest = path.read_text().partition("\n\n")
        request, *response = START_OF_RESPONSE.split(rest, maxsplit=1)
        return cls(path, tuple(line.removeprefix("# ") for line in head.splitlines()), request, "".join(response))

    @property
    def given(self) -> list[str]:
        return [note.removeprefix("Given: ").rstrip(".") for note in self.notes if note.startswith("Given: ")]

    @property
    def dialect(self) -> str:
        return self.path.parent.name

    @property
    def method(self) -> str:
        return self.request.split(" ", 1)[0]

    @property
    def target(self) -> str:
        """The path and the query string."""
        return self.request.split(" ", 2)[1]

    @property
    def status(self) -> int:
        return int(self.response.split(" ", 2)[1])

    @property
    def media_type(self) -> str:
        found = re.search(r"^Content-Type: ([^;\n]+)", self.response, re.MULTILINE)
        return found[1] if found else ""

    @property
    def json(self) -> Any:
        """The parsed body of the response."""
        return json.loads(self.response.partition("\n\n")[2])

    def performed(self, world: World) -> "Exchange":
        """Send the request. Return a copy of the exchange with the actual response."""
        known = known_ids()
        with ExitStack() as stack:
            # The settings are as in production, except for the test issuer of JSON Web Tokens.
            stack.enter_context(override_settings(DEBUG="'s jwt}" in self.request))
            for given in self.given:
                stack.enter_context(GIVEN[given](world))
            response = self.send(world)
        return replace(self, response=Replacement(known).of(noted(response)))

    def send(self, world: World) -> Any:
        request = CREDENTIAL.sub(lambda found: world.credentials[found[1]][found[2]], self.request)
        request = NAMED_TOKEN.sub(lambda found: token_of(found[2], Purpose(found[1])), request)
        head, _, body = request.partition("\n\n")
        headers = dict(line.split(": ", 1) for line in head.splitlines()[1:])
        kind = headers.pop("Content-Type", "")
        if kind.startswith("multipart/"):
            body = body.replace("\n", "\r\n")
        client = Client(raise_request_exception=False)
        path, _, query = self.target.partition("?")
        return client.generic(self.method, path, body.removesuffix("\n"), kind, headers=headers, QUERY_STRING=query)

    def write(self) -> None:
        head = "\n".join(f"# {note}" for note in self.notes)
        self.path.write_text(f"{head}\n\n{self.request}\n{self.response}")


def token_of(invitation_id: str, purpose: Purpose) -> str:
    return token_for(Invitation.objects.get(pk=invitation_id), purpose)


def exchanges(dialect: str = "*") -> list[Exchange]:
    """Return the exchanges of one dialect, or of all dialects."""
    return [Exchange.read(path) for path in sorted(FOLDER.glob(f"{dialect}/*.http"))]


def noted(response: HttpResponse) -> str:
    """Return the response in the format of a golden file."""
    lines = [f"HTTP/1.1 {response.status_code} {responses[response.status_code]}"]
    lines += [f"{name}: {in_order(name, value)}" for name, value in sorted(response.headers.items())]
    lines += [f"Set-Cookie: {cookie.OutputString()}" for cookie in response.cookies.values()]
    body = response.content.decode()
    if body:
        lines += ["", laid_out(body)]
    return "\n".join(lines).replace(response.headers[HEADER], "{request id}") + "\n"


def laid_out(body: str) -> str:
    """Indent compact JSON. Return other JSON unchanged."""
    value = json.loads(body)
    is_compact = json.dumps(value, ensure_ascii=False, separators=(",", ":")) == body
    return json.dumps(value, ensure_ascii=False, indent=2) if is_compact else body


def in_order(name: str, value: str) -> str:
    """Return the header's value. Sort a Content-Security-Policy, because its order differs between processes."""
    return "; ".join(sorted(value.split("; "))) if name == "Content-Security-Policy" else value


class Replacement:
    """Replace values that differ in each run with placeholders.

    All representations of an id get the same number: ``{new 1 as uuid}`` and ``{new 1 as ULID}`` are one id.
    """

    def __init__(self, known: set[UUID]) -> None:
        self.known = known
        self.new: list[int] = []

    def of(self, text: str) -> str:
        text = KEY_TOKEN.sub(self.key_token, text)
        text = TOKEN.sub(self.token, text)
        text = ID.sub(self.id, text)
        text = HTTP_DATE.sub(self.http_date, text)
        return MOMENT.sub(self.moment, text)

    def token(self, found: re.Match[str]) -> str:
        proof = read_token(found[0])
        if proof is None:
            return found[0]
        return f"{{{proof.purpose} token {proof.generation} of {self.name(proof.invitation_id)}}}"

    def key_token(self, found: re.Match[str]) -> str:
        principal = key_token_principal(found[0])
        return f"{{token for an API key of {principal.user.first_name}}}" if principal and principal.user else found[0]

    def id(self, found: re.Match[str]) -> str:
        keys = {representation: key for representation, parse in REPRESENTATIONS.items() if (key := parse(found[0]))}
        if not keys or any(map(self.is_known, keys.values())):
            return found[0]
        representation, key = next(iter(keys.items()))
        return f"{{{self.name(key)} as {representation}}}"

    def moment(self, found: re.Match[str]) -> str:
        time = datetime.fromisoformat(found[0].replace("Z", "+00:00"))
        for name, moment in {"now": timezone.now(), "in 10 days": timezone.now() + timedelta(days=10)}.items():
            if abs(moment - time) < timedelta(minutes=1):
                return f"{{{name}, {'milliseconds' if '.' in found[0] else 'seconds'}}}"
        return found[0]

    def http_date(self, found: re.Match[str]) -> str:
        ends = parsedate_to_datetime(found[0])
        return "{in 14 days}" if abs(ends - timezone.now() - timedelta(days=14)) < timedelta(minutes=1) else found[0]

    def is_known(self, key: UUID) -> bool:
        return any(key.int >> 32 == known.int >> 32 for known in self.known)

    def name(self, key: UUID) -> str:
        """Return the placeholder of an id. Compare the first 96 bits only: the shortest representation has no more."""
        if self.is_known(key):
            return str(key)
        if key.int >> 32 not in self.new:
            self.new.append(key.int >> 32)
        return f"new {self.new.index(key.int >> 32) + 1}"


KEY_TOKEN = re.compile(r"[0-9a-f-]{36}:[0-9A-Za-z]+:[\w-]{43}", re.ASCII)
TOKEN = re.compile(r"(?<![\w-])[\w-]{59}(?![\w-])", re.ASCII)
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")
HTTP_DATE = re.compile(r"(?<=expires=)\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT")
ID = re.compile(r"(?<![\w-])([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9A-Z]{26}|[0-9a-f]{24}|\d{36,39})(?![\w-])")


def tokens_in(text: str) -> set[str]:
    """Return the purposes of all invitation tokens in a text."""
    return {str(proof.purpose) for word in TOKEN.findall(text) if (proof := read_token(word))}


def first_of(bounds: tuple[UUID, UUID] | None) -> UUID | None:
    return bounds[0] if bounds else None


REPRESENTATIONS = {
    "uuid": parse_uuid,
    "ULID": parse_ulid,
    "24 hex digits": lambda text: first_of(parse_oid(text)),
    "decimal digits": parse_decimal,
}


def known_ids() -> set[UUID]:
    """Return all ids in the database before the request."""
    return {key for rows in all_rows().values() for key in rows if isinstance(key, UUID)} | {ERASED}
