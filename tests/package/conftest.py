"""Fixtures: the Debian package, made from the build under test."""

import pathlib
import subprocess
import sys

import pytest

# the server process comes from tests/integration, the machine from
# tests/systemd
for other in ("integration", "systemd"):
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] /
                           other))

from support.fixtures import peal, start_shared  # noqa: E402,F401
from support.server import clean_environment, find_program  # noqa: E402


@pytest.fixture(scope="session")
def package(tmp_path_factory):
    """The .deb file. The build uses the preset `package`."""
    folder = tmp_path_factory.mktemp("package")
    config = pathlib.Path(find_program()).parent / "CPackConfig.cmake"
    packed = subprocess.run(
        ["cpack", "-G", "DEB", "--config", config, "-B", folder],
        env=clean_environment(), capture_output=True, text=True, check=False)
    assert packed.returncode == 0, packed.stdout + packed.stderr
    [made] = folder.glob("*.deb")
    return made


@pytest.fixture(scope="session")
def unpacked(package, tmp_path_factory):
    """A folder with the unpacked files, and its control files in DEBIAN/."""
    folder = tmp_path_factory.mktemp("unpacked")
    subprocess.run(["dpkg-deb", "--raw-extract", package, folder], check=True)
    return folder
