"""The load tester floods a channel at the server's maximum rate: other clients
on the same worker and health checks still get responses."""

import pathlib
import subprocess
import time

from bystander import MEDIAN_SECONDS, WORST_SECONDS
from support.patience import seconds
from support.server import clean_environment, find_program


def flood(server, duration):
    return subprocess.Popen(
        [pathlib.Path(find_program()).with_name("peal-bench"), "fanout",
         "--preset", "peal", "--connections", "2000", "--window", "16",
         "--duration", str(duration), "--quiet",
         "--url", f"ws://127.0.0.1:{server.port}"],
        env=clean_environment(), stdout=subprocess.PIPE, text=True)


def time_health(server, flooding):
    delays = []
    while flooding.poll() is None:
        before = time.monotonic()
        assert server.request("/health").status == 200
        delays.append(time.monotonic() - before)
        time.sleep(0.02)
    return sorted(delays)


def test_a_flooded_channel_delays_no_others(peal, bystander):
    server = peal(config={
        "workers": 1,
        "limits": {"messages_per_second": 0, "connections_per_ip": 0}})
    bystander(server)
    flooding = flood(server, duration=4)
    delays = time_health(server, flooding)
    report = flooding.stdout.read()
    assert flooding.returncode == 0, report  # no message lost or duplicated
    assert server.metric("peal_messages_sent_total") > 20000
    median, worst = delays[len(delays) // 2], delays[-1]
    assert median < seconds(MEDIAN_SECONDS), f"median {median:.3f} s"
    assert worst < seconds(WORST_SECONDS), f"worst {worst:.3f} s"
