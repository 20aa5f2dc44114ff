"""RFC 9110 section 5.1: field names are matched exactly. Sends every prefix of
every name known to libwebsockets before each relevant field: no name swallows
the following line, and no request becomes two."""

import itertools
import pathlib

import pytest

from support import patience
from support.raw import Ended, RawSocket
from support.server import ROOT
from support.tls import HTTP

LIST = pathlib.Path(__file__).with_name("header_names.txt")
KEY = "the-key-of-these-tests-0123456789abcdef"
SMUGGLED = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
JSON = b'{"channel":"names","payload":1}'
BATCH = 200

# fields with a special meaning, which would change the request
ACTIVE = {"authorization", "connection", "content-length", "content-type",
          "cookie", "expect", "host", "if-none-match", "origin", "te",
          "transfer-encoding", "upgrade", "sec-websocket-extensions",
          "sec-websocket-key", "sec-websocket-origin",
          "sec-websocket-protocol", "sec-websocket-version",
          "x-forwarded-for"}
# fields of proxies: they may deny access to the dashboard
TRACES = {"forwarded", "via", "x-real-ip", "x-forwarded-host",
          "x-forwarded-proto"}


def mixed(name):
    return "".join(one.upper() if at % 3 != 1 else one
                   for at, one in enumerate(name))


CASES = {"lower": str.lower, "upper": str.upper, "mixed": mixed}


def all_names():
    """Every prefix of every name, and each name with a suffix."""
    known = [line for line in LIST.read_text().splitlines()
             if not line.startswith("#")]
    starts = {name[:length] for name in known
              for length in range(1, len(name) + 1)}
    longer = {name + "-x" for name in known}
    return sorted((starts | longer) - ACTIVE)


NAMES = all_names()


@pytest.fixture(scope="module")
def server(start_shared):
    return start_shared(config={
        "trusted_proxies": ["127.0.0.1"], "api": {"key": KEY},
        "dashboard": "loopback", "web_root": str(ROOT / "web"),
        "limits": {"refusals_per_second": 0}})


@pytest.fixture(scope="module")
def quiet(start_shared):
    """A server with few clients, whose log shows the end of each."""
    return start_shared(config={"trusted_proxies": ["127.0.0.1"]})


def head(request_line, *lines):
    return "\r\n".join([request_line, *lines, "", ""]).encode()


# ---- on kept-alive connections --------------------------------------------------

class Kind:
    """A request with a place for a field, and a check of its response."""

    def __init__(self, make, is_right, without=frozenset()):
        self.make = make
        self.is_right = is_right
        self.names = [name for name in NAMES if name not in without]


def status_is(status):
    return lambda response: response.status == status


def own_page(line):
    origin = "localhost:8080"
    return head("GET /health HTTP/1.1", f"Origin: {HTTP}://{origin}", line,
                f"Host: {origin}")


def is_allowed_origin(response):
    return response.status == 200 and \
        "access-control-allow-origin" in response.headers


API = (f"Authorization: Bearer {KEY}", "Content-Type: application/json")

KEPT = {
    "the end": Kind(
        lambda line: head("GET /ready HTTP/1.1", "Host: localhost", line),
        lambda response: response.body == b'{"status":"ready"}'),
    "Host": Kind(own_page, is_allowed_origin),
    "Authorization": Kind(
        lambda line: head("GET /api/channels HTTP/1.1", "Host: localhost",
                          line, API[0]),
        status_is(200)),
    # the body is not JSON
    "Content-Length": Kind(
        lambda line: head("POST /api/publish HTTP/1.1", "Host: localhost",
                          *API, line, f"Content-Length: {len(SMUGGLED)}") +
        SMUGGLED,
        status_is(400)),
    # without the field, the request would be local and get the page
    "X-Forwarded-For": Kind(
        lambda line: head("GET /dashboard HTTP/1.1", "Host: localhost", line,
                          "X-Forwarded-For: 192.0.2.7"),
        status_is(404)),
    "Host, for a local client": Kind(
        lambda line: head("GET /dashboard HTTP/1.1", line, "Host: localhost"),
        status_is(200), TRACES),
}


def batches(names):
    rest = iter(names)
    while batch := list(itertools.islice(rest, BATCH)):
        yield batch


def check_batch(server, kind, case, names):
    """Sent in one piece; each request gets exactly one response."""
    raw = server.socket()
    raw.send(b"".join(kind.make(f"{CASES[case](name)}: 1")
                      for name in names) +
             head("GET /none HTTP/1.1", "Host: localhost",
                  "Connection: close"))
    for name in names:
        try:
            response = raw.response()
        except (Ended, TimeoutError) as error:
            raise AssertionError(f"{name!r}: no response") from error
        assert kind.is_right(response), (name, response.head, response.body)
    assert raw.response().status == 404
    assert raw.rest() == b"", "more responses than requests"
    raw.close()


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("before", KEPT)
def test_5_1_no_name_swallows(server, before, case):
    for names in batches(KEPT[before].names):
        check_batch(server, KEPT[before], case, names)


