"""Verifies the descriptions of the API in web/openapi.json and
protocols/http-api.md."""

import json
import re
import subprocess

import jsonschema
import pytest

from support.api import KEY, WITH_KEY, ask
from support.program import run_peal
from support.server import ROOT

DOC = json.loads((ROOT / "web" / "openapi.json").read_text())
OPERATIONS = [(path, method, operation)
              for path, methods in DOC["paths"].items()
              for method, operation in methods.items()
              if path.startswith("/api/")]  # others: test_account_pages.py


def with_name(path, star, **names):
    """A path with the star or braces replaced by names."""
    for kind in ("channel", "client"):
        name = names.get(kind, f"{{{kind}}}")
        path = path.replace(f"/{kind}s/{star}", f"/{kind}s/{name}")
        path = path.replace(f"{{{kind}}}", name)
    return path


EXAMPLE = {"channel": "lobby", "client": "alice"}


def routes_of_the_program():
    """(path, method) of each route in the table with a command."""
    row = r'\{"(/api/[^"]*)", METHOD_(\w+), .*?PAGE_NONE, "(\w+)"\}'
    rows = re.findall(row, (ROOT / "server/api/routes.c").read_text())
    return {(with_name(path, "*"), method.lower()) for path, method, _ in rows}


def commands_of_the_program():
    return re.findall(r'^    \{"(\w+)", SCOPE_(?!.*\.(?:kind|is_for_protocols))',
                      (ROOT / "server/api/command.c").read_text(), re.M)


def validate(value, schema):
    jsonschema.Draft202012Validator(
        {**schema, "components": DOC["components"]}).validate(value)


@pytest.fixture(scope="module")
def api(start_shared):
    server = start_shared({**WITH_KEY, "web_root": str(ROOT / "web")})
    server.join("alice", "lobby")
    return server


def test_exactly_the_existing_routes_are_documented():
    assert routes_of_the_program()
    assert routes_of_the_program() == {
        (path, method) for path, method, _ in OPERATIONS}


def test_every_command_has_a_route():
    row = r'METHOD_\w+, .*?PAGE_NONE,\s*"(\w+)"\}'
    text = (ROOT / "server/api/routes.c").read_text()
    assert set(commands_of_the_program()) - set(re.findall(row, text)) == set()


def test_exactly_the_commands_of_a_batch_are_documented():
    schema = DOC["paths"]["/api/batch"]["post"]["requestBody"]["content"][
        "application/json"]["schema"]
    names = schema["properties"]["commands"]["items"]["properties"][
        "command"]["enum"]
    assert sorted(names) == sorted(commands_of_the_program())


def test_the_description_is_of_this_version():
    version = run_peal("--version").stdout.splitlines()[0]
    assert version == "peal " + DOC["info"]["version"]


def test_every_reference_exists():
    for name in re.findall(r'"\$ref": "#/([^"]*)"', json.dumps(DOC)):
        place = DOC
        for part in name.split("/"):
            place = place[part]
        assert place


def test_every_schema_is_valid():
    for schema in DOC["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("path, method, operation", OPERATIONS,
                         ids=[row[2]["operationId"] for row in OPERATIONS])
def test_the_example_works_as_documented(api, path, method, operation):
    body = None
    if method == "post":
        content = operation["requestBody"]["content"]["application/json"]
        body = content["example"]
        validate(body, content["schema"])
    response = ask(api, with_name(path, "*", **EXAMPLE), body)
    assert response.status == 200
    answer = operation["responses"]["200"]["content"]["application/json"]
    validate(response.json, answer["schema"])
    validate(answer["example"], answer["schema"])
    assert answer["example"].keys() == response.json.keys()


@pytest.mark.parametrize("path, method, operation", OPERATIONS,
                         ids=[row[2]["operationId"] for row in OPERATIONS])
def test_the_documented_statuses_are_returned(api, path, method, operation):
    path = with_name(path, "*", channel="bad%20name", client="bad%7Fname")
    error = DOC["components"]["schemas"]["Error"]
    seen = {}
    if method == "post":
        seen[415] = ask(api, path, {}, headers=[("Content-Type", None)])
        seen[411] = ask(api, path, {}, headers=[("Content-Length", None)])
        seen[413] = ask(api, path, {}, headers=[("Content-Length",
                                                 "2000000000")])
        seen[400] = ask(api, path, {})
    elif operation.get("parameters"):
        seen[400] = ask(api, path + "?limit=x")
    seen[401] = ask(api, path, {} if method == "post" else None, key=None)
    for status, response in seen.items():
        assert response.status == status
        assert str(status) in operation["responses"]
        validate(response.json, error)


def test_the_description_and_its_page_are_served(api):
    assert api.request("/openapi.json").json == DOC
    page = api.request("/api.html")
    assert "text/html" in page.headers["content-type"]
    assert b"<script>" not in page.body and b"style=" not in page.body
    assert "unsafe" not in page.headers["content-security-policy"]


# --- protocols/http-api.md


def examples_of_the_page():
    """Each `api ...` line of the section with its documented answer."""
    section = re.search(r"^## Call the API.*?(?=^## )",
                        (ROOT / "protocols/http-api.md").read_text(), re.M | re.S)[0]
    found = []
    for block in re.findall(r"```sh\n(.*?)```", section, re.S):
        for command, answer in re.findall(
                r"^(api .*(?:\\\n.*)*)\n# (\{.*\})$", block, re.M):
            found.append((command, answer))
    return section, found


def shown_as(value):
    """Replaces values that differ in each run: epoch, time and offset."""
    text = json.dumps(value)
    text = re.sub(r'"epoch": "[0-9a-f]{16}"', '"epoch": "E"', text)
    text = re.sub(r'"[0-9a-f]{32}"', '"T"', text)
    text = re.sub(r'"(id|instance)": "[^"]+"', r'"\1": "X"', text)
    return re.sub(r'"(offset|time|since|until)": \d+', r'"\1": 0', text)


def test_the_examples_return_the_documented_responses(peal, tmp_path):
    server = peal({"web_root": None}, env={"PEAL_API_KEY": KEY},
                  plain=True)  # as the page shows it
    server.join("alice", "lobby")
    section, examples = examples_of_the_page()
    function = re.search(r"^api\(\) \{.*?^\}", section, re.M | re.S)[0]
    assert len(examples) >= len(OPERATIONS) - 1
    for command, answer in examples:
        script = (function + "\n" + command).replace(
            "http://127.0.0.1:8080", f"http://127.0.0.1:{server.port}")
        done = subprocess.run(["sh", "-eu", "-c", script], cwd=tmp_path,
                              env={"PEAL_API_KEY": KEY,
                                   "PATH": "/usr/bin:/bin"},
                              capture_output=True, text=True, check=True)
        assert shown_as(json.loads(done.stdout)) == shown_as(
            json.loads(answer)), command


def test_every_path_has_an_example_on_the_page():
    _, examples = examples_of_the_page()
    for path, _, _ in OPERATIONS:
        name = with_name(path, "*", **EXAMPLE).removeprefix("/api/")
        assert [True for command, _ in examples
                if command.startswith(f"api {name} ")
                or command.startswith(f"api {name}?")
                or command == f"api {name}"], path
