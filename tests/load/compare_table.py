"""Prints the results of compare.sh in a folder as a table.

    compare_table.py FOLDER [--costs]

With --costs, prints only the servers' costs: the table of the README.

A line compares one row with one peer. The cost is the server's use per
operation, from /proc: CPU, or memory of an idle connection. The rate is the
throughput. A figure is the median of the pairs and their spread ((maximum -
minimum) / median); "ahead" is the median of the ratios of each pair, with
minimum and maximum: above 1, Peal is better.
"""

import collections
import json
import pathlib
import statistics
import sys

SERVERS = [
    "peal", "against", "broadcast", "floor", "bun", "bun-json", "bun-auth",
    "ws", "gorilla", "nchan", "fastapi", "socketio", "nginx", "nethttp", "gin",
]

MORE, LESS = 1, -1

Figure = collections.namedtuple("Figure", "unit read better")
Row = collections.namedtuple("Row", "name title cost rate")


def field(*names):
    def read(run):
        for name in names:
            run = run[name]
        return run

    return read


def shootout_clients(run):
    """The largest number of clients whose last one had the text in time."""
    good = [r["clients"] for r in run["rounds"] if r["p95"] <= 100_000]
    return max(good, default=0)


def memory_each(run):
    """Including growth in the first seconds of being idle."""
    grown = run["memory_end"] - run["memory_with_one"]
    return grown / 1024 / (run["opened"] - 1)


def cpu(unit):
    return Figure(f"us {unit}", field("server_us"), LESS)


def rate(unit):
    return Figure(f"{unit}/s", field("rate"), MORE)


DELIVERY = cpu("a delivery"), rate("deliveries")
ECHO = cpu("an echo"), rate("echoes")
HANDSHAKE = cpu("a handshake"), rate("handshakes")
CHURN = cpu("an opening and closing"), rate("openings")
MEMORY = (Figure("KB a connection", memory_each, LESS),
          Figure("openings/s", field("open_rate"), MORE))
LATENCY = cpu("a delivery"), Figure("us, p50", field("latency_us", "p50"), LESS)

ROWS = [
    Row("echo-1", "echo, 1 in flight", *ECHO),
    Row("echo-8", "echo, 8 in flight", *ECHO),
    Row("fanout-1", "fan-out, window 1", *DELIVERY),
    Row("fanout-4", "fan-out, window 4", *DELIVERY),
    Row("fanout-16", "fan-out, window 16", *DELIVERY),
    Row("fanout-tls-1", "fan-out over TLS, window 1", *DELIVERY),
    Row("fanout-tls-4", "fan-out over TLS, window 4", *DELIVERY),
    Row("fanout-tls-16", "fan-out over TLS, window 16", *DELIVERY),
    Row("echo-tls-1", "echo over TLS, 1 in flight", *ECHO),
    Row("echo-tls-8", "echo over TLS, 8 in flight", *ECHO),
    Row("idle", "10,000 idle", *MEMORY),
    Row("idle-tls", "8,000 idle over TLS", *MEMORY),
    Row("handshake-1k", "handshake with a token, 1,000 open", *HANDSHAKE),
    Row("handshake-15k", "handshake with a token, 15,000 open", *HANDSHAKE),
    Row("churn-1k", "open and close, 1,000 open", *CHURN),
    Row("churn-15k", "open and close, 15,000 open", *CHURN),
    Row("health-10k", "GET /health, 10,000 kept connections",
        cpu("a request"), rate("requests")),
    Row("shootout", "the last client within 100 ms, 95 of 100 times",
        cpu("a delivery"), Figure("clients", shootout_clients, MORE)),
    Row("latency", "fan-out, 40 messages a second", *LATENCY),
    Row("pusher-1", "Pusher's protocol, window 1", *DELIVERY),
    Row("pusher-4", "Pusher's protocol, window 4", *DELIVERY),
    Row("pusher-16", "Pusher's protocol, window 16", *DELIVERY),
    Row("idle-pusher", "10,000 idle, Pusher's protocol", *MEMORY),
    Row("storm-1k", "4,000 at once beside 1,000", *HANDSHAKE),
    Row("storm-14k", "4,000 at once beside 14,000", *HANDSHAKE),
    Row("workers-1", "one worker, cores shared", *DELIVERY),
    Row("workers-2", "two workers, cores shared", *DELIVERY),
    Row("one", "one instance", *LATENCY),
    Row("two", "two instances and Redis", *LATENCY),
]


