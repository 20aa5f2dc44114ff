"""Administration listeners: routes moved there from the client listener,
access to the Unix socket, and behaviour on a full or draining server and
during an upgrade."""

import os
import resource
import signal
import socket
import stat
import threading

import pytest

from support import tls
from support.admin import admin_of, at_path
from support.api import KEY, WITH_KEY, ask, tell
from support.patience import seconds, wait_until
from support.program import run_peal
from support.raw import Ended, request_text
from support.server import ROOT, WORKERS
from support.tokens import WITH_AUTH, make_token
from support.upgrade import upgrade
from support.websocket import Refused
from test_upgrade import activate, listening

ON_PORT = {"admin": {"host": "127.0.0.1", "port": 0}}
WEB = {"web_root": str(ROOT / "web")}
FOR_ADMINS = ["/metrics", "/api/channels", "/dashboard", "/api/nothing"]
REFUSED = 'peal_handshakes_refused_total{reason="listener"}'


@pytest.fixture
def both(peal, tmp_path):
    """A server with all listeners, and its two administration listeners."""
    path = tmp_path / "admin.sock"
    server = peal(config={
        **WITH_KEY, **WEB, "dashboard": "on",
        "admin": {**ON_PORT["admin"], "socket": str(path)}})
    server.wait_log('Administration listening" at=/')
    return server, admin_of(server), at_path(server, path)


def test_administration_is_only_served_on_its_listener(both):
    server, admin, file = both
    for place in (admin, file):
        for path in ("/metrics", "/dashboard", "/dashboard/main.js",
                     "/health", "/ready", "/"):
            assert place.request(path).status == 200, path
        assert tell(place, "/api/channels") ["channels"] == []
    for path in FOR_ADMINS:
        assert ask(server, path).status == 404, path
        assert ask(server, path, key=None).status == 404, path
    for path in ("/health", "/ready", "/peal.js", "/"):
        assert server.request(path).status == 200, path
    assert ask(server, "/api/publish", {"channel": "room",
                                        "payload": 1}).status == 404


@pytest.mark.parametrize("path", ["/%6detrics", "/api%2fchannels", "//metrics",
                                  "/./metrics", "/x/../metrics",
                                  "/METRICS", "/dashboard/", "/metrics?a=b"])
def test_other_spellings_of_a_path_are_refused_too(both, path):
    assert ask(both[0], path).status == 404


def test_messages_published_there_reach_clients(both):
    server, admin, file = both
    client = server.join("alice", "room")
    for i, place in enumerate((admin, file)):
        tell(place, "/api/publish", {"channel": "room", "payload": i})
        assert client.receive_type("broadcast")["payload"] == i


def test_clients_connect_only_to_the_public_port(both):
    server, admin, file = both
    for place in (admin, file):
        with pytest.raises(Refused) as caught:
            place.connect("alice")
        assert caught.value.response.status == 403
        assert caught.value.response.json["error"] == (
            "Clients must connect to the public address")
    assert admin.metric(REFUSED) == 2
    ticket = tell(file, "/api/tickets", {"client": "bob"})["ticket"]
    assert admin.connect("bob", query={"ticket": ticket}) is not None


def test_a_valid_token_is_not_accepted_there_either(peal):
    server = peal(config={**WITH_AUTH, **ON_PORT})
    admin = admin_of(server)
    headers = [("Authorization", "Bearer " + make_token("alice"))]
    assert server.connect("alice", headers=headers)
    with pytest.raises(Refused) as caught:
        admin.connect("alice", headers=headers)
    assert caught.value.response.status == 403


def open_feed(place, ticket):
    feed = place.connect("dashboard-1", protocol="dashboard",
                         query={"ticket": ticket})
    assert feed.receive()["type"] == "hello"
    return feed


