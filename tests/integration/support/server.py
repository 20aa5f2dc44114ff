"""The server as a process: start on a free port, monitoring, and stop."""

import json
import os
import pathlib
import re
import signal
import subprocess

from support import patience, tls
from support.raw import RawSocket, request_text
from support.websocket import Client, ws_path

ROOT = pathlib.Path(__file__).resolve().parents[3]
BAD_SIGNS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer",
             "LeakSanitizer", "runtime error", "WARNING: ThreadSanitizer",
             "panic at")
WORKERS = int(os.environ.get("PEAL_TEST_WORKERS", "1"))

# a test may override this
QUICK = {"drain_seconds": 0,
         "core_dumps": True}  # lets tests without root inspect it


def find_program():
    """The program to test: $PEAL_BINARY, or build/peal."""
    program = os.path.abspath(
        os.environ.get("PEAL_BINARY", ROOT / "build" / "peal"))
    if not os.access(program, os.X_OK):
        raise AssertionError(f"{program} is missing: build it, or set "
                             "PEAL_BINARY to the program to test")
    return program


def clean_environment():
    return {name: value for name, value in os.environ.items()
            if not name.startswith("PEAL_")}


def listening_sockets(pid):
    """(address, port) of each TCP socket that a process listens on."""
    inodes = set()
    for link in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            inodes.add(os.readlink(link).strip("socket:[]"))
        except FileNotFoundError:
            pass
    found = []
    for table in ("tcp", "tcp6"):
        rows = pathlib.Path(f"/proc/{pid}/net/{table}").read_text()
        for row in map(str.split, rows.splitlines()[1:]):
            if row[3] == "0A" and row[9] in inodes:
                address, port = row[1].split(":")
                found.append((address, int(port, 16)))
    return found


class Server:
    """A running server; its output goes to a file. `plain`: no TLS, even with
    PEAL_TEST_TLS=1."""

    def __init__(self, folder, config=None, env=None, args=(),
                 before_start=None, is_quiet=False, plain=False):
        self.folder = pathlib.Path(folder)
        self.log_file = self.folder / "peal.log"
        self.clients = []
        self.sockets = []
        self.exit_code = 0
        self.bad_signs = BAD_SIGNS
        file = self.folder / "peal.json"
        config = {**QUICK, "workers": WORKERS, **(config or {})}
        self.context = False if plain else None
        if tls.ENABLED and not plain:
            config.setdefault("tls", tls.server_keys())
        file.write_text(json.dumps(config))
        command = [find_program(), "--config", str(file), "--port", "0"]
        with open(self.log_file, "wb") as log:
            self.process = subprocess.Popen(
                command + list(args),
                env={**clean_environment(),
                     "XDG_STATE_HOME": str(self.folder / "state"),
                     **(env or {})},
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, preexec_fn=before_start)
        self.port = self.wait_listening() if is_quiet else self.wait_port()

    # --- its log

    def log(self):
        return self.log_file.read_text(errors="replace")

    def log_lines(self, text=""):
        return [line for line in self.log().splitlines() if text in line]

    def wait_log(self, text, timeout=5):
        """Waits for a line with this text; returns the first one."""
        return patience.wait_until(lambda: self.log_lines(text), timeout,
                                   what=f"{text!r} in the log")[0]

    def wait_log_count(self, text, count):
        """Waits for exactly this many lines with this text."""
        def found():
            lines = self.log_lines(text)
            return lines if len(lines) >= count else None
        lines = patience.wait_until(found, 5, what=f"{count} {text!r}")
        assert len(lines) == count, lines

    def not_accepted(self):
        """The number of connections in the kernel's accept queues: the receive
        queue sizes of the listening sockets."""
        port = f":{self.port:04X}"
        with open("/proc/net/tcp", encoding="ascii") as table:
            rows = [line.split() for line in table]
        return sum(int(row[4].split(":")[1], 16) for row in rows
                   if row[1].endswith(port) and row[3] == "0A")

    def wait_all_accepted(self):
        """Waits until the accept queues are empty. With many connections at
        once, each thread rejects the excess one by one."""
        patience.wait_until(lambda: self.not_accepted() == 0, 20,
                            what="all to come in")

    def wait_port(self):
        def found():
            if self.process.poll() is not None:
                raise AssertionError(
                    f"peal did not start:\n{self.log()}")
            return re.search(r'Listening.*?port"?[=:](\d+)', self.log())
        return int(patience.wait_until(found, 10, what="Listening")[1])

    def wait_listening(self):
        """The port, read from the process if the server does not log it."""
        def found():
            sockets = listening_sockets(self.process.pid)
            return sockets and sockets[0][1]
        return patience.wait_until(found, 10, what="a listening socket")

    # --- its clients

    def connect(self, client="alice", channels=None, query=None, path=None,
                **options):
        """Opens a WebSocket; options as for support.websocket.Client."""
        path = path or ws_path(client, channels, **(query or {}))
        made = Client(self.port, path,
                      **{"context": self.context, **options})
        self.clients.append(made)
        return made

    def join(self, client="alice", *channels, **options):
        """Opens a broadcast connection and waits for its channels."""
        made = self.connect(client, channels or None, protocol="broadcast",
                            **options)
        made.subscribed = [made.receive_type("subscribed")
                           for _ in channels or ("lobby",)]
        return made

    def socket(self, **options):
        """Opens a TCP connection."""
        made = RawSocket(self.port, **{"context": self.context, **options})
        self.sockets.append(made)
        return made

    # --- plain HTTP

    def request(self, path, method="GET", headers=()):
        """Sends a request on a new connection."""
        raw = self.socket()
        raw.send(request_text(path, method,
                              [*headers, ("Connection", "close")]))
        response = raw.response(method)
        raw.close()
        return response

    def metrics(self):
        """The samples of GET /metrics by name and labels."""
        samples = {}
        for line in self.request("/metrics").body.decode().splitlines():
            if not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                samples[name] = float(value)
        return samples

    def metric(self, name):
        return self.metrics()[name]

    def metric_sum(self, name):
        """The sum over all labels."""
        return sum(value for sample, value in self.metrics().items()
                   if sample.startswith(name + "{"))

    def wait_metric(self, name, value, timeout=5):
        patience.wait_until(lambda: self.metric(name) == value, timeout,
                            what=f"{name} to be {value}")

    # --- the process

    def cpu_seconds(self):
        """Processor time used so far, all threads."""
        stat = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text()
        fields = stat.rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def is_alive(self):
        """Whether the server responds."""
        return self.request("/health").status == 200

    def drop_clients(self):
        for client in self.clients:
            client.drop()
        for raw in self.sockets:
            raw.close()

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def wait_exit(self, timeout=20):
        return self.process.wait(patience.seconds(timeout))

    def stop(self):
        """Stops the server gracefully if it runs; returns problems, or ''."""
        if self.process.poll() is None:
            self.drop_clients()
            self.signal()
        try:
            code = self.wait_exit()
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = "did not end after SIGTERM"
        self.drop_clients()
        return self.complaints(code)

    def expect_panic(self):
        """Expects that the server aborts itself."""
        self.exit_code = -signal.SIGABRT
        self.bad_signs = [sign for sign in BAD_SIGNS if sign != "panic at"]

    def complaints(self, code):
        log = self.log()
        bad = [sign for sign in self.bad_signs if sign in log]
        if code == self.exit_code and not bad:
            return ""
        return (f"peal ended with {code}, expected {self.exit_code}; "
                f"bad signs: {bad}\n{log[-20000:]}")
