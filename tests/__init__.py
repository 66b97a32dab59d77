"""The tests mirror the code: tests/orgs for orgs, and so on."""