def test_dashboards_are_only_served_there(both):
    server, admin, file = both
    for place in (admin, file):
        ticket = tell(place, "/api/dashboard", {"client": "dashboard-1"})
        open_feed(place, ticket["ticket"]).end()
    ticket = tell(file, "/api/dashboard", {"client": "dashboard-1"})
    with pytest.raises(Refused) as caught:
        open_feed(server, ticket["ticket"])
    assert caught.value.response.status == 404


def test_sockets_are_counted_by_listener(both):
    server, admin, file = both
    raws = [server.socket(), server.socket(), admin.socket(), file.socket()]
    name = 'peal_listener_sockets{listener="%s"}'
    wait_until(lambda: [admin.metric(name % kind) for kind in
                        ("public", "admin", "admin_socket")] == [2, 2, 1],
               what="two clients, an admin and the one who asks, and a file")
    accepted = 'peal_listener_accepted_total{listener="%s"}'
    assert admin.metric(accepted % "public") == 2
    assert admin.metric(accepted % "admin_socket") == 1
    assert raws


def test_without_the_setting_there_is_one_port(peal):
    server = peal(config=WITH_KEY)
    assert not server.log_lines("Administration")
    assert server.request("/metrics").status == 200
    assert ask(server, "/api/channels").status == 200
    assert server.metric('peal_listener_sockets{listener="admin"}') == 0


# --- the Unix socket

def test_owner_and_group_may_use_the_file(peal, tmp_path):
    """Independent of the umask."""
    path = tmp_path / "admin.sock"
    for umask in (0o077, 0):
        server = peal(config={"admin": {"socket": str(path)}},
                      before_start=lambda umask=umask: os.umask(umask))
        mode = path.stat().st_mode
        assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o660
        server.stop()


def test_a_stale_socket_file_is_replaced(peal, tmp_path):
    path = tmp_path / "admin.sock"
    config = {"admin": {"socket": str(path)}}
    first = peal(config=config)
    first.process.kill()
    first.process.wait()
    first.exit_code = -signal.SIGKILL
    assert path.exists()
    server = peal(config=config)
    assert at_path(server, path).request("/metrics").status == 200


@pytest.mark.parametrize("make, why", [
    (lambda path: path.write_text("precious"), "the file is not a socket"),
    (lambda path: path.mkdir(), "the file is not a socket"),
    (lambda path: path.symlink_to("/dev/null"), "the file is not a socket"),
    (None, "another process already listens")])
def test_files_of_others_are_kept(tmp_path, make, why):
    path = tmp_path / "admin.sock"
    if make:
        make(path)
    else:
        other = socket.socket(socket.AF_UNIX)
        other.bind(str(path))
        other.listen()
    result = run_peal("--port", "0", "--admin.socket", str(path))
    assert result.returncode == 1
    assert f"cannot listen at {path}: {why}" in result.stderr
    assert path.exists()


@pytest.mark.parametrize("place", ["admin.sock", "/" + 107 * "x", ""])
def test_an_impossible_path_is_refused(place):
    result = run_peal("--check-config", "--admin.socket", place)
    assert result.returncode == 2
    assert "admin.socket: " in result.stderr


# --- the config

@pytest.mark.parametrize("arguments, why", [
    (["--port", "9000", "--admin.host", "127.0.0.1", "--admin.port", "9000"],
     "admin.port: expected a port other than port (9000)"),
    (["--admin.port", "9000"],
     "admin.port: must be set together with admin.host")])
def test_an_inconsistent_config_is_refused(arguments, why):
    result = run_peal("--check-config", *arguments)
    assert result.returncode == 2
    assert why in result.stderr


def test_an_address_in_use_is_named():
    taken = listening()
    port = str(taken.getsockname()[1])
    result = run_peal("--port", "0", "--admin.host", "127.0.0.1",
                      "--admin.port", port)
    assert result.returncode == 1
    assert f"cannot listen on 127.0.0.1 port {port}" in result.stderr


# --- differences to the public port

