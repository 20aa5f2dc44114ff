#!/usr/bin/env python3
"""Checks the shape of the tree: floors, fences, headers, sizes, names, and
that the pages say what the tables in the code say. Prints what is wrong and
where, and ends with "N passed, M failed"."""

import collections
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# A folder may include itself and what stands on a lower floor.
FLOORS = {"base": 0, "messaging": 1, "auth": 2, "bus": 2, "api": 2,
          "hooks": 2, "protocols": 2, "net": 3, "": 4}

# A library is spoken to in these files only.
FENCES = {
    r"libwebsockets\.h": r"server/net/",
    r"hiredis/": r"server/bus/redis_",
    r"liburing\.h": r"server/net/send_ring\.c",
    r"cjose/|jansson\.h": r"server/auth/j",
    r"cjson/": r"server/base/json\.c$",
    r"curl/": r"server/hooks/hook_poster\.c$",
    r"uv\.h": r"server/base/(loop|poll_start)\.c$",
    r"openssl/ssl\.h": r"server/(net/tls|bus/redis_tls|remote\.c)",
}

TOP_LEVEL = {
    "server", "protocols", "web", "tests", "conf", "CMakeLists.txt",
    "README.md", "CMakePresets.json", "LICENSE", "CHANGELOG.md", ".ci",
    ".clang-format", ".clang-tidy", ".editorconfig", ".gitignore",
}

FUNCTION_LINES = 60
FILE_LINES = 500
HEADER_LINES = 150
COLUMNS = 80


