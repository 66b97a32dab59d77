"""The files of an export: a line of JSON for each row, and ``manifest.json`` with their checksums."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db.migrations.recorder import MigrationRecorder

FORMAT, VERSION = "perfectworks-organization", 1
MANIFEST = "manifest.json"
#: The parts of a manifest that an import reads.
EXAMPLE = {"organization": {"id": "", "name": ""}, "schema": {}, "files": [{"file": "", "rows": 0, "sha256": ""}]}
APPS = ("accounts", "account", "orgs", "invitations", "events", "webhooks")


class TransferRefused(Exception):
    """The export or the import is not possible. ``problems`` says why. Nothing was changed."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def make_directory(directory: Path) -> None:
    """Make the directory of an export, which only its owner can read. Raises TransferRefused."""
    try:
        directory.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise TransferRefused(f"{directory} cannot be made: {error.strerror}.") from error


def write_rows(file: Path, rows: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Write a file, and return its entry in the manifest."""
    digest, count = hashlib.sha256(), 0
    with open(file, "xb", opener=_only_for_owner) as stream:
        for count, row in enumerate(rows, start=1):  # noqa: B007 - the number is used after the loop
            line = json.dumps(row, default=_text, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
            digest.update(line)
            stream.write(line)
    return {"file": file.name, "rows": count, "sha256": digest.hexdigest()}


def write_manifest(directory: Path, manifest: dict[str, Any]) -> None:
    """Write the manifest, last, so that an export without one is known to be incomplete."""
    with open(directory / MANIFEST, "x", encoding="utf-8", opener=_only_for_owner) as stream:
        json.dump(manifest, stream, indent=2, ensure_ascii=False)


def read_manifest(directory: Path) -> dict[str, Any]:
    """Return the manifest. Raises TransferRefused unless it is of this format and of this schema."""
    try:
        manifest = json.loads((directory / MANIFEST).read_text())
    except (OSError, ValueError) as error:
        raise TransferRefused(f"{directory / MANIFEST} cannot be read: it is missing or no JSON.") from error
    if not isinstance(manifest, dict) or (manifest.get("format"), manifest.get("version")) != (FORMAT, VERSION):
        raise TransferRefused(f"{directory / MANIFEST} is not a {FORMAT} of version {VERSION}.")
    if not _has_form_of(EXAMPLE, manifest):
        raise TransferRefused(f"{directory / MANIFEST} does not have the expected form.")
    if manifest.get("schema") != schema():
        raise TransferRefused(
            "The export is from another version of the service. Upgrade both installations to the same version first."
        )
    return manifest


def require_whole(directory: Path, entries: Iterable[dict[str, Any]]) -> None:
    """Raise TransferRefused if a file is missing or was changed."""
    problems = [f"{entry['file']} is missing or was changed." for entry in entries if not _is_whole(directory, entry)]
    if problems:
        raise TransferRefused(*problems)


def read_rows(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file. Raises TransferRefused for a line that is no JSON object with ``fields``."""
    with file.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                row = json.loads(line)
            except ValueError:
                row = None
            if not isinstance(row, dict) or not isinstance(row.get("fields"), dict):
                raise TransferRefused(f"Line {number} of {file.name} is no row.")
            yield row


def schema() -> dict[str, str]:
    """Return the last migration of each app. Files of another schema have other columns."""
    applied = MigrationRecorder.Migration.objects.filter(app__in=APPS).order_by("app", "name")
    return dict(applied.values_list("app", "name"))


def _has_form_of(example: Any, found: Any) -> bool:
    """Return whether JSON has the parts of the example. Each element of a list is like the only one of the example."""
    if not isinstance(found, type(example)):
        return False
    if isinstance(example, dict):
        return all(_has_form_of(part, found.get(name)) for name, part in example.items())
    return not isinstance(example, list) or all(_has_form_of(example[0], one) for one in found)


def _is_whole(directory: Path, entry: dict[str, Any]) -> bool:
    try:
        with (directory / Path(entry["file"]).name).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == entry["sha256"]
    except OSError:
        return False


def _only_for_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _text(value: Any) -> str:
    """Return the text of a value that JSON does not know. Times have all their microseconds."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be exported.")
