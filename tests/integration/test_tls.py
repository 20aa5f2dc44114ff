"""TLS itself: versions and ciphers, certificate changes, and client
certificates. The other files test the traffic over TLS with
PEAL_TEST_TLS=1."""

import datetime
import json
import os
import random
import re
import resource
import signal
import socket
import ssl
import struct
import subprocess
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from support import tls
from support.patience import seconds, wait_until
from support.raw import Ended, request_text
from support.server import clean_environment, find_program
from support.tokens import WITH_AUTH, make_token
from support.websocket import (BINARY, CLOSE, PONG, TEXT, Refused,
                               frame_bytes, handshake_headers, ws_path)

FAILED = "peal_tls_failed_total"


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Certificates that no test changes, and some of an untrusted CA."""
    folder = tmp_path_factory.mktemp("keys")
    tls.make_certificates(folder / "ours", "alice", "bob")
    tls.make_certificates(folder / "other", "alice")
    return folder


def make_server(start, folder, config=None, **options):
    """A TLS server, and clients that trust it."""
    settings = dict(config or {})
    settings["tls"] = {**tls.server_keys(folder), **settings.get("tls", {})}
    server = start(config=settings, **options)
    server.context = tls.client_context(folder)
    return server


@pytest.fixture(scope="module")
def secure(start_shared, keys):
    return make_server(start_shared, keys / "ours")


@pytest.mark.parametrize("scheme, allowed", [("https", True),
                                             ("http", False)])
def test_an_http_origin_of_the_same_host_is_foreign(secure, scheme, allowed):
    """An attacker on the network could modify such a page."""
    headers = [("Origin", f"{scheme}://127.0.0.1")]
    if allowed:
        secure.connect(headers=headers).drop()
        return
    with pytest.raises(Refused) as refused:
        secure.connect(headers=headers)
    assert refused.value.response.status == 403
    assert b"Origin" in refused.value.response.body


def bare_context(keys, *versions):
    context = tls.client_context(keys / "ours")
    if versions:
        context.minimum_version, context.maximum_version = versions
    return context


# --- versions, ciphers and sessions

@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2,
                                     ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_are_supported(secure, keys, version):
    client = secure.connect(context=bare_context(keys, version, version))
    assert client.raw.socket.version() == {
        ssl.TLSVersion.TLSv1_2: "TLSv1.2",
        ssl.TLSVersion.TLSv1_3: "TLSv1.3"}[version]
    client.send("hi")
    assert client.receive_data() == "Echo: hi"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_older_versions_are_refused(secure, keys):
    context = bare_context(keys)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    before = secure.metric(FAILED)
    with pytest.raises(ssl.SSLError, match="(?i)alert protocol version"):
        secure.socket(context=context)
    assert secure.metric(FAILED) == before + 1
    assert secure.wait_log("TLS handshake failed")


@pytest.mark.parametrize("ciphers", ["AES256-GCM-SHA384",  # no forward secrecy
                                     "ECDHE-ECDSA-AES256-SHA384"])  # CBC
def test_weak_ciphers_are_refused(secure, keys, ciphers):
    context = bare_context(keys, ssl.TLSVersion.TLSv1_2,
                           ssl.TLSVersion.TLSv1_2)
    context.set_ciphers(ciphers)
    with pytest.raises(ssl.SSLError, match="(?i)handshake failure"):
        secure.socket(context=context)


def test_alpn_is_http_1_1_and_nothing_else(secure, keys):
    context = bare_context(keys)
    context.set_alpn_protocols(["h2", "http/1.1"])
    raw = secure.socket(context=context)
    assert raw.socket.selected_alpn_protocol() == "http/1.1"
    context.set_alpn_protocols(["h2"])
    with pytest.raises(ssl.SSLError, match="(?i)no.application.protocol"):
        secure.socket(context=context)
    raw = secure.socket(context=bare_context(keys))
    assert raw.socket.selected_alpn_protocol() is None


@pytest.mark.parametrize("name", ["localhost", "peal", "elsewhere.example"])
def test_any_server_name_is_answered(secure, keys, name):
    plain = socket.create_connection(("127.0.0.1", secure.port), seconds(5))
    with bare_context(keys).wrap_socket(plain, server_hostname=name) as wrapped:
        wrapped.sendall(request_text("/health"))
        assert wrapped.recv(100).startswith(b"HTTP/1.1 200 ")


def test_plain_http_is_ignored(secure):
    before = secure.metric(FAILED)
    raw = secure.socket(context=False)
    raw.send(request_text("/health"))
    assert raw.rest() == b""
    assert secure.metric(FAILED) == before + 1
    assert secure.is_alive()


def test_random_bytes_are_ignored(secure):
    for noise in (b"\x16", b"\x16\x03\x01\xff\xff" + b"x" * 70000, b"\0" * 5,
                  b"\x16\x03\x01\0\x05\x01\0\0\x01\0", b"PROXY TCP4 a b\r\n"):
        raw = secure.socket(context=False)
        try:
            raw.send(noise)
            raw.end_sending()
        except OSError:
            pass
        assert raw.is_ended()
    assert secure.is_alive()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2,
                                     ssl.TLSVersion.TLSv1_3])
def test_a_session_is_resumed_by_any_worker(peal, keys, version):
    """All workers share the ticket key."""
    server = make_server(peal, keys / "ours", {"workers": 4})
    context = bare_context(keys, version, version)

    def shake(session=None):
        plain = socket.create_connection(("127.0.0.1", server.port),
                                         seconds(5))
        with context.wrap_socket(plain, session=session) as wrapped:
            wrapped.sendall(request_text("/health"))
            assert wrapped.recv(1000)  # and reads TLS 1.3's ticket
            return wrapped.session, wrapped.session_reused

    session, was_reused = shake()
    assert not was_reused
    assert all(shake(session)[1] for _ in range(12))
    assert server.metric("peal_tls_resumed_total") == 12


HEALTHY = [{"status": "healthy"}]


class OpensslClient:
    """`openssl s_client`, for features that Python's ssl module lacks."""

    def __init__(self, server, *args):
        self.process = subprocess.Popen(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}",
             *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)

    def ask(self, times=1):
        """Sends this many pipelined requests; returns the response bodies."""
        self.type(request_text("/health") * times)
        self.read = b""
        wait_until(lambda: self.has_bodies(times), what="the responses")
        return [json.loads(body) for body in self.bodies()]

    def bodies(self):
        return re.findall(rb'{"status".*?}', self.read)

    def has_bodies(self, times):
        self.read += os.read(self.process.stdout.fileno(), 65536)
        return len(self.bodies()) == times

    def type(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def end(self):
        self.process.stdin.close()
        self.process.stdout.read()
        return self.process.wait(seconds(10))


@pytest.mark.parametrize("args", [
    ["-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256"],
    ["-tls1_3", "-ciphersuites", "TLS_AES_256_GCM_SHA384"],
    ["-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"],
    ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"],
    ["-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"],
], ids=lambda args: args[2])
def test_every_cipher_is_supported(secure, args):
    client = OpensslClient(secure, *args)
    for _ in range(3):
        assert client.ask(2) == HEALTHY * 2
    assert client.end() == 0


@pytest.mark.parametrize("letter", [b"K\n", b"k\n"],
                         ids=["both directions", "the client's only"])
def test_keys_are_updated_as_often_as_the_client_asks(secure, letter):
    """RFC 8446 section 4.6.3."""
    client = OpensslClient(secure, "-tls1_3")
    for _ in range(4):
        assert client.ask(3) == HEALTHY * 3
        client.type(letter)
        time.sleep(0.1)  # s_client expects the letter in a separate read
    assert client.ask() == HEALTHY
    assert client.end() == 0


# --- large messages, slow readers, lost connections

@pytest.mark.parametrize("size", [1, 255, 256, 257, 16383, 16384, 16385,
                                  65535, 1000000])
def test_messages_of_all_sizes_pass_whole(secure, start_shared, size, keys):
    server = make_server(start_shared, keys / "ours", {
        "limits": {"message_bytes": 2000000, "outbox_bytes": 4000000}}) \
        if size > 60000 else secure
    client = server.connect(context=bare_context(keys))
    data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    client.send(data)
    assert client.receive_data() == data


def test_many_frames_in_one_record_are_all_answered(peal, keys):
    client = make_server(peal, keys / "ours", {
        "limits": {"messages_per_second": 0}}).connect()
    frames = [frame_bytes(TEXT, f"{i}") for i in range(1000)]
    client.raw.send(b"".join(frames))
    assert [client.receive_data() for _ in range(1000)] == [
        f"Echo: {i}" for i in range(1000)]


@pytest.mark.parametrize("seed", range(8))
def test_frames_split_across_records_are_reassembled(peal, keys, seed):
    """Reads end where records end, and frames may begin before that."""
    chance = random.Random(seed)
    client = make_server(peal, keys / "ours", {
        "limits": {"messages_per_second": 0}}).connect()
    messages, sent = [], b""
    for _ in range(150):
        messages.append(chance.randbytes(chance.choice(
            [0, 1, 5, 100, 125, 126, 131, 300, 1000])))
        sent += frame_bytes(BINARY, messages[-1])
        sent += frame_bytes(PONG, b"x" * chance.choice([0, 1, 124, 125]))
    while sent:
        length = chance.choice([1, 3, 7, 143, 144, 145, 1000, 16384])
        client.raw.send(sent[:length])
        sent = sent[length:]
    assert [client.receive_data() for _ in messages] == messages


def test_frames_sent_with_the_request_are_answered(secure):
    raw = secure.socket()
    raw.send(request_text("/ws/alice", headers=handshake_headers()) +
             frame_bytes(TEXT, "early"))
    assert raw.response().status == 101
    assert raw.take(2 + len("Echo: early"))[2:] == b"Echo: early"


QUESTION = json.dumps({"type": "echo", "payload": "x" * 20000})


def block(client):
    """Asks for more than the socket buffers hold, and reads nothing."""
    client.raw.socket.settimeout(seconds(1))
    try:
        for _ in range(400):
            client.send(QUESTION)
    except (OSError, ssl.SSLError):
        pass


def test_a_long_message_to_a_slow_reader_keeps_its_records_in_order(peal,
                                                                    keys):
    """It spans more records than the server gathers, and more than the kernel
    buffers."""
    server = make_server(peal, keys / "ours", {
        "limits": {"message_bytes": 3000000, "outbox_bytes": 20000000}})
    slow = server.join("slow", "room", receive_buffer=4096)
    sender = server.join("sender", "other")
    payload = "0123456789" * 200000
    for _ in range(3):
        sender.send({"type": "broadcast", "channel": "room",
                     "payload": payload})
    time.sleep(0.3)
    for _ in range(3):
        assert slow.receive_type("broadcast")["payload"] == payload


def test_closing_a_client_that_does_not_read_blocks_no_others(peal, keys):
    """Data it keeps sending must neither block its worker nor make it spin."""
    server = make_server(peal, keys / "ours", {
        "limits": {"messages_per_second": 0, "stalled_seconds": 1,
                   "outbox_bytes": 500000}})
    slow = server.join("slow", "room", receive_buffer=4096)
    block(slow)
    wait_until(lambda: server.metric(
        'peal_limit_reached_total{limit="stalled_seconds"}') == 1)
    before = server.cpu_seconds()
    time.sleep(1)
    assert server.cpu_seconds() - before < 0.4 * max(1, seconds(1))
    slow.drop()
    server.wait_metric("peal_connections", 0)


def test_a_protocol_error_of_a_client_that_does_not_read(peal, keys):
    """libwebsockets starts this close while more of the same record is
    decrypted but unread."""
    server = make_server(peal, keys / "ours", {
        "limits": {"messages_per_second": 0, "outbox_bytes": 100000000,
                   "outbox_messages": 100000}})
    slow = server.join("slow", "room", receive_buffer=4096)
    question = json.dumps({"type": "echo", "payload": "x" * 60000})
    for _ in range(100):
        slow.send(question)
    wait_until(lambda: server.metric("peal_messages_received_total") == 100)
    bad = frame_bytes(3) + b"".join(frame_bytes(TEXT, "x" * 100)
                                    for _ in range(100))
    slow.raw.send(bad)
    time.sleep(0.2)
    assert server.is_alive()
    slow.drop()
    server.wait_metric("peal_connections", 0, timeout=10)


@pytest.mark.parametrize("behind", ["handshake", "upgrade"])
def test_a_reset_connection_is_noticed(peal, keys, behind):
    server = make_server(peal, keys / "ours")
    if behind == "handshake":
        raw = server.socket()
    else:
        raw = server.connect().raw
    server.wait_metric("peal_sockets", 2)
    raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                          struct.pack("ii", 1, 0))  # close with a reset
    raw.close()
    server.wait_metric("peal_sockets", 1)


