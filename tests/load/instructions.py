"""Counts the instructions of the server's hot paths, and compares them with
the baseline of this Debian release (baseline-CODENAME.json), because libraries
execute part of them. Unlike times, they hardly depend on the machine.

  instructions.py PEAL            compares; fails on a change over 10 %
  instructions.py PEAL --update   writes a new baseline

Each path runs a few times and then more often under callgrind, in step with
the client; the difference between both runs excludes start and shutdown. The
kernel is not counted. The last line is "N passed, M failed".
"""

import concurrent.futures
import json
import os
import pathlib
import platform
import re
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SUITE = platform.freedesktop_os_release().get("VERSION_CODENAME", "unknown")
BASELINE = HERE / f"baseline-{SUITE}.json"
ALLOWED = 0.10
SECRET = "0123456789abcdef0123456789abcdef"
FEW, MANY, CROWD = 100, 600, 101
TEXT = "x" * 64

os.environ["PEAL_TEST_SLOWNESS"] = "20"  # callgrind is slow
os.environ["PEAL_TEST_WORKERS"] = "1"
sys.path.insert(0, str(HERE.parent / "integration"))

from support.server import Server  # noqa: E402
from support.tokens import make_token  # noqa: E402


def token(client):
    return make_token(client, secret=SECRET)


def handshakes(server, count):
    for _ in range(count):
        server.connect("alice", token=token("alice")).drop()


def echoes(server, count):
    client = server.connect("alice", token=token("alice"))
    for _ in range(count):
        client.send(TEXT)
        assert client.receive_data() == "Echo: " + TEXT


def publish_to(server, count, subscribers):
    everyone = [server.join(name, token=token(name)) for name in
                (f"client{i}" for i in range(subscribers))]
    for number in range(count):
        everyone[0].send({"type": "broadcast", "payload": TEXT, "id": number})
        for client in everyone:
            assert client.receive_type("broadcast")["payload"] == TEXT
        everyone[0].receive_type("broadcastResult")


def publishes(server, count):
    publish_to(server, count, 1)


def deliveries(server, count):
    publish_to(server, count, CROWD)


def count_run(program, folder, walk, count):
    """All instructions of one run of the server."""
    counts = folder / "callgrind.out"
    wrapper = folder / "peal"
    wrapper.write_text("#!/bin/sh\nexec valgrind --tool=callgrind -q "
                       f"--callgrind-out-file='{counts}' '{program}' \"$@\"\n")
    wrapper.chmod(0o755)
    os.environ["PEAL_BINARY"] = str(wrapper)
    # not every machine has io_uring
    server = Server(folder, {"io_uring": False, "auth": {"secret": SECRET},
                             "limits": {
                                 "messages_per_second": 0,
                                 "connections_per_ip": 0}})
    try:
        walk(server, count)
    finally:
        complaints = server.stop()
    assert not complaints, complaints
    return int(re.search(r"^(?:summary|totals): (\d+)", counts.read_text(),
                         re.MULTILINE)[1])


def count_one(program, walk):
    """Instructions of one pass of a path."""
    totals = []
    for count in (FEW, MANY):
        with tempfile.TemporaryDirectory() as folder:
            totals.append(count_run(program, pathlib.Path(folder), walk, count))
    return (totals[1] - totals[0]) / (MANY - FEW)


def count_all(program):
    walks = (handshakes, echoes, publishes, deliveries)
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        handshake, echo, publish, crowd = pool.map(
            count_one, [program] * len(walks), walks)
    return {
        "handshake and close": round(handshake),
        "echo": round(echo),
        "publish, one delivery included": round(publish),
        "each further delivery": round((crowd - publish) / (CROWD - 1)),
    }


def compare(counted, baseline):
    """Prints the changes; returns how many are within the limit, and how many
    are not."""
    failed = 0
    for path, now in counted.items():
        before = baseline.get(path)
        change = now / before - 1 if before else float("inf")
        failed += abs(change) > ALLOWED
        print(f"{path:32} {now:8} instructions, {change:+.1%}"
              f"{'' if abs(change) <= ALLOWED else ' <- too far'}")
    if failed:
        print("If this is intended, commit a new baseline with the change: "
              "tests/load/instructions.py PEAL --update")
    return len(counted) - failed, failed


def main():
    program = os.path.abspath(sys.argv[1])
    counted = count_all(program)
    if "--update" in sys.argv[2:]:
        BASELINE.write_text(json.dumps(counted, indent=4) + "\n")
    elif not BASELINE.exists():
        print(f"There is no {BASELINE.name}: write one with --update from "
              "a known good build")
    baseline = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    passed, failed = compare(counted, baseline)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
