"""Files of web_root under /: types, caching, and no other files."""

import pytest

from support import tls
from support.raw import request_text

FILES = {
    "index.html": ("text/html; charset=utf-8", b"<!doctype html><p>hi"),
    "peal.js": ("text/javascript; charset=utf-8", b"export {}"),
    "style.css": ("text/css; charset=utf-8", b"p { color: red }"),
    "icon.svg": ("image/svg+xml", b"<svg/>"),
    "data.json": ("application/json", b"{}"),
    "picture.png": ("image/png", bytes(range(256)) * 2000),
    "sub/page.html": ("text/html; charset=utf-8", b"below"),
    "strange.xyz": ("application/octet-stream", b"?"),
    "empty.txt": ("text/plain; charset=utf-8", b""),
}


@pytest.fixture(scope="module")
def server(start_shared, tmp_path_factory):
    top = tmp_path_factory.mktemp("files")
    root = top / "web"
    for name, (_, content) in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (root / ".hidden").write_text("secret")
    (root / "node_modules").mkdir()
    (root / "node_modules" / "x.js").write_text("secret")
    (top / "outside.txt").write_text("secret")
    return start_shared(config={"web_root": str(root)})


@pytest.mark.parametrize("name", FILES)
def test_a_file_comes_with_its_type(server, name):
    content_type, content = FILES[name]
    response = server.request("/" + name)
    assert response.status_line == "HTTP/1.1 200 OK"
    assert response.headers["content-type"] == content_type
    assert response.body == content
    assert response.headers["cache-control"] == "no-cache"


def test_the_root_is_the_index(server):
    assert server.request("/").body == FILES["index.html"][1]


def test_pages_may_run_no_inline_scripts(server):
    policy = server.request("/").headers["content-security-policy"]
    assert policy == (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        "img-src 'self' data:; connect-src 'self' ws: wss:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
    assert server.request("/").headers["x-content-type-options"] == "nosniff"


def test_a_known_etag_gets_304_without_a_body(server):
    etag = server.request("/peal.js").headers["etag"]
    assert etag.startswith('"') and etag.endswith('"')
    raw = server.socket()
    raw.send(request_text("/peal.js", headers=[("If-None-Match", etag),
                                               ("Connection", "close")]))
    response = raw.response()
    assert response.status_line == "HTTP/1.1 304 Not Modified"
    assert response.headers["etag"] == etag
    assert raw.rest() == b""


def test_another_etag_gets_the_file(server):
    response = server.request("/peal.js",
                              headers=[("If-None-Match", '"other"')])
    assert response.status == 200


def test_files_of_other_content_have_other_etags(server):
    etags = {server.request("/" + name).headers["etag"] for name in FILES}
    assert len(etags) == len(FILES)


def test_head_of_a_file_has_its_length(server):
    response = server.request("/picture.png", "HEAD")
    assert response.status == 200
    assert int(response.headers["content-length"]) == 512000
    assert "etag" in response.headers


def test_head_with_a_known_etag_gets_304(server):
    etag = server.request("/").headers["etag"]
    assert server.request("/", "HEAD",
                          [("If-None-Match", etag)]).status == 304


def test_posting_to_a_file_is_refused(server):
    raw = server.socket()
    raw.send(request_text("/index.html", "POST", [("Content-Length", "0")]))
    assert raw.response().status == 405


@pytest.mark.parametrize("path", [
    "/../outside.txt", "/%2e%2e/outside.txt", "/..%2foutside.txt",
    "/sub/../../outside.txt", "/sub/%2e%2e/%2e%2e/outside.txt",
    "/%252e%252e/outside.txt", "//outside.txt", "/..\\outside.txt",
    "/./../outside.txt", "/.hidden", "/%2ehidden", "/node_modules/x.js",
    "/sub", "/sub/", "/index.html/", "/index.html%00.js", "/INDEX.html",
    "/../../../../../../etc/passwd", "//etc/passwd", "/index.html/../x"])
def test_no_other_files_are_served(server, path):
    raw = server.socket()
    raw.send(request_text(path, headers=[("Connection", "close")]))
    answer = raw.rest()
    assert b" 200 " not in answer
    assert b"secret" not in answer and b"root:" not in answer
    assert server.is_alive()


def test_a_slow_reader_gets_a_large_file_completely(server):
    raw = server.socket(receive_buffer=4096)
    raw.send(request_text("/picture.png", headers=[("Connection", "close")]))
    assert raw.response().body == FILES["picture.png"][1]


def test_the_demo_comes_with_dev(peal):
    server = peal(args=["--dev"])
    assert server.request("/").headers["content-type"].startswith("text/html")
    assert server.request("/peal.js").status == 200
    server.wait_log(f"{tls.HTTP}://127.0.0.1:{server.port}/")
