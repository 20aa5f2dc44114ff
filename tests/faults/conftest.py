"""Fixtures: a server whose system calls and allocations can fail."""

import pathlib
import re
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent

# the server process and its client come from tests/integration
sys.path.insert(0, str(HERE.parent / "integration"))

from faults import Faults  # noqa: E402
from support.fixtures import peal, shared, start_shared  # noqa: E402,F401
from support.server import find_program  # noqa: E402


def sanitizers():
    """The sanitizer libraries of the build, which must be preloaded first."""
    needed = subprocess.run(["ldd", find_program()], capture_output=True,
                            text=True, check=True).stdout
    return re.findall(r"=> (\S*/lib[at]san\.\S+)", needed)


@pytest.fixture(scope="session")
def shim(tmp_path_factory):
    made = tmp_path_factory.mktemp("shim") / "shim.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra",
                    "-Werror", "-o", made, HERE / "shim.c", "-ldl"],
                   check=True)
    return made


@pytest.fixture
def faults(tmp_path, shim):
    made = Faults(tmp_path, [*sanitizers(), shim])
    yield made
    made.close()


@pytest.fixture
def faulty(peal, faults):  # noqa: F811
    """faulty() starts a server under the shim."""
    def start(**options):
        return peal(env=faults.environment, **options)
    return start
