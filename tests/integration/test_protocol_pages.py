"""The example protocol of protocols/README.md, added, built and tested as the
page says, with the other object files of the build folder."""

import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import threading

import pytest

from support.patience import seconds
from support.server import ROOT, find_program

sys.path.insert(0, str(ROOT / "tests/layout"))

import examples  # noqa: E402

PAGE = "protocols/README.md", "Add a protocol"
LIBRARIES = ["libwebsockets", "libuv", "openssl", "libcjson", "cjose",
             "jansson", "libxxhash", "hiredis", "liburing", "libcurl",
             "sqlite3", "libargon2", "libpq", "cmocka"]


def blocks(language):
    page, heading = PAGE
    text = (ROOT / page).read_text()
    return [block.code for block in examples.blocks_of(page, text)
            if (block.heading, block.language) == (heading, language)]


def with_row(header, diff):
    """protocols.h with the diff of the page applied."""
    before = "".join(line[1:] for line in diff.splitlines(True)
                     if line[0] != "+")
    after = "".join(line[1:] for line in diff.splitlines(True)
                    if line[0] != "-")
    assert header.count(before) == 1
    return header.replace(before, after)


class Source:
    """A folder with the page's files and their build results."""

    def __init__(self, folder):
        self.folder = folder
        self.build = pathlib.Path(find_program()).parent
        (folder / "protocols").mkdir()
        [diff] = blocks("diff")
        header = (ROOT / "protocols/protocols.h").read_text()
        (folder / "protocols/protocols.h").write_text(with_row(header, diff))
        for name, code in zip(("reverse.c", "test_reverse.c"), blocks("c"),
                              strict=True):
            (folder / name).write_text(code)
        for name in ("reverse.c", "test_reverse.c"):
            self.compile(folder / name)
        for name in ("protocols/protocols.c", "server/main.c"):
            self.compile(ROOT / name)

    def flags(self):
        """The compiler flags of a server file in the build."""
        commands = json.loads(
            (self.build / "compile_commands.json").read_text())
        source = str(ROOT / "protocols/protocols.c")
        [words] = [shlex.split(each["command"]) for each in commands
                   if each["file"] == source]
        end = words.index("-o")
        return [word for word in words[:end] if "ccache" not in word]

    def compile(self, source):
        subprocess.run(
            [*self.flags()[:1], "-I", str(self.folder), "-I",
             str(ROOT / "tests/unit"), *self.flags()[1:], "-c", str(source),
             "-o", str(self.folder / source.stem) + ".o"],
            check=True, cwd=self.build, timeout=seconds(60))

    def link(self, name, *objects):
        libraries = subprocess.run(
            ["pkg-config", "--libs", *LIBRARIES], check=True, text=True,
            capture_output=True).stdout.split()
        sanitizers = [flag for flag in self.flags() if "sanitize=" in flag]
        program = self.folder / name
        subprocess.run(
            ["cc", *sanitizers, "-o", program,
             *(self.folder / f"{each}.o" for each in objects),
             self.build / "tests/unit/libunit-fakes.a",
             self.build / "libpeal-core.a", *libraries],
            check=True, timeout=seconds(60))
        return program


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return Source(tmp_path_factory.mktemp("reverse"))


def test_its_unit_test_passes(source):
    test = source.link("test_reverse", "test_reverse", "reverse", "protocols")
    subprocess.run([test], check=True, timeout=seconds(20))


def test_its_unit_test_can_fail(source):
    """It fails if the answer differs from the page."""
    code = (source.folder / "test_reverse.c").read_text()
    wrong = source.folder / "test_wrong.c"
    wrong.write_text(code.replace('"olleh"', '"hello"'))
    source.compile(wrong)
    test = source.link("test_wrong", "test_wrong", "reverse", "protocols")
    # a test that fails leaves its objects behind: no leak of the program
    options = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    assert subprocess.run([test], capture_output=True, check=False,
                          env={**os.environ, "ASAN_OPTIONS": options},
                          timeout=seconds(20)).returncode == 1


@pytest.fixture(scope="module")
def program(source):
    return source.link("peal", "main", "reverse", "protocols")


def test_it_answers_the_command_of_the_page(program, peal, monkeypatch):
    monkeypatch.setenv("PEAL_BINARY", str(program))
    server = peal(plain=True)
    [line] = [line for line in blocks("sh")[0].splitlines() if "ws://" in line]
    command = shlex.split(line.replace("8080", str(server.port)))
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True,
                          stdout=subprocess.PIPE) as shell:
        shell.stdin.write("hello\n")
        shell.stdin.flush()
        stop = threading.Timer(seconds(20), shell.kill)
        stop.start()
        found = any("olleh" in line for line in shell.stdout)
        stop.cancel()
        shell.kill()
    assert found


def test_its_test_through_the_server_passes(source, program):
    [code] = blocks("python")
    test = source.folder / "test_reverse.py"
    test.write_text(code)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "--rootdir",
         source.folder, "-p", "no:cacheprovider", "-p", "support.fixtures",
         test], capture_output=True, text=True, check=False,
        timeout=seconds(60),
        env={**os.environ, "PEAL_BINARY": str(program),
             "PYTHONPATH": str(ROOT / "tests/integration")})
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^1 passed", done.stdout, re.M)