def test_the_admin_port_has_no_tls(peal):
    """It requires no certificate either."""
    keys = tls.server_keys()
    folder = tls.common_certificates()
    server = peal(config={**WITH_KEY, **ON_PORT, "tls": {
        **keys, "client_ca": str(folder / "ca.pem")}})
    admin = admin_of(server)
    server.context = tls.client_context(client="alice")
    raw = admin.socket()
    for _ in range(3):
        raw.send(request_text("/metrics"))
        assert raw.response().status == 200
    assert server.request("/health").status == 200
    client = server.join("alice", "room")
    tell(admin, "/api/publish", {"channel": "room", "payload": "x" * 50000})
    assert client.receive_type("broadcast")["payload"] == "x" * 50000
    ticket = tell(admin, "/api/dashboard", {"client": "dashboard-1"})
    assert ticket


def test_no_proxy_header_is_expected(peal):
    server = peal(config={**ON_PORT, "proxy_protocol": True})
    assert admin_of(server).request("/metrics").status == 200


def test_it_is_reachable_at_the_limit_of_clients(peal):
    server = peal(config={**WITH_KEY, **ON_PORT, "dashboard": "on",
                          "limits": {"connections": 1,
                                     "connections_per_ip": 1}})
    admin = admin_of(server)
    server.connect("alice")
    raws = [admin.socket() for _ in range(20)]
    for raw in raws:
        raw.send(request_text("/metrics"))
        assert raw.response().status == 200
    ticket = tell(admin, "/api/dashboard", {"client": "dashboard-1"})
    open_feed(admin, ticket["ticket"]).end()
    with pytest.raises(Refused):
        server.connect("bob")


def test_its_own_limit_does_not_affect_metrics(peal):
    server = peal(config={**WITH_KEY, **ON_PORT})
    admin = admin_of(server)
    raws = [admin.socket() for _ in range(256)]
    wait_until(lambda: admin.metric(
        'peal_listener_sockets{listener="admin"}') >= 256)
    assert ask(admin, "/api/channels").status == 503
    assert admin.metric('peal_limit_reached_total{limit="admin_sockets"}')
    server.connect("alice").end()
    assert raws


def test_it_is_reachable_without_free_descriptors(peal):
    """Operators can still reach a server that is out of descriptors."""
    server = peal(config={**WITH_KEY, **ON_PORT, "limits": {
        "connections": 1000}}, before_start=lambda: resource.setrlimit(
            resource.RLIMIT_NOFILE, (150, 150)))
    admin = admin_of(server)
    raws = [socket.create_connection(("127.0.0.1", server.port))
            for _ in range(200)]
    server.wait_all_accepted()
    wait_until(lambda: admin.request("/ready").status == 503, 10)
    for _ in range(10):
        assert admin.request("/health").status == 200
        assert "descriptors" in admin.request("/ready").json["error"]
        assert admin.request("/metrics").status == 200
    for raw in raws:
        raw.close()
    wait_until(lambda: admin.request("/ready").status == 200, 10)
    assert tell(admin, "/api/channels")["channels"] == []


def test_a_ban_of_the_own_address_can_be_lifted(peal):
    server = peal(config={**WITH_KEY, **ON_PORT})
    admin = admin_of(server)
    tell(admin, "/api/ban", {"address": "127.0.0.1", "seconds": 60})
    with pytest.raises((Ended, OSError)):
        server.connect("alice")
    tell(admin, "/api/unban", {"address": "127.0.0.1"})
    server.connect("alice").end()


# --- the end, and upgrades

def test_it_is_reachable_while_draining(peal):
    server = peal(config={**ON_PORT, "drain_seconds": 3600})
    admin = admin_of(server)
    clients = [server.connect(f"c{i}") for i in range(2 * WORKERS)]
    server.signal()
    server.wait_log("Draining")
    wait_until(lambda: refuses(server.port), what="no listener for clients")
    assert admin.request("/health").status == 200
    assert admin.request("/ready").status == 503
    assert admin.metric("peal_connections") >= 1
    server.signal()
    assert server.wait_exit() == 0
    assert clients


