"""Behind an nginx that blocks upgrades, a client receives over Server-Sent
Events and publishes with requests."""

import json

import front
import pytest
from support.events import Stream
from support.raw import RawSocket, request_text
from support.tokens import WITH_AUTH, make_token
from support.websocket import handshake_headers

NGINX = front.NGINX_START + """
    server {{
        listen 127.0.0.1:{port};
        if ($http_upgrade) {{ return 403; }}
        location / {{
            proxy_pass http://127.0.0.1:{backend};
            proxy_set_header Host $http_host;
        }}
    }}
}}
"""
AUTHORIZATION = [("Authorization", f"Bearer {make_token()}")]


class Behind:
    """The server, reached through the proxy."""

    def __init__(self, port):
        self.port = port

    def socket(self):
        return RawSocket(self.port, context=False)


@pytest.fixture(scope="module")
def behind(start_shared, tmp_path_factory):
    server = start_shared({**WITH_AUTH, "workers": 4, "limits": {
        "messages_per_second": 0}}, plain=True)
    folder = tmp_path_factory.mktemp("no-upgrades")
    port = front.free_port()
    file = folder / "nginx.conf"
    file.write_text(NGINX.format(port=port, backend=server.port))
    with front.running(["nginx", "-p", str(folder), "-c", str(file),
                        "-e", "stderr"], folder, port):
        yield Behind(port)


def test_a_websocket_cannot_be_opened(behind):
    raw = behind.socket()
    raw.send(request_text("/ws/alice", headers=[*handshake_headers(),
                                                *AUTHORIZATION]))
    assert raw.response().status == 403


def test_published_messages_return_in_order(behind):
    stream = Stream(behind, "alice", ["room"], AUTHORIZATION).join()
    raw = behind.socket()
    for batch in range(20):
        body = json.dumps([
            {"type": "broadcast", "channel": "room", "payload": [batch, i],
             "idempotency_key": f"{batch}-{i}", "id": i}
            for i in range(3)]).encode()
        for _ in range(2):  # a retry, as after a lost response
            raw.send(request_text("/client/alice", "POST", [
                ("Content-Type", "application/json"),
                ("Content-Length", str(len(body))), *AUTHORIZATION]) + body)
            response = raw.response()
            assert response.status == 200
            assert {answer["offset"] for answer in response.json} == {
                3 * batch + i + 1 for i in range(3)}
    got = stream.receive_many(60)
    assert [event.data["payload"] for event in got] == [
        [batch, i] for batch in range(20) for i in range(3)]
    assert {event.data["from"] for event in got} == {"alice"}
