"""How each fenced block of each page is tested.

A block of code, config or commands needs a row in EXAMPLES; a block without a
language is output or a drawing and needs none. The classes:

  run      test_examples.py runs the commands of the heading in one shell
  config   test_examples.py passes it to the program
  wire     test_examples.py sends each message and compares the responses
  json     test_examples.py parses it
  python   test_examples.py runs it
  checked  test_examples.py checks syntax, paths, presets and the program's
           commands and flags; the text says why it is not run
  tested   the named test runs or compares it
  shown    not tested; the text says why
"""

import pathlib
import re
import textwrap
from typing import NamedTuple

import pages

ROOT = pages.ROOT

NODE = "tests/web/examples.test.js"
BUILDS = "builds for minutes; tests/run.sh does the same"

# (page, heading, language): class and its argument
EXAMPLES = {
    ("CONTRIBUTING.md", "Contributing", "sh"): ("checked", BUILDS),
    ("CONTRIBUTING.md", "Run one unit test", "sh"): ("checked", BUILDS),
    ("README.md", "Try it", "sh"): ("tested", "tests/web/quick_start.test.js"),
    ("README.md", "Use it in your own page", "js"): ("tested", NODE),
    ("README.md", "Install", "sh"): ("checked", "needs root and minutes; "
                                     "the stages package and roots do it"),
    ("README.md", "Performance", "sh"): ("checked", "takes 40 minutes"),

    ("conf/README.md", "Operate Peal", "sh"): ("run", ""),
    ("conf/README.md", "Replace a secret", "ini"): (
        "shown", "tests/systemd/test_unit.py has such a drop-in, in parts"),
    ("conf/README.md", "Channel rules", "json"): ("config", ""),
    ("conf/README.md", "TLS", "sh"): ("run", ""),
    ("conf/README.md", "Use certificates of certbot", "sh"): (
        "checked", "needs root and the user peal"),
    ("conf/README.md", "Run Peal behind nginx or HAProxy", "nginx"): (
        "tested", "tests/proxies/test_recommended.py"),
    ("conf/README.md", "Separate administration", "json"): ("config", ""),
    ("conf/README.md", "Separate administration", "sh"): ("run", ""),
    ("conf/README.md", "Scale out", "sh"): ("run", ""),
    ("conf/README.md", "Publish through Redis", "sh"): ("run", "Scale out"),
    ("conf/README.md", "A Redis user for Peal", "sh"): (
        "tested", "tests/cluster/test_acl.py"),
    ("conf/README.md", "Audit log", "sh"): ("checked", "needs systemd"),
    ("conf/cluster/README.md", "Measure it yourself", "sh"): (
        "checked", "takes minutes"),
    ("conf/kubernetes/README.md", "Peal in Kubernetes", "sh"): (
        "tested", "tests/integration/test_kubernetes.py"),

    ("protocols/README.md", "Add a protocol", "c"): (
        "tested", "tests/integration/test_protocol_pages.py"),
    ("protocols/README.md", "Add a protocol", "diff"): (
        "tested", "tests/integration/test_protocol_pages.py"),
    ("protocols/README.md", "Add a protocol", "python"): (
        "tested", "tests/integration/test_protocol_pages.py"),
    ("protocols/README.md", "Add a protocol", "sh"): (
        "tested", "tests/integration/test_protocol_pages.py"),
    ("protocols/http-api.md", "Call the API", "sh"): (
        "tested", "tests/integration/test_api_pages.py"),
    ("protocols/http-api.md", "Authenticate with API keys", "json"): (
        "config", ""),
    ("protocols/http-api.md", "Separate tenants", "json"): ("config", ""),
    ("protocols/http-api.md", "Use the command line", "sh"): ("run", "server"),
    ("protocols/http-api.md", "Accounts", "sh"): ("run", ""),
    ("protocols/http-api.md", "Accounts", "js"): (
        "shown", "what gets fresh tokens is the application's"),
    ("protocols/client-http.md", "Requests over HTTP", "sh"): (
        "run", "server"),
    ("protocols/client-http.md", "Requests over HTTP", "json"): ("json", ""),
    ("protocols/from-pusher.md", "1. Run Peal with your app", "yaml"): (
        "shown", "needs Docker; tests/roots runs such a composition"),
    ("protocols/from-pusher.md", "2. Point the backend at it", "diff"): (
        "shown", "lines of Laravel's .env"),
    ("protocols/from-pusher.md", "2. Point the backend at it", "js"): (
        "shown", "tests/web/pusher.test.js connects so, without TLS"),
    ("protocols/from-pusher.md", "3. Point the clients at it", "diff"): (
        "shown", "tests/web/pusher.test.js connects so, without TLS"),
    ("protocols/migrate.md", "From Socket.IO", "diff"): (
        "tested", "tests/web/migrate.test.js"),
    ("protocols/migrate.md", "From Centrifugo", "diff"): (
        "tested", "tests/web/migrate.test.js"),
    ("protocols/migrate.md", "From your own WebSocket server", "diff"): (
        "tested", "tests/web/migrate.test.js"),
    ("protocols/pusher.md", "Try it", "sh"): ("run", ""),
    ("protocols/pusher.md", "Set up an app", "sh"): ("run", ""),
    ("protocols/pusher.md", "Set up an app", "json"): ("config", ""),
    ("protocols/pusher.md", "Set up an app", "js"): (
        "shown", "tests/web/pusher.test.js connects with other addresses"),
    ("protocols/pusher.md", "Webhooks", "json"): ("json", ""),
    ("protocols/pusher.md", "Recovery", "js"): (
        "shown", "tests/web/pusher_recovery.test.js does it with an app"),
    ("protocols/pusher.md", "Recovery", "json"): (
        "shown", "epochs and socket ids are others each time"),
    ("protocols/pusher.md", "Messages", "json"): (
        "shown", "its signatures stand for others; test_pusher.py has all"),
    ("protocols/sse.md", "Server-Sent Events", "sh"): ("run", "server"),
    ("protocols/sse.md", "Server-Sent Events", "js"): ("tested", NODE),
    ("protocols/webhooks.md", "Set up a hook", "json"): (
        "tested", "tests/integration/test_hook_pages.py"),
    ("protocols/webhooks.md", "Set up a hook", "python"): (
        "tested", "tests/integration/test_hook_pages.py"),
    ("protocols/webhooks.md", "Set up a hook", "sh"): (
        "checked", "test_hook_pages.py starts both"),
    ("protocols/webhooks.md", "What Peal sends", "json"): ("json", ""),
    ("protocols/websocket.md", "Try it", "js"): ("tested", NODE),
    ("protocols/websocket.md", "Try it", "sh"): ("run", "server"),
    ("protocols/websocket.md", "Let clients in", "sh"): ("run", ""),
    ("protocols/websocket.md", "Let clients in", "python"): ("python", ""),
    ("protocols/websocket.md", "Let clients in", "js"): (
        "tested", "tests/integration/test_jwt_libraries.py"),
    ("protocols/websocket.md", "Token claims", "json"): ("json", ""),
    ("protocols/websocket.md", "dashboard", "json"): (
        "shown", "shortened; test_dashboard.py looks at each member"),

    ("tests/README.md", "Tests", "sh"): ("checked", BUILDS),
    ("tests/README.md", "Run a part", "sh"): ("checked", BUILDS),
    ("tests/load/README.md", "Load tests", "sh"): ("run", ""),
    ("tests/load/README.md", "Recipes", "sh"): (
        "checked", "loads both cores for a minute"),
    ("tests/load/README.md", "Compare servers", "sh"): (
        "checked", "takes minutes, and installs the other servers"),
    ("tests/load/README.md", "Count instructions", "sh"): (
        "checked", "the stage instructions runs it"),
    ("tests/load/README.md", "The HTTP API", "sh"): (
        "checked", "loads both cores for a minute"),
    ("web/README.md", "peal.js in ten lines", "js"): ("tested", NODE),
    ("web/README.md", "From npm, in Node, in TypeScript", "sh"): (
        "tested", "tests/web/package.test.js"),
    ("web/README.md", "From npm, in Node, in TypeScript", "js"): (
        "tested", "tests/web/package.test.js"),
    ("web/README.md", "Without peal.js", "js"): ("tested", NODE),
    ("web/README.md", "From npm, in Node, in TypeScript", "ts"): (
        "tested", "tests/web/package.test.js"),
    ("web/README.md", "Presence", "js"): (
        "tested", "tests/web/package.test.js"),
    ("web/README.md", "React", "jsx"): (
        "shown", "tests/web/bindings.test.js runs web/examples/react"),
    ("web/README.md", "Vue", "js"): ("tested", "tests/web/package.test.js"),
    ("web/README.md", "Tokens", "js"): ("tested", NODE),
}

