"""Runs the server under valgrind with a few clients; stops it with SIGTERM.

  clean_shutdown.py PEAL

Passes if the server closes all connections properly and exits with 0, and
valgrind reports no error and no lost block. The last line is "N passed,
M failed".
"""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import tempfile

import websockets

VALGRIND = ["valgrind", "--error-exitcode=99", "--leak-check=full",
            "--errors-for-leak-kinds=definite,indirect",
            "--show-leak-kinds=definite,indirect", "--fair-sched=yes"]
START_SECONDS = 60  # valgrind is slow, and the machine may be too
RESTART = 1012


async def read_port(server):
    """The port chosen by the server, from its log."""
    log = b""
    while line := await server.stderr.readline():
        log += line
        found = re.search(rb"Listening.* port=(\d+)", line)
        if found:
            return int(found[1])
    raise RuntimeError(f"the server ended before it listened: {log.decode()}")


async def open_client(port, name, protocol):
    return await websockets.connect(f"ws://127.0.0.1:{port}/ws/{name}",
                                    subprotocols=[protocol],
                                    open_timeout=START_SECONDS)


async def receive_until(client, kind):
    while True:
        message = json.loads(await client.recv())
        if message["type"] == kind:
            return message


async def chat(clients):
    """Uses everything that allocates memory: history, members, large
    messages."""
    for client in clients:
        await receive_until(client, "subscribed")
    for client in clients:
        for size in (1, 200, 60000):
            await client.send(json.dumps({"type": "broadcast",
                                          "payload": "x" * size}))
        await client.send(json.dumps({"type": "subscribe", "id": 1,
                                      "channel": "other"}))
        await client.send(json.dumps({"type": "direct", "to": "nobody"}))
        await client.send('{"not": "json"')
        await client.send(json.dumps({"type": "ping"}))
    for client in clients:
        await receive_until(client, "pong")


async def echo(client):
    for message in ("hello", b"\x00\xff", "x" * 60000):
        await client.send(message)
        assert await client.recv() in (message, f"Echo: {message}")


async def plain_http(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n"
                 b"Connection: close\r\n\r\n")
    assert b"200" in await reader.readline()
    await reader.read()
    writer.close()


async def visit(port):
    """Some clients leave by themselves, the others stay until the end."""
    chatting = [await open_client(port, f"client{i}", "broadcast")
                for i in range(6)]
    echoing = await open_client(port, "echo", "echo")
    await chat(chatting)
    await echo(echoing)
    await plain_http(port)
    await chatting[0].close()
    chatting[1].transport.abort()
    return chatting[2:] + [echoing]


async def expect_restart(client):
    try:
        while True:
            await client.recv()
    except websockets.ConnectionClosed as closed:
        code = closed.rcvd.code if closed.rcvd else None
        assert code == RESTART, f"closed with {code}"


async def run(peal, log):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PEAL_")}
    server = await asyncio.create_subprocess_exec(
        *VALGRIND, f"--log-file={log}", peal, "--dev", "--port", "0",
        "--workers", "2", env=clean, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE)
    try:
        port = await asyncio.wait_for(read_port(server), START_SECONDS)
        drain = asyncio.ensure_future(server.stderr.read())
        clients = await asyncio.wait_for(visit(port), START_SECONDS)
        server.send_signal(signal.SIGTERM)
        await asyncio.gather(*map(expect_restart, clients))
        code = await asyncio.wait_for(server.wait(), START_SECONDS)
        await drain
    except BaseException:
        if server.returncode is None:
            server.kill()
        await server.wait()
        raise
    assert code == 0, f"exit code {code}"


def main():
    with tempfile.NamedTemporaryFile("r", suffix=".valgrind") as log:
        try:
            asyncio.run(run(sys.argv[1], log.name))
        except Exception as error:  # the log has more details
            print(f"{type(error).__name__}: {error}")
            print(log.read())
            print("0 passed, 1 failed")
            sys.exit(1)
    print("1 passed, 0 failed")


main()
