"""The fixtures: a Redis, instances that share it, and load on them."""

import contextlib
import itertools
import pathlib
import subprocess
import sys

import pytest

# the server as a process and its client are those of tests/integration
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
    """A function that starts servers of a kind, each in a folder of its own;
    they are ended in the end."""
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
    """placed_redis(*options) starts a Redis in a network namespace. The test
    is in the network, too; so this has to be its first fixture."""
    if subprocess.run(["unshare", "--net", "true"], check=False).returncode:
        pytest.skip("no network namespace may be made here")
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
def pusher_load():
    """pusher_load(cluster) is load by Pusher's protocol; see pusher_load.py."""
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
    """proxy(redis) stands between instances and a Redis."""
    made = []

    def start(server):
        made.append(ReplyProxy(server.port))
        return made[-1]

    yield start
    for each in made:
        each.end()
