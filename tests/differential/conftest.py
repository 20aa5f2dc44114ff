"""Finds the driver programs, which are built with the unit tests."""

import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def find_driver(name):
    """The folder of the server under test: that of PEAL_BINARY, or the release
    build."""
    binary = os.environ.get("PEAL_BINARY", ROOT / "build-release" / "peal")
    folder = pathlib.Path(binary).resolve().parent / "tests/differential"
    program = folder / name
    if not program.is_file():
        pytest.fail(f"{program} is missing: build it, or name a server in "
                    "PEAL_BINARY that stands in the folder of a build")
    return program


@pytest.fixture(scope="session")
def driver():
    """driver(name, input) returns the output of the program."""

    def run(name, data):
        return subprocess.run([find_driver(name)], input=data, check=True,
                              stdout=subprocess.PIPE, timeout=60).stdout

    return run


@pytest.fixture(scope="session")
def seed():
    """The same inputs in every run; PEAL_SEED selects others."""
    return int(os.environ.get("PEAL_SEED", "6455"))
