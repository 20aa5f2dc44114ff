"""Pusher's protocol across several instances."""

from support import patience
from support.api import WITH_KEY
from support.pusher import APP, WITH_APP, Pusher

from test_pusher_api import ask, told, trigger
from test_pusher_users import WATCHING, changes, terminate


def start(cluster, redis, count=2, **options):
    return cluster(redis.url, count, **WITH_APP, **WITH_KEY, **options)


def test_client_events_reach_all_others(redis, cluster):
    instances = start(cluster, redis())
    clients = [Pusher(instances[index % 2]) for index in range(4)]
    for client in clients:
        client.join("private-room")
    clients[0].send("client-x|;y\\z", {"|": ";"}, "private-room")
    for client in clients[1:]:
        assert client.hear() == {"event": "client-x|;y\\z",
                                 "channel": "private-room",
                                 "data": {"|": ";"}}
    assert clients[0].websocket.is_silent()


def test_presence_covers_all_instances(redis, cluster):
    instances = start(cluster, redis())
    name = "presence-room"
    one, two = Pusher(instances[0]), Pusher(instances[1])
    one.join(name, (10, {"name": "Ann"}))
    presence = two.join(name, ("bob", {"name": "Bob"}))["presence"]
    assert sorted(presence["ids"], key=str) == [10, "bob"]
    assert presence["hash"] == {"10": {"name": "Ann"},
                                "bob": {"name": "Bob"}}
    assert one.receive("pusher_internal:member_added")["data"] == {
        "user_id": "bob", "user_info": {"name": "Bob"}}
    again = Pusher(instances[0])  # the same user on another instance
    assert again.join(name, ("bob", {}))["presence"]["count"] == 2
    two.websocket.drop()
    assert one.websocket.is_silent()
    again.send("client-x", {}, name)
    assert one.hear() == {"event": "client-x", "channel": name, "data": {},
                          "user_id": "bob"}
    again.websocket.end()
    assert one.receive("pusher_internal:member_removed")["data"] == {
        "user_id": "bob"}
    assert one.websocket.is_silent()


def test_members_of_a_dead_instance_leave_once(redis, cluster):
    instances = start(cluster, redis(), 3)
    name = "presence-room"
    watchers = [Pusher(instances[index]) for index in range(2)]
    for index, watcher in enumerate(watchers):
        watcher.join(name, (f"w{index}", {}))
    watchers[0].receive("pusher_internal:member_added")
    gone = Pusher(instances[2])
    gone.join(name, (7, {}))
    for watcher in watchers:
        watcher.receive("pusher_internal:member_added")
    instances.kill(instances[2])
    for watcher in watchers:
        watcher.websocket.raw.set_timeout(patience.seconds(30))
        assert watcher.receive("pusher_internal:member_removed")["data"] == {
            "user_id": "7"}
        assert watcher.websocket.is_silent()


def test_changes_during_an_outage_are_reported_once(redis, cluster):
    """Even if Redis lost its data: unchanged members are not reported."""
    server = redis()
    instances = start(cluster, server)
    name = "presence-room"
    watcher, leaving, staying = (Pusher(instances[index])
                                 for index in (0, 1, 1))
    watcher.join(name, ("watcher", {}))
    for client, user in (leaving, "leaving"), (staying, "staying"):
        client.join(name, (user, {}))
        watcher.receive("pusher_internal:member_added")
    server.kill()
    instances.wait_not_ready()
    leaving.websocket.drop()
    coming = Pusher(instances[1])
    coming.subscribe(name, ("coming", {"name": "C"}))
    server.start()
    watcher.websocket.raw.set_timeout(patience.seconds(30))
    watcher.receive("pusher_internal:gap")
    assert watcher.receive("pusher_internal:member_added")["data"] == {
        "user_id": "coming", "user_info": {"name": "C"}}
    assert watcher.receive("pusher_internal:member_removed")["data"] == {
        "user_id": "leaving"}
    assert watcher.is_silent()


def test_a_backends_event_excludes_its_socket_id(redis, cluster):
    instances = start(cluster, redis())
    clients = [Pusher(instances[index % 2]) for index in range(3)]
    for client in clients:
        client.join("room")
    for instance in instances.instances:
        response = ask(instance, "events", {
            "name": "App\\Events\\Said", "channels": ["room"], "data": "1",
            "socket_id": clients[0].socket_id})
        assert response.status == 200
        for client in clients[1:]:
            assert client.receive("App\\Events\\Said")["data"] == 1
    assert clients[0].websocket.is_silent()


