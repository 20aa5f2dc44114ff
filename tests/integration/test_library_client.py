"""Basic operations with an independent client library."""

import asyncio
import json

import pytest
import websockets

from support import tls
from support.patience import seconds
from support.tokens import WITH_AUTH, make_token


# version 14 of the library uses other names
IS_NEW = int(websockets.__version__.split(".")[0]) >= 14
HEADERS = "additional_headers" if IS_NEW else "extra_headers"


def extensions(client):
    return client.protocol.extensions if IS_NEW else client.extensions


def refused_status(refusal):
    return refusal.response.status_code if IS_NEW else refusal.status_code


def run(work):
    return asyncio.run(asyncio.wait_for(work, seconds(20)))


def connect(server, client="alice", **options):
    return websockets.connect(f"{tls.WS}://127.0.0.1:{server.port}/ws/{client}",
                              **tls.library_options(), **options)


def test_echo(shared):
    async def work():
        async with connect(shared) as client:
            assert client.subprotocol is None
            assert not extensions(client)
            await client.send("hello")
            assert await client.recv() == "Echo: hello"
            await client.send(b"\0\1")
            assert await client.recv() == b"\0\1"
            await (await client.ping())
        assert client.close_code == 1000
    run(work())


def test_a_chat(peal):
    server = peal(config=WITH_AUTH)

    async def join(name):
        client = await connect(
            server, name, subprotocols=["broadcast"], **{HEADERS: {
                "Authorization": "Bearer " + make_token(name)}})
        assert client.subprotocol == "broadcast"
        assert json.loads(await client.recv())["channel"] == "lobby"
        return client

    async def work():
        alice, bob = await join("alice"), await join("bob")
        await alice.send(json.dumps({"type": "broadcast", "payload": "hi"}))
        message = json.loads(await bob.recv())
        assert (message["from"], message["payload"]) == ("alice", "hi")
        await alice.close()
        await bob.close()
    run(work())


def test_a_fragmented_message(shared):
    async def work():
        async with connect(shared) as client:
            await client.send(["one ", "two ", "three"])
            assert await client.recv() == "Echo: one two three"
    run(work())


def test_a_refusal(peal):
    server = peal(config=WITH_AUTH)

    async def work():
        with pytest.raises(websockets.InvalidHandshake) as refused:
            await connect(server)
        assert refused_status(refused.value) == 401
    run(work())


def test_a_close_by_the_server(peal):
    server = peal(config={"limits": {"message_bytes": 10}})

    async def work():
        client = await connect(server)
        await client.send("x" * 11)
        with pytest.raises(websockets.ConnectionClosedError):
            await client.recv()
        assert (client.close_code, client.close_reason) == \
            (1009, "message too big")
    run(work())
