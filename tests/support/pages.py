"""The visible text of a page."""

import re
from html.parser import HTMLParser

from django.http import HttpResponse

UNSEEN = {"head", "style", "script", "template"}
INLINE = {"span", "time"}
VOID = {"input", "img", "br", "hr", "meta", "link"}


class _Reader(HTMLParser):
    """Collect the visible text of a document."""

    def __init__(self) -> None:
        super().__init__()
        self.open_tags: list[str] = []
        self.hidden: list[bool] = []
        self.lines: list[str] = [""]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open_tags.append(tag)
            self.hidden.append(dict(attrs).get("aria-hidden") == "true")
        self.end_line(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open_tags.pop() == tag, f"</{tag}> closes something else"
            self.hidden.pop()
        self.end_line(tag)

    def end_line(self, tag: str) -> None:
        if tag not in INLINE:
            self.lines.append("")

    def handle_data(self, data: str) -> None:
        if not any(self.hidden) and not UNSEEN.intersection(self.open_tags):
            self.lines[-1] += data


def visible_text(response: HttpResponse) -> list[str]:
    """Return the visible lines of the page's main part."""
    html = response.content.decode()
    main = html[html.index("<main") : html.index("</main>") + len("</main>")]
    reader = _Reader()
    reader.feed(main)
    lines = [re.sub(r"\s+", " ", line).strip() for line in reader.lines]
    return [line for line in lines if line]