def test_the_servers_close_arrives_as_a_frame_and_tls_is_ended(secure):
    client = secure.connect(protocol="broadcast")
    client.send_frame(CLOSE, struct.pack("!H", 1000))
    assert client.wait_close() == 1000
    # recv raises if close_notify is missing
    client.raw.socket.suppress_ragged_eofs = False
    assert client.raw.socket.recv(1) == b""


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01\x02\0\x01"])
def test_a_slow_handshake_ends_at_handshake_seconds(peal, keys, sent):
    server = make_server(peal, keys / "ours", {
        "limits": {"handshake_seconds": 1}})
    raw = server.socket(context=False)
    raw.send(sent)
    started = time.monotonic()
    assert raw.is_ended()
    assert 0.5 < time.monotonic() - started < seconds(4)
    server.wait_metric(
        'peal_limit_reached_total{limit="handshake_seconds"}', 1)


def test_running_out_of_descriptors_is_temporary(peal, keys):
    server = make_server(peal, keys / "ours", {
        "limits": {"handshake_seconds": 60}})
    resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (60, 60))
    raws = [server.socket(context=False, timeout=0.1) for _ in range(60)]
    assert any(raw.is_ended() for raw in reversed(raws))
    for raw in raws:
        raw.close()
    wait_until(lambda: server.metric("peal_sockets") < 5)
    assert server.is_alive()


