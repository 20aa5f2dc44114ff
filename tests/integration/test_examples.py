"""The examples on the pages work as described. tests/layout/examples.py
assigns a class to each block."""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys

import pytest

from support import patience
from support.program import is_sanitized, run_peal
from support.server import ROOT, clean_environment, find_program
from support.tokens import SECRET, make_token
from test_hook_pages import free_port

sys.path.insert(0, str(ROOT / "tests" / "layout"))
import examples  # noqa: E402


pytestmark = pytest.mark.skipif(
    is_sanitized(), reason="what the examples use is tested elsewhere")


def blocks(kind):
    return [pytest.param(block, about,
                         id=f"{block.page}:{block.heading}:{block.line}")
            for block, about in examples.blocks_to(kind)]


# --- config


@pytest.mark.parametrize("block, _", blocks("config"))
def test_config(block, _, tmp_path):
    text = block.code if block.code.startswith("{") else f"{{{block.code}}}"
    text = text.replace("sha256:...", "sha256:" + "0" * 64)
    text = text.replace("9d0e...", "9d0e0000").replace("0.0.0.0", "127.0.0.1")
    text = text.replace("/run/peal/", f"{tmp_path}/")
    file = tmp_path / "peal.json"
    file.write_text(text)
    done = run_peal("--check-config", "--config", str(file))
    assert done.returncode == 0, done.stderr


# --- messages over the wire


def steps_of(code):
    """[is sent, message] of each line of a block, with indented
    continuations."""
    lines = re.sub(r"\n\s+", "", code).strip().splitlines()
    return [[line[0] == "→", json.loads(line[2:])] for line in lines]


