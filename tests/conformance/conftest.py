"""Fixtures: a server that echoes messages, and connections to it."""

import pathlib
import sys

import pytest

# the server process and its client come from tests/integration
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] /
                       "integration"))

import peer  # noqa: E402
from support.fixtures import peal, shared, start_shared  # noqa: E402,F401


@pytest.fixture(scope="module")
def echo(start_shared):  # noqa: F811
    """A server that echoes every message unchanged, at any rate."""
    return start_shared(config={"echo_prefix": "",
                                "limits": {"messages_per_second": 0,
                                           "message_bytes": 200000}})


@pytest.fixture
def open_peer(echo):
    """open_peer() opens a WebSocket to that server, which is closed after the
    test."""
    opened = []

    def open_one(**options):
        opened.append(peer.connect(echo, **options))
        return opened[-1]

    yield open_one
    for one in opened:
        one.drop()
