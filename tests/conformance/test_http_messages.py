"""RFC 9112: valid and invalid requests, and requests that a proxy in front
might interpret differently (request smuggling)."""

import pytest

from support.raw import Ended, request_text

MARK = b"GET /ready HTTP/1.1\r\nHost: x\r\n\r\n"
READY = b'{"status":"ready"}'


def talk(server, data, step=None):
    """All responses until the server closes; the client sends nothing more."""
    raw = server.socket()
    try:
        for start in range(0, len(data), step or len(data)):
            raw.send(data[start:start + (step or len(data))])
        raw.end_sending()
    except OSError:
        pass
    answer = raw.rest()
    raw.close()
    return answer


def statuses(answer):
    """The statuses of all responses, by their status lines."""
    return [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]]


# ---- valid requests --------------------------------------------------------------

@pytest.mark.parametrize("step", [None, 1, 3, 20])
def test_9_3_pipelined_requests_are_answered(echo, step):
    answer = talk(echo, MARK * 5, step)
    assert statuses(answer) == [200] * 5
    assert answer.count(READY) == 5


def test_9_3_many_pipelined_requests_in_one_write(echo):
    assert statuses(talk(echo, MARK * 500)) == [200] * 500


@pytest.mark.parametrize("request_line", [
    b"GET http://x/ready HTTP/1.1", b"GET http://x:8080/ready HTTP/1.1",
    b"GET HTTP://X/ready HTTP/1.1", b"GET https://x/ready HTTP/1.1"])
def test_3_2_2_absolute_form_is_accepted(echo, request_line):
    answer = talk(echo, request_line + b"\r\nHost: x\r\n"
                  b"Connection: close\r\n\r\n")
    assert statuses(answer) == [200] and READY in answer


@pytest.mark.parametrize("headers", [
    b"Host:x\r\n", b"Host: \t x \t\r\n", b"HOST: x\r\n",
    b"host: x\r\nX-Any:\r\n", b"Host: x\r\nX-Any: \xe4\xff\r\n"])
def test_5_1_white_space_around_values_is_ignored(echo, headers):
    answer = talk(echo, b"GET /ready HTTP/1.1\r\n" + headers + b"\r\n")
    assert statuses(answer) == [200]


def test_2_2_empty_lines_before_a_request_are_ignored(echo):
    assert statuses(talk(echo, b"\r\n" + MARK)) == [200]


def test_9_6_close_ends_the_connection(echo):
    request = MARK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    assert statuses(talk(echo, request + MARK)) == [200]


def test_9_3_http_1_0_ends_the_connection(echo):
    answer = talk(echo, b"GET /ready HTTP/1.0\r\nHost: x\r\n\r\n" + MARK)
    assert statuses(answer) == [200]


def test_9110_9_3_2_head_has_no_body(echo):
    answer = talk(echo, MARK.replace(b"GET", b"HEAD") + MARK)
    assert statuses(answer) == [200, 200]
    assert answer.count(READY) == 1


@pytest.mark.parametrize("path, status", [
    (b"/re%61dy", 404), (b"/%72%65%61%64%79", 404), (b"/ready?", 200),
    (b"/ready?a=b&c", 200), (b"/ready%3f", 404), (b"/READY", 404),
    (b"/ready/", 404), (b"/none", 404)])
