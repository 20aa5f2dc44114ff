"""The fixtures are those of support/fixtures.py."""

from support.fixtures import peal, shared, start_shared  # noqa: F401
