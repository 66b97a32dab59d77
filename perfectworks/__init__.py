"""The project package: settings, URLs and commands."""

__version__ = "0.2.0"  # the release: logs, metrics, traces and error reports name it
