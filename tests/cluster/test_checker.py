"""The checker detects each kind of error."""

import pytest

from checker import Heard, Load, Publish, Told


class NoCluster:
    @staticmethod
    def ports():
        return []


@pytest.fixture
def told():
    """Three acknowledged messages received by two listeners."""
    load = Load(NoCluster, ["room"], publishers=1, listeners=2)
    publisher = load.publishers[0]
    for number in (1, 2, 3):
        publisher.publishes[number] = Publish(1, 10.0 + number)
        publisher.publishes[number].end("acknowledged", number)
    for listener in load.listeners:
        listener.heard["room"] = [Told("joined", 1.0)] + [
            Heard(number, publisher.name, 1, number) for number in (1, 2, 3)]
    return load


def log(load):
    return load.listeners[0].heard["room"]


def complaint(load, **options):
    with pytest.raises(AssertionError) as found:
        load.prove(**options)
    return str(found.value)


def test_no_errors(told):
    told.prove()


def test_a_lost_message(told):
    del log(told)[3]
    assert "was lost" in complaint(told)


def test_a_lost_message_between(told):
    del log(told)[2]
    assert "came after" in complaint(told)


def test_a_doubled_message(told):
    log(told).append(log(told)[3])
    assert "heard 2 times" in complaint(told)


def test_two_orders(told):
    items = log(told)
    items[2], items[3] = (items[3]._replace(offset=2),
                          items[2]._replace(offset=3))
    text = complaint(told)
    assert "disagree" in text
    assert "was acknowledged as" in text


def test_an_unexpected_gap(told):
    log(told).insert(2, Told("gap", 11.5))
    assert "unexpected: gap" in complaint(told)
    told.prove(gaps=True)


def test_a_loss_after_the_gap(told):
    log(told)[3:] = []
    log(told).insert(2, Told("gap", 11.5))
    assert "was lost" in complaint(told, gaps=True)


def test_a_loss_reported_by_the_gap(told):
    log(told)[3:] = [Told("gap", 14.0)]
    told.prove(gaps=True)


def test_an_invented_message(told):
    log(told).append(Heard(4, "nobody", 1, 1))
    assert "never published" in complaint(told)


def test_a_publish_without_an_answer(told):
    told.publishers[0].publishes[4] = Publish(1, 20.0, "unknown")
    assert "never answered" in complaint(told)
    told.prove(unanswered=True)
