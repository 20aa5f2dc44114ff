"""Behind a proxy: the client address from X-Forwarded-For, Forwarded and the
PROXY protocol, and missing, invalid or slow headers."""

import json
import signal
import struct
import time

import pytest

from support import tls
from support.patience import seconds, wait_until
from support.raw import request_text
from support.websocket import Refused, handshake_headers

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
REFUSED = "peal_proxy_headers_refused_total"


def forwarded(*addresses):
    return [("X-Forwarded-For", ", ".join(addresses))]


def is_let_in(server, headers=(), client="alice"):
    try:
        return server.connect(client, headers=headers)
    except Refused as refused:
        assert refused.response.status == 429
        return False


def address_logged(server, client):
    line = server.wait_log(f"Client {client} disconnected")
    return line.split("address=")[1].split()[0]


# --- X-Forwarded-For

def test_without_trusted_proxies_the_header_is_ignored(peal):
    server = peal(config={"limits": {"connections_per_ip": 1}})
    assert is_let_in(server, forwarded("192.0.2.1"))
    assert not is_let_in(server, forwarded("192.0.2.2"))
    server.drop_clients()
    assert address_logged(server, "alice") == "127.0.0.1"


UNNAMED = "Proxy not in trusted_proxies"


@pytest.mark.parametrize("field", [
    ("X-Forwarded-For", "192.0.2.1"), ("Forwarded", "for=192.0.2.1")])
def test_an_unlisted_proxy_causes_one_warning(peal, field):
    server = peal()
    for i in range(5):
        assert is_let_in(server, [field], f"c{i}")
    line = server.wait_log(UNNAMED)
    assert "level=warn" in line and "address=127.0.0.1" in line
    server.wait_log_count(UNNAMED, 1)


def test_with_listed_proxies_there_is_no_warning(peal):
    server = peal(config={"trusted_proxies": ["10.0.0.0/8"]})
    assert is_let_in(server, forwarded("192.0.2.1"))
    assert is_let_in(peal())
    assert not server.log_lines(UNNAMED)


def test_behind_a_trusted_proxy_each_client_has_its_own_count(peal):
    server = peal(config={"trusted_proxies": ["127.0.0.0/8", "10.0.0.0/8"],
                          "limits": {"connections_per_ip": 2}})
    for i in range(5):
        assert is_let_in(server, forwarded(f"192.0.2.{i}"))
    assert is_let_in(server, forwarded("192.0.2.1", "10.1.1.1"))
    assert not is_let_in(server, forwarded("192.0.2.1"))
    # values written by the client do not change its address
    assert not is_let_in(server, forwarded("198.51.100.1", "192.0.2.1"))
    limit = 'peal_limit_reached_total{limit="connections_per_ip"}'
    assert server.metric(limit) == 2
    # closed connections free their slots
    server.drop_clients()
    server.wait_metric("peal_connections", 0)
    assert is_let_in(server, forwarded("192.0.2.1"))


@pytest.mark.parametrize("proto, origin, allowed", [
    ("https", "https://127.0.0.1", True), ("https", "http://127.0.0.1", False),
    ("http", "http://127.0.0.1", True)])
def test_behind_a_tls_proxy_an_http_page_is_foreign(peal, proto, origin,
                                                    allowed):
    server = peal(config={"trusted_proxies": ["127.0.0.1"]}, plain=True)
    headers = [("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-Proto", proto),
               ("Origin", origin)]
    if allowed:
        server.connect(headers=headers).drop()
        return
    with pytest.raises(Refused) as refused:
        server.connect(headers=headers)
    assert refused.value.response.status == 403


def test_several_headers_are_one_list(peal):
    server = peal(config={"trusted_proxies": ["127.0.0.1"],
                          "limits": {"connections_per_ip": 1}})
    raw = server.socket()
    raw.send(request_text("/ws/carol", headers=[
        ("X-Forwarded-For", "198.51.100.1"),
        ("X-Forwarded-For", "192.0.2.1"), *handshake_headers()]))
    assert raw.response().status == 101
    assert not is_let_in(server, forwarded("192.0.2.1"))
    raw.close()
    assert address_logged(server, "carol") == "192.0.2.1"


