"""Users: requests to the routes of accounts, and what a server with accounts
is started with. Passwords are hashed at the least cost that is allowed."""

import json

from support.raw import request_text

KEY = "a-key-of-the-tests"
PASSWORD = "correct horse battery"
COST = {"hash_memory_kib": 19456, "hash_passes": 2}


def config(url, **more):
    """Of a server whose users are in that database."""
    return {"accounts": {"url": url, "address_attempts": 60000, **COST, **more},
            "api": {"key": KEY}}


def sqlite(folder, **more):
    return config(f"sqlite:///{folder}/accounts.db".replace("////", "///"),
                  **more)


def ask(server, path, body=None, method=None, token=None, headers=()):
    """One request on a connection of its own; its response. `token`: an
    access token or an API key."""
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
    """The same, which must be answered so; the answer as JSON, if any."""
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
    """A new user that is signed in: both answers in one."""
    return {**sign_up(server, email, **options), **sign_in(server, email)}
