"""Take screenshots of the scenes. The browser itself encodes them as WebP, so no image library is needed.

`make screenshots` writes one file per scene to `var/screenshots/`. The file shows the scene in light and dark and at
each width, side by side. `make shown-screenshots` writes the pictures for README.md and `docs/` to `docs/screenshots/`.
Only the pictures in `docs/screenshots/` are committed.
"""

import base64
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page

from tests.browser.stage import SCENES, set_stage
from tests.browser.test_scenes import NARROW, WIDE  # importing this module registers all scenes

FOLDER: Path = settings.BASE_DIR / "var" / "screenshots"
SHOWN_FOLDER: Path = settings.BASE_DIR / "docs" / "screenshots"
# Render at a low resolution. Scaling down a larger picture would lose thin lines.
LOOKS = [("light", WIDE, 0.6), ("dark", WIDE, 0.6), ("light", NARROW, 0.75), ("dark", NARROW, 0.75)]
QUALITY = 0.8
SCHEMES = ("light", "dark")
# The committed pictures and their scenes. Each scene is taken in light and dark.
SHOWN = {
    "invitation-page": "signed-out",
    "invitation-email": "email-invitation",
    "people": "people",
    "invite-many": "invite-preview",
}
# These scenes are also taken in German.
GERMAN = (
    "signed-out",
    "right-account",
    "my-invitations",
    "accepted-by-you",
    "expired",
    "with-long-names",
    "email-invitation",
)
SIDE_BY_SIDE = """async ({pictures, quality}) => {
    const images = await Promise.all(pictures.map(async p => createImageBitmap(await (await fetch(p)).blob())));
    const gap = images.length > 1 ? 12 : 0;
    const canvas = document.createElement("canvas");
    canvas.width = images.reduce((sum, image) => sum + image.width + gap, gap);
    canvas.height = Math.max(...images.map(image => image.height)) + 2 * gap;
    const context = canvas.getContext("2d");
    context.fillStyle = "#8b9796";
    context.fillRect(0, 0, canvas.width, canvas.height);
    let x = gap;
    images.forEach(image => {
        context.drawImage(image, x, gap);
        x += image.width + gap;
    });
    return canvas.toDataURL("image/webp", quality).split(",")[1];
}"""

PICTURED = [*((name, "en") for name in SCENES), *((name, "de") for name in GERMAN)]

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("name", "language"), PICTURED)
def test_take_every_scene(name, language, visitor, page):
    open_scene(name, language, visitor)
    pictures = [take_picture(page, scheme, width, 600, scale) for scheme, width, scale in LOOKS]

    write(page, FOLDER / f"{name if language == 'en' else f'{name}.{language}'}.webp", pictures, QUALITY)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", SHOWN)
def test_take_the_shown_pictures(name, scheme, visitor, page):
    open_scene(SHOWN[name], "en", visitor)

    write(page, SHOWN_FOLDER / file_name(name, scheme), [take_picture(page, scheme, 720, 400, 1)], 0.85)


def open_scene(name: str, language: str, visitor: Any) -> None:
    visitor.activate_language(language)
    _, play = SCENES[name]
    play(set_stage(visitor))


def file_name(name: str, scheme: str) -> str:
    """Return the file name of a committed picture."""
    return f"{name}-{scheme}.webp"


def take_picture(page: Page, scheme: str, width: int, height: int, scale: float) -> str:
    """Return a picture of the whole page as a data URL."""
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    screen = page.context.new_cdp_session(page)
    metrics = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False}
    screen.send("Emulation.setDeviceMetricsOverride", metrics)
    whole = screen.send("Page.getLayoutMetrics")["cssContentSize"] | {"width": width, "scale": 1}
    picture = screen.send("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": whole})
    return f"data:image/png;base64,{picture['data']}"


def write(page: Page, path: Path, pictures: list[str], quality: float) -> None:
    """Write the pictures side by side into one file."""
    studio = page.context.new_page()
    arguments = {"pictures": pictures, "quality": quality}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(base64.b64decode(studio.evaluate(SIDE_BY_SIDE, arguments)))
    studio.close()
