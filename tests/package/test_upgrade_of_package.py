"""The Debian package under a real systemd: an upgrade under load refuses no
client and asks no question, even if the config was edited; a version that
cannot start replaces nothing; and a downgrade works."""

import shutil
import subprocess
import threading
import time

import pytest

from machine import Machine, can_be_made
from support.ports import free_port
from support.websocket import Client, Closed

OWN = '{"port": %d, "drain_seconds": 1}'


@pytest.fixture(scope="module")
def versions(package, tmp_path_factory):
    """The package as an older and a newer version, and one that cannot
    start."""
    folder = tmp_path_factory.mktemp("versions")

    def make(version, change=None):
        root = folder / version
        subprocess.run(["dpkg-deb", "--raw-extract", package, root], check=True)
        control = root / "DEBIAN/control"
        lines = [f"Version: {version}" if line.startswith("Version:") else line
                 for line in control.read_text().splitlines()
                 if not line.startswith("Depends:")]
        control.write_text("\n".join(lines) + "\n")
        if change:
            change(root)
        made = folder / f"{version}.deb"
        subprocess.run(["dpkg-deb", "--root-owner-group", "-b", root, made],
                       check=True, capture_output=True)
        return made

    def break_it(root):
        (root / "usr/bin/peal").write_text("#!/bin/sh\nexit 3\n")
        (root / "usr/bin/peal").chmod(0o755)

    def change_it(root):
        with open(root / "usr/bin/peal", "ab") as program:
            program.write(b"another build")

    return {"old": make("0.1.0-1"), "new": make("0.2.0-1", change_it),
            "broken": make("0.3.0-1", break_it)}


@pytest.fixture(scope="module")
def machine(versions, tmp_path_factory):
    if not can_be_made():
        pytest.skip("no namespaces and cgroups to run systemd in")
    folder = tmp_path_factory.mktemp("machine")
    files = folder / "layer.files"
    (files / "debs").mkdir(parents=True)
    (folder / "layer").mkdir()
    for name, path in versions.items():
        shutil.copy(path, files / "debs" / f"{name}.deb")
    made = Machine(folder / "layer", free_port())
    # the layer's policy forbids services
    made.run("rm", "-f", "/usr/sbin/policy-rc.d")
    install(made, "old")
    made.write("etc/peal/conf.d/50-own.json", OWN % made.port)
    made.run("sh", "-c", "chgrp -R peal /etc/peal/conf.d; "
             "echo '// edited' >>/etc/peal/peal.json")
    made.systemctl("restart", "peal")
    yield made
    made.stop()


def install(machine, name):
    """Installs like an unattended upgrade, without answers; returns the
    output."""
    done = machine.run(
        "sh", "-c", "DEBIAN_FRONTEND=noninteractive dpkg -i "
        f"/debs/{name}.deb 2>&1 </dev/null", check=False)
    assert done.returncode == 0, done.stdout
    return done.stdout


def version(machine):
    return machine.run("dpkg-query", "-W", "-f", "${Version} ${Status}",
                       "peal").stdout


class Load:
    """Repeated handshakes and requests, each on a new connection."""

    def __init__(self, port):
        self.port = port
        self.errors = []
        self.done = 0
        self.is_over = False
        self.threads = [threading.Thread(target=self.repeat, args=[i])
                        for i in range(3)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.is_over = True
        for thread in self.threads:
            thread.join()

    def repeat(self, number):
        while not self.is_over:
            try:
                client = Client(self.port, f"/ws/load-{number}", context=False)
                client.send_frame(1, "here")
                client.next_data()
                client.raw.close()
                self.done += 1
            except Closed as closed:
                assert closed.code == 1012
            except Exception as error:  # pylint: disable=broad-except
                self.errors.append(repr(error))
            time.sleep(0.005)


def test_the_first_installation_serves(machine):
    assert version(machine) == "0.1.0-1 install ok installed"
    assert machine.is_healthy()
    modes = machine.run("stat", "-c", "%a %U:%G %n", "/etc/peal/conf.d",
                        "/etc/peal/peal.json").stdout
    assert modes == ("750 root:peal /etc/peal/conf.d\n"
                     "640 root:peal /etc/peal/peal.json\n")


def test_an_upgrade_and_a_downgrade_refuse_no_client(machine):
    """With an edited config, unattended."""
    staying = Client(machine.port, context=False)
    with Load(machine.port) as load:
        for name, wanted in (("new", "0.2.0-1"), ("old", "0.1.0-1"),
                             ("new", "0.2.0-1")):
            before, done = machine.show("MainPID"), load.done
            install(machine, name)
            assert version(machine) == f"{wanted} install ok installed"
            assert machine.show("MainPID") != before
            assert load.done > done
    assert load.errors == [] and load.done > 50
    assert staying.wait_close() == 1012
    assert machine.show("NRestarts") == "0"
    assert "// edited" in machine.run("cat", "/etc/peal/peal.json").stdout


def test_a_version_that_cannot_start_replaces_nothing(machine):
    before = machine.show("MainPID")
    with Load(machine.port) as load:
        told = install(machine, "broken")
    assert load.errors == [] and load.done
    assert machine.show("MainPID") == before
    assert "the former version goes on" in told
    assert machine.show("StatusText").startswith("Upgrade failed: ")
    install(machine, "new")
    assert machine.is_healthy()


def test_an_upgrade_starts_a_stopped_service(machine):
    machine.systemctl("stop", "peal")
    install(machine, "old")
    machine.wait_shown("ActiveState", "active")
    assert machine.is_healthy()


def test_purging_leaves_nothing(machine):
    machine.run("sh", "-c", "dpkg --purge peal 2>&1")
    assert machine.run("ls", "/etc/peal", check=False).returncode != 0
    assert not machine.is_healthy()
