#!/usr/bin/env python3
"""Checks the structure of the source: floors, library headers, sizes, names, and
whether the pages match the tables in the code. Prints each violation with its
place, and ends with "N passed, M failed"."""

import collections
import json
import pathlib
import re
import subprocess
import sys

import examples
import pages

ROOT = pathlib.Path(__file__).resolve().parents[2]

# A room may include itself and the rooms on lower floors. The rooms inside
# net/ share a floor and may include one another.
FLOORS = {
    "base": 0,
    "messaging": 1,
    "accounts": 2, "messaging/store": 2, "messaging/watch": 2,
    "api": 3, "auth": 3, "bus/local": 3, "bus/redis": 3, "hooks": 3,
    "protocols": 3,
    "net": 4, "net/http": 4, "net/listen": 4, "net/peer": 4, "net/tls": 4,
    "net/websocket": 4,
    "config": 5,
    "commands": 6, "process": 6,
    "": 7,
}

# Only these files may include the headers of a library.
FENCES = {
    r"libwebsockets\.h": r"server/net/",
    r"hiredis/": r"server/bus/redis/redis_",
    r"liburing\.h": r"server/net/send_ring\.c",
    r"cjose/|jansson\.h": r"server/auth/j",
    r"cjson/": r"server/base/json\.c$",
    r"curl/": r"server/(hooks/hook_poster|auth/jwks_fetcher|base/web_request)\.[ch]$",
    r"sqlite3\.h": r"server/accounts/sql_sqlite\.c$",
    r"libpq-fe\.h": r"server/accounts/sql_postgres\.c$",
    r"argon2\.h": r"server/accounts/password\.c$",
    r"uv\.h": r"server/base/loop\.c$",
    r"openssl/ssl\.h": r"server/(net/|bus/redis/redis_tls|commands/remote)",
}

TOP_LEVEL = {
    "server", "protocols", "web", "tests", "conf", "CMakeLists.txt",
    "README.md", "CMakePresets.json", "LICENSE", "CHANGELOG.md",
    "CONTRIBUTING.md", ".ci", ".clang-format", ".clang-tidy", ".clangd",
    ".editorconfig", ".gitignore",
}

FUNCTION_LINES = 60
FILE_LINES = 500
HEADER_LINES = 150
COLUMNS = 80


def tracked():
    """The source files, committed or not, in a checkout or a copy."""
    listed = subprocess.run(["git", "ls-files", "--cached", "--others",
                             "--exclude-standard"], cwd=ROOT, text=True,
                            capture_output=True, check=False)
    if listed.returncode == 0 and listed.stdout:
        names = listed.stdout.splitlines()
    else:
        names = [str(path.relative_to(ROOT)) for path in ROOT.rglob("*")
                 if path.is_file()
                 and not re.match(r"build|\.git/|.*node_modules",
                                  str(path.relative_to(ROOT)))]
    return sorted({name for name in names if (ROOT / name).is_file()})


FILES = tracked()
SOURCES = [name for name in FILES
           if re.match(r"(server|protocols)/.*\.[ch]$", name)]
KNOWN = set(SOURCES)


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def room_of(name):
    """The innermost room of FLOORS that contains a file."""
    folder = pathlib.PurePath(name).parent
    if folder.parts[0] == "protocols":
        return "protocols"
    folder = str(folder.relative_to("server"))
    return "" if folder == "." else folder


def includes(name):
    for number, line in enumerate(read(name).splitlines(), 1):
        found = re.match(r'\s*#\s*include\s*([<"])([^">]+)', line)
        if found:
            yield number, found.group(1), found.group(2)


def file_of(name, header):
    """The source file that an #include in `name` refers to, or None."""
    beside = pathlib.PurePath(name).parent / header
    for path in (beside, pathlib.PurePath("server") / header, header):
        if str(path) in KNOWN:
            return str(path)
    return None


def floors():
    for name in SOURCES:
        mine = room_of(name)
        if mine not in FLOORS:
            yield f"{name}: FLOORS has no room {mine}"
            continue
        for number, quote, header in includes(name):
            included = file_of(name, header) if quote == '"' else None
            if not included:
                continue
            other = room_of(included)
            down = FLOORS.get(other, 0) < FLOORS[mine]
            both_in_net = (mine.split("/")[0] == "net"
                           and other.split("/")[0] == "net")
            if other != mine and not down and not both_in_net:
                yield f"{name}:{number}: {mine or 'server'} includes {header}"


# Files with a common purpose, which may include one another.
TOGETHER = [
    # the table of keys and the types of its rows
    {"config_key", "config_value"},
    # the reader of a request head and its part for the request line
    {"request_reader", "request_line"},
    # a thread's data, its sockets and their streams
    {"reactor", "socket", "stream"},
]


def noun_of(name):
    return re.sub(r"\.[ch]$", "", name)


