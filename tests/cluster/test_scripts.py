"""Unit tests of the Lua scripts for rare situations."""

import pytest

from support.server import ROOT

from redis_server import RedisError

SCRIPTS = ROOT / "server" / "bus" / "redis" / "scripts"
EPOCH = "0123456789abcdef"
OLDER = "0123456789abcdee"
NEWER = "0123456789abcdf0"
OTHER = "fedcba9876543210"


class Script:
    """The scripts on a separate Redis."""

    def __init__(self, server):
        self.connection = server.connect()

    def call(self, name, keys, *arguments):
        source = (SCRIPTS / f"{name}.lua").read_bytes()
        return self.connection.call("EVAL", source, len(keys), *keys,
                                    *arguments)

    def publish(self, number, before=0, open_count=10, entry=None,
                payload="1", instance="i"):
        keys = ["m", "s", f"i:{instance}"] + (["in"] if entry else [])
        return self.call("publish", keys, "c", EPOCH, number, 100, 300, 1000,
                         1700000000000, "alice", payload, "PUBLISH", before,
                         open_count, 120, *(["peal", entry] if entry else []))

    def read(self, epoch="", offset="", mark="", which="none", number=0,
             enough=0):
        return self.call("read", ["m", "s"], OTHER, 1000, which, number,
                         epoch, offset, mark, enough)

    def stream(self):
        return [fields[1] for _, fields in
                self.connection.call("XRANGE", "s", "-", "+")]


@pytest.fixture
def script(redis):
    return Script(redis())


def test_offsets_grow_by_one(script):
    assert [script.publish(n) for n in (1, 2, 5)] == \
        [[EPOCH, 1], [EPOCH, 2], [EPOCH, 3]]
    assert [text.split("|")[2] for text in script.stream()] == ["1", "2", "3"]


def test_a_number_counts_once(script):
    for number in range(1, 9):
        script.publish(number)
    for number in range(1, 9):
        assert script.publish(number) == [EPOCH, number]
    assert len(script.stream()) == 8


def test_numbers_belong_to_an_instance(script):
    assert script.publish(1, instance="one") == [EPOCH, 1]
    assert script.publish(1, instance="two") == [EPOCH, 2]


def test_only_open_publishes_are_remembered(script):
    for number in range(1, 50):
        script.publish(number, open_count=3)
    assert script.connection.call("LLEN", "i:i") == 3
    assert [script.publish(n)[1] for n in (47, 48, 49)] == [47, 48, 49]


def test_nothing_overtakes_a_failed_publish(script):
    script.publish(1)
    with pytest.raises(RedisError, match="TRYAGAIN"):
        script.publish(3, before=2)
    assert script.publish(2, before=1) == [EPOCH, 2]
    assert script.publish(3, before=2) == [EPOCH, 3]


def test_a_late_publish_is_refused(script):
    script.publish(5)
    assert script.publish(4) == ["", 0]
    assert len(script.stream()) == 1


def test_an_input_entry_counts_once(script):
    call = script.connection.call
    call("XGROUP", "CREATE", "in", "peal", "0", "MKSTREAM")
    entry = call("XADD", "in", "*", "channel", "c", "payload", "1")
    call("XREADGROUP", "GROUP", "peal", "peal", "STREAMS", "in", ">")
    assert script.publish(1, entry=entry, instance="one") == [EPOCH, 1]
    assert script.publish(1, entry=entry, instance="two") == ["", 0]
    # the late one continues
    assert script.publish(2, before=1, instance="two") == [EPOCH, 2]
    assert call("XLEN", "in") == 0
    assert len(script.stream()) == 2


def test_a_broken_key_does_not_block_later_entries(script):
    script.publish(1)
    script.connection.call("SET", "s", "no stream")
    with pytest.raises(RedisError, match="WRONGTYPE"):
        script.publish(2, before=1)
    script.connection.call("DEL", "s")
    assert script.publish(3, before=2)[0] == EPOCH


def test_a_new_epoch_starts_empty(script):
    script.publish(1)
    script.connection.call("DEL", "m")
    assert script.read(which="after") == [OTHER, 0, [], 0, 0]


def test_a_known_position_keeps_the_epoch(script):
    script.publish(1)
    script.publish(2)
    mark = "1700000000000|alice|"
    epoch, offset, entries, *times = script.read(EPOCH, 1, mark, "after", 1)
    assert (epoch, offset, len(entries), times) == (EPOCH, 2, 1, [MARK, 0])
    for mark in ("", f"{MARK}|"):
        assert script.read(EPOCH, 2, mark, "after", 2) == [EPOCH, 2, [], MARK, 0]
    assert script.read("", "", "")[:2] == [EPOCH, 2]