# --- certificates

def start_with(tls_config, *args):
    return subprocess.run(
        [find_program(), "--port", "0", *args,
         *(f"--tls.{key}={value}" for key, value in tls_config.items())],
        env=clean_environment(), capture_output=True, text=True,
        timeout=seconds(10), check=False)


def bad_pairs(keys):
    ours, other = keys / "ours", keys / "other"
    cert, key = str(ours / "server.pem"), str(ours / "server.key")
    return [
        ({"cert": cert}, "tls.cert: must be set together with tls.key"),
        ({"key": key}, "tls.key: must be set together with tls.cert"),
        ({"cert": "/nowhere.pem", "key": key},
         "tls.cert: /nowhere.pem cannot be read: No such file"),
        ({"cert": cert, "key": "/nowhere.key"},
         "tls.key: /nowhere.key cannot be read: No such file"),
        ({"cert": key, "key": key},
         f"tls.cert: {key}: expected a PEM certificate"),
        ({"cert": cert, "key": cert},
         f"tls.key: {cert}: expected the PEM private key"),
        ({"cert": cert, "key": other / "server.key"},
         f"tls.key: {other}/server.key: expected the PEM private key for tls.cert"),
        ({"client_ca": ours / "ca.pem"},
         "tls.client_ca: must be set together with tls.cert"),
        ({"cert": cert, "key": key, "client_ca": key},
         f"tls.client_ca: {key}: expected PEM certificates"),
        ({"cert": cert, "key": key, "client_id_from_certificate": "true"},
         "tls.client_id_from_certificate: must be set together with "
         "tls.client_ca"),
    ]