for heading in ("hello", "subscribe", "broadcast", "unsubscribe", "direct",
                "presence", "history", "refresh", "echo, ping",
                "join, leave, gap", "Errors"):
    EXAMPLES["protocols/websocket.md", heading, "json"] = ("wire", "")

CLASSES = {"run", "config", "wire", "json", "python", "checked",
           "tested", "shown"}
FOREIGN = ("web/vendor/", "CHANGELOG.md")  # not manuals of ours


class Block(NamedTuple):
    page: str
    line: int
    heading: str
    language: str
    code: str

    @property
    def key(self):
        return self.page, self.heading, self.language


def blocks_of(page, text):
    """The fenced blocks of a page, each with its heading."""
    heading = ""
    code = None
    for number, line in enumerate(text.splitlines(), 1):
        mark = re.match(r"\s*```(\S*)", line)
        if mark and code is None:
            code, start, language = [], number, mark[1]
        elif mark:
            yield Block(page, start, heading, language,
                        textwrap.dedent("\n".join(code) + "\n"))
            code = None
        elif code is not None:
            code.append(line)
        elif re.match(r"#+ ", line):
            heading = line.lstrip("# ").strip()


def all_blocks(texts):
    """The blocks with a language. `texts`: pages by name."""
    for page, text in texts.items():
        if not page.startswith(FOREIGN):
            yield from (block for block in blocks_of(page, text)
                        if block.language)


