"""Password changes of Redis and its Sentinels: by a reload, while messages
flow. A mistake causes only a log line."""

import json
import signal

import pytest

from redis_server import LASTING, RedisServer
from support.patience import wait_until

OLD, NEW = "an old password", "a new password"


@pytest.fixture
def locked(tmp_path):
    """A Redis with a user peal; the test itself uses the default user."""
    folder = tmp_path / "redis"
    folder.mkdir()
    server = RedisServer(folder, *LASTING)
    server.call("ACL", "SETUSER", "peal", "on", f">{OLD}", "~*", "&*", "+@all")
    yield server
    server.end()


def url_of(redis, password):
    encoded = password.replace(" ", "%20")
    return f"redis://peal:{encoded}@127.0.0.1:{redis.port}/0"


def use(server, url, **more):
    """Changes the URL in the config and reloads."""
    file = server.folder / "peal.json"
    config = json.loads(file.read_text())
    config["redis"].update({"url": url, **more})
    file.write_text(json.dumps(config))
    count = len(server.log_lines("Config reloaded"))
    server.signal(signal.SIGHUP)
    wait_until(lambda: len(server.log_lines("Config reloaded")) > count)


def reconnect(redis):
    """Cuts the connections, so that each one logs in again."""
    redis.call("CLIENT", "KILL", "USER", "peal")


def flow(alice, bob, numbers):
    """Sends messages through both instances; none is lost, refused or
    doubled."""
    for number in numbers:
        alice.send({"type": "broadcast", "channel": "room", "payload": number})
    assert [bob.receive_type("broadcast")["payload"]
            for _ in numbers] == list(numbers)


def test_a_password_is_rotated_step_by_step(locked, cluster):
    """The steps in conf/README.md; no step causes a refusal."""
    instances = cluster(url_of(locked, OLD), 2)
    alice = instances[0].join("alice", "room")
    bob = instances[1].join("bob", "room")
    flow(alice, bob, range(10))
    locked.call("ACL", "SETUSER", "peal", f">{NEW}")
    for server in instances.instances:
        use(server, url_of(locked, NEW))
        server.wait_log("Redis credentials changed")
        flow(alice, bob, range(10))
    locked.call("ACL", "SETUSER", "peal", f"<{OLD}")
    flow(alice, bob, range(10))
    reconnect(locked)
    instances.wait_ready()
    flow(alice, bob, range(10))
    for server in instances.instances:
        assert not server.log_lines("Restart needed")
        assert "changed=redis.url" in server.wait_log("Config reloaded")
        assert NEW not in server.log() and OLD not in server.log()


def test_a_wrong_password_changes_nothing(locked, cluster):
    instances = cluster(url_of(locked, OLD), 2)
    alice = instances[0].join("alice", "room")
    bob = instances[1].join("bob", "room")
    use(instances[0], url_of(locked, NEW))
    line = instances[0].wait_log("New Redis credentials refused")
    assert "level=error" in line and "WRONGPASS" in line
    flow(alice, bob, range(10))
    reconnect(locked)
    instances.wait_ready()
    flow(alice, bob, range(10))
    # once Redis has the password, the same reload succeeds
    locked.call("ACL", "SETUSER", "peal", f">{NEW}", f"<{OLD}")
    use(instances[0], url_of(locked, NEW))
    instances[0].wait_log("Redis credentials changed")


def test_a_password_that_has_changed_already_is_mended(locked, cluster):
    """The log contains the reason given by Redis."""
    instances = cluster(url_of(locked, OLD), 1)
    one = instances[0]
    alice = one.join("alice", "room")
    locked.call("ACL", "SETUSER", "peal", f">{NEW}", f"<{OLD}")
    reconnect(locked)
    instances.wait_not_ready()
    assert "WRONGPASS" in one.wait_log("Redis still unavailable", 2)
    use(one, url_of(locked, NEW))
    instances.wait_ready()
    flow(alice, alice, range(10))


def test_another_place_needs_a_restart(locked, cluster):
    instances = cluster(url_of(locked, OLD), 1)
    one = instances[0]
    use(one, url_of(locked, NEW).replace("/0", "/1"))
    assert "redis.url" in one.wait_log("Restart needed")
    assert not one.log_lines("Redis credentials changed")
    assert not one.log_lines("Redis refuses")


def test_the_user_name_may_change_too(locked, cluster):
    locked.call("ACL", "SETUSER", "other", "on", f">{NEW}", "~*", "&*", "+@all")
    instances = cluster(url_of(locked, OLD), 1)
    one = instances[0]
    alice = one.join("alice", "room")
    use(one, url_of(locked, NEW).replace("peal:", "other:"))
    one.wait_log("Redis credentials changed")
    locked.call("ACL", "DELUSER", "peal")
    instances.wait_ready()
    flow(alice, alice, range(10))
