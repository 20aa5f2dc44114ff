"""The fixtures are those of support/fixtures.py."""

from support.fixtures import (application, peal, shared,  # noqa: F401
                              start_shared, webhook)