def reachable(graph, start):
    """The nodes reachable from `start`; includes `start` only if it is in a
    cycle."""
    seen = set()
    left = list(graph[start])
    while left:
        noun = left.pop()
        if noun not in seen:
            seen.add(noun)
            left.extend(graph[noun])
    return seen


def cycles():
    """Include cycles; noun.c and noun.h count as one file."""
    graph = collections.defaultdict(set)
    for name in SOURCES:
        for _, quote, header in includes(name):
            included = file_of(name, header) if quote == '"' else None
            if included and noun_of(included) != noun_of(name):
                graph[noun_of(name)].add(noun_of(included))
    ways = {noun: reachable(graph, noun) for noun in list(graph)}
    for noun in sorted(ways):
        if noun not in ways[noun]:
            continue
        circle = {other for other in ways[noun]
                  if noun in ways.get(other, ())}
        names = {pathlib.PurePath(other).name for other in circle}
        if noun == min(circle) and not any(names <= allowed
                                           for allowed in TOGETHER):
            yield "include one another: " + " ".join(sorted(circle))


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
    """(first line, number of lines) of each function: the lines between braces
    in the first column, without tables."""
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


# Files that may be longer: each is one table or one central struct.
TABLES = {"server/messaging/metrics.h", "server/messaging/connection.h",
          "server/bus/redis/redis_bus.h",
          # one state machine; its responses to subscribers should move out
          "server/bus/redis/redis_channel.c"}


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
                      read("server/config/config_key.c"), re.M)
    told = re.findall(r"^\| `([a-z_.]+)` \|", read("conf/README.md"), re.M)
    for key in keys:
        if key not in told:
            yield f"conf/README.md: the config table lacks {key}"
    code = read("server/config/config_key.c")
    for key, row in re.findall(r'^    \{"([a-z_.]+)", (.*?)\},$', code,
                               re.M | re.S):
        said = re.search(rf"^\| `{re.escape(key)}` \| .*?\| (yes )?\| ",
                         read("conf/README.md"), re.M)
        if said and bool(said.group(1)) != (".reloads = true" in row):
            yield f"conf/README.md: whether SIGHUP changes {key} is told wrong"
    sections = {key.split(".")[0] for key in keys}
    for key in told:
        if "." in key and key.split(".")[0] in sections and key not in keys:
            yield f"conf/README.md: the config table has {key}, no such key"


def shown_default(value):
    """A default as the table in conf/README.md shows it."""
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, list) and all(isinstance(item, str)
                                       for item in value):
        return f"`{','.join(value)}`" if value else "none"
    if isinstance(value, list):
        return f"`{json.dumps(value)}`"
    return f"`{value}`"


def shows_default(shown, value):
    """Objects in a list may be shown without fields that have their defaults."""
    if shown == shown_default(value):
        return True
    try:
        told = json.loads(shown.strip("`"))
    except ValueError:
        return False
    return (isinstance(told, list) and isinstance(value, list) and
            len(told) == len(value) and
            all(isinstance(item, dict) and item.items() <= full.items()
                for item, full in zip(told, value)))


def readme_defaults():
    """Compares the table with conf/peal.json, which has all keys: a unit test
    compares it with the table in the code."""
    text = re.sub(r"^\s*//.*$", "", read("conf/peal.json"), flags=re.M)
    rows = dict(re.findall(r"^\| `([a-z_.]+)` \| (.*?) \| (?:yes )?\| ",
                           read("conf/README.md"), re.M))
    for name, value in json.loads(text).items():
        members = value if isinstance(value, dict) else {None: value}
        for member, default in members.items():
            key = f"{name}.{member}" if member else name
            if key in rows and not shows_default(rows[key], default):
                yield (f"conf/README.md: the default of {key} is "
                       f"{shown_default(default)}, not {rows[key]}")


def close_reasons():
    """The table in protocols/websocket.md lists exactly the close reasons of the
    code."""
    page = read("protocols/websocket.md")
    rows = {(name, code) for code, names in
            re.findall(r"^\| (\d{4}) \| (`[a-z_`, ]+`) \|", page, re.M)
            for name in re.findall(r"`([a-z_]+)`", names)}
    table = {(name, code) for name, code in re.findall(
        r'\(\w+, "([a-z_]+)", (\d{4}),',
        read("server/messaging/close_reason.h"))}
    rows.discard(("connection_lost", "1006"))  # never sent in a frame
    if not table:
        yield "server/messaging/close_reason.h: no rows are found"
    for name, code in sorted(table - rows):
        yield f"protocols/websocket.md: no row {code} `{name}`"
    for name, code in sorted(rows - table):
        yield f"protocols/websocket.md: there is no close reason {code} `{name}`"