def test_channels_are_counted_across_instances(redis, cluster):
    instances = start(cluster, redis(), 3)
    for index in range(3):
        client = Pusher(instances[index])
        client.join("presence-room", (index // 2, {}))
        if index:
            client.join("room")
    everything = "user_count,subscription_count"
    for instance in instances.instances:
        assert told(instance, "channels/presence-room", info=everything) == {
            "occupied": True, "user_count": 2, "subscription_count": 3}
        assert told(instance, "channels", info="subscription_count") == {
            "channels": {"presence-room": {"subscription_count": 3},
                         "room": {"subscription_count": 2}}}
        users = told(instance, "channels/presence-room/users")["users"]
        assert sorted(user["id"] for user in users) == ["0", "1"]


def test_a_user_is_reached_and_terminated_everywhere(redis, cluster):
    instances = start(cluster, redis())
    clients = [Pusher(instances[index % 2]) for index in range(3)]
    for client, user in zip(clients, ["ann", "ann", "bob"]):
        client.signin(user)
        client.join(f"#server-to-user-{user}")
    trigger(instances[1], ["#server-to-user-ann"], "hi")
    for client in clients[:2]:
        client.receive("hi")
    terminate(instances[0], "ann")
    for client in clients[:2]:
        assert client.websocket.wait_closed().code == 4009
    assert clients[2].is_silent()


def test_a_cache_channel_is_shared_by_all_instances(redis, cluster):
    instances = start(cluster, redis())
    trigger(instances[0], ["cache-news"], "first")
    trigger(instances[1], ["cache-news"], "last")
    for instance in instances.instances:
        client = Pusher(instance)
        client.join("cache-news")
        client.receive("last")
        assert client.is_silent()


def test_subscribers_receive_the_subscription_count(redis, cluster):
    instances = cluster(redis().url, 2, pusher={
        "apps": [{**APP, "subscription_counts": True}]}, **WITH_KEY)
    clients = [Pusher(instances[index % 2]) for index in range(3)]
    for client in clients:
        client.join("room")

    def count():
        message = clients[0].receive("pusher_internal:subscription_count")
        return message["data"]["subscription_count"]

    while count() < 3:
        pass
    clients[1].websocket.drop()
    while count() > 2:
        pass
    late = Pusher(instances[0])
    late.join("cache-room")
    late.receive("pusher:cache_miss")


def test_the_webhook_receives_each_event_once(redis, cluster, webhook):
    instances = cluster(redis().url, 2, pusher={"apps": [webhook.app([
        "channel_occupied", "channel_vacated", "member_added",
        "member_removed"])]}, hooks={"batch_ms": 20})
    clients = [Pusher(instances[index % 2]) for index in range(4)]
    for client in clients:
        client.join("news")
    clients[0].join("presence-room", (1, {}))
    clients[1].join("presence-room", (1, {}))
    webhook.wait({"name": "channel_occupied", "channel": "news"},
                 {"name": "channel_occupied", "channel": "presence-room"},
                 {"name": "member_added", "channel": "presence-room",
                  "user_id": "1"})
    for client in clients:
        client.websocket.end()
    webhook.wait({"name": "channel_vacated", "channel": "news"},
                 {"name": "channel_vacated", "channel": "presence-room"},
                 {"name": "member_removed", "channel": "presence-room",
                  "user_id": "1"})


def test_watchlist_events_reach_every_instance(redis, cluster):
    instances = cluster(redis().url, 2, **WATCHING)
    ann, bob = Pusher(instances[0]), Pusher(instances[1])
    ann.signin("ann", watchlist=["bob"])
    assert changes(ann) == [("offline", "bob")]
    bob.signin("bob", watchlist=["ann"])
    assert changes(ann) == [("online", "bob")]
    assert changes(bob) == [("online", "ann")]
    bob.websocket.end()
    assert changes(ann) == [("offline", "bob")]


def test_missed_events_are_recovered_on_another_instance(redis, cluster):
    instances = start(cluster, redis())

    def subscribe(client, since):
        client.send("pusher:subscribe", {"channel": "news", "since": since})

    one = Pusher(instances[0])
    subscribe(one, {})
    succeeded = one.receive("pusher_internal:subscription_succeeded")
    place = succeeded["position"]
    trigger(instances[1], ["news"], "first")
    assert one.receive("first")["offset"] == place["offset"] + 1
    one.websocket.end()
    trigger(instances[0], ["news"], "second")
    trigger(instances[1], ["news"], "own", socket_id=one.socket_id)
    two = Pusher(instances[1])
    subscribe(two, {**place, "offset": place["offset"] + 1,
                    "socket_id": one.socket_id})
    two.receive("second")
    succeeded = two.receive("pusher_internal:subscription_succeeded")
    assert succeeded["recovered"] is True
    assert succeeded["position"]["offset"] == place["offset"] + 3
    assert two.is_silent()
    late = Pusher(instances[0])
    subscribe(late, {"epoch": "0" * 16, "offset": 1})
    assert late.receive("pusher_internal:subscription_succeeded")[
        "recovered"] is False