@pytest.mark.parametrize("enough", [1, 2000, 4000, 0])
@pytest.mark.parametrize("which,number", [("after", 0), ("after", 20),
                                          ("last", 10), ("last", 1000)])
def test_a_page_is_a_prefix_of_the_history(script, which, number, enough):
    """At least this many bytes, without unneeded entries."""
    for i in range(1, 51):
        script.publish(i, payload="x" * 100)
    whole = script.read("", "", "", which, number)[2]
    assert len(whole) == {0: 50, 20: 30, 10: 10, 1000: 50}[number]
    page = script.read("", "", "", which, number, enough)[2]
    assert page == whole[:len(page)] and page
    size = sum(map(len, page))
    assert len(page) == len(whole) or \
        (size >= enough and size - len(page[-1]) < enough)


@pytest.mark.parametrize("known", [(3, "1700000000000|alice|"),
                                   (2, "1700000000000|eve|"),
                                   (2, "1700000000001|alice|"),
                                   (2, "1700000000001|")])
def test_lost_offsets_get_another_epoch(script, known):
    script.publish(1)
    script.publish(2)
    assert script.read(EPOCH, *known) == [OTHER, 0, [], 0, 0]
    assert script.read()[:2] == [OTHER, 0]
    assert script.publish(3) == [OTHER, 1]


def test_an_older_epoch_proves_nothing(script):
    script.publish(1)
    assert script.read(OLDER, 7, "1|eve|")[:2] == [EPOCH, 1]


def test_a_newer_epoch_is_not_followed_by_an_older_one(script):
    """Redis loaded an old snapshot."""
    script.publish(1)
    assert script.read(NEWER, 7, "1|eve|") == [OTHER, 0, [], 0, 0]
    assert script.publish(2) == [OTHER, 1]


MARK = 1700000000000


def lost(script, offset, epoch=EPOCH, time=MARK, run=""):
    return script.call("lost", ["m", "s"], epoch, offset, time, OTHER, 1000,
                       run, "c", "PUBLISH", MARK + 5)


def test_an_existing_message_is_not_lost(script):
    script.publish(1)
    script.publish(2)
    assert lost(script, 2) == 0
    assert lost(script, 1) == 0
    assert script.read()[:2] == [EPOCH, 2]


@pytest.mark.parametrize("offset, time", [(3, MARK), (2, MARK + 1)])
def test_a_lost_message_starts_a_new_epoch_and_is_reported(script, offset,
                                                           time):
    script.publish(1)
    script.publish(2)
    assert lost(script, offset, time=time) == 1
    assert script.read("", "")[:2] == [OTHER, 0]
    assert lost(script, offset, time=time) == 1  # reported only
    assert script.read("", "")[:2] == [OTHER, 0]


@pytest.mark.parametrize("epoch, now", [(OLDER, [EPOCH, 1]),
                                        (NEWER, [OTHER, 0])])
def test_a_message_of_another_epoch_is_lost(script, epoch, now):
    script.publish(1)
    assert lost(script, 1, epoch=epoch) == 1
    assert script.read()[:2] == now


def test_a_reader_learns_when_a_lost_message_was_acknowledged(script):
    script.publish(1)
    assert lost(script, 1) == 0
    assert script.read()[4] == 0
    assert lost(script, 2) == 1
    assert script.read()[4] == MARK + 5
    script.publish(2)
    assert script.read()[4] == MARK + 5


def test_a_channel_without_position_is_lost_without_report(script):
    """The next reader gives it a new epoch, which is a gap."""
    assert lost(script, 3) == 1
    assert script.connection.call("EXISTS", "m") == 0


def publish_plain(script, number, run, epoch=EPOCH):
    return script.call("publish", ["m", "s", "i:i"], "c", epoch, number, 0,
                       300, 1000, MARK, "alice", "1", "PUBLISH", 0, 10, 120,
                       "", "", run)


def test_without_history_another_run_is_another_epoch(script):
    assert publish_plain(script, 1, "run1") == [EPOCH, 1]
    assert publish_plain(script, 2, "run1", OTHER) == [EPOCH, 2]
    assert publish_plain(script, 3, "", OTHER) == [EPOCH, 3]  # unknown
    assert lost(script, 3, run="run1") == 0
    assert publish_plain(script, 4, "run2", OTHER) == [OTHER, 1]
    read = script.call("read", ["m", "s"], EPOCH, 1000, "none", 0, OTHER, 1,
                       "", 0, "run3")
    assert read == [EPOCH, 0, [], 0, 0]
    assert lost(script, 1, epoch=EPOCH, run="run4") == 1
