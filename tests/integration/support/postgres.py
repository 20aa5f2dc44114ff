"""Debian's PostgreSQL, started for a test on a free loopback port."""

import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile

from support import patience
from support.ports import free_port

PASSWORD = "a password: with/slashes@"
ENCODED = "a%20password%3A%20with%2Fslashes%40"


def programs():
    """The program folder of the newest version."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
    assert found, "PostgreSQL is missing: see 'packages' in tests/run.sh"
    return found[-1]


class Postgres:
    """PostgreSQL refuses to run as root; root starts it as another user."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="peal-postgres-"))
        self.user = "postgres" if os.geteuid() == 0 else None
        if self.user:
            owner = pwd.getpwnam(self.user)
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        self.port = free_port()
        self.process = None
        password = self.folder / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        self.run("initdb", "-D", self.data, "-U", "peal", "-A",
                 "scram-sha-256", f"--pwfile={password}", "-E", "UTF8",
                 "--no-sync", "--locale=C.UTF-8")
        self.start()
        self.sql("CREATE DATABASE chat", database="postgres")

    @property
    def data(self):
        return str(self.folder / "data")

    @property
    def url(self):
        return (f"postgresql://peal:{ENCODED}@127.0.0.1:{self.port}/chat")

    def command(self, name, *words):
        as_user = ["setpriv", "--reuid", self.user, "--regid", self.user,
                   "--clear-groups"] if self.user else []
        return as_user + [str(programs() / name), *words]

    def run(self, name, *words):
        done = subprocess.run(self.command(name, *words), cwd=self.folder,
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def sql(self, query, database="chat"):
        done = subprocess.run(
            [str(programs() / "psql"), "-h", "127.0.0.1", "-p", str(self.port),
             "-U", "peal", "-d", database, "-At", "-c", query],
            env={**os.environ, "PGPASSWORD": PASSWORD},
            capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def start(self):
        log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(
            self.command("postgres", "-D", self.data, "-p", str(self.port),
                         "-c", "listen_addresses=127.0.0.1",
                         "-c", f"unix_socket_directories={self.folder}"),
            stdout=log, stderr=log, cwd=self.folder)
        log.close()
        patience.wait_until(self.is_ready, 20, what="PostgreSQL")

    def is_ready(self):
        return subprocess.run(
            [str(programs() / "pg_isready"), "-q", "-h", "127.0.0.1", "-p",
             str(self.port)], check=False).returncode == 0

    def pids(self):
        """The process ids of the server and its children."""
        listed = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process.pid)],
            capture_output=True, text=True, check=False).stdout
        return [self.process.pid, *map(int, listed.split())]

    def stop(self):
        """Stops immediately, closing open connections."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(30)

    def freeze(self):
        for pid in self.pids():
            os.kill(pid, signal.SIGSTOP)

    def thaw(self):
        for pid in self.pids():
            os.kill(pid, signal.SIGCONT)

    def end(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
