"""Fixtures: a Redis, instances that share it, and load on them."""

import contextlib
import itertools
import pathlib
import subprocess
import sys

import pytest

# the server process and its client come from tests/integration
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] /
                       "integration"))

from checker import Load  # noqa: E402
from cluster import Cluster  # noqa: E402
from network import Network  # noqa: E402
from pusher_load import PusherLoad  # noqa: E402
from redis_server import (  # noqa: E402
    LASTING, PlacedRedis, RedisServer, Sentinel)
from reply_proxy import ReplyProxy  # noqa: E402
from support.fixtures import application, webhook  # noqa: E402,F401


@contextlib.contextmanager
def starting(kind, tmp_path, name):
    """Yields a function that starts servers of this kind in separate folders;
    stops them at the end."""
    with contextlib.ExitStack() as stack:
        numbers = itertools.count(1)

        def start(*options):
            folder = tmp_path / f"{name}-{next(numbers)}"
            folder.mkdir()
            server = kind(folder, *options)
            stack.callback(server.end)
            return server

        yield start


@pytest.fixture
def redis(tmp_path):
    """redis(*options) starts a Redis."""
    with starting(RedisServer, tmp_path, "redis") as start:
        yield start


@pytest.fixture
def placed_redis(tmp_path):
    """placed_redis(*options) starts a Redis in a network namespace. It must be
    the first fixture, because the test joins the network too."""
    if subprocess.run(["unshare", "--net", "true"], check=False).returncode:
        pytest.skip("cannot create a network namespace here")
    network = Network()
    try:
        with starting(PlacedRedis, tmp_path, "placed-redis") as start:
            yield lambda *options: start(network.add(), *options)
    finally:
        network.end()


@pytest.fixture
def sentinel(tmp_path):
    """sentinel(*lines) starts a Sentinel."""
    with starting(Sentinel, tmp_path, "sentinel") as start:
        yield start


@pytest.fixture
def lasting_redis(redis):
    """A Redis that persists every write."""
    return redis(*LASTING)


@pytest.fixture
def cluster(tmp_path):
    """cluster(url, count=2, **config) starts instances that share a Redis.
    After the test each receives SIGTERM and is checked."""
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
    """load(cluster, ...) starts publishers and listeners; see checker.py."""
    made = []

    def start(*args, **options):
        made.append(Load(*args, **options))
        made[-1].start()
        return made[-1]

    yield start
    for each in made:
        each.abandon()


@pytest.fixture
def pusher_load():
    """pusher_load(cluster) starts load in Pusher's protocol:
    pusher_load.py."""
    made = []

    def start(instances):
        made.append(PusherLoad(instances))
        made[-1].start()
        return made[-1]

    yield start
    for each in made:
        each.abandon()


@pytest.fixture
def proxy():
    """proxy(redis) starts a proxy between instances and a Redis."""
    made = []

    def start(server):
        made.append(ReplyProxy(server.port))
        return made[-1]

    yield start
    for each in made:
        each.end()
