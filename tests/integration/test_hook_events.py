"""Event delivery to the application: complete, once, and in batches."""

import pathlib
import signal
import time

from support import patience
from support.application import Application, hooks, with_status
from support.upgrade import upgrade

ALL = ["connected", "disconnected", "channel_occupied", "channel_vacated",
       "member_added", "member_removed"]


def start(peal, application, limits=None, **options):
    # only the test closes connections: opening many may take long
    return peal({"drain_seconds": 1, "ping_seconds": 600,
                 "hooks": hooks(application, **{
        "events": ALL, "batch_ms": 20, "retry_ms": 20, "retry_max_ms": 100,
        **options}), "limits": limits or {}})


def told(events, *members):
    return [tuple(event[member] for member in ("event", *members))
            for event in events]


def test_each_event_is_sent_once(peal, application):
    server = start(peal, application)
    alice = server.join("alice", "room")
    alice.end()
    events = application.wait_events(6)
    assert [event["event"] for event in events[:3]] == [
        "connected", "channel_occupied", "member_added"]
    assert sorted(event["event"] for event in events) == sorted(ALL)
    by_name = {event["event"]: event for event in events}
    assert by_name["connected"]["client"] == "alice"
    assert by_name["connected"]["address"] == "127.0.0.1"
    assert by_name["connected"]["protocol"] == "broadcast"
    assert by_name["disconnected"]["connection"] == \
        by_name["connected"]["connection"]
    assert by_name["disconnected"]["code"] == 1000
    assert by_name["disconnected"]["reason"] == "by_client"
    assert 0 <= by_name["disconnected"]["duration_ms"] < 60000
    assert by_name["channel_occupied"]["channel"] == "room"
    assert "client" not in by_name["channel_vacated"]
    assert by_name["member_added"]["client"] == "alice"
    assert by_name["member_removed"]["channel"] == "room"
    for event in events:
        assert abs(event["time"] / 1000 - time.time()) < 60
    time.sleep(0.2)
    assert len(application.all_events()) == 6


def test_a_member_counts_by_client(peal, application):
    server = start(peal, application, events=ALL[2:])
    one = server.join("alice", "room")
    two = server.join("alice", "room")
    bob = server.join("bob", "room")
    one.end()
    server.wait_metric("peal_connections", 2)
    bob.end()
    application.wait_events(4)
    two.end()
    assert told(application.wait_events(6), "channel") == [
        ("channel_occupied", "room"), ("member_added", "room"),
        ("member_added", "room"), ("member_removed", "room"),
        ("member_removed", "room"), ("channel_vacated", "room")]
    assert [event["client"] for event in
            application.events("member_added", "member_removed")] == [
        "alice", "bob", "bob", "alice"]


def test_only_configured_events_are_sent(peal, application):
    server = start(peal, application, events=["disconnected"])
    server.join("alice", "room").end()
    application.wait_events(1)
    time.sleep(0.2)
    assert told(application.all_events()) == [("disconnected",)]


def test_channels_without_presence_have_no_events(peal, application):
    server = peal({"hooks": hooks(application, events=ALL),
                   "channels": [{"match": "bare", "presence": False}]})
    server.join("alice", "bare", "room").end()
    application.wait_events(6)
    time.sleep(0.2)
    assert {event["channel"] for event in application.events(*ALL[2:])} == {
        "room"}


def test_ids_grow_and_name_the_instance(peal, application):
    server = start(peal, application)
    for number in range(1, 4):
        server.join("alice", "room").end()
        events = application.wait_events(6 * number)
    instance = application.batches[0]["instance"]
    assert [event["id"] for event in events] == [
        f"{instance}-{number}" for number in range(1, 19)]


def test_events_of_a_leaving_crowd_need_few_calls(peal, application):
    """The application is called at most once in batch_ms."""
    crowd = 400
    server = start(peal, application, events=["disconnected"], batch_ms=100,
                   batch_events=150)
    clients = [server.connect(f"c{number}") for number in range(crowd)]
    started = time.monotonic()
    for client in clients:
        client.drop()
    events = application.wait_events(crowd)
    took = time.monotonic() - started
    assert {event["client"] for event in events} == {
        f"c{number}" for number in range(crowd)}
    sizes = [len(batch["events"]) for batch in application.batches]
    assert max(sizes) <= 150
    assert len(sizes) <= took / 0.1 + 1