def names_page(test, page):
    path = ROOT / test
    return path.is_file() and pathlib.Path(page).name in path.read_text()


def wrong_rows(texts):
    """Blocks without a row, and incorrect rows."""
    keys = set()
    for block in all_blocks(texts):
        keys.add(block.key)
        if block.key not in EXAMPLES:
            yield (f"{block.page}:{block.line}: no row in tests/layout/"
                   f"examples.py says how {block.key} is tested")
    for key, (kind, about) in EXAMPLES.items():
        if key not in keys:
            yield f"tests/layout/examples.py: there is no block {key}"
        if kind not in CLASSES:
            yield f"tests/layout/examples.py: no class {kind}"
        if kind in ("checked", "shown") and not about:
            yield f"tests/layout/examples.py: {key}: why is it not run?"
        if kind == "tested" and not names_page(about, key[0]):
            yield (f"tests/layout/examples.py: {key}: {about} does not "
                   f"exist or does not read {key[0]}")


def load_pages():
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
            for path in sorted(ROOT.rglob("*.md"))
            if not re.match(r"build|.*(node_modules|/\.)",
                            str(path.relative_to(ROOT)))}


def blocks_to(kind):
    """The blocks of a class, each with the argument in its row."""
    for block in all_blocks(load_pages()):
        row = EXAMPLES.get(block.key)
        if row and row[0] == kind:
            yield block, row[1]


def heading_code(page, heading, language="sh"):
    """All blocks of one language under a heading, as one script."""
    text = pathlib.Path(ROOT / page).read_text(encoding="utf-8")
    return "".join(block.code for block in blocks_of(page, text)
                   if block.heading == heading and block.language == language)