@pytest.mark.parametrize("number", range(10))
def test_a_bad_pair_stops_the_start(keys, number):
    config, expected = bad_pairs(keys)[number]
    for args in ([], ["--check-config"]):
        result = start_with(config, *args)
        assert result.returncode == 2
        assert result.stderr.startswith("peal: " + expected)
        assert result.stderr.count("\n") == 1


def test_an_encrypted_key_is_refused_without_a_prompt(keys, tmp_path):
    locked = tmp_path / "locked.key"
    subprocess.run(["openssl", "ec", "-aes256", "-passout", "pass:secret",
                    "-in", keys / "ours" / "server.key", "-out", locked],
                   check=True, capture_output=True)
    result = start_with({"cert": keys / "ours" / "server.pem", "key": locked})
    assert result.returncode == 2
    assert "without a passphrase" in result.stderr


def test_an_expired_certificate_causes_a_warning(peal, tmp_path):
    folder = tls.make_certificates(tmp_path / "soon", DAYS="1")
    server = make_server(peal, folder)
    assert server.wait_log("TLS certificate expires within a week")


def serial_seen(server, context):
    raw = server.socket(context=context)
    found = raw.socket.getpeercert()["serialNumber"]
    raw.close()
    return found


def test_changed_files_are_reloaded_without_closing_connections(peal,
                                                                tmp_path):
    folder = tls.make_certificates(tmp_path / "changing")
    server = make_server(peal, folder)
    context = server.context
    client = server.join("alice", "room")
    first = serial_seen(server, context)
    tls.make_certificates(folder)  # the same CA, a new pair
    server.wait_log("Certificate reloaded", timeout=10)
    assert serial_seen(server, context) != first
    assert client.ask({"type": "ping"})["type"] == "pong"


