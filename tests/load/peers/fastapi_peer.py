"""FastAPI on uvicorn with uvloop: the usual connection manager.

    /usr/bin/python3 fastapi_peer.py PORT
"""

import json
import sys

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()
room = set()


@app.get("/health")
async def health():
    return {"status": "healthy"}


@app.websocket("/echo")
async def echo(client: WebSocket):
    await client.accept()
    try:
        while True:
            await client.send_text(await client.receive_text())
    except WebSocketDisconnect:
        pass


async def to_all(text):
    for client in list(room):
        await client.send_text(text)


async def shootout(client, text):
    message = json.loads(text)
    await to_all(text)
    await client.send_text(
        json.dumps(
            {"type": "broadcastResult", "payload": message["payload"]},
            separators=(",", ":"),
        )
    )


async def serve(client, handle):
    await client.accept()
    room.add(client)
    try:
        while True:
            await handle(await client.receive_text())
    except WebSocketDisconnect:
        pass
    finally:
        room.discard(client)


@app.websocket("/shootout")
async def shootout_room(client: WebSocket):
    await serve(client, lambda text: shootout(client, text))


@app.websocket("/ws")
async def plain_room(client: WebSocket):
    await serve(client, to_all)


if __name__ == "__main__":
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        log_level="error",
        access_log=False,
        backlog=4096,
        ws="websockets",
        ws_per_message_deflate=False,
        ws_ping_interval=None,
    )
