"""Accounts: requests to their routes, and the config of a server with
accounts. Passwords are hashed at the lowest cost allowed."""

import json

from support.raw import request_text

KEY = "a-key-of-the-tests"
PASSWORD = "correct horse battery"
COST = {"hash_memory_kib": 19456, "hash_passes": 2}


def config(url, **more):
    """The config of a server that stores its users in this database."""
    return {"accounts": {"url": url, "address_attempts": 60000, **COST, **more},
            "api": {"key": KEY}}


def sqlite(folder, **more):
    return config(f"sqlite:///{folder}/accounts.db".replace("////", "///"),
                  **more)


def ask(server, path, body=None, method=None, token=None, headers=()):
    """Sends a request on a new connection and returns the response.
    `token`: an access token or an API key."""
    fields = list(headers)
    data = b""
    if token:
        fields.append(("Authorization", f"Bearer {token}"))
    if body is not None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        fields += [("Content-Type", "application/json"),
                   ("Content-Length", str(len(data)))]
    method = method or ("GET" if body is None else "POST")
    raw = server.socket()
    raw.send(request_text(path, method, fields) + data)
    response = raw.response(method)
    raw.close()
    return response


def tell(server, path, body=None, status=200, **options):
    """Like ask(), but requires this status; returns the JSON body, if any."""
    response = ask(server, path, body, **options)
    assert response.status == status, (path, response.status, response.body)
    return response.json if response.body else None


def sign_up(server, email="ann@example.com", name="Ann", password=PASSWORD,
            **options):
    return tell(server, "/users",
                {"email": email, "name": name, "password": password},
                status=201, **options)


def sign_in(server, email="ann@example.com", password=PASSWORD):
    return tell(server, "/login", {"email": email, "password": password})


def member(server, email="ann@example.com", **options):
    """Signs up and signs in a new user; returns both responses merged."""
    return {**sign_up(server, email, **options), **sign_in(server, email)}
