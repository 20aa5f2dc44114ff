"""Checks of the pages: that links and anchors lead somewhere, and that the
prose keeps clear of habits that make it hard to read."""

import os
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]


def prose_and_fences(text):
    """(number, line, fence) of each line: `fence` is the word behind the
    opening ``` of the block that the line stands in, or None in prose."""
    fence = None
    for number, line in enumerate(text.splitlines(), 1):
        mark = re.match(r"\s*```(\S*)", line)
        if mark:
            yield number, "", None
            fence = None if fence is not None else mark[1]
            continue
        yield number, line, fence


def prose(text):
    """The page with fenced blocks emptied; line numbers stay."""
    return "\n".join(line if fence is None else ""
                     for _, line, fence in prose_and_fences(text))


def anchors(text):
    """As GitHub makes them: of two equal headings the second gets -1."""
    seen = {}
    found = set()
    for heading in re.findall(r"^#+ (.*)$", prose(text), re.M):
        words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", words.lower()).strip()
        name = name.replace(" ", "-")
        count = seen.get(name, 0)
        seen[name] = count + 1
        found.add(f"{name}-{count}" if count else name)
    return found


def links_of(text):
    """(line number, target), images included."""
    plain = re.sub(r"`[^`\n]*`", lambda code: " " * len(code[0]), prose(text))
    for match in re.finditer(r"\[[^]]*\]\(([^)\s]+)\)", plain):
        yield plain.count("\n", 0, match.start()) + 1, match[1]


def broken_links(pages, files):
    """`pages`: text by name. `files`: the names of all that is there."""
    folders = {str(parent) for name in files
               for parent in pathlib.PurePath(name).parents}
    for name, text in pages.items():
        for number, target in links_of(text):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            there = os.path.normpath(os.path.join(os.path.dirname(name), path)
                                     ) if path else name
            if there not in files and there not in folders:
                yield f"{name}:{number}: nothing is at {target}"
            elif anchor and there.endswith(".md") and \
                    anchor not in anchors(pages[there]):
                yield f"{name}:{number}: {there} has no heading #{anchor}"
