"""Fixtures: servers that are stopped and checked after the test. A test folder
imports them into its conftest.py."""

import contextlib
import itertools

import pytest

from support.application import Application
from support.pusher import Webhook
from support.server import Server


@contextlib.contextmanager
def factory(folder):
    """Yields a function that starts servers; stops and checks them at the
    end."""
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
    loopback port with PEAL_TEST_WORKERS workers (default: 1). After the test,
    each server receives SIGTERM. The test fails if a server does not exit
    with 0 or a sanitizer reports an error."""
    with factory(tmp_path) as start:
        yield start


@pytest.fixture(scope="module")
def start_shared(tmp_path_factory):
    """Like peal, for servers shared by all tests of a file, to save start-up
    time. Each test uses its own channels."""
    with factory(tmp_path_factory.mktemp("shared")) as start:
        yield start


@pytest.fixture(scope="module")
def shared(start_shared):
    """A shared server with the default config."""
    return start_shared()


@pytest.fixture
def application():
    """The application that the server calls; the test fails if a call was
    invalid."""
    made = Application()
    yield made
    made.end()
    assert not made.problems


@pytest.fixture
def webhook():
    """The receiver of an app's webhooks (Pusher's protocol)."""
    made = Webhook()
    yield made
    made.end()
    assert not made.problems
