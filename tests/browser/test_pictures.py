"""Test that the documentation shows every committed picture, and that every shown picture is committed."""

import re
from itertools import product

from django.conf import settings

from tests.browser.stage import SCENES
from tests.browser.take_screenshots import SCHEMES, SHOWN, SHOWN_FOLDER, file_name

PAGES = sorted([*settings.BASE_DIR.glob("*.md"), *settings.BASE_DIR.glob("docs/**/*.md")])
PICTURE = re.compile(r"[\w./-]+\.(?:webp|png|jpe?g|gif|svg)\b")


def test_every_picture_that_a_page_shows_is_committed_and_no_other():
    shown = {(page.parent / path).resolve() for page in PAGES for path in PICTURE.findall(page.read_text())}

    assert {picture.resolve() for picture in SHOWN_FOLDER.iterdir()} == shown


def test_every_committed_picture_can_be_taken_again():
    taken = {file_name(name, scheme) for name, scheme in product(SHOWN, SCHEMES)}

    assert {picture.name for picture in SHOWN_FOLDER.iterdir()} == taken
    assert set(SHOWN.values()) <= SCENES.keys()
