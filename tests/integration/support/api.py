"""A backend: raw requests to the HTTP API."""

import json

from support.raw import request_text

KEY = "a key of the tests".replace(" ", "-")
WITH_KEY = {"api": {"key": KEY}}


def api_request(path, body=None, key=KEY, method=None, headers=()):
    """A request as bytes. `body`: bytes, or a value to send as JSON."""
    fields = {"Authorization": f"Bearer {key}" if key else None}
    data = b""
    if body is not None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        fields["Content-Type"] = "application/json"
        fields["Content-Length"] = str(len(data))
    fields.update(dict(headers))
    method = method or ("GET" if body is None else "POST")
    return request_text(path, method, [
        (name, value) for name, value in fields.items()
        if value is not None]) + data


def ask(server, path, body=None, **options):
    """Sends a request on a new connection and returns the response."""
    raw = server.socket()
    raw.send(api_request(path, body, **options))
    response = raw.response(options.get("method") or "GET")
    raw.close()
    return response


def tell(server, path, body=None, **options):
    """Like ask(), but requires success and returns the JSON body."""
    response = ask(server, path, body, **options)
    assert response.status == 200, response
    assert response.headers["content-type"] == "application/json"
    return response.json


def publish(server, channel, payload, **more):
    return tell(server, "/api/publish",
                {"channel": channel, "payload": payload, **more})