def test_a_batch_is_retried_with_the_same_ids(peal, application):
    refusals = iter([500, 302, 404])

    def take(handler, _):
        status = next(refusals, 204)
        headers = [("Location", application.url)] if status == 302 else []
        handler.respond(status, headers=headers)

    application.take_events = take
    server = start(peal, application, events=["connected"])
    server.connect("alice")
    patience.wait_until(lambda: len(application.batches) >= 4, 10)
    ids = [[event["id"] for event in batch["events"]]
           for batch in application.batches]
    assert ids == [ids[0]] * 4
    server.wait_metric('peal_hook_batches_total{result="failed"}', 3)
    server.wait_metric('peal_hook_batches_total{result="taken"}', 1)
    server.wait_metric('peal_hook_events_total{result="sent"}', 1)
    server.wait_log("Event delivery resumed")
    assert server.metric('peal_hook_events_total{result="dropped"}') == 0


def test_a_full_queue_drops_the_oldest_and_reports_it(peal, application):
    application.take_events = lambda handler, _: handler.respond(503)
    server = start(peal, application, events=["connected"], queue_events=5,
                   batch_events=1)
    server.connect("first")
    application.wait_events(1)
    for number in range(12):
        server.connect(f"c{number}")
    server.wait_metric('peal_hook_events_total{result="dropped"}', 7)
    application.take_events = None
    events = application.wait_events(6)
    assert events[0]["client"] == "first"
    assert [int(event["id"].split("-")[1]) for event in events] == [
        1, 9, 10, 11, 12, 13]
    assert sum(batch["dropped"] for batch in application.batches) == 7
    server.wait_log("Events dropped")


def test_a_batch_is_eventually_dropped(peal, application):
    application.take_events = lambda handler, _: handler.respond(500)
    server = start(peal, application, events=["connected"], retry_seconds=0)
    server.connect("alice")
    server.wait_metric('peal_hook_events_total{result="dropped"}', 1)
    application.take_events = None
    server.connect("bob")
    patience.wait_until(lambda: any(batch["dropped"] for batch in
                                    application.batches), 10)
    last = application.batches[-1]
    assert last["dropped"] == 1
    assert [event["client"] for event in last["events"]] == ["bob"]


def test_events_of_the_shutdown_are_sent(peal, application):
    """What the drain closes reaches the application before the end."""
    server = start(peal, application, batch_ms=5000)
    server.join("alice", "room")
    server.join("bob", "room")
    application.wait_events(1)
    server.signal(signal.SIGTERM)
    server.wait_exit()
    events = application.events()
    assert sorted(told(events)) == sorted([
        ("connected",)] * 2 + [("disconnected",)] * 2 + [
        ("channel_occupied",), ("channel_vacated",)] + [
        ("member_added",)] * 2 + [("member_removed",)] * 2)
    assert {event["reason"] for event in application.events("disconnected")} \
        == {"restart"}


def test_an_unavailable_application_does_not_delay_the_shutdown(peal):
    application = Application()
    application.end()
    server = start(peal, application, retry_ms=5000, retry_max_ms=5000)
    server.connect("alice").end()
    server.wait_log("Event delivery failed")
    started = time.monotonic()
    server.signal(signal.SIGTERM)
    server.wait_exit()
    assert time.monotonic() - started < patience.seconds(3)
    server.wait_log("Events dropped")


def test_without_hooks_there_is_no_thread(peal, application):
    def threads(server):
        return len(list(
            pathlib.Path(f"/proc/{server.process.pid}/task").iterdir()))
    assert threads(start(peal, application)) == threads(peal()) + 1


def test_proxies_of_the_environment_are_ignored(peal, application):
    server = peal({"hooks": hooks(application, events=["connected"])},
                  env={"http_proxy": "http://127.0.0.1:1",
                       "ALL_PROXY": "http://127.0.0.1:1"})
    server.connect("alice")
    application.wait_events(1)


def test_another_status_is_a_failure(peal, application):
    application.take_events = lambda handler, _: with_status(
        302, headers=[("Location", application.url)])(handler)
    server = start(peal, application, events=["connected"], retry_seconds=0)
    server.connect("alice")
    server.wait_metric('peal_hook_events_total{result="dropped"}', 1)
    assert len(application.batches) == 1


def test_an_upgrade_in_place_loses_no_event(peal, application):
    """Each process reports the events of its own clients."""
    server = start(peal, application, events=ALL[:2])
    server.connect("before")
    application.wait_events(1)
    old = upgrade(server)
    assert old.wait(patience.seconds(20)) == 0  # it accepts to its end
    server.connect("after")
    server.drop_clients()
    events = application.wait_events(4)
    instances = {event["client"]: {other["id"].split("-")[0]
                                   for other in events
                                   if other["client"] == event["client"]}
                 for event in events}
    assert sorted(told(events, "client")) == [
        ("connected", "after"), ("connected", "before"),
        ("disconnected", "after"), ("disconnected", "before")]
    assert len(instances["before"]) == len(instances["after"]) == 1
    assert instances["before"] != instances["after"]
