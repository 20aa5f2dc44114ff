"""`peal help`: its examples work unchanged."""

import re

import pytest

from support import tls
from support.program import run_peal

CERTIFICATES = "/etc/letsencrypt/live/chat.example.com/"
NEEDED = {"PEAL_AUTH_SECRET": "correct horse battery staple stands",
          "PEAL_HOOKS_SECRET": "correct horse battery staple stands"}


def read_topics():
    """Each topic's text."""
    names = re.findall(r"peal help ([a-z-]+)", run_peal("help").stdout)
    return {name: run_peal("help", name).stdout for name in names}


TOPICS = read_topics()


def keys_in(text):
    return set(re.findall(r"^  (?:--)?([a-z_.]+)(?: |$)", text, re.M))


def examples():
    """Every shell command with peal, with its topic."""
    return [(topic, line) for topic, text in TOPICS.items()
            for line in re.findall(r"^  \$ (.*\bpeal .*)$", text, re.M)
            if re.match(r"(PEAL_\w+=\S+ )*peal ", line)]


def test_every_key_belongs_to_a_topic():
    everything = keys_in(run_peal("--help").stdout.split("\nKeys and ")[1])
    assert len(everything) > 100
    assert everything == set().union(*(
        keys_in(text.split("\nKeys and ")[1]) for text in TOPICS.values()))


def test_help_fits_a_terminal_width():
    for text in (run_peal("help").stdout, *TOPICS.values()):
        assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("topic", [
    name for name, text in TOPICS.items() if "\n  {\n" in text])
def test_a_config_is_valid(topic, tmp_path):
    text = re.search(r"^  {\n.*?^  }$", TOPICS[topic], re.M | re.S)[0]
    keys = tls.server_keys()
    file = tmp_path / "peal.json"
    file.write_text(text.replace(CERTIFICATES + "fullchain.pem", keys["cert"])
                    .replace(CERTIFICATES + "privkey.pem", keys["key"]))
    done = run_peal("--config", str(file), "--check-config", env=NEEDED)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("topic, line", examples(),
                         ids=lambda value: value[:40])
def test_an_example_has_flags_that_exist(topic, line):
    *variables, rest = re.split(r" (?=peal )|(?<=\S) (?=PEAL_)", line,
                                maxsplit=2)
    for name in (each.split("=")[0] for each in variables):
        known = run_peal("--help").stdout + "PEAL_API_KEY"
        assert name.removesuffix("_FILE") in known
    word = rest.split()[1] if " " in rest else ""
    command = [word] if word and not word.startswith("-") else []
    done = run_peal(*command, "--help")
    assert done.returncode == 0
    for flag in re.findall(r"--[a-z-]+", rest):
        assert re.search(rf"^  {flag}\b", done.stdout, re.M), flag


def test_help_with_a_topic_has_two_forms():
    assert run_peal("--help", "redis").stdout == TOPICS["redis"]
    assert run_peal("help", "--help").stdout == run_peal("help").stdout


@pytest.mark.parametrize("words, expected", [
    (["help", "rediss"], "rediss: unknown topic; did you mean redis?"),
    (["--help", "rediss"], "rediss: unknown topic; did you mean redis?"),
    (["help", "redis", "now"], 'unexpected "now"'),
])
def test_an_unknown_topic(words, expected):
    done = run_peal(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert expected in done.stderr
