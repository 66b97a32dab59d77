"""``manage.py openapi``: write the OpenAPI document of every API, or check the committed ones."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.validation import validate_schema

from core.api.docs import Document
from perfectworks.urls import DOCUMENTS

FOLDER = Path(settings.BASE_DIR) / "docs" / "openapi"


class Command(BaseCommand):
    """Write each document to a file. Fail if there are warnings or if a document is not valid."""

    help = "Write docs/openapi/*.yaml, or with --check report those that are out of date."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add ``--check`` and ``--folder``."""
        parser.add_argument("--check", action="store_true", help="compare instead of writing")
        parser.add_argument("--folder", type=Path, default=FOLDER, help="the folder of the files")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command. Raises CommandError for an invalid document or, with ``--check``, an outdated file."""
        written = {options["folder"] / f"{name}.yaml": valid(document) for name, document in DOCUMENTS.items()}
        if options["check"]:
            stale = [path.name for path, text in written.items() if not path.exists() or path.read_bytes() != text]
            if stale:
                raise CommandError(f"Out of date: {', '.join(stale)}. Run `make format`.")
            return
        options["folder"].mkdir(parents=True, exist_ok=True)
        for path, text in written.items():
            path.write_bytes(text)


def valid(document: Document) -> bytes:
    """Return the document as YAML. Raises CommandError for warnings. ``validate_schema`` raises if it is not valid."""
    GENERATOR_STATS.reset()
    validate_schema(document.content)
    if GENERATOR_STATS:
        raise CommandError(f"The document of {document.prefix} has warnings.")
    return document.yaml