def refuses(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        return False
    except ConnectionRefusedError:
        return True


def test_an_upgrade_does_not_interrupt_it(both):
    """Requests on all listeners succeed during and after an upgrade."""
    server, admin, file = both
    errors = []
    is_over = threading.Event()

    def ask_on(place, path):
        while not is_over.is_set():
            try:
                raw = place.socket()
                raw.send(request_text(path))
                if raw.response().status != 200:
                    errors.append(path)
                raw.close()
            except Exception as error:  # pylint: disable=broad-except
                errors.append(repr(error))

    threads = [threading.Thread(target=ask_on, args=each) for each in (
        (server, "/health"), (admin, "/metrics"), (file, "/metrics"))]
    for thread in threads:
        thread.start()
    for _ in range(3):
        old = upgrade(server)
        assert old.wait(seconds(15)) == 0
    is_over.set()
    for thread in threads:
        thread.join()
    assert errors == []
    assert ask(server, "/metrics").status == 404
    for place in (admin, file):
        assert tell(place, "/api/channels") ["channels"] == []
    assert not server.log_lines("Listening on the sockets")


def test_an_upgrade_may_add_it(peal):
    """It cannot remove it, just as it cannot change the port."""
    server = peal(config=WITH_KEY)
    file = server.folder / "peal.json"
    plain = file.read_text()
    file.write_text(plain[:-1] + ', "admin": {"host": "127.0.0.1", "port": 0}}')
    assert upgrade(server).wait(seconds(15)) == 0
    admin = admin_of(server)
    assert admin.request("/metrics").status == 200
    assert server.request("/metrics").status == 404
    file.write_text(plain)
    assert upgrade(server).wait(seconds(15)) == 0
    assert admin.request("/metrics").status == 200
    assert server.request("/metrics").status == 404
    line = server.wait_log("Listening on the sockets")
    assert "keys=admin.host,admin.port" in line


def test_sockets_of_systemd_have_names(tmp_path, monkeypatch):
    public, admin = listening(), listening()
    path = str(tmp_path / "admin.sock")
    unix = socket.socket(socket.AF_UNIX)
    unix.bind(path)
    unix.listen()
    monkeypatch.setenv("LISTEN_FDNAMES", "peal.socket:admin:admin")
    process, log = activate(tmp_path, [public, admin, unix], "--workers", "2")
    try:
        wait_until(lambda: f'Administration listening" at={path}' in
                   log.read_text(), 10)
        for place, status in ((public, b"404"), (admin, b"200"),
                              (unix, b"200")):
            raw = socket.socket(place.family)
            raw.settimeout(seconds(5))
            raw.connect(place.getsockname())
            raw.sendall(request_text("/metrics"))
            assert raw.recv(4096).startswith(b"HTTP/1.1 " + status)
            raw.close()
    finally:
        process.terminate()
        assert process.wait(seconds(10)) == 0


# --- commands

def test_commands_reach_the_file(both):
    server, _, file = both
    client = server.join("alice", "room")
    def run(command, *args):
        done = run_peal(command, "--url", "unix:" + file.port, *args,
                        env={"PEAL_API_KEY": KEY})
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("publish", "--channel", "room", '"hello"')
    assert client.receive_type("broadcast")["payload"] == "hello"
    told = run("info")
    assert "ready        yes" in told and "room" in told


@pytest.mark.parametrize("url, why", [
    ("unix:/nowhere/admin.sock", "cannot be reached"),
    ("unix:/" + 200 * "x", "too long"), ("unix:", "expected http://")])
def test_a_missing_file_is_reported(url, why):
    result = run_peal("info", "--url", url)
    assert result.returncode == 1
    assert why in result.stderr