def versions():
    """Other files state the version of CMakeLists.txt."""
    version = re.search(r"peal VERSION ([\d.]+)", read("CMakeLists.txt"))[1]
    for name, pattern in {
            "README.md": r"peal_([\d.]+)-1_amd64\.deb",
            "CHANGELOG.md": r"^## \[([\d.]+)\]",
            "conf/kubernetes/deployment.yml": r"/peal:([\d.]+) ",
            "web/README.md": r"peal-client-([\d.]+)\.tgz",
            "web/openapi.json": r'"version": "([\d.]+)"',
            "web/package.json": r'"version": "([\d.]+)"'}.items():
        found = re.search(pattern, read(name), re.M)
        if not found or found[1] != version:
            yield f"{name}: the version is {version}"


# Former log messages, each with its replacement.
RETIRED = {
    "Redis is away": "Redis connection lost; in /ready Redis is unavailable",
    "Redis is there": "Redis connected",
    "Configuration reloaded": "Config reloaded",
    "Configuration not reloaded": "Config reload failed",
    "TLS files changed": "Certificate reload failed",
    "certificate read anew": "Certificate reloaded",
    "Redis cannot be used": "Redis server unusable",
    "Not upgraded": "Upgrade failed",
    "A hook was not answered": "Webhook unanswered",
    "does not take events": "Event delivery failed",
    "Administration listens": "Administration listening",
    "Some changes need a restart": "Restart needed for some changes",
    "Key of the set rejected": "Key set entry rejected",
    "Log lines left out": "Log lines suppressed",
    "Redis login changed": "Redis credentials changed",
    "New Redis login refused": "New Redis credentials refused",
    "The TLS certificate": "TLS certificate",
    "Too few open files": "Open file limit too low",
    "Requests come through a proxy": "Proxy not in trusted_proxies",
}


def retired_lines():
    """Tests and pages must not mention former log messages."""
    for name in FILES:
        if not name.endswith((".py", ".c", ".js", ".sh", ".md", "postinst",
                              ".yml")) or name in (
                                  "tests/layout/check.py", "CHANGELOG.md"):
            continue
        for number, line in enumerate(read(name).splitlines(), 1):
            for old, new in RETIRED.items():
                if f'"{old}' in line or f"'{old}" in line or \
                        f"`{old}" in line or f'b"{old}' in line:
                    yield f"{name}:{number}: '{old}' is now '{new}'"


def errors():
    """Each error has a row in protocols/websocket.md."""
    page = read("protocols/websocket.md")
    for fault in re.findall(r'\{"([a-z_]+)",',
                            read("server/messaging/fault.c")):
        if fault != "none" and not re.search(rf"^\| `{fault}` \|", page, re.M):
            yield f"protocols/websocket.md: no row `{fault}`"


class NotPossible(Exception):
    """The check cannot run on this machine, with the reason."""


def formatting():
    result = subprocess.run([ROOT / "tests" / "layout" / "format.sh"],
                            capture_output=True, text=True, check=False)
    if result.returncode == 77:
        raise NotPossible(result.stdout.strip())
    yield from result.stdout.splitlines()
    if result.returncode and not result.stdout:
        yield "format.sh: " + result.stderr


def wire_page():
    page = read("protocols/websocket.md")
    types = re.findall(r'begin\(connection, "(\w+)"\)',
                       read("protocols/peal/broadcast.c"))
    types += re.findall(r'\{BYTES_LITERAL\("(\w+)"\), on_',
                        read("protocols/peal/broadcast.c"))
    codes = re.findall(r"\b(1\d{3}|4\d{3})\b",
                       read("server/messaging/close_reason.h"))
    faults = re.findall(r'\{"([a-z_]+)",', read("server/messaging/fault.c"))
    for word in types + codes + faults:
        if word != "none" and not re.search(rf"\b{word}\b", page):
            yield f"protocols/websocket.md: does not tell of {word}"


PAGES = {name: read(name) for name in FILES if name.endswith(".md")}


def page_examples():
    yield from examples.wrong_rows(PAGES)


def links():
    yield from pages.broken_links(PAGES, set(FILES))


def spelling():
    yield from pages.misspelt(PAGES)
    yield from pages.typos(SOURCES + [
        name for name in FILES if re.match(
            r"(conf|web)/(?!vendor/).*\.(js|ts|sh|json|html|md|1|yml)$",
            name) or name.endswith(".md")])


def habits():
    yield from pages.habits(PAGES)


CHECKS = [floors, cycles, fences, header_contracts, sizes, base_names, words,
          top_level, machine_paths, readme_config_table, readme_defaults,
          wire_page, close_reasons, errors, versions,
          retired_lines, links, page_examples, spelling, habits, formatting]


def main():
    passed = failed = 0
    for check in CHECKS:
        try:
            wrong = list(check())
        except NotPossible as reason:
            print(f"SKIPPED {check.__name__}: {reason}")
            continue
        passed += not wrong
        failed += bool(wrong)
        print(("ok     " if not wrong else "WRONG  ") + check.__name__)
        for line in wrong:
            print("       " + line)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
