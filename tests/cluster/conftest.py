"""The fixtures: a Redis, instances that share it, and load on them."""

import contextlib
import itertools
import pathlib
import sys

import pytest

# the server as a process and its client are those of tests/integration
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] /
                       "integration"))

from checker import Load  # noqa: E402
from cluster import Cluster  # noqa: E402
from redis_server import LASTING, RedisServer  # noqa: E402
from reply_proxy import ReplyProxy  # noqa: E402
from support.fixtures import application  # noqa: E402,F401


@pytest.fixture
def redis(tmp_path):
    """redis(*options) starts a Redis; each is ended behind the test."""
    with contextlib.ExitStack() as stack:
        numbers = itertools.count(1)

        def start(*options):
            folder = tmp_path / f"redis-{next(numbers)}"
            folder.mkdir()
            server = RedisServer(folder, *options)
            stack.callback(server.end)
            return server

        yield start


@pytest.fixture
def lasting_redis(redis):
    """One that forgets nothing, whatever happens to it."""
    return redis(*LASTING)


@pytest.fixture
def cluster(tmp_path):
    """cluster(url, count=2, **config) starts instances that share a Redis.
    Behind the test each ends by SIGTERM, and is judged."""
    made = []

    def start(url, count=2, **options):
        folder = tmp_path / f"cluster-{len(made)}"
        folder.mkdir()
        made.append(Cluster(folder, url, **options))
        made[-1].add_many(count)
        return made[-1]

    yield start
    complaints = [text for each in made for text in each.stop()]
    if complaints:
        pytest.fail("\n".join(complaints), pytrace=False)


@pytest.fixture
def load():
    """load(cluster, ...) publishes and listens; see checker.py."""
    made = []

    def start(*args, **options):
        made.append(Load(*args, **options))
        made[-1].start()
        return made[-1]

    yield start
    for each in made:
        each.abandon()


@pytest.fixture
def proxy():
    """proxy(redis) stands between instances and a Redis."""
    made = []

    def start(server):
        made.append(ReplyProxy(server.port))
        return made[-1]

    yield start
    for each in made:
        each.end()
