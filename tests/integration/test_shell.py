"""The manual page and the completion say what the program can do."""

import re
import subprocess

from support.program import run_peal
from support.server import ROOT, find_program


def commands_of_the_program():
    section = run_peal("--help").stdout.split("Commands\n")[1].split("\n\n")[0]
    return [line.split()[0] for line in section.splitlines()]


def complete(*words):
    """What bash proposes for the last of the words."""
    script = (f"source {ROOT / 'conf' / 'completion.bash'}\n"
              'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _peal\n'
              'printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(["bash", "-euc", script, "bash", find_program(),
                           *words], capture_output=True, text=True,
                          check=True, cwd=ROOT / "conf")
    return done.stdout.split()


def test_commands_are_completed():
    assert complete("") == commands_of_the_program()
    assert complete("ti") == ["ticket"]
    assert complete("zz") == []


def test_flags_are_completed():
    assert "--limits.message_bytes" in complete("--limits.")
    assert complete("--dev") == ["--dev"]
    assert complete("publish", "--ch") == ["--channel"]
    assert complete("ticket", "--client", "x", "--t") == ["--ttl"]
    assert complete("publish", "--limits") == []


def test_files_are_completed():
    assert "peal.json" in complete("--config", "peal.j")


def test_the_manual_page_knows_every_command():
    page = (ROOT / "conf" / "peal.1").read_text()
    named = re.findall(r"^\.TP\n\.B ([a-z\\-]+)$", page, re.M)
    assert [name.replace("\\", "") for name in named
            if not name.startswith("\\-\\-")] == commands_of_the_program()


def test_the_manual_page_knows_every_option():
    page = (ROOT / "conf" / "peal.1").read_text().replace("\\-", "-")
    section = run_peal("--help").stdout.split("\nOptions\n")[1].split(
        "\n\n")[0]
    for option in re.findall(r"^  (--[a-z-]+)", section, re.M):
        assert option in page
