"""The unmodified proxy configurations of conf/README.md and conf/cluster:
operator routes are blocked, and no client is mistaken for the proxy, although
the server trusts no proxy."""

import re
from urllib.parse import quote

import pytest

import front
from support.names import IDS
from support.patience import wait_until
from support.raw import RawSocket
from support.server import ROOT
from support.websocket import handshake_headers

FOR_OPERATORS = [
    "/dashboard", "/dashboard/", "/dashboard/main.js", "/dashboard?x=1",
    "/metrics", "/metrics?x=1", "/api/channels", "/api/dashboard",
    "/%64ashboard", "//dashboard", "/x/../dashboard", "/./metrics",
    "/%6detrics", "/dashboard%2f", "/dashboard%2Fmain.js", "/api%2fchannels",
    "/ready/../metrics", "http://localhost/dashboard",
]
AROUND_NGINX = front.NGINX_START + """
    {server}
}}
"""


def readme_nginx():
    """Without TLS, like the other configurations."""
    text = (ROOT / "conf/README.md").read_text()
    server = re.search(r"```nginx\n(.*?)```", text, re.S)[1]
    # replace the backend's port first, because the listener gets the old one
    server = server.replace("127.0.0.1:8080", "127.0.0.1:8081")
    server = re.sub(r" +ssl_\w+ .*\n", "", server)
    return AROUND_NGINX.format(
        server=server.replace("listen 443 ssl;", "listen 127.0.0.1:8080;"))


CONFIGS = {
    "README": ("nginx", readme_nginx),
    "cluster nginx": ("nginx", (ROOT / "conf/cluster/nginx.conf").read_text),
    "cluster haproxy": ("haproxy",
                        (ROOT / "conf/cluster/haproxy.cfg").read_text),
}


@pytest.fixture(scope="module")
def server(start_shared):
    """Trusts no proxy (default)."""
    server = start_shared(args=["--insecure"], config={
        "api": {"key": front.KEY}, "web_root": str(ROOT / "web"),
        "limits": {"refusals_per_second": 0}}, plain=True)
    server.context = False
    return server


@pytest.fixture(scope="module", params=CONFIGS)
def port(request, server, tmp_path_factory):
    program, text = CONFIGS[request.param]
    folder = tmp_path_factory.mktemp("recommended")
    port = front.free_port()
    command = front.recommended_command(
        program, text(), folder,
        {"8080": port, "8081": server.port, "8082": server.port})
    with front.running(command, folder, port):
        yield port


def ask(port, target, *lines, host="localhost"):
    raw = RawSocket(port, context=False)
    raw.send("\r\n".join([f"GET {target} HTTP/1.1", f"Host: {host}", *lines,
                          "", ""]).encode())
    response = raw.response()
    raw.close()
    return response


def test_local_requests_reach_what_the_proxy_hides(server):
    """Otherwise the tests below would not test the proxy."""
    for path in ("/dashboard", "/metrics"):
        assert ask(server.port, path).status == 200
    assert ask(server.port, "/api/channels",
               f"Authorization: Bearer {front.KEY}").status == 200


@pytest.mark.parametrize("target", FOR_OPERATORS)
def test_operator_routes_are_blocked(port, target):
    response = ask(port, target, f"Authorization: Bearer {front.KEY}")
    assert response.status in (400, 403, 404), response


def connect(port, path):
    return ask(port, path, *(f"{name}: {value}" for name, value
                             in handshake_headers()))


def test_websockets_pass_except_the_dashboard(port):
    assert connect(port, "/ws/alice").status == 101
    assert connect(port, "/ws/alice?protocol=dashboard").status == 404
    assert ask(port, "/ready", host="chat.example").status == 200


def test_any_client_id_passes(port, server):
    """Unmodified: no proxy decodes a slash or dots."""
    passed = {}
    for client in IDS:
        path = f"/ws/{quote(client, safe='')}?protocol=broadcast"
        passed[client] = connect(port, path).status
    # a strict proxy may refuse a path that looks like ".."
    passed.pop("/../")
    assert set(passed.values()) == {101}, passed
    wait_until(lambda: all(
        client in server.log() for client in ("https://orcid.org/0000-0002",
                                              "Anna Maria")))
