"""`make screenshots`: every scene, light and dark, wide and narrow, side by side in one small picture each.

The browser itself writes the pictures (WebP), so that this needs no library for it.
"""

import base64
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Page

from tests.browser.scenes import SCENES, set_stage
from tests.browser.test_scenes import NARROW, WIDE  # which imports every scene

FOLDER: Path = settings.BASE_DIR / "docs" / "screenshots"
LOOKS = [("light", WIDE), ("dark", WIDE), ("light", NARROW), ("dark", NARROW)]
# Shown large in the README; and what is pictured in German, too.
LARGE = ("signed-out", "mail-invitation")
GERMAN = (
    "signed-out",
    "right-account",
    "my-invitations",
    "accepted-by-you",
    "expired",
    "with-long-names",
    "mail-invitation",
)
SIDE_BY_SIDE = """async ({pictures, scales, quality}) => {
    const images = await Promise.all(pictures.map(async p => createImageBitmap(await (await fetch(p)).blob())));
    const gap = images.length > 1 ? 12 : 0;
    const sizes = images.map((image, i) => [Math.round(image.width * scales[i]), Math.round(image.height * scales[i])]);
    const canvas = document.createElement("canvas");
    canvas.width = sizes.reduce((sum, [width]) => sum + width + gap, gap);
    canvas.height = Math.max(...sizes.map(([, height]) => height)) + 2 * gap;
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.fillStyle = "#8b9796";
    context.fillRect(0, 0, canvas.width, canvas.height);
    let x = gap;
    images.forEach((image, i) => {
        context.drawImage(image, x, gap, ...sizes[i]);
        x += sizes[i][0] + gap;
    });
    return canvas.toDataURL("image/webp", quality).split(",")[1];
}"""

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("name", "language"), [*((name, "en") for name in SCENES), *((name, "de") for name in GERMAN)])
def test_a_scene_is_pictured(name, language, visitor, page):
    visitor.speak(language)
    _, play = SCENES[name]
    play(set_stage(visitor))

    pictures = [look(page, scheme, width, 600) for scheme, width in LOOKS]

    stem = name if language == "en" else f"{name}.{language}"
    write(page, stem, pictures, [0.5, 0.5, 0.65, 0.65], 0.6)
    if name in LARGE and language == "en":
        for scheme in ("light", "dark"):
            write(page, f"large-{name}-{scheme}", [look(page, scheme, 720, 400)], [1], 0.85)


def look(page: Page, scheme: str, width: int, height: int) -> str:
    """The whole page in this look, as a data URL."""
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": height})
    return "data:image/png;base64," + base64.b64encode(page.screenshot(full_page=True)).decode()


def write(page: Page, stem: str, pictures: list[str], scales: list[float], quality: float) -> None:
    """Put the pictures side by side into one file."""
    studio = page.context.new_page()
    arguments = {"pictures": pictures, "scales": scales, "quality": quality}
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{stem}.webp").write_bytes(base64.b64decode(studio.evaluate(SIDE_BY_SIDE, arguments)))
    studio.close()
