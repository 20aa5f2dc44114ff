"""Many subscribers at once, with io_uring and without."""

import pytest

CROWD = 40


@pytest.fixture(params=[True, False], ids=["io_uring", "single sends"])
def server(request, peal):
    # slow readers are not tested here
    return peal(config={"io_uring": request.param, "ping_seconds": 600,
                        "limits": {"messages_per_second": 0,
                                   "stalled_seconds": 600,
                                   "outbox_bytes": 64 << 20}})


def test_all_get_all_in_order(server):
    crowd = [server.join(f"c{i}", "room") for i in range(CROWD)]
    for number in range(200):
        crowd[number % CROWD].send({"type": "broadcast", "payload": number})
    for client in crowd:
        offsets = [client.receive_type("broadcast")["offset"]
                   for _ in range(200)]
        assert offsets == list(range(1, 201))


def test_a_full_socket_gets_the_rest_later(server):
    """The parts of a partial write fit together."""
    crowd = [server.join(f"c{i}", "room") for i in range(CROWD)]
    slow = server.join("slow", "room", receive_buffer=4096)
    payloads = [f"{number} " + "x" * 50000 for number in range(200)]
    for payload in payloads:
        crowd[0].ask({"type": "broadcast", "payload": payload})
        for client in crowd:
            assert client.receive_type("broadcast")["payload"] == payload
    for payload in payloads:
        assert slow.receive_type("broadcast")["payload"] == payload


def test_disconnected_clients_affect_no_others(server):
    crowd = [server.join(f"c{i}", "room") for i in range(CROWD)]
    for client in crowd[1::2]:
        client.drop()
    crowd[0].send({"type": "broadcast", "payload": "still there?"})
    for client in crowd[::2]:
        assert client.receive_type("broadcast")["payload"] == "still there?"
    server.wait_metric("peal_connections", CROWD / 2)