def test_the_old_pair_stays_while_a_file_is_invalid(peal, tmp_path):
    folder = tls.make_certificates(tmp_path / "changing")
    server = make_server(peal, folder)
    first = serial_seen(server, server.context)
    good = (folder / "server.key").read_bytes()
    (folder / "server.key").write_text("nonsense")
    line = server.wait_log("Certificate reload failed",
                           timeout=10)
    assert "level=error" in line and "server.key" in line
    assert serial_seen(server, server.context) == first
    (folder / "server.key").write_bytes(good)
    server.wait_log("Certificate reloaded", timeout=10)
    assert serial_seen(server, server.context) == first
    server.wait_log_count("Certificate reload failed", 1)


def write_pair(folder, first_day, last_day):
    """server.pem and server.key, good between two days from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name)
            .public_key(key.public_key()).serial_number(4711)
            .not_valid_before(now + datetime.timedelta(days=first_day))
            .not_valid_after(now + datetime.timedelta(days=last_day))
            .sign(key, hashes.SHA256()))
    (folder / "server.key").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()))
    (folder / "server.pem").write_bytes(
        made.public_bytes(serialization.Encoding.PEM))


EXPIRY = "peal_tls_certificate_expiry_timestamp_seconds"


@pytest.mark.parametrize("days", [(-9, -1), (1, 9)],
                         ids=["expired", "not valid yet"])
def test_an_invalid_certificate_does_not_replace_a_valid_one(peal, tmp_path,
                                                             days):
    folder = tls.make_certificates(tmp_path / "changing")
    server = make_server(peal, folder)
    first = serial_seen(server, server.context)
    write_pair(folder, *days)
    line = server.wait_log("Certificate reload failed",
                           timeout=10)
    assert "tls.cert" in line and "currently valid" in line
    server.signal(signal.SIGHUP)
    assert "currently valid" in server.wait_log("Config reload failed")
    assert serial_seen(server, server.context) == first
    assert server.metric(EXPIRY) > time.time() + 86400
    tls.make_certificates(folder)
    server.wait_log("Certificate reloaded", timeout=10)


def test_the_expiry_of_the_certificate_is_a_metric(peal, tmp_path):
    folder = tls.make_certificates(tmp_path / "soon", DAYS="3")
    server = make_server(peal, folder)
    left = server.metric(EXPIRY) - time.time()
    assert 2.9 * 86400 < left < 3.1 * 86400
    tls.make_certificates(folder, DAYS="5")
    server.wait_log("Certificate reloaded", timeout=10)
    assert server.metric(EXPIRY) - time.time() > 4.9 * 86400
    assert EXPIRY not in peal(plain=True).metrics()


def test_an_expired_certificate_can_be_replaced(peal, tmp_path):
    """Clients decide whether to accept it; no better certificate was
    available."""
    folder = tls.make_certificates(tmp_path / "old")
    write_pair(folder, -9, -1)
    server = make_server(peal, folder)
    assert server.wait_log("TLS certificate expired")
    tls.make_certificates(folder)
    server.wait_log("Certificate reloaded", timeout=10)
    assert server.metric(EXPIRY) > time.time()


# --- clients with certificates

def mutual(start, keys, tls_config=None, **config):
    return make_server(start, keys / "ours", {
        **config, "tls": {"client_ca": str(keys / "ours" / "ca.pem"),
                          **(tls_config or {})}})


def as_client(keys, name, whose="ours"):
    context = tls.client_context(keys / whose, name)
    context.load_verify_locations(keys / "ours" / "ca.pem")
    return context


def is_cut_off(server, context):
    """With TLS 1.3, the client sees the alert only on its first read."""
    try:
        raw = server.socket(context=context)
        raw.send(request_text("/health"))
        raw.response()
        return False
    except (ssl.SSLError, OSError, Ended):
        return True


def test_a_client_without_a_certificate_is_disconnected(peal, keys):
    server = mutual(peal, keys)
    server.context = as_client(keys, "alice")
    assert is_cut_off(server, bare_context(keys))
    assert is_cut_off(server, as_client(keys, "alice", "other"))
    assert server.connect().handshake.status == 101
    assert server.metric(FAILED) == 2


def test_the_certificate_determines_the_client_id(peal, keys):
    server = mutual(peal, keys, {"client_id_from_certificate": True})
    server.context = as_client(keys, "alice")
    client = server.connect("alice")
    client.send("hi")
    assert client.receive_data() == "Echo: hi"
    with pytest.raises(Refused) as refused:
        server.connect("bob")
    assert refused.value.response.status == 403
    assert refused.value.response.json == {
        "error": "Certificate is for another client"}
    assert server.connect("bob", context=as_client(keys, "bob"))


def test_a_certificate_may_contain_any_id(peal, tmp_path):
    name = "auth0|jos\u00e9 \u05e9"
    folder = tls.make_certificates(tmp_path / "ours", name)
    server = mutual(peal, tmp_path, {"client_id_from_certificate": True})
    server.context = tls.client_context(folder, name)
    assert server.connect(name).handshake.status == 101
    with pytest.raises(Refused) as refused:
        server.connect("auth0|jos")
    assert refused.value.response.status == 403


def test_a_token_replaces_an_optional_certificate(peal, keys):
    server = mutual(peal, keys, {"client_id_from_certificate": True,
                                 "client_certificate": "optional"},
                    **WITH_AUTH)
    server.context = bare_context(keys)
    with pytest.raises(Refused) as refused:
        server.connect("alice")
    assert refused.value.response.status == 401
    assert server.connect("alice", token=make_token("alice"))
    assert server.connect("alice", context=as_client(keys, "alice"))
    # if both are present, the token's caps apply
    limited = server.connect(
        "alice", [""], protocol="broadcast", context=as_client(keys, "alice"),
        token=make_token("alice", caps=[{"channels": ["a"],
                                         "allow": ["sub"]}]))
    assert limited.ask({"type": "subscribe", "channel": "b"})["code"] == \
        "forbidden"


def test_without_keys_an_optional_certificate_is_required(peal, keys):
    server = mutual(peal, keys, {"client_id_from_certificate": True,
                                 "client_certificate": "optional"})
    server.context = bare_context(keys)
    with pytest.raises(Refused) as refused:
        server.connect("alice")
    assert refused.value.response.json == {
        "error": "Client certificate required"}


def test_a_resumed_session_is_still_the_same_client(peal, keys):
    server = mutual(peal, keys, {"client_id_from_certificate": True})
    context = as_client(keys, "alice")
    server.context = context
    first = server.socket()
    first.send(request_text("/health"))
    first.response()

    def upgrade(client):
        plain = socket.create_connection(("127.0.0.1", server.port),
                                         seconds(5))
        with context.wrap_socket(plain,
                                 session=first.socket.session) as wrapped:
            assert wrapped.session_reused
            wrapped.sendall(request_text(ws_path(client),
                                         headers=handshake_headers()))
            return wrapped.recv(1000).split()[1]

    assert upgrade("alice") == b"101"
    assert upgrade("bob") == b"403"


def reload_tls(server, **changes):
    file = server.folder / "peal.json"
    config = json.loads(file.read_text())
    config["tls"].update(changes)
    file.write_text(json.dumps(config))
    before = len(server.log_lines("Config reloaded"))
    server.signal(signal.SIGHUP)
    wait_until(lambda: len(server.log_lines("Config reloaded")) >
               before)


def new_session(server, context, session=None):
    """A request on a new connection: returns its session, and whether the
    given session was resumed."""
    plain = socket.create_connection(("127.0.0.1", server.port), seconds(5))
    with context.wrap_socket(plain, session=session) as wrapped:
        wrapped.sendall(request_text("/health"))
        if not wrapped.recv(1000).startswith(b"HTTP/1.1 200 "):
            raise Ended("no answer")
        return wrapped.session, wrapped.session_reused


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2,
                                     ssl.TLSVersion.TLSv1_3])
def test_a_session_is_not_resumed_after_the_ca_changes(peal, keys, tmp_path,
                                                       version):
    server = mutual(peal, keys)
    context = as_client(keys, "alice")
    context.minimum_version = context.maximum_version = version
    session, _ = new_session(server, context)
    assert new_session(server, context, session)[1]
    both = tmp_path / "both.pem"
    both.write_bytes((keys / "ours" / "ca.pem").read_bytes() +
                     (keys / "other" / "ca.pem").read_bytes())
    reload_tls(server, client_ca=str(both))
    session, is_old = new_session(server, context, session)
    assert not is_old
    assert new_session(server, context, session)[1]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2,
                                     ssl.TLSVersion.TLSv1_3])
def test_resumption_does_not_bypass_a_required_certificate(peal, keys,
                                                           version):
    server = mutual(peal, keys, {"client_certificate": "optional"})
    context = bare_context(keys, version, version)
    session, _ = new_session(server, context)
    assert new_session(server, context, session)[1]
    reload_tls(server, client_certificate="required")
    with pytest.raises((ssl.SSLError, OSError, Ended)):
        new_session(server, context, session)


def test_beyond_loopback_certificates_count_as_auth(keys):
    config = {**tls.server_keys(keys / "ours"),
              "client_ca": keys / "ours" / "ca.pem",
              "client_id_from_certificate": "true"}
    result = start_with(config, "--host", "0.0.0.0", "--check-config")
    assert result.returncode == 0, result.stderr


def test_all_workers_serve_many_short_connections(peal, keys):
    """State shared between the threads' sockets would be counted
    incorrectly."""
    server = make_server(peal, keys / "ours", {"workers": 4, "limits": {
        "connections_per_ip": 0}})

    def connect_for_a_second():
        clients = [subprocess.Popen(
            ["openssl", "s_time", "-connect", f"127.0.0.1:{server.port}",
             "-new", "-time", "1"], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL) for _ in range(4)]
        assert [client.wait(seconds(20)) for client in clients] == [0] * 4
        return server.metric("peal_tls_handshakes_total") > 100

    # a busy machine may need several rounds
    wait_until(connect_for_a_second, 20, what="100 handshakes")
    assert not server.stop()
