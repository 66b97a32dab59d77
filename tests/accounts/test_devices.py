"""Test which browser and system a User-Agent header names. The headers are those of real browsers."""

import pytest

from accounts.devices import device_of

APPLE = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
CHROMIUM = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0"


@pytest.mark.parametrize(
    ("header", "device"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0", "Firefox, Windows"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROMIUM} Safari/537.36 Edg/131.0.0.0", "Edge, Windows"),
        (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {CHROMIUM} Safari/537.36", "Chrome, macOS"),
        (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {APPLE} Version/18.1 Safari/605.1.15", "Safari, macOS"),
        (f"Mozilla/5.0 (X11; Linux x86_64) {CHROMIUM} Safari/537.36 OPR/116.0.0.0", "Opera, Linux"),
        (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {CHROMIUM} Safari/537.36", "Chrome, ChromeOS"),
        (f"Mozilla/5.0 (Linux; Android 10; K) {CHROMIUM} Mobile Safari/537.36", "Chrome, Android"),
        ("Mozilla/5.0 (Android 14; Mobile; rv:133.0) Gecko/133.0 Firefox/133.0", "Firefox, Android"),
        (
            f"Mozilla/5.0 (Linux; Android 10; K) {CHROMIUM.replace('Chrome', 'SamsungBrowser/27.0 Chrome')}",
            "Samsung Internet, Android",
        ),
        (
            f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) {APPLE} Version/18.1 Mobile/15E148 Safari/604.1",
            "Safari, iPhone",
        ),
        (
            f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) {APPLE} CriOS/131.0.0.0 Mobile/15E148 Safari/604",
            "Chrome, iPhone",
        ),
        (f"Mozilla/5.0 (iPad; CPU OS 18_1 like Mac OS X) {APPLE} FxiOS/133.0 Mobile/15E148", "Firefox, iPad"),
        ("Mozilla/5.0 (Linux x86_64)", "Linux"),
        ("curl/8.5.0", ""),
        ("", ""),
    ],
)
def test_a_browser_and_its_system_are_named(header: str, device: str):
    assert device_of(header) == device


def test_nothing_of_the_header_itself_is_repeated():
    assert device_of("<b>Firefox/1 \u202e Windows") == "Firefox, Windows"


def test_only_the_beginning_of_a_long_header_is_read():
    assert device_of("x" * 512 + "Firefox/133.0 Windows") == ""