def shape(value):
    """The parts that are equal in every run."""
    if isinstance(value, dict):
        return {name: shape(member) for name, member in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


class Wire:
    """A service set up for the examples of protocols/websocket.md."""

    def __init__(self, peal):
        self.server = peal({"channels": [
            {"match": "room:*", "join_leave": True, "message_info": True},
            {"match": "*"}], "auth": {"secret": SECRET}}, plain=True)
        self.bob = self.join("bob", "?channel=lobby")
        self.alice = self.join("alice", "?channel=lobby&channel=room:1")
        for text in ({"text": "hello"}, "again"):
            self.alice.ask({"type": "broadcast", "channel": "lobby",
                            "payload": text})
        history = self.alice.ask({"type": "history", "channel": "lobby"})
        self.epoch = history["epoch"]

    def token(self, client):
        return make_token(client, info={"name": client.capitalize()})

    def join(self, client, query):
        return self.server.connect(
            client, path=f"/ws/{client}{query}", protocol="broadcast",
            token=self.token(client))

    def prepared(self, message):
        message = json.loads(json.dumps(message).replace(
            "f53654c8411e0198", self.epoch))
        if message["type"] == "refresh":
            message["token"] = self.token("alice")
        return message


def connection_for(wire, heading):
    if heading == "hello":
        return wire.join("alice", "?hello=1")
    if heading == "subscribe":
        return wire.join("alice", "?channel=")
    if heading == "direct":
        return wire.bob  # for examples without a preceding request
    return wire.alice


@pytest.fixture
def wire(peal):
    return Wire(peal)


@pytest.mark.parametrize("block, _", blocks("wire"))
def test_messages(wire, block, _):
    steps = steps_of(block.code)
    if steps[0][1]["type"] == "gap":
        pytest.skip("tests/cluster provokes gaps")
    client = connection_for(wire, block.heading)
    if block.heading == "direct":
        wire.alice.ask({"type": "direct", "to": "bob", "payload": "psst"})
        client = wire.alice if steps[0][0] else wire.bob
    if block.heading.startswith("join"):
        wire.bob.ask({"type": "subscribe", "channel": "room:1"})
        wire.bob.ask({"type": "unsubscribe", "channel": "room:1"})
    for is_sent, message in steps:
        if is_sent:
            client.send(wire.prepared(message))
            continue
        found = client.take(
            lambda got: got["type"] == message["type"]
            and got.get("id") == message.get("id")
            and got.get("channel") == message.get("channel"))
        assert shape(found) == shape(message), found


@pytest.mark.parametrize("block, _", blocks("json"))
def test_json(block, _):
    text = re.sub(r"^[→←] ", "", block.code, flags=re.M)
    text = text.replace(", ...", "").replace("[...]", "[]")
    decoder = json.JSONDecoder()
    count = 0
    while text.strip():
        _, end = decoder.raw_decode(text.strip())
        text = text.strip()[end:]
        count += 1
    assert count


# --- programs


@pytest.mark.parametrize("block, _", blocks("python"))
def test_python(block, _, peal):
    """It creates a token that is valid for a connection."""
    code = block.code + "\nprint(token)\n"
    token = subprocess.run(
        [sys.executable, "-c", code], check=True, text=True,
        env={**clean_environment(), "PEAL_AUTH_SECRET": SECRET},
        capture_output=True).stdout.strip()
    server = peal({"auth": {"secret": SECRET}})
    assert server.join("alice", token=token)


# --- commands

# Runs in a folder that looks like a checkout with a build. Replaces the ports
# of the pages, which may be in use. Stops commands that run until stopped.
BEFORE = """
set -eu
stop() { for job in $(jobs -p); do kill "$job"; done; wait; }
trap stop EXIT
ready() {
    for _ in $(seq 200); do
        ! (: </dev/tcp/127.0.0.1/$1) 2>/dev/null || return 0
        sleep 0.05
    done
    return 1
}
"""
SERVER = """
export PEAL_API_KEY=a-key-of-the-examples
build-run/peal --dev --web_root web &
"""
ADMIN = """
echo 'CONFIG' > admin.json
peal --config admin.json &
"""
BEGINNINGS = {"": "", "server": SERVER,
              "Scale out": examples.heading_code("conf/README.md",
                                                 "Scale out")}
AFTERWARDS = """
for job in $(jobs -p); do kill -0 "$job"; done
"""


def scripts():
    """One script per heading, with all its blocks."""
    seen = {}
    for block, about in examples.blocks_to("run"):
        key = block.page, block.heading
        if key in seen and block.code.endswith("&\n"):
            seen[key][1].append("stop\n")  # it uses the same port
        seen.setdefault(key, (about, []))[1].append(block.code)
    return [pytest.param(page, heading, about, "".join(codes),
                         id=f"{page}:{heading}")
            for (page, heading), (about, codes) in seen.items()]


def type_into(code):
    """Sends lines with a prompt to the preceding command."""
    def typed(match):
        lines = [line[2:] for line in match[2].splitlines()]
        texts = " ".join(f"'{line}'" for line in lines)
        return (f"(for line in {texts}; do sleep 0.3; echo \"$line\"; done; "
                f"sleep 0.3) | {match[1]}\n")
    return re.sub(r"^(.+)\n((?:> .+\n)+)", typed, code, flags=re.M)


def wait_for(match):
    port = re.search(r"--port (\d+)", match[0])
    return f"{match[0]}\nready {port[1] if port else 8080}"


def bounded(code):
    """Stops endless commands; waits for servers started in the background."""
    code = re.sub(r"^(.* tail [^#\n]*|curl -N .*)",
                  r"timeout 1 \1 || [ $? = 124 ] ", code, flags=re.M)
    code = re.sub(r"^(shake .*?)(#|$)", r"\1 || [ $? = 28 ] \2", code,
                  flags=re.M)
    return re.sub(r"^.*&$", wait_for, code, flags=re.M)


def checkout(folder):
    for name in ("web", "tests"):
        (folder / name).symlink_to(ROOT / name)
    conf = folder / "conf"
    conf.mkdir()
    for path in (ROOT / "conf").iterdir():
        if path.name != "run.sh":
            (conf / path.name).symlink_to(path)
    (conf / "run.sh").write_text(
        "#!/bin/sh\nexec build-run/peal --dev --web_root web \"$@\"\n")
    (conf / "run.sh").chmod(0o755)
    # peal-bench is beside the program
    (folder / "build-release").symlink_to(
        pathlib.Path(find_program()).resolve().parent)
    (folder / "build-run").mkdir()
    peal = folder / "build-run" / "peal"
    peal.write_text(WRAPPER.replace("PROGRAM", find_program()))
    peal.chmod(0o755)
    man = folder / "build-run" / "man"  # which may not be installed
    man.write_text('#!/bin/sh\nexec grep -q "^.TH" "$1"\n')
    man.chmod(0o755)


# the commands that ask a server take no port from the environment
WRAPPER = """#!/bin/sh
case "$1 $*" in
*--url*) ;;
publish* | tail* | history* | presence* | ticket* | info* | client*)
    exec PROGRAM "$@" --url "http://127.0.0.1:$PEAL_PORT" ;;
esac
exec PROGRAM "$@"
"""


def with_free_ports(text, folder):
    for port in ("8081", "8082", "6400"):
        if port in text:
            text = re.sub(rf"\b{port}\b", str(free_port()), text)
    return text.replace("/run/peal/", f"{folder}/")


@pytest.mark.parametrize("page, heading, about, code", scripts())
def test_commands(page, heading, about, code, tmp_path):
    checkout(tmp_path)
    port = free_port()
    beginning = BEGINNINGS[about]
    if heading == "Separate administration":
        beginning = ADMIN.replace("CONFIG", examples.heading_code(
            page, heading, "json").replace("0.0.0.0", "127.0.0.1"))
    script = (BEFORE + bounded(beginning) + bounded(type_into(code))
              + AFTERWARDS).replace("8080", str(port))
    output = run_script(with_free_ports(script, tmp_path), tmp_path, port)
    for status in re.findall(r"^shake .*# (\d{3})$", code, re.M):
        assert f"HTTP/1.1 {status} " in output


def run_script(script, folder, port):
    """Returns the output. Its processes have their own process group."""
    process = subprocess.Popen(
        ["bash", "-c", script], cwd=folder, text=True, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**clean_environment(), "PEAL_PORT": str(port),
             "PEAL_WORKERS": "1", "XDG_STATE_HOME": str(folder / "state"),
             "PATH": f"{folder / 'build-run'}:{os.environ['PATH']}"})
    try:
        output, _ = process.communicate(timeout=patience.seconds(30))
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        raise AssertionError("it does not end:\n" + output) from None
    assert process.returncode == 0, output
    return output


