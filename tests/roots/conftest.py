"""Fixtures: a minimal Debian 12 and 13, the package for each, and a Docker
engine."""

import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import pytest

from engine import Engine, copy_of_source
from root import Root, host_suite, output_of

# the client comes from tests/integration
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] /
                       "integration"))

SUITES = ("bookworm", "trixie")
# also builds and tests in the other Debian, which takes minutes
FULL = os.environ.get("PEAL_ROOTS_FULL")
collect_ignore = [] if FULL else ["test_suite_in_root.py"]


@pytest.fixture(scope="session")
def folder():
    """Holds root's files, which pytest could not remove."""
    made = pathlib.Path(tempfile.mkdtemp(prefix="peal-roots-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="session")
def roots(folder):
    """Both are made at the same time, because they mostly wait."""
    assert shutil.which("mmdebstrap"), "apt-get install mmdebstrap"
    with concurrent.futures.ThreadPoolExecutor(len(SUITES)) as pool:
        made = dict(zip(SUITES, pool.map(
            lambda suite: Root.make(suite, folder / suite), SUITES)))
    yield made
    for root in made.values():
        root.remove()


def pack_here(folder):
    """The package of the build under test, for the running Debian."""
    build = pathlib.Path(os.environ["PEAL_BINARY"]).resolve().parent
    output_of(["cpack", "-G", "DEB", "--config", build / "CPackConfig.cmake",
               "-B", folder])
    [made] = folder.glob("*.deb")
    return made


@pytest.fixture(scope="session")
def build_root(roots, folder):
    """The other Debian for building; the one for installing has no tools."""
    [other] = [suite for suite in SUITES if suite != host_suite()]
    made = roots[other].copy(folder / f"{other}-build")
    yield made
    made.remove()


@pytest.fixture(scope="session")
def engine(roots, folder):
    (folder / "engine").mkdir()
    made = Engine(folder / "engine")
    try:
        made.wait_ready()
        made.make_images(roots["bookworm"])
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="session")
def source(folder):
    return copy_of_source(folder / "source")


@pytest.fixture(scope="module", params=SUITES)
def root(request, roots):
    return roots[request.param]


@pytest.fixture(scope="module")
def package(root, folder, request):
    own = folder / f"package-{root.suite}"
    own.mkdir()
    if root.suite == host_suite():
        return pack_here(own)
    return pathlib.Path(
        request.getfixturevalue("build_root").build_package(own))


@pytest.fixture
def older(package, tmp_path):
    """The same package with a lower version and another config."""
    content = tmp_path / "content"
    subprocess.run(["dpkg-deb", "-R", package, content], check=True)
    control = content / "DEBIAN" / "control"
    control.write_text("".join(
        "Version: 0.0.9-1\n" if line.startswith("Version:") else line
        for line in control.read_text().splitlines(keepends=True)))
    config = content / "etc/peal/peal.json"
    config.write_text(config.read_text() + "// of the older version\n")
    sums = content / "DEBIAN" / "md5sums"
    sums.unlink(missing_ok=True)
    made = tmp_path / "older.deb"
    output_of(["dpkg-deb", "--root-owner-group", "-b", content, made])
    return made
