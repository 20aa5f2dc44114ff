"""Makes one table of what compare.sh left in a folder.

    compare_table.py FOLDER

Each cell is the median of the rounds, its spread ((largest - smallest) /
median), and how many times Peal is ahead of that server: above 1 Peal is
better, whether more or less is better for the figure.
"""

import json
import pathlib
import re
import statistics
import sys

SERVERS = [
    "peal", "floor", "bun", "bun-json", "ws", "gorilla", "nchan", "fastapi",
    "socketio", "nginx", "nethttp", "gin",
]

MORE, LESS = 1, -1


def shootout_clients(run):
    """The most clients whose 95th percentile was within the limit."""
    rounds = run["rounds"]
    good = [r["clients"] for r in rounds if r["p95"] <= 100_000]
    return max(good, default=0)


def memory_each(run):
    grown = run["memory_end"] - run["memory_before"]
    return grown / 1024 / run["opened"]


def bytes_each(run):
    """What the generator received for each delivery: not all say the same."""
    totals = run["totals"]
    return totals["bytes_in"] / totals["arrived"]


def field(*names):
    def read(run):
        for name in names:
            run = run[name]
        return run

    return read


# scenario, what the row says, how to read it, whether more is better
ROWS = [
    ("echo", "echoes/s", field("rate"), MORE),
    ("echo", "us an echo", field("server_us"), LESS),
    ("echo-8", "8 in flight: echoes/s", field("rate"), MORE),
    ("echo-8", "us an echo", field("server_us"), LESS),
    ("fanout-1", "window 1: deliveries/s", field("rate"), MORE),
    ("fanout-1", "us a delivery", field("server_us"), LESS),
    ("fanout-4", "window 4: deliveries/s", field("rate"), MORE),
    ("fanout-4", "us a delivery", field("server_us"), LESS),
    ("fanout-4", "bytes a delivery", bytes_each, LESS),
    ("fanout-16", "window 16: deliveries/s", field("rate"), MORE),
    ("fanout-16", "us a delivery", field("server_us"), LESS),
    ("latency", "40k deliveries/s: p50 us", field("latency_us", "p50"), LESS),
    ("latency", "p99 us", field("latency_us", "p99"), LESS),
    ("latency", "us a delivery", field("server_us"), LESS),
    ("idle", "10,000 idle: KB a connection", memory_each, LESS),
    ("idle", "us a handshake", field("open_server_us"), LESS),
    ("idle-tls", "8,000 idle over TLS: KB a connection", memory_each, LESS),
    ("churn", "us an opening and closing", field("server_us"), LESS),
    ("storm", "5,000 at once: us a handshake", field("server_us"), LESS),
    ("storm", "seconds", field("seconds"), LESS),
    ("storm-14k", "4,000 beside 14,000: us a handshake", field("server_us"),
     LESS),
    ("shootout", "clients at p95 of 100 ms", shootout_clients, MORE),
    ("workers-1", "one worker, cores shared: us a delivery",
     field("server_us"), LESS),
    ("workers-2", "two workers, cores shared: us a delivery",
     field("server_us"), LESS),
    ("one", "one instance: p50 us", field("latency_us", "p50"), LESS),
    ("two", "two instances: p50 us", field("latency_us", "p50"), LESS),
    ("two", "p99 us", field("latency_us", "p99"), LESS),
    ("health-1k", "GET /health, 1,000: requests/s", field("rate"), MORE),
    ("health-1k", "p99 ms", field("p99"), LESS),
    ("health-10k", "GET /health, 10,000: requests/s", field("rate"), MORE),
    ("health-10k", "p99 ms", field("p99"), LESS),
]

UNITS = {"us": 1e-3, "ms": 1, "s": 1e3, "m": 6e4}


def read_wrk(text):
    """What is wanted of wrk's words, or None when it did not get through."""
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    late = re.search(r"99%\s+([\d.]+)(us|ms|s|m)", text)
    if not rate or not late or not float(rate.group(1)):
        return None
    wrong = re.search(r"Non-2xx.*|Socket errors.*", text)
    return {
        "rate": float(rate.group(1)),
        "p99": float(late.group(1)) * UNITS[late.group(2)],
        "failed": wrong.group(0) if wrong else "",
        "doubt": "",
    }


def read_folder(folder):
    """All runs as {(scenario, server): [run, ...]}."""
    runs = {}
    for path in sorted(folder.glob("*.*.*.*")):
        scenario, server, _, kind = path.name.split(".")
        if kind == "json":
            run = json.loads(path.read_text())
        elif kind == "wrk":
            run = read_wrk(path.read_text())
        else:
            continue
        if run:
            runs.setdefault((scenario, server), []).append(run)
    return runs


def summarize(runs, read):
    """(median, spread in percent) of the runs in which it can be read."""
    values = []
    for run in runs:
        try:
            values.append(read(run))
        except (KeyError, ZeroDivisionError):
            continue
    if not values:
        return None
    median = statistics.median(values)
    spread = (max(values) - min(values)) / median * 100 if median else 0
    return median, spread


def brief(value):
    if value >= 1e6:
        return f"{value / 1e6:.2f}M"
    if value >= 1e4:
        return f"{value / 1e3:.0f}k"
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.2f}"


def cell(mine, theirs, better, is_peal, marks):
    if not theirs:
        return "-"
    median, spread = theirs
    text = f"{brief(median)}{marks} ±{spread:.0f}%"
    if is_peal or not mine or not mine[0] or not median:
        return text
    ratio = mine[0] / median if better == MORE else median / mine[0]
    return f"{text} **{ratio:.2f}**"


def marks_of(runs):
    """! where a check failed, ? where most rounds were doubtful."""
    doubtful = sum(1 for run in runs if run["doubt"])
    failed = "!" if any(run["failed"] for run in runs) else ""
    return failed + ("?" if doubtful * 2 > len(runs) else "")


def table(runs):
    servers = [s for s in SERVERS if any(key[1] == s for key in runs)]
    lines = ["| | " + " | ".join(servers) + " |",
             "|---|" + "---|" * len(servers)]
    for scenario, title, read, better in ROWS:
        if not any(key[0] == scenario for key in runs):
            continue
        mine = summarize(runs.get((scenario, "peal"), []), read)
        cells = []
        for server in servers:
            own = runs.get((scenario, server), [])
            cells.append(cell(mine, summarize(own, read), better,
                              server == "peal", marks_of(own)))
        lines.append(f"| {scenario}: {title} | " + " | ".join(cells) + " |")
    return lines


def footnotes(runs, folder):
    rounds = max((len(own) for own in runs.values()), default=0)
    yield ""
    yield (f"Median of {rounds} rounds in turns, ± the spread; in bold how "
           "many times Peal is ahead. ! a check failed, ? most rounds were "
           "doubtful (a core was shared or the generator at its limit).")
    for (scenario, server), own in sorted(runs.items()):
        for why in sorted({run["failed"] for run in own if run["failed"]}):
            yield f"- ! {scenario}, {server}: {why}"
    missing = folder / "missing.txt"
    for line in missing.read_text().splitlines() if missing.exists() else []:
        yield f"- not run: {line}"


def main():
    folder = pathlib.Path(sys.argv[1])
    runs = read_folder(folder)
    print("\n".join([*table(runs), *footnotes(runs, folder)]))


if __name__ == "__main__":
    main()