def read_folder(folder):
    """All runs as {(row, server): {pair: run}}."""
    runs = collections.defaultdict(dict)
    for path in sorted(folder.glob("*.*.*.json")):
        row, server, pair, _ = path.name.split(".")
        if text := path.read_text():
            runs[row, server][int(pair)] = json.loads(text)
    return runs


def value_of(run, figure):
    """None if the run has no such figure."""
    try:
        return figure.read(run)
    except (KeyError, TypeError, ZeroDivisionError):
        return None


def values_of(runs, figure):
    """{pair: value} of the runs that have a value."""
    values = {pair: value_of(run, figure) for pair, run in runs.items()}
    return {pair: value for pair, value in values.items() if value is not None}


def brief(value):
    if value >= 1e6:
        return f"{value / 1e6:.2f}M"
    if value >= 1e4:
        return f"{value / 1e3:.0f}k"
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.2f}"


def marks_of(runs):
    """! if a check failed, ? if most runs were doubtful."""
    doubtful = sum(1 for run in runs.values() if run["doubt"])
    failed = any(run["failed"] for run in runs.values())
    return ("!" if failed else "") + ("?" if doubtful * 2 > len(runs) else "")


def cell(runs, figure):
    values = list(values_of(runs, figure).values())
    if not values:
        return "-"
    median = statistics.median(values)
    spread = (max(values) - min(values)) / median * 100 if median else 0
    return f"{brief(median)} ±{spread:.0f}%"


def ahead(mine, theirs, figure):
    """The median of the ratios of each pair, and their bounds."""
    mine, theirs = values_of(mine, figure), values_of(theirs, figure)
    ratios = [mine[pair] / theirs[pair] for pair in mine
              if theirs.get(pair) and mine[pair]]
    if not ratios:
        return ""
    if figure.better == LESS:
        ratios = [1 / ratio for ratio in ratios]
    return (f"**{statistics.median(ratios):.2f}** "
            f"({min(ratios):.2f}-{max(ratios):.2f})")


def line(row, server, mine, theirs):
    cells = [f"{row.title} ({row.name})", server]
    for figure in (row.cost, row.rate):
        cells += [figure.unit, cell(mine, figure) + marks_of(mine),
                  cell(theirs, figure) + marks_of(theirs),
                  ahead(mine, theirs, figure)]
    return "| " + " | ".join(cells) + " |"


def table(runs):
    yield ("| row | peer | cost | Peal | peer | ahead | rate | Peal | peer | "
           "ahead |")
    yield "|---" * 10 + "|"
    for row in ROWS:
        mine = runs.get((row.name, "peal"), {})
        others = [server for server in SERVERS[1:]
                  if (row.name, server) in runs]
        for server in others:
            yield line(row, server, mine, runs[row.name, server])
        if mine and not others:
            yield line(row, "", mine, {})


def costs(runs):
    yield "| | Peal | | | ahead |"
    yield "|---" * 5 + "|"
    for row in ROWS:
        mine = runs.get((row.name, "peal"), {})
        for server in SERVERS[1:]:
            theirs = runs.get((row.name, server), {})
            if theirs:
                yield (f"| {row.title}: {row.cost.unit} | "
                       f"{cell(mine, row.cost)} | {server} | "
                       f"{cell(theirs, row.cost)} | "
                       f"{ahead(mine, theirs, row.cost)} |")


def footnotes(runs, folder):
    pairs = max((len(own) for own in runs.values()), default=0)
    yield ""
    yield (f"Median of {pairs} pairs in turns, ± the spread; ahead: how many "
           "times Peal is better, with the bounds of the pairs. ! a check "
           "failed, ? most runs were doubtful (a core was shared, or the "
           "generator was at its limit).")
    for (row, server), own in sorted(runs.items()):
        for why in sorted({run["failed"] for run in own.values()} - {""}):
            yield f"- ! {row}, {server}: {why}"
    missing = folder / "missing.txt"
    for text in missing.read_text().splitlines() if missing.exists() else []:
        yield f"- not run: {text}"


def main():
    folder = pathlib.Path(sys.argv[1])
    runs = read_folder(folder)
    if "--costs" in sys.argv[2:]:
        print("\n".join(costs(runs)))
    else:
        print("\n".join([*table(runs), *footnotes(runs, folder)]))


if __name__ == "__main__":
    main()
