"""Test that every scene has a picture in `docs/screenshots`, and every picture a scene."""

from itertools import product

from tests.browser.take_screenshots import FOLDER, LARGE, PICTURED, SCHEMES, large_stem_of, stem_of


def test_the_pictures_are_those_of_the_scenes():
    of_scenes = {stem_of(name, language) for name, language in PICTURED}
    large = {large_stem_of(name, scheme) for name, scheme in product(LARGE, SCHEMES)}

    assert {picture.stem for picture in FOLDER.glob("*.webp")} == of_scenes | large, "run `make screenshots`"
