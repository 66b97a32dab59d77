"""The project package: settings, the map of URLs, and what every app may import."""
