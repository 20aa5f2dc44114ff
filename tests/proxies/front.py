"""A proxy in front of the server. Clients set their address with a PROXY
header, so that they can appear to be remote. The proxy sends HTTP with
X-Forwarded-For to the server and reuses its connections for other clients."""

import contextlib
import os
import re
import shutil
import socket
import subprocess

from support import patience
from support.ports import free_port
from support.raw import RawSocket

OUTSIDE = "192.0.2.7"
KEY = "the-key-of-these-tests-0123456789abcdef"

HAPROXY = """
global
    log stderr format raw local0 warning
defaults
    mode http
    log global
    option forwardfor
    http-reuse {reuse}
    timeout connect 5s
    timeout client 20s
    timeout server 20s
frontend web
    bind 127.0.0.1:{port} accept-proxy
    http-request deny deny_status 403 if {{ path /metrics }}
    default_backend peal
backend peal
    server one 127.0.0.1:{backend} {tls}
"""

# Start of every config: runs in a separate folder, as any user.
NGINX_START = """
worker_processes 1;
daemon off;
pid nginx.pid;
error_log stderr warn;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path temp;
    proxy_temp_path temp;
    fastcgi_temp_path temp;
    uwsgi_temp_path temp;
    scgi_temp_path temp;
"""
NGINX = NGINX_START + """
    keepalive_requests 100000;
    upstream peal {{
        server 127.0.0.1:{backend};
        keepalive 4;
        keepalive_requests 100000;
    }}
    map $http_upgrade $connection_upgrade {{
        default upgrade;
        '' '';
    }}
    server {{
        listen 127.0.0.1:{port} proxy_protocol;
        set_real_ip_from 127.0.0.1;
        real_ip_header proxy_protocol;
        location = /metrics {{ return 403; }}
        location / {{
            proxy_pass {scheme}://peal;
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_next_upstream off;
        }}
    }}
}}
"""

KINDS = ["nginx", "haproxy-safe", "haproxy-always"]


def write_nginx(file, port, backend):
    scheme = "https" if backend.is_tls else "http"
    file.write_text(NGINX.format(port=port, backend=backend.port,
                                 scheme=scheme))
    return ["nginx", "-p", str(file.parent), "-c", str(file), "-e", "stderr"]


def write_haproxy(file, port, backend, reuse):
    tls = "ssl verify none" if backend.is_tls else ""
    file.write_text(HAPROXY.format(port=port, backend=backend.port,
                                   reuse=reuse, tls=tls))
    return ["haproxy", "-db", "-f", str(file)]


def recommended_command(program, text, folder, ports):
    """The command for a proxy with a configuration of the repository; its
    loopback ports 808x are replaced by `ports`."""
    file = folder / "proxy.conf"
    file.write_text(re.sub(r"127\.0\.0\.1:(808\d)",
                           lambda found: f"127.0.0.1:{ports[found[1]]}", text))
    if program == "nginx":
        return ["nginx", "-p", str(folder), "-c", str(file), "-e", "stderr"]
    return ["haproxy", "-db", "-f", str(file)]


class Running:
    """A running proxy; its output goes to a file."""

    def __init__(self, command, folder, port):
        self.port = port
        self.log_file = folder / "proxy.log"
        name = command[0]
        path = os.environ.get("PATH", "") + ":/usr/sbin"
        program = shutil.which(name, path=path)
        assert program, f"{name} is missing: apt-get install {name}"
        with open(self.log_file, "wb") as log:
            self.process = subprocess.Popen(
                [program, *command[1:]], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, cwd=folder)
        patience.wait_until(self.is_there, 10, what=f"{name} to listen")

    def is_there(self):
        assert self.process.poll() is None, self.log_file.read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(patience.seconds(10))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Front(Running):
    def __init__(self, kind, folder, backend):
        port = free_port()
        name, _, reuse = kind.partition("-")
        file = folder / f"{name}.conf"
        super().__init__(write_nginx(file, port, backend) if name == "nginx"
                         else write_haproxy(file, port, backend, reuse),
                         folder, port)

    def connect(self, source=OUTSIDE, timeout=10):
        raw = RawSocket(self.port, timeout, context=False)
        raw.send(f"PROXY TCP4 {source} 127.0.0.1 4711 80\r\n")
        return raw

    def ask(self, data, source=OUTSIDE):
        """Sends data on a new connection and returns the response."""
        raw = self.connect(source)
        raw.send(data)
        try:
            return raw.response()
        finally:
            raw.close()


@contextlib.contextmanager
def start(kind, folder, backend):
    made = Front(kind, folder, backend)
    try:
        yield made
    finally:
        made.stop()


@contextlib.contextmanager
def running(command, folder, port):
    made = Running(command, folder, port)
    try:
        yield made
    finally:
        made.stop()
