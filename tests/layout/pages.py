"""Checks links, anchors and spelling of the pages, and looks for habits that make
prose hard to read."""

import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def prose_and_fences(text):
    """(number, line, fence) of each line: `fence` is the word after the ``` that
    opens the block around the line, or None in prose."""
    fence = None
    for number, line in enumerate(text.splitlines(), 1):
        mark = re.match(r"\s*```(\S*)", line)
        if mark:
            yield number, "", None
            fence = None if fence is not None else mark[1]
            continue
        yield number, line, fence


def prose(text):
    """The page with its fenced blocks blanked; line numbers stay the same."""
    return "\n".join(line if fence is None else ""
                     for _, line, fence in prose_and_fences(text))


def anchors(text):
    """Anchors as GitHub creates them: the second of two equal headings gets -1."""
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
    """(line number, target) of each link and image."""
    plain = re.sub(r"`[^`\n]*`", lambda code: " " * len(code[0]), prose(text))
    for match in re.finditer(r"\[[^]]*\]\(([^)\s]+)\)", plain):
        yield plain.count("\n", 0, match.start()) + 1, match[1]


def broken_links(pages, files):
    """`pages`: text by name. `files`: the names of all existing files."""
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


def plain(text):
    """The prose without code and URLs."""
    text = re.sub(r"`[^`\n]*`", lambda code: " " * len(code[0]), prose(text))
    text = re.sub(r"\]\([^)]*\)", "]", text)
    return re.sub(r"https?://\S+", "", text)


def is_manual(name):
    return not name.startswith(("CHANGELOG.md", "web/vendor/"))


def misspelt(pages):
    """Words missing both from the dictionary (British, with -ize) and from
    words.txt."""
    known = set((ROOT / "tests/layout/words.txt").read_text().split())
    for name, text in pages.items():
        if not is_manual(name):
            continue
        try:
            done = subprocess.run(
                ["aspell", "--lang=en_GB-ize", "--mode=none", "list"],
                input=plain(text), capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            yield f"aspell: {error}: apt-get install aspell aspell-en"
            return
        for word in sorted(set(done.stdout.split()) - known):
            line = [word in each for each in text.splitlines()].index(True)
            yield (f"{name}:{line + 1}: {word}? If it is right, add it to "
                   "tests/layout/words.txt")


def typos(names):
    """Common typos, in code and pages."""
    try:
        done = subprocess.run(
            ["codespell", "--ignore-words-list", "fro,te,upto,positionin",
             *names], cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError as error:
        yield f"codespell: {error}: apt-get install codespell"
        return
    yield from done.stdout.splitlines()


# Habits that make a sentence hard to read, and what to write instead.
HABITS = [
    (r"(?:^|[.:;] )Who(?:ever)? [a-z]+s? [^?]*$", "name who it is"),
    (r"\b(?:is|are|was) told\b", "gets, learns, is notified"),
    (r"\b(?:Redis|server|client|application|source) is (?:away|there)\b",
     "is unavailable, is available"),
    (r"\bhas a word\b|\bwithout a word\b", "say what happens"),
    (r"\bsuch an? one\b", "repeat the noun"),
    (r",? as well[.;:]", "too, or leave it out"),
    (r"^(?:\S+ )*Is (?:any|some|a|the|it)\w* [^?.]*,", "begin with if"),
    (r"\bstands? (?:in|there|at|beside|behind)\b", "is, contains, has"),
    (r"\banew\b", "again"),
    (r"\bof (?:ours|yours|theirs)\b", "our, your, their"),
    (r"\bserves? on\b", "continues"),
    (r"\b[Hh]e\b", "a client is they or it"),
    (r"\bsays? it to programs\b|\bsays? no more than\b", "say it directly"),
]


def habits(pages):
    for name, text in pages.items():
        if not is_manual(name):
            continue
        for number, line in enumerate(plain(text).splitlines(), 1):
            for pattern, advice in HABITS:
                found = re.search(pattern, line)
                if found:
                    yield f"{name}:{number}: '{found[0].strip()}': {advice}"
