"""The `peal` fixture: servers for a test, ended and judged behind it."""

import itertools

import pytest

from support.server import Server


@pytest.fixture
def peal(tmp_path):
    """peal(config={...}, env={...}, args=[...]) starts a server on a free
    port of loopback, with PEAL_TEST_WORKERS workers (1). Behind the test each
    is ended by SIGTERM, and the test fails when one did not end with 0, or
    when a sanitizer complained."""
    servers = []
    numbers = itertools.count(1)

    def start(config=None, env=None, args=(), **options):
        folder = tmp_path / f"peal-{next(numbers)}"
        folder.mkdir()
        server = Server(folder, config, env, args, **options)
        servers.append(server)
        return server

    yield start
    complaints = [text for text in map(Server.stop, servers) if text]
    if complaints:
        pytest.fail("\n".join(complaints), pytrace=False)
