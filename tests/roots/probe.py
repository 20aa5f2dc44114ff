"""Sends requests to the server on port 8080 of this network namespace, and
exits."""

import asyncio
import json
import sys
import time
import urllib.request

import websockets

HTTP = "http://127.0.0.1:8080"


def get(path):
    with urllib.request.urlopen(HTTP + path, timeout=5) as answer:
        return answer.read()


def wait_for_it():
    for _ in range(100):
        try:
            return get("/health")
        except OSError:
            time.sleep(0.1)
    sys.exit("the server does not answer")


async def echo():
    async with websockets.connect("ws://127.0.0.1:8080/ws/probe") as socket:
        await socket.send("hello")
        return await socket.recv()


print(json.dumps({
    "health": json.loads(wait_for_it()),
    "echo": asyncio.run(echo()),
    "page": "<title>" in get("/").decode(),
    "version": next(line for line in get("/metrics").decode().splitlines()
                    if line.startswith("peal_build_info")),
}))
