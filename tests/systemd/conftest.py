"""A machine with systemd and the service: see machine.sh."""

import pathlib
import shutil
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent

# waiting, and the program, come from tests/integration
sys.path.insert(0, str(HERE.parent / "integration"))

from machine import Machine, can_be_made  # noqa: E402
from support.ports import free_port  # noqa: E402
from support.server import find_program  # noqa: E402

UNIT = HERE.parents[1] / "conf" / "peal.service"

# shorter than in production
DROP_IN = """[Service]
WatchdogSec=3
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    if not can_be_made():
        pytest.skip("no namespaces and cgroups to run systemd in")
    folder = tmp_path_factory.mktemp("machine")
    files = folder / "layer.files"
    units = files / "etc/systemd/system"
    (units / "peal.service.d").mkdir(parents=True)
    (files / "etc/peal").mkdir()
    (files / "usr/local/bin").mkdir(parents=True)
    (folder / "layer").mkdir()
    shutil.copy(UNIT, units)
    shutil.copy(find_program(), files / "usr/local/bin/peal")
    (units / "peal.service.d/tests.conf").write_text(DROP_IN)
    made = Machine(folder / "layer", free_port())
    yield made
    made.stop()


@pytest.fixture
def service(machine):
    """The started service; stopped after the test."""
    machine.configure()
    machine.systemctl("reset-failed", "peal", check=False)
    machine.systemctl("start", "peal")
    yield machine
    machine.systemctl("stop", "peal", "peal.socket", check=False)
    assert machine.show("ActiveState") in ("inactive", "failed")
