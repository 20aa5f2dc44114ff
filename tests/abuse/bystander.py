"""Two well-behaved clients in a separate channel: one publishes, the other
measures the delay. They run in a separate process, so that the attacker's own
load does not count as load of the server.

    bystander.py PORT [TOKEN]    runs until end of input; prints the delays
"""

import json
import os
import pathlib
import subprocess
import sys
import threading
import time

if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] /
                           "integration"))

from support.patience import seconds  # noqa: E402
from support.websocket import Client, ws_path  # noqa: E402

# the delay allowed for other clients: generous, because machines differ
MEDIAN_SECONDS = 0.1
WORST_SECONDS = 2
LEAST = 5  # messages, even if the attack is short


class Bystander:
    def __init__(self, server, token=None):
        self.process = subprocess.Popen(
            [sys.executable, __file__, str(server.port), *filter(None, [token])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "[]\n", self.error()

    def error(self):
        _, error = self.process.communicate(timeout=seconds(30))
        return f"the bystander was hurt: {error}"

    def end(self):
        """The sorted delays."""
        told, error = self.process.communicate(timeout=seconds(60))
        assert self.process.returncode == 0, \
            f"the bystander was hurt: {error}"
        delays = sorted(json.loads(told))
        median, worst = delays[len(delays) // 2], delays[-1]
        assert median < seconds(MEDIAN_SECONDS), f"median {median:.3f} s"
        assert worst < seconds(WORST_SECONDS), f"worst {worst:.3f} s"
        return delays


def join(port, client, token):
    made = Client(port, ws_path(client, ["quiet"]), protocol="broadcast",
                  token=token)
    made.receive_type("subscribed")
    return made


def exchange(sender, reader, number):
    """The delay of a message from one client to the other."""
    before = time.monotonic()
    sender.send({"type": "broadcast", "channel": "quiet", "payload": number})
    got = reader.receive_type("broadcast")
    delay = time.monotonic() - before
    assert got["payload"] == number, "a message is missing"
    sender.receive_type("broadcast")
    sender.receive_type("broadcastResult")
    return delay


def main(port, token=None):
    sender, reader = [join(int(port), f"bystander-{name}", token)
                      for name in "ab"]
    print([], flush=True)
    is_over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), is_over.set()),
                     daemon=True).start()
    delays = []
    while not is_over.is_set() or len(delays) < LEAST:
        delays.append(exchange(sender, reader, len(delays)))
        time.sleep(0.02)
    print(json.dumps(delays), flush=True)
    # exit without cleanup: the thread may still wait for input
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
