"""Fixtures: a server under attack, and a bystander that measures the effect on
other clients."""

import pathlib
import sys

import pytest

# the server process and its client come from tests/integration
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] /
                       "integration"))

from support.fixtures import peal, shared, start_shared  # noqa: E402,F401
from bystander import Bystander  # noqa: E402


@pytest.fixture
def bystander():
    """bystander(server) exchanges messages until the test ends. The test
    fails if a message is late or missing."""
    made = []

    def start(server, **options):
        made.append(Bystander(server, **options))
        return made[-1]

    yield start
    for one in made:
        one.end()