def test_an_unreadable_header_counts_as_the_proxy(peal):
    server = peal(config={"trusted_proxies": ["127.0.0.1"]})
    is_let_in(server, forwarded("unknown"), "dave").drop()
    assert address_logged(server, "dave") == "127.0.0.1"


def test_trusted_proxies_can_be_reloaded(peal):
    server = peal()
    file = server.folder / "peal.json"
    is_let_in(server, forwarded("192.0.2.1"), "before").drop()
    assert address_logged(server, "before") == "127.0.0.1"
    file.write_text(json.dumps({**json.loads(file.read_text()),
                                "trusted_proxies": ["127.0.0.1"]}))
    server.signal(signal.SIGHUP)
    assert "changed=trusted_proxies" in server.wait_log("reloaded")
    is_let_in(server, forwarded("192.0.2.1"), "after").drop()
    assert address_logged(server, "after") == "192.0.2.1"


# --- Forwarded (RFC 7239)

RFC7239 = {"trusted_proxies": ["127.0.0.1", "10.0.0.0/8", "fd00::/8"],
           "forwarded_header": "forwarded"}


@pytest.mark.parametrize("values, address", [
    (["for=192.0.2.1"], "192.0.2.1"),
    (['For="[2001:db8::1]:4711";proto=https'], "2001:db8::1"),
    (["for=198.51.100.1, for=192.0.2.1;by=10.0.0.1, for=10.2.0.1"],
     "192.0.2.1"),
    (["for=198.51.100.1", "for=192.0.2.1", 'for="[fd00::1]"'], "192.0.2.1"),
    (["for=192.0.2.1, for=_hidden, for=10.0.0.2"], "10.0.0.2"),
    (["for=unknown"], "127.0.0.1"),
    (["for=192.0.2.1; nonsense"], "127.0.0.1"),
    # an unclosed quote, followed by the text of a proxy
    (['for=198.51.100.1;a="', "for=192.0.2.1"], "192.0.2.1"),
    (['for=198.51.100.1;a=", for=192.0.2.1'], "127.0.0.1"),
    ([], "127.0.0.1"),
])
def test_forwarded_has_the_address_of_the_client(peal, values, address):
    server = peal(config=RFC7239)
    raw = server.socket()
    raw.send(request_text("/ws/erin", headers=[
        *[("Forwarded", value) for value in values], *handshake_headers()]))
    assert raw.response().status == 101
    raw.close()
    assert address_logged(server, "erin") == address


@pytest.mark.parametrize("config, written, address", [
    (RFC7239, "X-Forwarded-For: 198.51.100.1", "127.0.0.1"),
    (RFC7239, "X-Forwarded-For: 198.51.100.1\r\nForwarded: for=192.0.2.1",
     "192.0.2.1"),
    ({"trusted_proxies": ["127.0.0.1"]}, "Forwarded: for=198.51.100.1",
     "127.0.0.1"),
    ({"trusted_proxies": ["127.0.0.1"]},
     "Forwarded: for=198.51.100.1\r\nX-Forwarded-For: 192.0.2.1",
     "192.0.2.1"),
    ({"forwarded_header": "forwarded"}, "Forwarded: for=198.51.100.1",
     "127.0.0.1"),
    ({**RFC7239, "trusted_proxies": ["10.0.0.1"]},
     "Forwarded: for=198.51.100.1", "127.0.0.1"),
])
def test_only_the_configured_header_is_trusted(peal, config, written, address):
    """A proxy that does not know the other header passes the client's on."""
    server = peal(config=config)
    name, _, value = written.partition(": ")
    is_let_in(server, [(name, value)], "frank").drop()
    assert address_logged(server, "frank") == address


def test_with_forwarded_each_client_has_its_own_count(peal):
    server = peal(config={**RFC7239, "limits": {"connections_per_ip": 1}})
    for i in range(5):
        assert is_let_in(server, [("Forwarded", f"for=192.0.2.{i}")])
    assert not is_let_in(server, [("Forwarded", "for=192.0.2.1")])
    assert not is_let_in(server, [
        ("Forwarded", "for=198.51.100.1, for=192.0.2.1")])


