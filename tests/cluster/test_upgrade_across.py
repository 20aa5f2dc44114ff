"""In-place upgrades of instances that share a Redis: clients move and recover
without losing messages."""

from support.patience import seconds
from support.upgrade import upgrade


def test_nothing_acknowledged_is_lost_by_upgrades(redis, cluster, load):
    instances = cluster(redis().url, 2, drain_seconds=1)
    work = load(instances, ["room"], publishers=4, listeners=6, rate=40)
    olds = []
    for turn in range(4):
        work.wait_acknowledged(100)
        olds.append(upgrade(instances[turn % 2]))
    work.wait_acknowledged(100)
    for old in olds:
        assert old.wait(seconds(20)) == 0
    work.finish()
    print(work.summary())
    work.prove(unanswered=True)


def test_a_single_instance_is_upgraded_under_load(redis, cluster, load):
    instances = cluster(redis().url, 1, drain_seconds=1)
    work = load(instances, ["room", "other"], publishers=3, listeners=4,
                rate=40)
    for _ in range(3):
        work.wait_acknowledged(80)
        old = upgrade(instances[0])
        work.wait_acknowledged(80)
        assert old.wait(seconds(20)) == 0
    work.finish()
    print(work.summary())
    work.prove(unanswered=True)
