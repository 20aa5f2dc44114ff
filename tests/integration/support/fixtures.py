"""The fixtures: servers for a test, ended and judged behind it. A folder of
tests has them by importing them into its conftest.py."""

import contextlib
import itertools

import pytest

from support.application import Application
from support.pusher import Webhook
from support.server import Server


@contextlib.contextmanager
def factory(folder):
    """Gives a function that starts servers, and ends them in the end."""
    servers = []
    numbers = itertools.count(1)

    def start(config=None, env=None, args=(), **options):
        own = folder / f"peal-{next(numbers)}"
        own.mkdir()
        server = Server(own, config, env, args, **options)
        servers.append(server)
        return server

    yield start
    complaints = [text for text in map(Server.stop, servers) if text]
    if complaints:
        pytest.fail("\n".join(complaints), pytrace=False)


@pytest.fixture
def peal(tmp_path):
    """peal(config={...}, env={...}, args=[...]) starts a server on a free
    port of loopback, with PEAL_TEST_WORKERS workers (1). Behind the test each
    is ended by SIGTERM, and the test fails when one did not end with 0, or
    when a sanitizer complained."""
    with factory(tmp_path) as start:
        yield start


@pytest.fixture(scope="module")
def start_shared(tmp_path_factory):
    """Like peal, for servers that all tests of a file use: starting one for
    each would take long. Tests use channels of their own there."""
    with factory(tmp_path_factory.mktemp("shared")) as start:
        yield start


@pytest.fixture(scope="module")
def shared(start_shared):
    """One such server with the default config."""
    return start_shared()


@pytest.fixture
def application():
    """One that the server calls; the test fails when a call was not as it
    should be."""
    made = Application()
    yield made
    made.end()
    assert not made.problems


@pytest.fixture
def webhook():
    """One that is told of an app of Pusher's protocol."""
    made = Webhook()
    yield made
    made.end()
    assert not made.problems
