"""The manual page and the completion match the program."""

import re
import shutil
import subprocess

import pytest

from support.program import run_peal
from support.server import ROOT, find_program


def commands_of_the_program():
    section = run_peal("--help").stdout.split("Commands\n")[1].split("\n\n")[0]
    return [line.split()[0] for line in section.splitlines()]


def topics():
    return re.findall(r"peal help ([a-z-]+)", run_peal("help").stdout)


def in_bash(words, program):
    script = (f"source {ROOT / 'conf' / 'completion.bash'}\n"
              'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _peal\n'
              'printf "%s\\n" "${COMPREPLY[@]}"')
    return ["bash", "-euc", script, "bash", program, *words]


def in_zsh(words, program):
    """zsh completes only interactively, so its additions are captured."""
    script = (f"functions[complete]=\"$(<{ROOT / 'conf' / 'completion.zsh'})\"\n"
              "compadd() { shift; local each; for each in $@; do\n"
              '[[ $each == ${(b)words[CURRENT]}* ]] && print -r -- $each; done }\n'
              "_files() { print -rl -- ${words[CURRENT]}*(N) }\n"
              "words=($@); CURRENT=$#; complete; true")
    return ["zsh", "-fc", script, "zsh", program, *words]


def in_fish(words, program):
    line = " ".join(["peal", *words])
    script = (f"source {ROOT / 'conf' / 'completion.fish'}\n"
              f"function peal; {program} $argv; end\n"
              f'complete -C "{line}"')
    return ["fish", "--no-config", "-c", script]


@pytest.fixture(params=[in_bash, in_zsh, in_fish])
def complete(request):
    """The ordered proposals of a shell for the last word."""
    def complete(*words):
        done = subprocess.run(request.param(words, find_program()),
                              capture_output=True, text=True, check=True,
                              cwd=ROOT / "conf")
        return sorted({line.split("\t")[0] for line in
                       done.stdout.splitlines() if line})
    return complete


def test_commands_are_completed(complete):
    assert complete("") == sorted(commands_of_the_program())
    assert complete("ti") == ["ticket"]
    assert complete("zz") == []


def test_flags_are_completed(complete):
    assert "--limits.message_bytes" in complete("--limits.")
    assert complete("--dev") == ["--dev"]
    assert complete("publish", "--ch") == ["--channel"]
    assert complete("ticket", "--client", "x", "--t") == ["--ttl"]
    assert complete("publish", "--limits") == []


def test_every_flag_of_every_command_is_completed(complete):
    for command in ([], *([name] for name in commands_of_the_program())):
        text = run_peal(*command, "--help").stdout
        flags = re.findall(r"^  (--[a-z_.-]+)", text, re.M)
        assert (flags or command == ["help"]) and complete(*command, "--") == sorted(set(flags))


def test_actions_are_completed(complete):
    actions = set(complete("client", "")) - set(complete("client", "--"))
    assert sorted(actions) == ["ban", "bans", "disconnect", "refusals",
                               "show", "unban"]
    assert complete("client", "sh") == ["show"]
    assert complete("user", "ro") == ["rotate-key"]
    assert complete("publish", "") == complete("publish", "--")


def test_topics_are_completed(complete):
    assert complete("help", "re") == ["redis"]
    assert complete("help", "") == sorted(topics())


def test_files_are_completed(complete):
    assert "peal.json" in complete("--config", "peal.j")


def test_the_manual_page_has_every_command():
    page = (ROOT / "conf" / "peal.1").read_text()
    named = re.findall(r"^\.TP\n\.B ([a-z\\-]+)$", page, re.M)
    assert [name.replace("\\", "") for name in named
            if not name.startswith("\\-\\-")] == commands_of_the_program()


def test_the_manual_page_has_every_topic():
    page = (ROOT / "conf" / "peal.1").read_text()
    section = page.split("\n.B help\n")[1].split("\n.TP\n")[0]
    assert all(re.search(rf"\b{topic}\b", section) for topic in topics())


def test_the_manual_page_has_every_option():
    page = (ROOT / "conf" / "peal.1").read_text().replace("\\-", "-")
    section = run_peal("--help").stdout.split("\nOptions\n")[1].split(
        "\n\n")[0]
    for option in re.findall(r"^  (--[a-z-]+)", section, re.M):
        assert option in page


def test_the_manual_page_has_its_sections():
    page = (ROOT / "conf" / "peal.1").read_text()
    names = re.findall(r"^\.SH (.+)$", page, re.M)
    for name in ("FILES", "ENVIRONMENT", "EXIT STATUS", "EXAMPLES",
                 "SEE ALSO"):
        assert name in names
    done = subprocess.run(["man", "--warnings", "-l", ROOT / "conf" / "peal.1"],
                          capture_output=True, text=True) if (
        shutil.which("man")) else None
    assert done is None or done.stderr == ""