@pytest.mark.parametrize("step", [1, 2, 3, 5, 7])
def test_5_1_no_name_swallows_in_pieces(server, step):
    """Split everywhere, including within names."""
    kind = KEPT["Authorization"]
    names = ["x-a", "x-auth", "User", "T", "Forwarded-", "Sec-WebSocket-Key1",
             "x" * 300, "Authorizatio", "Authorizationx", "X-Forwarded"]
    data = b"".join(kind.make(f"{name}: 1") for name in names)
    raw = server.socket()
    for start in range(0, len(data), step):
        raw.send(data[start:start + step])
    assert [raw.response().status for _ in names] == [200] * len(names)
    raw.close()


# ---- on separate connections ----------------------------------------------------

FEWER_CASES = ["lower", "mixed"]  # over TLS, each connection takes a while


def upgrade(line):
    return head("GET /ws/alice HTTP/1.1", "Host: localhost",
                "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", line,
                "Upgrade: websocket")


def chunked(line):
    return head("POST /api/publish HTTP/1.1", "Host: localhost",
                "Connection: close", *API, line,
                "Transfer-Encoding: chunked") + \
        b"%x\r\n%s\r\n0\r\n\r\n" % (len(JSON), JSON) + SMUGGLED


def last_with_a_body(line):
    """Lines in a body are not fields of the head."""
    return head("GET /dashboard HTTP/1.1", "Host: localhost",
                "Connection: close", "Content-Length: 32",
                "X-Forwarded-For: 192.0.2.7", line) + \
        b"\r\nX-Forwarded-For: 127.0.0.1\r\n\r\n"


def open_one(server):
    """Bypasses the list of connections that the fixture closes, because there
    are many."""
    return RawSocket(server.port)


def check_upgrade(server, name, line):
    raw = open_one(server)
    raw.send(upgrade(line))
    assert raw.response().status == 101, name
    raw.close()


def check_only(server, data, status, name):
    raw = open_one(server)
    raw.send(data)
    answer = raw.rest()
    raw.close()
    assert answer.count(b"HTTP/1.") == 1, (name, answer)
    assert answer.startswith(b"HTTP/1.1 %d " % status), (name, answer)


@pytest.mark.parametrize("case", FEWER_CASES)
def test_5_1_no_name_swallows_upgrade(server, case):
    for name in NAMES:
        check_upgrade(server, name, f"{CASES[case](name)}: 1")


@pytest.mark.parametrize("case", FEWER_CASES)
def test_5_1_no_name_swallows_transfer_encoding(server, case):
    for name in NAMES:
        check_only(server, chunked(f"{CASES[case](name)}: 1"), 200, name)


@pytest.mark.parametrize("case", FEWER_CASES)
def test_5_1_no_name_takes_a_field_from_the_body(server, case):
    for name in NAMES:
        check_only(server, last_with_a_body(f"{CASES[case](name)}: 1"), 404,
                   name)


# ---- the original findings ------------------------------------------------------

@pytest.mark.parametrize("field", [
    "X-A: 1", "X-Auth: t", "User: bob", "T: 1", "X-Forwarded: 1", "Sec: 1",
    "If: *", "Proxy-Auth: x", "C:", "h: http://a/"])
def test_5_1_a_request_with_such_a_field_is_answered(server, field):
    raw = server.socket(timeout=3)
    raw.send(head("GET /health HTTP/1.1", "Host: a", field))
    assert raw.response().status == 200
    raw.close()


def test_6_3_a_body_that_looks_like_a_request_is_not_executed(server):
    check_only(server, head("GET /health HTTP/1.1", "X-A: 1",
                            f"Content-Length: {len(SMUGGLED)}", "Host: a",
                            "Connection: close") + SMUGGLED, 200, "X-A")


@pytest.mark.parametrize("field", ["X-A", "x-forwarded", "X", "Via-x"])
def test_the_address_is_taken_from_the_proxys_field(quiet, field):
    """Including the address in the log, after any name."""
    raw = quiet.socket()
    client = f"names-{field}"
    raw.send(upgrade(f"{field}: 1\r\nX-Forwarded-For: 192.0.2.9")
             .replace(b"alice", client.encode()))
    assert raw.response().status == 101
    raw.close()
    line = quiet.wait_log(f"Client {client} disconnected")
    assert "address=192.0.2.9" in line


def test_the_server_is_healthy_after_all_requests(server):
    patience.wait_until(lambda: server.metric("peal_connections") == 0, 5,
                        what="all connections to be gone")
    assert server.is_alive()
