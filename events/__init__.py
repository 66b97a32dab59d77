"""Append-only events. Each event is written in the same transaction as the change that it describes."""