def test_the_header_can_be_reloaded(peal):
    server = peal(config={"trusted_proxies": ["127.0.0.1"]})
    file = server.folder / "peal.json"
    file.write_text(json.dumps({**json.loads(file.read_text()),
                                "forwarded_header": "forwarded"}))
    server.signal(signal.SIGHUP)
    assert "changed=forwarded_header" in server.wait_log("reloaded")
    is_let_in(server, [("Forwarded", "for=192.0.2.1")], "after").drop()
    assert address_logged(server, "after") == "192.0.2.1"


# --- the same for plain requests

def refused(server, raw, *headers):
    """The address in the log of an API request without a key."""
    before = len(server.log_lines("API request refused"))
    raw.send(request_text("/api/channels", headers=headers))
    assert raw.response().status == 401
    line = wait_until(lambda: server.log_lines(
        "API request refused")[before:], what="a refusal in the log")[0]
    time.sleep(1.05)  # one line per second
    return line.split("address=")[1].split()[0]


def test_each_request_on_a_kept_connection_has_its_own_client(peal):
    server = peal(config={"trusted_proxies": ["127.0.0.1"]})
    raw = server.socket()
    assert refused(server, raw,
                   ("X-Forwarded-For", "192.0.2.1")) == "192.0.2.1"
    assert refused(server, raw,
                   ("X-Forwarded-For", "198.51.100.9, 2001:db8::1")
                   ) == "2001:db8::1"
    assert refused(server, raw) == "127.0.0.1"
    assert refused(server, raw, ("Forwarded", "for=192.0.2.1")) == "127.0.0.1"


def test_forwarded_applies_to_requests_too(peal):
    server = peal(config=RFC7239)
    raw = server.socket()
    assert refused(server, raw, ("Forwarded", "for=192.0.2.1"),
                   ("Forwarded", "for=192.0.2.2")) == "192.0.2.2"
    # no state of the previous request is left
    assert refused(server, raw) == "127.0.0.1"
    assert refused(server, raw,
                   ("X-Forwarded-For", "192.0.2.1")) == "127.0.0.1"


def test_without_trust_the_header_is_ignored(peal):
    server = peal()
    raw = server.socket()
    assert refused(server, raw,
                   ("X-Forwarded-For", "192.0.2.1")) == "127.0.0.1"


def test_an_upgrade_after_requests_counts_for_its_own_client(peal):
    server = peal(config={"trusted_proxies": ["127.0.0.1"]})
    raw = server.socket()
    raw.send(request_text("/health", headers=forwarded("192.0.2.1")))
    assert raw.response().status == 200
    raw.send(request_text("/ws/grace", headers=[
        *forwarded("192.0.2.2"), *handshake_headers()]))
    assert raw.response().status == 101
    raw.close()
    assert address_logged(server, "grace") == "192.0.2.2"


# --- the PROXY protocol

def line(address="192.0.2.1", family="TCP4", target="198.51.100.1"):
    return f"PROXY {family} {address} {target} 56324 443\r\n".encode()


def binary(address=(192, 0, 2, 1), command=1, more=b""):
    body = bytes(address) + bytes([198, 51, 100, 1])
    body += struct.pack("!HH", 56324, 443) + more
    return SIGNATURE + bytes([0x20 | command, 0x11]) + \
        struct.pack("!H", len(body)) + body


def through(server, header, step=None, context=None):
    """A connection from a proxy; the PROXY header is never encrypted."""
    raw = server.socket(context=False)
    step = step or len(header) or 1
    for start in range(0, len(header), step):
        raw.send(header[start:start + step])
        if step < len(header):
            time.sleep(0.001)
    if tls.ENABLED:
        raw.socket = tls.common_context().wrap_socket(raw.socket)
    return raw


def upgrade(raw, client="alice", headers=()):
    raw.send(request_text(f"/ws/{client}",
                          headers=[*headers, *handshake_headers()]))
    return raw.response().status


def metrics_of(server):
    raw = through(server, line("192.0.2.77"))
    raw.send(request_text("/metrics"))
    try:
        return raw.response().body.decode()
    finally:
        raw.close()


@pytest.fixture
def proxied(peal):
    def start(**config):
        return peal(config={"proxy_protocol": True, **config})
    return start


