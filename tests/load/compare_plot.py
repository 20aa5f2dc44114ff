"""Draws the results of compare.sh in a folder as an SVG: a row of bars per
server, with the spread of the rounds as a line.

    compare_plot.py FOLDER >comparison.svg
"""

import pathlib
import statistics
import sys
from xml.sax.saxutils import escape

from compare_table import (
    MORE, ROWS, SERVERS, brief, read_folder, values_of)

# the rows shown, their figures, and their titles
PANELS = [
    ("fanout-1", "cost", "CPU of a delivery, us, window 1"),
    ("fanout-4", "cost", "CPU of a delivery, us, window 4"),
    ("fanout-16", "cost", "CPU of a delivery, us, window 16"),
    ("echo-1", "cost", "CPU of an echo, us"),
    ("idle", "cost", "KB an idle connection"),
    ("health-10k", "cost", "CPU of GET /health, us, 10,000 connections"),
]
COLUMNS, WIDTH, BAR, GAP, NAME, TOP = 2, 420, 16, 6, 78, 34
STYLE = """text { font: 12px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600; font-size: 13px }
.name { text-anchor: end }
.peal { fill: #0b7a75 } .other { fill: #9fb3c8 }
.spread { stroke: #24292f; stroke-width: 1 }"""


def bar(row, server, median, low, high, scale):
    y = TOP + row * (BAR + GAP)
    kind = "peal" if server == "peal" else "other"
    middle = y + BAR / 2
    return (
        f'<text class="name" x="{NAME - 6}" y="{y + 12}">{escape(server)}'
        f'</text><rect class="{kind}" x="{NAME}" y="{y}" height="{BAR}" '
        f'width="{median * scale:.1f}" rx="2"/>'
        f'<line class="spread" x1="{NAME + low * scale:.1f}" y1="{middle}" '
        f'x2="{NAME + high * scale:.1f}" y2="{middle}"/>'
        f'<text x="{NAME + high * scale + 6:.1f}" y="{y + 12}">'
        f"{brief(median)}</text>")


def panel(runs, name, figure, title):
    """Draws one row of the table, best server first; also returns the
    height."""
    found = []
    for server in SERVERS:
        own = values_of(runs.get((name, server), {}), figure).values()
        if own:
            found.append((statistics.median(own), server, min(own), max(own)))
    if not found:
        return None
    found.sort(reverse=figure.better == MORE)
    scale = (WIDTH - NAME - 60) / max(high for *_, high in found)
    bars = [bar(row, server, median, low, high, scale)
            for row, (median, server, low, high) in enumerate(found)]
    head = f'<text class="title" x="4" y="20">{escape(title)}</text>'
    return "\n".join([head, *bars]), TOP + len(found) * (BAR + GAP) + 14


def picture(panels):
    parts, tops = [], [0] * COLUMNS
    for shapes, height in panels:
        column = tops.index(min(tops))
        parts.append(f'<g transform="translate({column * WIDTH + 8},'
                     f'{tops[column]})">{shapes}</g>')
        tops[column] += height
    width, height = COLUMNS * WIDTH + 16, max(tops)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
            f'height="{height}" viewBox="0 0 {width} {height}" role="img" '
            f'aria-label="Peal beside its peers"><style>{STYLE}</style>'
            f'<rect width="100%" height="100%" rx="6" fill="#ffffff"/>\n'
            + "\n".join(parts) + "\n</svg>")


def main():
    runs = read_folder(pathlib.Path(sys.argv[1]))
    rows = {row.name: row for row in ROWS}
    panels = [panel(runs, name, getattr(rows[name], figure), title)
              for name, figure, title in PANELS]
    print(picture([found for found in panels if found]))


if __name__ == "__main__":
    main()
