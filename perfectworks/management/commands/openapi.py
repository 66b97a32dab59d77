"""``manage.py openapi``: write the OpenAPI document of every API of the map, or check those that are committed."""

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
    """Write each document as one file; a document that is not valid, or written with a warning, is a failure."""

    help = "Write docs/openapi/*.yaml, or with --check say which of them is not what the code says."

    def add_arguments(self, parser: CommandParser) -> None:
        """``--check`` writes nothing."""
        parser.add_argument("--check", action="store_true", help="compare instead of writing")
        parser.add_argument("--folder", type=Path, default=FOLDER, help="where the files are")

    def handle(self, *args: Any, **options: Any) -> None:
        """Raise CommandError for a faulty document, and when checking for one that differs from its file."""
        written = {options["folder"] / f"{name}.yaml": valid(document) for name, document in DOCUMENTS.items()}
        if options["check"]:
            stale = [path.name for path, text in written.items() if not path.exists() or path.read_bytes() != text]
            if stale:
                raise CommandError(f"Not what the code says: {', '.join(stale)}. `make format` writes them anew.")
            return
        options["folder"].mkdir(parents=True, exist_ok=True)
        for path, text in written.items():
            path.write_bytes(text)


def valid(document: Document) -> bytes:
    """The document as YAML; raises CommandError for warnings, and whatever the validation finds."""
    GENERATOR_STATS.reset()
    validate_schema(document.content)
    if GENERATOR_STATS:
        raise CommandError(f"{document.prefix} was written with warnings.")
    return document.yaml