# --- commands that take too long, or need another machine


@pytest.mark.parametrize("block, why", blocks("checked"))
def test_commands_exist(block, why):
    subprocess.run(["bash", "-n"], input=block.code, text=True, check=True)
    for path in re.findall(r"(?<![\w./-])((?:conf|tests|web|server)/[\w./-]+)",
                           block.code):
        assert (ROOT / path).exists(), path
    presets = (ROOT / "CMakePresets.json").read_text()
    for preset in re.findall(r"c(?:make|pack) .*?--preset (\w+)", block.code):
        assert f'"name": "{preset}"' in presets
    for target in re.findall(r"--target (\w+)", block.code):
        assert list((ROOT / "tests").rglob(f"{target}.c")), target
    for stage in re.findall(r"tests/run\.sh ((?:[a-z]+ ?)+)", block.code):
        for name in stage.split():
            assert re.search(rf"^{name} ", (ROOT / "tests/run.sh").read_text(),
                             re.M), name
    for command in re.findall(r"peal-bench (?:.*\\\n)*.*", block.code):
        check_bench(command)


def check_bench(command):
    """The options and presets of the load tester."""
    folder = ROOT / "tests/load"
    for option in re.findall(r" --([a-z-]+)", command):
        assert f'{{"{option}", ' in (folder / "bench_options.c").read_text()
    for preset in re.findall(r" --preset ([a-z-]+)", command):
        assert f'{{"{preset}", ' in (folder / "bench_preset.c").read_text()
