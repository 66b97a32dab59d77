"""Which browser and system a User-Agent header names, in a few words, so that people recognize their sessions.

The header is only a hint: programs can send any text. The words come from the tables below, never from the header.
"""

MAX_READ = 512  # characters of the header

# The first text that occurs decides: browsers also name the browsers that they descend from.
BROWSERS = (
    (("Edg/", "EdgA/", "EdgiOS/"), "Edge"),
    (("OPR/", "OPT/"), "Opera"),
    (("SamsungBrowser/",), "Samsung Internet"),
    (("Vivaldi/",), "Vivaldi"),
    (("Firefox/", "FxiOS/"), "Firefox"),
    (("Chrome/", "CriOS/", "HeadlessChrome/"), "Chrome"),
    (("Safari/",), "Safari"),
)
SYSTEMS = (
    (("iPhone",), "iPhone"),
    (("iPad",), "iPad"),
    (("Android",), "Android"),
    (("CrOS",), "ChromeOS"),
    (("Windows",), "Windows"),
    (("Macintosh",), "macOS"),
    (("Linux",), "Linux"),
)
Names = tuple[tuple[tuple[str, ...], str], ...]


def device_of(user_agent: str) -> str:
    """Return the browser and the system, such as ``Firefox, Windows``. Return an empty string if neither is known."""
    read = user_agent[:MAX_READ]
    return ", ".join(filter(None, (_first_of(BROWSERS, read), _first_of(SYSTEMS, read))))


def _first_of(names: Names, text: str) -> str:
    return next((name for signs, name in names if any(sign in text for sign in signs)), "")