@pytest.mark.parametrize("header, address", [
    (line(), "192.0.2.1"),
    (line("2001:db8::1", "TCP6", "2001:db8::2"), "2001:db8::1"),
    (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
    (binary(), "192.0.2.1"),
    (binary(more=b"\4\0\4abcd" * 100), "192.0.2.1"),
    (binary(command=0), "127.0.0.1"),
])
@pytest.mark.parametrize("step", [None, 1])
def test_the_proxy_header_has_the_address(proxied, header, address, step):
    server = proxied()
    raw = through(server, header, step)
    assert upgrade(raw) == 101
    raw.close()
    assert address_logged(server, "alice") == address


def test_the_request_may_arrive_with_the_header(proxied):
    server = proxied()
    raw = server.socket(context=False)
    if tls.ENABLED:
        raw.send(line())
        raw.socket = tls.common_context().wrap_socket(raw.socket)
        raw.send(request_text("/health"))
    else:
        raw.send(line() + request_text("/health"))
    assert raw.response().status == 200


def test_connections_are_counted_by_that_address(proxied):
    server = proxied(limits={"connections_per_ip": 1})
    held = [through(server, line(f"192.0.2.{i}")) for i in range(4)]
    assert [upgrade(raw) for raw in held] == [101] * 4
    assert upgrade(through(server, binary((192, 0, 2, 1)))) == 429
    held[1].close()
    wait_until(lambda: upgrade(through(server, line("192.0.2.1"))) == 101)


@pytest.mark.parametrize("header", [
    b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\0\1\0",
    b"PROXY TCP4 nonsense\r\n", b"PROXY TCP4 1.2.3.4 1.2.3.4 1 99999\r\n",
    b"PROXY " + b"x" * 200, SIGNATURE + b"\x31\x11\0\0",
    SIGNATURE + b"\x21\x11\xff\xff"])
def test_without_a_valid_header_it_is_closed_and_counted(proxied, header):
    server = proxied()
    raw = server.socket(context=False)
    raw.send(header)
    assert raw.rest() == b""
    assert f"\n{REFUSED} 1\n" in metrics_of(server)
    assert server.wait_log("PROXY header refused")


@pytest.mark.parametrize("sent", [b"", b"PROXY TCP4 192.0", SIGNATURE,
                                  binary(more=b"x" * 50)[:-10]])
def test_a_slow_header_ends_at_handshake_seconds(proxied, sent):
    server = proxied(limits={"handshake_seconds": 1})
    raw = server.socket(context=False)
    raw.send(sent)
    started = time.monotonic()
    assert raw.is_ended()
    assert 0.5 < time.monotonic() - started < seconds(4)
    limit = 'peal_limit_reached_total{limit="handshake_seconds"} 1\n'
    # counted after the close, and possibly by another worker
    wait_until(lambda: limit in metrics_of(server))
    assert f"\n{REFUSED} 0\n" in metrics_of(server)


def test_an_untrusted_peer_may_not_send_a_header(proxied):
    server = proxied(trusted_proxies=["10.0.0.0/8"])
    raw = server.socket(context=False)
    raw.send(line())
    assert raw.is_ended()
    assert "not a trusted proxy" in server.wait_log("PROXY header refused")


def test_a_proxy_in_front_of_the_proxy_is_trusted_too(proxied):
    server = proxied(trusted_proxies=["127.0.0.1", "192.0.2.0/24"])
    raw = through(server, line("192.0.2.1"))
    assert upgrade(raw, headers=forwarded("198.51.100.7")) == 101
    raw.close()
    assert address_logged(server, "alice") == "198.51.100.7"


def test_a_tcp_health_check_is_not_an_error(proxied):
    server = proxied()
    for _ in range(3):
        server.socket(context=False).close()
    assert f"\n{REFUSED} 0\n" in metrics_of(server)
    assert not server.log_lines("PROXY header refused")


def test_it_stops_while_headers_are_awaited(proxied):
    server = proxied()
    raws = [server.socket(context=False) for _ in range(5)]
    raws[0].send(b"PROXY T")
    time.sleep(0.1)
    server.signal()
    assert server.wait_exit() == 0
    assert all(raw.is_ended() for raw in raws)
