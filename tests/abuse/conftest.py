"""The fixtures: a server under attack, and somebody who measures whether the
others notice."""

import pathlib
import sys

import pytest

# the server as a process and its client are those of tests/integration
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] /
                       "integration"))

from support.fixtures import peal, shared, start_shared  # noqa: E402,F401
from bystander import Bystander  # noqa: E402


@pytest.fixture
def bystander():
    """bystander(server) talks through the server until the test ends, and
    the test fails when it had to wait too long or missed something."""
    made = []

    def start(server, **options):
        made.append(Bystander(server, **options))
        return made[-1]

    yield start
    for one in made:
        one.end()
