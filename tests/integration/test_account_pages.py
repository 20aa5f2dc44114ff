"""Verifies the account routes in web/openapi.json."""

import json
import re

import jsonschema
import pytest

from support import accounts
from support.accounts import KEY, PASSWORD, ask, member
from support.server import ROOT

DOC = json.loads((ROOT / "web" / "openapi.json").read_text())
OPERATIONS = [(path, method, operation)
              for path, methods in DOC["paths"].items()
              for method, operation in methods.items()
              if not path.startswith(("/api/", "/client/"))]
IDS = [row[2]["operationId"] for row in OPERATIONS]


@pytest.fixture(scope="module", name="server")
def one_server(start_shared, tmp_path_factory):
    return start_shared(accounts.sqlite(tmp_path_factory.mktemp("accounts"),
                                        account_attempts=60000))


def validate(value, schema):
    jsonschema.Draft202012Validator(
        {**schema, "components": DOC["components"]}).validate(value)


def test_exactly_the_existing_routes_are_documented():
    rows = re.findall(r'^    \{"(/[^"]*)", METHOD_(\w+), ',
                      (ROOT / "server/api/account_route.c").read_text(), re.M)
    assert {(path.replace("*", "{id}"), method.lower())
            for path, method in rows} == {
                (path, method) for path, method, _ in OPERATIONS}


def request_of(server, operation, path):
    """The request of an example, with real values."""
    name = operation["operationId"]
    user = member(server, f"{name}@example.com")
    content = operation.get("requestBody", {}).get("content", {}).get(
        "application/json")
    body = dict(content["example"]) if content else None
    if content:
        validate(body, content["schema"])
    for field, value in (("refresh_token", user["refresh_token"]),
                         ("password", PASSWORD),
                         ("email", f"{name}@example.com")):
        if body and field in body:
            body[field] = value
    if name == "create_user":
        body["email"] = "another@example.com"
    return path.replace("{id}", user["id"]), body, user["access_token"]


@pytest.mark.parametrize("path, method, operation", OPERATIONS, ids=IDS)
def test_the_example_works_as_documented(server, path, method, operation):
    path, body, token = request_of(server, operation, path)
    if operation["operationId"] == "create_user":
        token = None
    elif operation["operationId"] in ("list_users", "reset_password"):
        token = KEY
    response = ask(server, path, body, method=method.upper(), token=token)
    described = operation["responses"][str(response.status)]
    assert response.status < 300, response.body
    if "content" not in described:
        assert (response.status, response.body) == (204, b"")
        return
    answer = described["content"]["application/json"]
    validate(response.json, answer["schema"])
    validate(answer["example"], answer["schema"])
    if isinstance(response.json, dict):
        assert answer["example"].keys() == response.json.keys()


@pytest.mark.parametrize("path, method, operation", OPERATIONS, ids=IDS)
def test_the_documented_statuses_are_returned(server, path, method, operation):
    method = method.upper()
    path = path.replace("{id}", "nobody")
    seen = {}
    if "requestBody" in operation:
        bad = {"method": method, "token": KEY if "{id}" in path or
               "users" in path else None}
        if path.startswith("/me"):
            bad["token"] = member(server, "statuses@example.com")[
                "access_token"]
        seen[415] = ask(server, path, None, headers=[
            ("Content-Length", "0")], **bad)
        seen[411] = ask(server, path, None, headers=[
            ("Content-Type", "application/json")], **bad)
        seen[413] = ask(server, path, None, headers=[
            ("Content-Type", "application/json"),
            ("Content-Length", "2000000000")], **bad)
        seen[400] = ask(server, path, b"[]", **bad)
    if "401" in operation["responses"] and path not in ("/token", "/login",
                                                        "/users"):
        seen[401] = ask(server, path, method=method)
    if path == "/users/nobody":
        seen[404] = ask(server, path, {} if method == "PATCH" else None,
                        method=method, token=KEY)
    for status, response in seen.items():
        assert response.status == status, response.body
        assert str(status) in operation["responses"]
        validate(response.json, DOC["components"]["schemas"]["Error"])


def test_each_error_text_is_defined_once():
    """The page shows only errors of the table."""
    table = (ROOT / "server/accounts/account_fault.c").read_text()
    page = (ROOT / "protocols/http-api.md").read_text()
    for error in ("Email already registered", "Incorrect password"):
        assert f'"{error}"' in table and f"`{error}`" in page