def tracked():
    """The files of the tree, whether it is a checkout or a plain copy."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, text=True,
                            capture_output=True, check=False)
    if listed.returncode == 0 and listed.stdout:
        names = listed.stdout.splitlines()
    else:
        names = [str(path.relative_to(ROOT)) for path in ROOT.rglob("*")
                 if path.is_file()
                 and not re.match(r"build|\.git/|.*node_modules",
                                  str(path.relative_to(ROOT)))]
    return [name for name in names if (ROOT / name).is_file()]


FILES = tracked()
SOURCES = [name for name in FILES
           if re.match(r"(server|protocols)/.*\.[ch]$", name)]


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def folder_of(name):
    parts = pathlib.PurePath(name).parts
    if parts[0] == "protocols":
        return "protocols"
    return parts[1] if len(parts) > 2 else ""


def includes(name):
    for number, line in enumerate(read(name).splitlines(), 1):
        found = re.match(r'\s*#\s*include\s*([<"])([^">]+)', line)
        if found:
            yield number, found.group(1), found.group(2)


def floors():
    for name in SOURCES:
        mine = folder_of(name)
        for number, quote, header in includes(name):
            other = header.split("/")[0] if "/" in header else ""
            beside = (ROOT / name).parent / header
            if (quote != '"' or header == "redis_scripts_data.h"
                    or beside.is_file()):
                continue
            if other not in FLOORS:
                other = ""
            down = FLOORS[other] < FLOORS[mine]
            if other != mine and not down:
                yield f"{name}:{number}: {mine or 'server'} includes {header}"


def fences():
    for name in SOURCES:
        for number, quote, header in includes(name):
            for library, place in FENCES.items():
                if (quote == "<" and re.match(library, header)
                        and not re.match(place, name)):
                    yield f"{name}:{number}: <{header}> belongs in {place}"


def header_contracts():
    for name in SOURCES:
        if not name.endswith(".h"):
            continue
        comment = read(name).split("*/")[0]
        stem = pathlib.PurePath(name).stem
        if not comment.startswith(f"/* {stem}: "):
            yield f"{name}: does not open with '/* {stem}: what it is for'"
        for word in ("Owner:", "Thread:", "Limits:", "Failure:"):
            if word not in comment:
                yield f"{name}: its comment has no line '{word}'"


def functions(name):
    """(first line, lines) of each function: what stands between a brace in
    the first column and its partner, tables left out."""
    start = None
    lines = read(name).splitlines()
    for number, line in enumerate(lines, 1):
        if line == "{" and not lines[number - 2].rstrip().endswith("="):
            start = number
        elif line == "}" and start:
            yield start, number - start + 1
            start = None


def sizes():
    for name in SOURCES:
        lines = read(name).splitlines()
        limit = HEADER_LINES if name.endswith(".h") else FILE_LINES
        if len(lines) > limit and name not in TABLES:
            yield f"{name}: {len(lines)} lines, more than {limit}"
        for start, length in functions(name):
            if length > FUNCTION_LINES:
                yield f"{name}:{start}: a function of {length} lines"
        for number, line in enumerate(lines, 1):
            if len(line) > COLUMNS:
                yield f"{name}:{number}: {len(line)} columns"


# What is one table, or one struct that everything turns around.
TABLES = {"server/messaging/metrics.h", "server/messaging/connection.h",
          "server/bus/redis_bus.h",
          # one state machine; its answers to subscribers should move out
          "server/bus/redis_channel.c"}


def base_names():
    seen = collections.defaultdict(list)
    for name in SOURCES:
        seen[pathlib.PurePath(name).name].append(name)
    for names in seen.values():
        if len(names) > 1:
            yield "one name, several files: " + " ".join(names)


def words():
    for name in SOURCES:
        if name.startswith("server/net/"):
            continue
        code = re.sub(r'/\*.*?\*/|"(\\.|[^"\\])*"', "", read(name),
                      flags=re.S)
        for word in ("session", "wsi", "pss"):
            if re.search(rf"\b{word}s?\b", code):
                yield f"{name}: the word '{word}' belongs in net/ at most"


def top_level():
    for name in sorted({pathlib.PurePath(name).parts[0] for name in FILES}):
        if name not in TOP_LEVEL:
            yield f"{name}: does not belong on the top level"


def machine_paths():
    paths = re.compile(r"/(?:work|root|home)/[a-z]")
    for name in FILES:
        if name.endswith((".png", ".jpg")) or name == "tests/layout/check.py":
            continue
        try:
            text = read(name)
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if paths.search(line):
                yield f"{name}:{number}: the path of one machine"


def readme_config_table():
    keys = re.findall(r'^    \{"([a-z_.]+)", &config_value',
                      read("server/config_key.c"), re.M)
    told = re.findall(r"^\| `([a-z_.]+)` \|", read("README.md"), re.M)
    for key in keys:
        if key not in told:
            yield f"README.md: the config table lacks {key}"
    code = read("server/config_key.c")
    for key, row in re.findall(r'^    \{"([a-z_.]+)", (.*?)\},$', code,
                               re.M | re.S):
        said = re.search(rf"^\| `{re.escape(key)}` \| .*?\| (yes )?\| ",
                         read("README.md"), re.M)
        if said and bool(said.group(1)) != (".reloads = true" in row):
            yield f"README.md: whether SIGHUP changes {key} is told wrong"
    sections = {key.split(".")[0] for key in keys}
    for key in told:
        if "." in key and key.split(".")[0] in sections and key not in keys:
            yield f"README.md: the config table has {key}, no such key"


def wire_page():
    page = read("protocols/README.md")
    types = re.findall(r'begin\(connection, "(\w+)"\)',
                       read("protocols/broadcast.c"))
    types += re.findall(r'\{BYTES_LITERAL\("(\w+)"\), on_',
                        read("protocols/broadcast.c"))
    codes = re.findall(r"\b(1\d{3}|4\d{3})\b",
                       read("server/messaging/close_reason.c"))
    faults = re.findall(r'\{"([a-z_]+)",', read("server/messaging/fault.c"))
    for word in types + codes + faults:
        if word != "none" and not re.search(rf"\b{word}\b", page):
            yield f"protocols/README.md: does not tell of {word}"


CHECKS = [floors, fences, header_contracts, sizes, base_names, words,
          top_level, machine_paths, readme_config_table, wire_page]


def main():
    failed = 0
    for check in CHECKS:
        wrong = list(check())
        failed += bool(wrong)
        print(("ok     " if not wrong else "WRONG  ") + check.__name__)
        for line in wrong:
            print("       " + line)
    print(f"{len(CHECKS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
