"""Lists of channels with Redis: each channel gets its own answer."""

from support.recovered import recovered

NAMES = [f"told-{i:03}" for i in range(128)]


def quiet(server, name="alice"):
    return server.connect(name, [""], protocol="broadcast")


def test_a_list_with_members_and_history(lasting_redis, cluster):
    instances = cluster(lasting_redis.url, 2, workers=2)
    client = quiet(instances[0])
    client.send({"type": "subscribe", "id": 1, "channels": [
        {"channel": name, "presence": True, "history": 5} for name in NAMES]})
    got = [client.take(lambda m: m["type"] != "join")
           for _ in range(3 * len(NAMES))]
    for kind in ("subscribed", "presence", "history"):
        assert sorted(m["channel"] for m in got if m["type"] == kind) == NAMES


def test_missed_messages_of_all_channels(lasting_redis, cluster):
    """On a different instance than before."""
    instances = cluster(lasting_redis.url, 2)
    channels = [f"x-{i}" for i in range(30)]
    talker = quiet(instances[1], "talker")
    client = quiet(instances[0])
    client.send({"type": "subscribe", "id": 1, "channels": channels})
    known = {m["channel"]: {"epoch": m["epoch"], "offset": m["offset"]}
             for m in client.receive_many(30)}
    client.end()
    for number, channel in enumerate(channels):
        for payload in range(number):
            talker.ask({"type": "broadcast", "channel": channel,
                        "payload": payload})
    again = quiet(instances[1])
    again.send({"type": "subscribe", "id": 2, "channels": [
        {"channel": channel, "since": known[channel]}
        for channel in channels]})
    recovered(again, {channel: list(range(1, number + 1))
                      for number, channel in enumerate(channels)})


def test_redis_does_not_answer(lasting_redis, cluster):
    """Not the client's fault, so it does not count as an error."""
    instances = cluster(lasting_redis.url, 1, redis={"backlog_seconds": 1},
                        limits={"messages_per_second": 5,
                                "channels_per_connection": 4})
    client = quiet(instances[0])
    lasting_redis.stop()
    instances.wait_not_ready()
    for number in range(5):
        client.send({"type": "subscribe", "id": number,
                     "channels": ["a", "b", "c", "d"]})
        got = client.receive_many(4)
        assert {m["code"] for m in got} == {"unavailable"}
        assert {m["channel"] for m in got} == {"a", "b", "c", "d"}
    lasting_redis.start()
    instances.wait_ready()
    client.send({"type": "subscribe", "id": 9, "channels": ["a", "b"]})
    assert {m["type"] for m in client.receive_many(2)} == {"subscribed"}
