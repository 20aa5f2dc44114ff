"""A machine in namespaces, controlled from outside: see machine.sh."""

import json
import pathlib
import signal
import subprocess

from support import patience
from support.ports import free_port
from support.raw import Ended, RawSocket, request_text

SCRIPT = pathlib.Path(__file__).resolve().parent / "machine.sh"


def can_be_made():
    made = subprocess.run(
        ["unshare", "--pid", "--fork", "--mount", "--cgroup", "--ipc", "--uts",
         "sh", "-c", "mount --make-rprivate / && mount -t tmpfs none /mnt && "
         "mount -t cgroup2 none /mnt"], capture_output=True, check=False)
    return made.returncode == 0


class Machine:
    """`pid`: systemd's process id outside."""

    def __init__(self, layer, port):
        self.port = port
        self.process = subprocess.Popen(
            ["unshare", "--pid", "--fork", "--kill-child", "--mount",
             "--cgroup", "--ipc", "--uts", SCRIPT, layer],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=open(f"{layer}.log", "wb"))
        children = pathlib.Path(f"/proc/{self.process.pid}/task/"
                                f"{self.process.pid}/children")
        self.pid = patience.wait_until(lambda: children.read_text().split(),
                                       what="the machine to start")[0]
        self.root = pathlib.Path(f"/proc/{self.pid}/root")
        patience.wait_until(self.is_up, 30, what="systemd to be up")

    def run(self, *command, check=True):
        return subprocess.run(
            ["nsenter", "-t", self.pid, "-p", "-m", "-C", "-i", "-u", "-r",
             *command], capture_output=True, text=True, check=check)

    def systemctl(self, *args, check=True):
        return self.run("systemctl", *args, check=check)

    def is_up(self):
        told = self.systemctl("is-system-running", check=False).stdout
        return told.strip() in ("running", "degraded")

    def configure(self, **config):
        """The file belongs to the program; other users cannot read it."""
        self.write("etc/peal/peal.json", json.dumps(
            {"port": self.port, "drain_seconds": 1, **config}))

    def write(self, path, text):
        self.run("sh", "-c", 'printf %s "$1" >"$2"', "sh", text, "/" + path)

    # --- the service

    def show(self, name, unit="peal"):
        return self.systemctl("show", "--property", name, "--value",
                              unit).stdout.strip()

    def wait_shown(self, name, value, timeout=15):
        patience.wait_until(lambda: self.show(name) == value, timeout,
                            what=f"{name} to be {value}")

    def kill(self, number=signal.SIGTERM):
        """Signals the service's main process."""
        self.systemctl("kill", "--kill-whom=main", f"--signal={int(number)}",
                       "peal")

    def journal(self):
        return self.run("journalctl", "-u", "peal", "--no-pager", "-o",
                        "cat").stdout

    def is_healthy(self):
        try:
            raw = RawSocket(self.port, timeout=2, context=False)
        except OSError:
            return False
        try:
            raw.send(request_text("/health"))
            return raw.response().status == 200
        except (TimeoutError, Ended):
            return False
        finally:
            raw.close()

    def stop(self):
        """All processes in it end with its first process."""
        self.process.kill()
        self.process.wait()
