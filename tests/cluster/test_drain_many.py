"""Draining an instance with thousands of clients causes no connection storm."""

import statistics
import time

from support.patience import seconds, wait_until
from support.program import is_sanitized

from crowd import Crowd, each_second

# With a sanitizer, five such servers are what two cores can serve.
CLIENTS = 2000 if is_sanitized() else 10000
DRAIN_SECONDS = 10


def test_thousands_of_clients_move_evenly(redis, cluster, load):
    instances = cluster(redis().url, 2, drain_seconds=DRAIN_SECONDS)
    ending, staying = instances[0], instances[1]
    with Crowd(CLIENTS, ending.port, home=staying.port) as crowd:
        wait_until(lambda: crowd.open_count == CLIENTS, 60,
                   what="all clients to connect")
        work = load(instances, ["room"], publishers=2, listeners=4, rate=20)
        work.wait_acknowledged(20)
        before = len(crowd.returns)
        begun = time.monotonic()
        ending.signal()
        instances.instances.remove(ending)  # clients reconnect to another one
        instances.ended.append(ending)
        assert ending.wait_exit(DRAIN_SECONDS + 10) == 0
        took = time.monotonic() - begun
        wait_until(lambda: crowd.open_count == CLIENTS, 10,
                   what="all clients to reconnect")
        work.finish()
    returns = [at for at, port in crowd.returns[before:]
               if port == staying.port]
    closes = each_second([at for at, _ in crowd.closes], begun, DRAIN_SECONDS)
    back = each_second(returns, begun, DRAIN_SECONDS + 2)
    print(f"drained in {took:.1f} s; closed each second {closes}, "
          f"back each second {back}; {work.summary()}")
    # every client was closed once with 1012
    assert not crowd.failures
    assert [code for _, code in crowd.closes] == [1012] * CLIENTS
    assert len(returns) == CLIENTS
    # spread: every second has about its share
    mean = CLIENTS / DRAIN_SECONDS
    assert max(back) <= 1.3 * mean, back
    assert max(closes) <= 1.2 * mean and min(closes) >= 0.8 * mean, closes
    assert statistics.pstdev(closes) < 0.1 * mean, closes
    # spread within each second too
    tenths = each_second([(at - begun) * 10 for at, _ in crowd.closes], 0,
                         10 * DRAIN_SECONDS)
    assert max(tenths) <= 2.5 * mean / 10, tenths
    assert took < DRAIN_SECONDS + seconds(3)
    work.prove(unanswered=True)