def test_3986_2_paths_have_a_canonical_form(echo, path, status):
    answer = talk(echo, b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert statuses(answer) == [status]
    double = talk(echo, b"GET /re%2561dy HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert statuses(double) in ([404], [])


# ---- ambiguous requests --------------------------------------------------------------
# A proxy in front may see one request where the server sees two, or vice versa.
# Therefore ambiguous requests are refused, or answered once, and the connection
# is closed.

def head(*lines, request_line=b"GET /health HTTP/1.1"):
    return b"\r\n".join([request_line, b"Host: x", *lines]) + b"\r\n\r\n"


DOUBTFUL = {
    "cl and te": head(b"Content-Length: %d" % len(MARK),
                      b"Transfer-Encoding: chunked"),
    "te and cl": head(b"Transfer-Encoding: chunked", b"Content-Length: 4"),
    "two lengths": head(b"Content-Length: 0", b"Content-Length: %d" %
                        len(MARK)),
    "a list of lengths": head(b"Content-Length: 0, %d" % len(MARK)),
    "the same twice": head(b"Content-Length: 5", b"Content-Length: 5"),
    "negative": head(b"Content-Length: -1"),
    "plus": head(b"Content-Length: +%d" % len(MARK)),
    "hex": head(b"Content-Length: 0x20"),
    "fraction": head(b"Content-Length: 1.5"),
    "too big": head(b"Content-Length: 18446744073709551617"),
    "empty": head(b"Content-Length:"),
    "a word": head(b"Content-Length: ten"),
    "trailing": head(b"Content-Length: 5 6"),
    "te identity": head(b"Transfer-Encoding: identity"),
    "te unknown": head(b"Transfer-Encoding: xchunked"),
    "te twice": head(b"Transfer-Encoding: chunked, chunked"),
    "te case": head(b"transfer-ENCODING: CHUNKED"),
    "te tab": head(b"Transfer-Encoding:\tchunked"),
    "te list": head(b"Transfer-Encoding: identity, chunked"),
    "te vertical tab": head(b"Transfer-Encoding: \x0bchunked"),
    "te in two headers": head(b"Transfer-Encoding: gzip",
                              b"Transfer-Encoding: chunked"),
    "space before colon, cl": head(b"Content-Length : %d" % len(MARK)),
    "space before colon, te": head(b"Transfer-Encoding : chunked"),
    "tab before colon": head(b"Content-Length\t: %d" % len(MARK)),
    "folded length": head(b"Content-Length:\r\n %d" % len(MARK)),
    "folded te": head(b"Transfer-Encoding:\r\n chunked"),
    "folded into another": head(b"X: a\r\n Content-Length: 5"),
    "starts with space": head(b" Content-Length: %d" % len(MARK)),
    "zero byte in name": head(b"Content-Length\0: %d" % len(MARK)),
    "zero byte in value": head(b"Content-Length: %d\0" % len(MARK)),
    "bare cr": head(b"X: a\rContent-Length: %d" % len(MARK)),
    "bare cr at the end": head(b"X: a\r\rContent-Length: %d" % len(MARK)),
    "no name": head(b": %d" % len(MARK)),
    "no colon": head(b"Content-Length %d" % len(MARK)),
    "no host": b"GET /health HTTP/1.1\r\n\r\n",
    "two hosts": head(b"Host: y"),
    "underscore": head(b"Content_Length: %d" % len(MARK)),
}
for name, chunk in {
        "chunk size with a sign": b"+4\r\nabcd\r\n0\r\n\r\n",
        "chunk size in C": b"0x4\r\nabcd\r\n0\r\n\r\n",
        "chunk size and a blank": b"4 \r\nabcd\r\n0\r\n\r\n",
        "chunk size behind a blank": b" 4\r\nabcd\r\n0\r\n\r\n",
        "chunk size that overflows": b"10000000000000004\r\nabcd\r\n0\r\n\r\n",
        "chunk ended by a line feed": b"4\nabcd\n0\n\n",
        "chunk longer than it says": b"4\r\nabcdef\r\n0\r\n\r\n",
        "chunk extension with a line feed": b"4;\n0\r\nabcd\r\n0\r\n\r\n",
        "chunks of an empty size": b"\r\n\r\n",
        "last chunk ended by a line feed": b"4\r\nabcd\r\n0\r\n\n",
        "trailer that is a request": b"0\r\nGET /ready HTTP/1.1\r\n\r\n",
}.items():
    DOUBTFUL[name] = head(
        b"Transfer-Encoding: chunked",
        request_line=b"POST /api/publish HTTP/1.1") + chunk
HARMLESS = {"underscore"}  # a name like any other


@pytest.mark.parametrize("name", DOUBTFUL)
@pytest.mark.parametrize("step", [None, 1])
def test_6_3_an_ambiguous_request_is_answered_at_most_once(echo, name, step):
    answer = talk(echo, DOUBTFUL[name] + MARK, step)
    if name in HARMLESS:
        assert statuses(answer) == [200, 200]
        return
    assert READY not in answer, "the rest was taken for a request"
    assert len(statuses(answer)) <= 1
    assert echo.is_alive()


@pytest.mark.parametrize("name", ["two lengths", "space before colon, cl",
                                  "bare cr"])
def test_9_6_after_valid_requests_it_is_refused_and_closed(echo, name):
    """At once, although the client has not closed its side."""
    raw = echo.socket()
    raw.set_timeout(5)
    raw.send(MARK * 3 + DOUBTFUL[name])
    assert statuses(raw.rest()) == [200, 200, 200, 400]


MUST_BE_400 = ["two lengths", "a list of lengths", "negative", "plus", "hex",
               "fraction", "too big", "a word", "trailing",
               "space before colon, cl", "space before colon, te",
               "tab before colon", "no host", "two hosts", "no name",
               "no colon", "starts with space", "zero byte in name",
               "zero byte in value"]


@pytest.mark.parametrize("name", MUST_BE_400)
def test_2_2_a_malformed_request_is_400_or_closed(echo, name):
    assert statuses(talk(echo, DOUBTFUL[name])) in ([400], [])


@pytest.mark.parametrize("method", [b"POST", b"PUT", b"PATCH"])
@pytest.mark.parametrize("body", [b"", b"hello"])
def test_6_a_body_of_known_length_is_not_a_request(echo, method, body):
    answer = talk(echo, head(b"Content-Length: %d" % len(body),
                             request_line=method + b" /health HTTP/1.1") +
                  body + MARK)
    assert READY not in answer or statuses(answer) == [405, 200]


@pytest.mark.parametrize("end", [b"\n", b"\r\n\n", b"\n\r\n"])
def test_2_2_a_bare_line_feed_is_a_line_end_or_refused(echo, end):
    answer = talk(echo, b"GET /health HTTP/1.1" + end + b"Host: x" + end + end)
    assert statuses(answer) in ([200], [400], [])


@pytest.mark.parametrize("request_line", [
    b"GET", b"GET /ready", b"GET /ready HTTP/1.1 x", b"GET  /ready HTTP/1.1",
    b"GET /re ady HTTP/1.1", b" GET /ready HTTP/1.1", b"GET\t/ready\tHTTP/1.1",
    b"/ready HTTP/1.1", b"GET ready HTTP/1.1", b"GET * HTTP/1.1",
    b"CONNECT x:80 HTTP/1.1", b"GET /\0 HTTP/1.1", b"GET /ready HTTP/1.1\0",
    b"GET /%00 HTTP/1.1", b"GET /%zz HTTP/1.1", b"GET /% HTTP/1.1",
    b"\xff\xfe HTTP/1.1", b"G" * 5000 + b" / HTTP/1.1",
    b"BREW /ready HTTP/1.1", b"PRI * HTTP/2.0"])
def test_3_unusual_request_lines_are_handled(echo, request_line):
    answer = talk(echo, request_line + b"\r\nHost: x\r\n\r\n")
    assert len(statuses(answer)) <= 1
    assert echo.is_alive()


# ---- files ---------------------------------------------------------------------------

@pytest.fixture(scope="module")
def files(start_shared, tmp_path_factory):
    root = tmp_path_factory.mktemp("web")
    (root / "inside").mkdir()
    (root / "index.html").write_text("the page")
    (root / "inside" / "a.js").write_text("the script")
    (root / "inside" / "a b.js").write_text("the other script")
    (root.parent / "secret").write_text("the secret")
    (root / ".hidden").write_text("the secret")
    return start_shared(config={"web_root": str(root)})


def test_files_are_found(files):
    assert files.request("/").body == b"the page"
    assert files.request("/inside/a.js").body == b"the script"
    assert files.request("/inside/a%20b.js").body == b"the other script"


def test_a_file_has_a_canonical_path(files):
    """Access rules of a proxy must apply."""
    assert files.request("/inside/%61.js").status == 404
    assert files.request("//inside/a.js").status == 404
    assert files.request("/x/../inside/a.js").status == 404


@pytest.mark.parametrize("path", [
    "/../secret", "/inside/../../secret", "/%2e%2e/secret", "/..%2fsecret",
    "/.%2e/secret", "/%2e./secret", "/..%5csecret", "/..\\secret",
    "/%252e%252e/secret", "//secret", "/./../secret", "/inside/%2e%2e/%2e%2e/"
    "secret", "/%c0%ae%c0%ae/secret", "/%e0%80%ae/secret", "/.hidden",
    "/%2ehidden", "/secret%00.js", "/index.html%00", "/..;/secret",
    "/....//secret", "/etc/passwd", "//etc/passwd", "/proc/self/environ",
    "/inside", "/inside/", "/~root", "/" + "../" * 50 + "etc/passwd"])
def test_3986_6_files_that_are_not_served_are_not_revealed(files, path):
    answer = talk(files, request_text(path, headers=[("Connection",
                                                      "close")]))
    assert b"secret" not in answer.replace(b"/secret", b"")
    assert b"root:" not in answer
    assert statuses(answer) in ([400], [404], [403], []) or \
        b"the page" in answer
    assert files.is_alive()
