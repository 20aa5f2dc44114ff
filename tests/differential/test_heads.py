"""Random valid and invalid requests, read by request_reader and body_reader,
and by two other parsers: Debian's python3-h11, and llhttp in Node's server.

They must agree on every request, every field that Peal uses, every body and
every refusal. The tables OURS_* and RULINGS_* list the allowed differences,
with exact conditions and reasons.
"""

import json
import pathlib
import random
import re
import shutil
import struct
import subprocess
from collections import Counter

import h11
import pytest

HERE = pathlib.Path(__file__).resolve().parent

H11_INPUTS = 100_000
NODE_INPUTS = 20_000

# ---- inputs ------------------------------------------------------------------

METHODS = [b"GET", b"GET", b"GET", b"POST", b"POST", b"PUT", b"HEAD",
           b"DELETE", b"PATCH", b"OPTIONS", b"CONNECT", b"PRI", b"BREW",
           b"get", b"M-SEARCH", b"G" * 33]
TARGETS = [b"/", b"/", b"/a", b"/ws/alice?protocol=echo&token=%41+b",
           b"/a%2Fb//../c", b"/?", b"/a?b?c", b"*", b"http://x/a?b",
           b"HTTPS://[::1]:80/", b"http://x:80", b"http://x?a", b"http:///a",
           b"http://u@x/", b"x:80", b"a", b"/#a", b"/%zz", b"/%2", b"/\xc3\xa4",
           b"/a b", b"/\x01", b"/{}|^`\"<>\\", b""]
VERSIONS = [b"HTTP/1.1"] * 12 + [b"HTTP/1.0", b"HTTP/1.0", b"HTTP/2.0",
                                 b"HTTP/1.2", b"HTTP/0.9", b"http/1.1",
                                 b"HTTP/1.10", b"HTTP/11", b"HTTP/1", b""]
HOSTS = [b"x", b"x", b"a.example:8080", b"[::1]:80", b"", b"x:y", b"u@x",
         b"x, y", b":80", b"[::1", b"x/y", b"%41", b"%4"]
CODINGS = [b"chunked", b"chunked", b"chunked", b"CHUNKED", b"gzip, chunked",
           b"chunked, chunked", b"identity", b"xchunked", b"chunked ;q", b"",
           b"\x0bchunked", b"chunked,"]
FIELDS = [
    (b"Accept", [b"*/*", b"text/html, a;q=0.5"]),
    (b"Access-Control-Request-Headers", [b"a, b"]),
    (b"Access-Control-Request-Method", [b"POST"]),
    (b"Authorization", [b"Bearer abc", b""]),
    (b"Connection", [b"Upgrade", b"keep-alive, Upgrade", b"close", b"x"]),
    (b"Content-Type", [b"application/json"]),
    (b"Cookie", [b"a=b; c=d", b"peal_token=x"]),
    (b"Expect", [b"100-continue", b"x"]),
    (b"Forwarded", [b"for=1.2.3.4", b"for=\"[::1]\";by=a"]),
    (b"If-None-Match", [b"\"a\", \"b\"", b"*"]),
    (b"Last-Event-ID", [b"1"]),
    (b"Origin", [b"https://a.example", b"null"]),
    (b"Sec-WebSocket-Extensions", [b"permessage-deflate; a=1"]),
    (b"Sec-WebSocket-Key", [b"dGhlIHNhbXBsZSBub25jZQ=="]),
    (b"Sec-WebSocket-Protocol", [b"echo", b"x, broadcast"]),
    (b"Sec-WebSocket-Version", [b"13", b"8"]),
    (b"Traceparent", [b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01"]),
    (b"Upgrade", [b"websocket", b"websocket, h2c"]),
    (b"User-Agent", [b"a/1 (b; c)"]),
    (b"Via", [b"1.1 a"]),
    (b"X-Forwarded-For", [b"1.2.3.4, 5.6.7.8"]),
    (b"X-Forwarded-Host", [b"a"]),
    (b"X-Forwarded-Proto", [b"https"]),
    (b"X-Real-IP", [b"1.2.3.4"]),
    (b"X-Auth", [b"t"]), (b"X-A", [b"1"]), (b"T", [b"a"]), (b"User", [b"b"]),
    (b"Content_Length", [b"5"]), (b"X-Content-Length", [b"5"]),
    (b"Content-Lengt", [b"5"]), (b"Hos", [b"y"]),
]
ODD_LINES = [b"A : b", b" folded", b"\tfolded", b": b", b"A", b"A b", b"A\0: b",
             b"A: b\0", b"A: b\rC: d", b"A: b\x7f", b"A: \x01", b"A:b\xe4",
             b"A(b): c", b"Host: y", b"Content-Length: 5", b"Transfer-Encoding: "
             b"chunked", b"A: b\x0b", b"A\t: b"]
LENGTHS = [b"0", b"0", b"3", b"3", b"003", b"-1", b"+3", b"3, 3", b"3,4",
           b"0x3", b"3 3", b"", b"18446744073709551616", b"3a"]
SIZES = [b"3", b"3", b"3", b"03", b"0003", b"+3", b"-3", b"0x3", b"3 ", b" 3",
         b"3;a", b"3;a=\"b\"", b"3;", b"3;\x01", b"3\t", b"", b"g", b"4", b"2",
         b"00000000000000003", b"3; a", b"3 ;a", b"ffffffffffffffff"]
TRAILERS = [b"", b"", b"", b"X-Sum: 1\r\n", b"A:\r\nB: c\r\n", b"A : b\r\n",
            b" a: b\r\n", b"A: b\r\n c\r\n", b"GET / HTTP/1.1\r\n",
            b"A: \0\r\n", b": a\r\n"]
TOKENS = [b"\r\n", b"\r", b"\n", b"\0", b" ", b"\t", b":", b",", b"%", b"\x7f",
          b"\xff", b"\r\n\r\n", b"\r\n ", b"0", b"Host: z\r\n", b"HTTP/1.1",
          b"Content-Length: 1\r\n", b"Transfer-Encoding: chunked\r\n"]


class Maker:
    """Generates inputs from a seed. Most are valid except in one or two
    places."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.pick = self.random.choice

    def chance(self, one_in):
        return self.random.randrange(one_in) == 0

    def usual(self, values, one_in=6):
        """Usually the first, sometimes any."""
        return self.pick(values) if self.chance(one_in) else values[0]

    def cased(self, name):
        return self.pick([name, name, name.lower(), name.upper()])

    def line(self, name, value):
        blank = self.usual([b" ", b"", b"\t", b" \t "])
        return self.cased(name) + b":" + blank + value + \
            self.usual([b"", b" ", b"\t"], 10)

    def chunks(self):
        parts = []
        for _ in range(self.random.randrange(3)):
            parts.append(self.usual(SIZES, 5) + b"\r\n" +
                         b"abc" + self.usual([b"\r\n", b"\n", b"", b"\rx"], 20))
        return b"".join(parts) + self.usual([b"0", b"000", b"0;a"]) + \
            b"\r\n" + self.usual(TRAILERS, 3) + \
            self.usual([b"\r\n", b"\n", b"\r\r"], 20)

    def framing(self):
        """Field lines, and the body after them."""
        kind = self.random.randrange(8)
        if kind < 4:
            return [], b""
        if kind < 6:
            length = self.pick(LENGTHS) if self.chance(3) else b"3"
            return [self.line(b"Content-Length", length)], \
                b"" if length in (b"0", b"") else b"abc"
        coding = self.usual(CODINGS, 5)
        return [self.line(b"Transfer-Encoding", coding)], self.chunks()

    def request(self):
        first = b" ".join([self.pick(METHODS[:10]) if not self.chance(12)
                           else self.pick(METHODS),
                           self.pick(TARGETS[:7]) if not self.chance(6)
                           else self.pick(TARGETS),
                           self.usual(VERSIONS)])
        framing, body = self.framing()
        lines = [self.line(b"Host", self.usual(HOSTS))] + framing
        if self.chance(40):
            lines.pop(0)
        for _ in range(self.random.randrange(6)):
            name, values = self.pick(FIELDS)
            lines.append(self.line(name, self.pick(values)))
        if self.chance(8):
            lines.append(self.pick(ODD_LINES))
        self.random.shuffle(lines)
        return b"\r\n".join([first, *lines, b"", b""]) + body

    def mutate(self, data):
        at = self.random.randrange(len(data) + 1)
        end = min(len(data), at + self.random.randrange(1, 6))
        return self.pick([
            lambda: data[:at] + self.pick(TOKENS) + data[at:],
            lambda: data[:at] + data[end:],
            lambda: data[:at] + data[at:end] * 2 + data[end:],
            lambda: data[:at] + self.random.randbytes(1) + data[at + 1:],
            lambda: data[:at],
            lambda: data.replace(b"\r\n", b"\n", self.random.randrange(1, 9)),
        ])()

    def input(self):
        data = self.usual([b"", b"\r\n", b"\r\n\r\n", b"\n"], 30)
        for _ in range(self.usual([1, 1, 2, 3], 2)):
            data += self.request()
        while self.chance(3):
            data = self.mutate(data)
        return data


def make_inputs(seed, count):
    maker = Maker(seed)
    return [maker.input() for _ in range(count)]


def pack(inputs):
    return b"".join(struct.pack(">I", len(data)) + data for data in inputs)


# ---- results of the parsers --------------------------------------------------
# A list of requests, {method, path, query, minor, fields, body, whole}, and an
# error, None if more data is needed. `whole` is false until the body ends.

JOINTS = {"cookie": "; ", "forwarded": "\n"}
KNOWN = {name.decode().lower() for name, _ in FIELDS[:24]} | {
    "host", "content-length", "transfer-encoding"}


def join_fields(pairs):
    """Joins (name, value) pairs like Peal."""
    found = {}
    for name, value in pairs:
        name = name.lower()
        if name not in KNOWN:
            continue
        if name == "forwarded":
            found[name] = found.get(name, "") + value + "\n"
        elif name in found:
            found[name] += JOINTS.get(name, ", ") + value
        else:
            found[name] = value
    return found


def split_target(method, target):
    """Path, query and authority (RFC 9112 section 3.2)."""
    absolute = re.match(r"(?i)https?://([^/?]*)(.*)$", target, re.S)
    authority, rest = absolute.groups() if absolute else (None, target)
    path, mark, query = rest.partition("?")
    if not path:
        path = "*" if method == "OPTIONS" and not mark else "/"
    return path, query if mark else None, authority


def make_request(method, target, minor, pairs):
    path, query, authority = split_target(method, target)
    fields = join_fields(pairs)
    if authority is not None:
        fields["host"] = authority
    return {"method": method, "path": path, "query": query, "minor": minor,
            "fields": fields, "body": "", "whole": False}


def text_of(data):
    return bytes(data).decode("latin-1")


def read_with_h11(data):
    requests = []
    try:
        while data:  # h11 treats no data as the end of the connection
            connection = h11.Connection(h11.SERVER,
                                        max_incomplete_event_size=1 << 20)
            connection.receive_data(data)
            event = connection.next_event()
            if event is h11.NEED_DATA:
                return requests, None
            requests.append(make_request(
                text_of(event.method), text_of(event.target),
                text_of(event.http_version),
                [(text_of(name), text_of(value))
                 for name, value in event.headers]))
            while not requests[-1]["whole"]:
                event = connection.next_event()
                if event is h11.NEED_DATA:
                    return requests, None
                if isinstance(event, h11.EndOfMessage):
                    requests[-1]["whole"] = True
                else:
                    requests[-1]["body"] += text_of(event.data)
            data = connection.trailing_data[0]
        return requests, None
    except h11.RemoteProtocolError as error:
        return requests, str(error)


def read_with_node(inputs):
    node = shutil.which("node")
    assert node, "node is missing: tests/run.sh installs it"
    out = subprocess.run([node, HERE / "read_heads_node.js"],
                         input=pack(inputs), stdout=subprocess.PIPE, check=True,
                         timeout=120).stdout
    for line in out.splitlines():
        found = json.loads(line)
        requests = []
        for seen in found["requests"]:
            pairs = zip(seen["fields"][::2], seen["fields"][1::2])
            request = make_request(seen["method"], seen["target"],
                                   f"1.{seen['minor']}", pairs)
            request.update(body=seen["body"], whole=seen["whole"])
            requests.append(request)
        error = found["error"] or ("no host" if found["refused"] else None)
        yield requests, error


def read_with_ours(driver, inputs):
    for line in driver("read_heads", pack(inputs)).splitlines():
        found = json.loads(line)
        for request in found["requests"]:
            request["minor"] = f"1.{request['minor']}"
        yield found


# ---- rulings -----------------------------------------------------------------
# OURS_STRICTER: for each of our errors, the section that allows or requires the
# refusal, and a pattern of the bytes up to and including the refused one
# (ignoring case; '.' is any byte).

TOKEN = rb"[-!#$%&'*+.^_`|~0-9A-Za-z]"
TEXT = rb"[\t\x20-\x7e\x80-\xff]"
HTTP, URI, SEMANTICS = "RFC 9112 ", "RFC 3986 ", "RFC 9110 "

OURS_STRICTER = {
    "A line feed without a carriage return": (HTTP + "2.2", rb"(?<!\r)\n\Z"),
    "A carriage return without a line feed": (HTTP + "2.2", rb"\r[^\n]\Z"),
    "The request does not begin with a method":
        (HTTP + "2.2, 3.1", rb"(\A|\n|[^\r\n])[^-!#$%&'*+.^_`|~0-9A-Za-z\r]\Z"),
    "The method contains an invalid character":
        (HTTP + "3.1", rb"[^-!#$%&'*+.^_`|~0-9A-Za-z ]\Z"),
    "The method is too long": (HTTP + "3", rb"[^ ]{33}\Z"),
    "The method CONNECT is not supported":
        (SEMANTICS + "9.1, 9.3.6", rb"CONNECT \Z"),
    "The target is neither a path nor an http URL":
        (HTTP + "3.2", rb" (?!(h(t(t(ps?(:/?)?)?)?)?|\*)?\Z)[^/ ]?\S*\s?\Z"),
    "The target's host is not valid":
        (SEMANTICS + "4.2.1, 4.2.4", rb" https?://\S*\s?\Z"),
    "The target * is only for OPTIONS":
        (HTTP + "3.2.4", rb"(?<!OPTIONS) \*\Z"),
    "HTTP/2 is not supported": ("RFC 9113 3.4", rb"PRI \*\Z"),
    "The target has a fragment": (HTTP + "3.2.1", rb"#\Z"),
    "The target contains a byte that must be percent-encoded":
        (URI + "3.3, 3.4", rb"[\x00-\x20\x7f-\xff]\Z"),
    "The target has a % without two hexadecimal digits":
        (URI + "2.1", rb"%[0-9A-Fa-f]?[^0-9A-Fa-f]\Z"),
    "The request line has no version": (HTTP + "2.3, 3", rb" \S*[\r\n]\Z"),
    "The version is malformed":
        (HTTP + "2.3", rb" (?!(?-i:(H(T(T(P(/(1(\.([01]\r?)?)?)?)?)?)?)?)?\Z))"
                       rb"[^ \r\n]{0,8}.?\Z"),
    "Only HTTP/1.0 and HTTP/1.1 are supported":
        (SEMANTICS + "15.6.6", rb" HTTP/([02-9]|1\.[2-9])\Z"),
    "A header field begins with white space": (HTTP + "5.2, 2.2", rb"\r\n[ \t]\Z"),
    "White space before the colon of a header field": (HTTP + "5.1", rb"\n[^:\s]+[ \t]\Z"),
    "A header field has no name": (HTTP + "5", rb"\n:\Z"),
    "A header field has no colon": (HTTP + "5", rb"\n[^:\s]+\r\Z"),
    "A header field name contains an invalid character":
        (SEMANTICS + "5.1", rb"\n[^:\s]*[^-!#$%&'*+.^_`|~0-9A-Za-z:\s]\Z|"
                            rb"\n[^:\s]*[\x0b\x0c]\Z"),
    "A header field value contains a control character":
        (SEMANTICS + "5.5", rb":[^\r\n]*[\x00-\x08\x0b-\x1f\x7f]\Z"),
    "The Host field is missing": (HTTP + "3.2", rb"HTTP/1\.1\r\n(?!(.*\n)?host:)"),
    "Host is not a host with an optional port": (HTTP + "3.2", rb"\nhost:[^\r\n]+\r\Z"),
    "Host contains an invalid character":
        (HTTP + "3.2", rb"\nhost:[^\r\n]*[^-!$&'()*+,;=:.%\[\]_~0-9A-Za-z]\Z|"
                       rb"\nhost:[^\r\n]*[ \t][^\r\n \t]\Z"),
    "Content-Length contains a character that is not a digit":
        (HTTP + "6.3", rb"\ncontent-length:[ \t]*(\d+[ \t]+)?[^ \t\r]\Z|"
                       rb"\ncontent-length:[ \t]*\d+[^\d \t\r]\Z"),
    "Content-Length is not a number, or too large":
        (HTTP + "6.3", rb"\ncontent-length:[ \t]*(\d{20,})?[ \t]*\r\Z"),
    "Content-Length and Transfer-Encoding exclude each other":
        (HTTP + "6.3", rb"\n(content-length|transfer-encoding):\Z"),
    "Transfer-Encoding is not allowed in HTTP/1.0":
        (HTTP + "6.1", rb" HTTP/1\.0\r\n.*\ntransfer-encoding:\Z|"
                       rb" HTTP/1\.0\r\ntransfer-encoding:\Z"),
    "Transfer-Encodings other than chunked are not supported":
        (HTTP + "6.1", rb"\ntransfer-encoding:(?![ \t]*chunked[ \t]*\r)"
                       rb"[^\r\n]*\r\Z"),
    "A repeated Transfer-Encoding field is not supported":
        (HTTP + "6.1", rb"\ntransfer-encoding:.*\ntransfer-encoding:\Z"),
}
# RFC 9110 section 5.3: only list fields may be repeated
for twice in ("Access-Control-Request-Method", "Authorization",
              "Content-Length", "Content-Type", "Host", "Last-Event-ID",
              "Origin", "Sec-WebSocket-Key", "Sec-WebSocket-Version"):
    OURS_STRICTER[f"Two {twice} fields"] = (
        SEMANTICS + "5.3",
        b"\\n%s:.*\\n%s:\\Z" % (twice.encode(), twice.encode()))

# RFC 9112 section 7.1: patterns for the start of a size line and of trailers,
# without white space around a size ("bad whitespace") and folded lines.
SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})(;TOK+TEXT*)?\r\n"
                       .replace(b"TOK", TOKEN).replace(b"TEXT", TEXT))
SIZE_START = re.compile(rb"[0-9A-Fa-f]{0,15}|"
                        rb"[0-9A-Fa-f]{1,15}(;|(;TOK+TEXT*)?\r?)"
                        .replace(b"TOK", TOKEN).replace(b"TEXT", TEXT))
TRAILERS_START = re.compile(rb"(TOK+:TEXT*\r\n)*(TOK*|TOK+:TEXT*\r?|\r)"
                            .replace(b"TOK", TOKEN).replace(b"TEXT", TEXT))


def begins_chunks(data):
    """Whether these bytes can be the start of a chunked body, according to the
    grammar above."""
    while line := SIZE_LINE.match(data):
        size = int(line.group(1), 16)
        data = data[line.end():]
        if not size:
            return bool(TRAILERS_START.fullmatch(data))
        end, data = data[size:size + 2], data[size + 2:]
        if not b"\r\n".startswith(end):
            return False
    return bool(SIZE_START.fullmatch(data))


# Requests that we accept and the other parser refuses: a description, the
# section, and the condition, based on the error, the bytes from the request
# on, and our previous requests.

RULINGS_H11 = [
    ("empty lines before a request are ignored", HTTP + "2.2",
     lambda error, rest, before: rest.startswith(b"\r")
     and error in ("no request line received", "illegal request line")),
]

TAB_BEHIND = {
    "HPE_INVALID_CONTENT_LENGTH": rb"\ncontent-length:[ \t]*\d+ *\t",
    "HPE_INVALID_TRANSFER_ENCODING": rb"\ntransfer-encoding:\s*chunked *\t",
}

RULINGS_NODE = [
    ("any token is a method; llhttp has a list", SEMANTICS + "9.1",
     lambda error, rest, before: error == "HPE_INVALID_METHOD"
     and re.match(rb"(\r\n)*TOK+( |\Z)".replace(b"TOK", TOKEN), rest)),
    ("PRI is an ordinary method", "RFC 9113 11.6",
     lambda error, rest, before: error == "HPE_INVALID_VERSION"
     and re.match(rb"(\r\n)*PRI [^*]", rest)),
    ("white space after a length or a coding includes tabs", HTTP + "5, 5.6.3",
     lambda error, rest, before: error in TAB_BEHIND
     and re.search(TAB_BEHIND[error], rest, re.I)),
    ("lengths in trailers are ignored", HTTP + "7.1.2",
     lambda error, rest, before: error in (
         "HPE_INVALID_TRANSFER_ENCODING", "HPE_INVALID_CONTENT_LENGTH",
         "HPE_UNEXPECTED_CONTENT_LENGTH")
     and re.search(rb"\n0+(;[^\r\n]*)?\r\n([^\r\n]+\r\n)*"
                   rb"(transfer-encoding|content-length):", rest, re.I)),
    ("lengths and codings are checked at the end of the line", HTTP + "6.1, 6.2",
     lambda error, rest, before: error in (
         "HPE_INVALID_TRANSFER_ENCODING", "HPE_INVALID_CONTENT_LENGTH")
     and re.search(rb"\n(transfer-encoding|content-length):[^\r\n]*\Z", rest,
                   re.I)),
    ("the content of an extension is ignored", HTTP + "7.1.1",
     lambda error, rest, before: error == "HPE_STRICT"
     and re.search(rb"\n[0-9A-Fa-f]+;[^\r\n]*\"[^\r\n]*\r", rest)),
    ("a declined upgrade changes nothing; Node stops after it",
     SEMANTICS + "7.8",
     lambda error, rest, before: not error and before
     and "upgrade" in before[-1]["fields"].get("connection", "").lower()
     and "upgrade" in before[-1]["fields"]),
    ("our caller closes after such a request", HTTP + "9.3, 9.6",
     lambda error, rest, before: error == "HPE_CLOSED_CONNECTION"
     and closes(before[-1])),
]


def closes(request):
    return request["close"] or (request["minor"] == "1.0"
                                and not request["keep_alive"])


def explain_ours(data, ours):
    """Our reason for the refusal, with the section; None if the refused bytes
    do not match it."""
    refused = data[ours["start"]:ours["at"] + 1]
    if ours["why"] == "body":
        if begins_chunks(refused[:-1]) and not begins_chunks(refused):
            return f"ours: bad chunk ({HTTP}7.1)"
        return None
    section, pattern = OURS_STRICTER[ours["why"]]
    if re.search(pattern, refused, re.I | re.S):
        return f"ours: {ours['why']} ({section})"
    return None


def explain_theirs(data, ours, count, error, rulings):
    """The ruling for the other parser's refusal after `count` requests."""
    before = ours["requests"][:count]
    rest = data[ours["starts"][count]:]
    for what, section, applies in rulings:
        if applies(error, rest, before):
            return f"theirs: {what} ({section})"
    return None


def differences(a, b, keys=("method", "path", "query", "minor", "body")):
    found = [key for key in keys if a[key] != b[key]]
    lower = "transfer-encoding"  # h11 returns it in lower case
    mine = {name: value.lower() if name == lower else value
            for name, value in a["fields"].items()}
    theirs = {name: value.lower() if name == lower else value
              for name, value in b["fields"].items()}
    return found + sorted(name for name in mine.keys() | theirs.keys()
                          if mine.get(name) != theirs.get(name))


def compare(data, ours, theirs, error, rulings):
    """None if both agree, otherwise the ruling; fails if there is none."""
    def fail(what):
        pytest.fail(f"{what}\ninput: {data!r}\nours: {ours}\n"
                    f"theirs: {theirs} {error}")

    mine = ours["requests"]
    whole = sum(request["whole"] for request in mine)
    count = sum(request["whole"] for request in theirs)
    for a, b in zip(mine[:whole], theirs[:count]):
        wrong = differences(a, b)
        if wrong:
            fail(f"another {', '.join(wrong)}")
    if count < whole:
        return explain_theirs(data, ours, count, error, rulings) or \
            fail("we take what they do not")
    if ours["status"] and not error:
        return explain_ours(data, ours) or fail("they take what we do not")
    if count > whole:
        if not ours["status"]:
            fail("they see another request")
        return explain_ours(data, ours) or fail("they take what we do not")
    if error and not ours["status"]:
        return explain_theirs(data, ours, count, error, rulings) or \
            fail("we wait where they refuse")
    if bool(ours["status"]) == bool(error) and not error:
        if len(mine) != len(theirs):
            return explain_theirs(data, ours, count, error, rulings) or \
                fail("only one sees the end of a head")
        for a, b in zip(mine[whole:], theirs[whole:]):
            wrong = differences(a, b)
            if wrong:
                fail(f"another {', '.join(wrong)}")
    return None


def report(name, seed, rulings, count):
    agreed = rulings.pop(None, 0)
    print(f"\n{name}, seed {seed}: {agreed} of {count} inputs the same")
    for ruling, times in rulings.most_common():
        print(f"{times:7d} {ruling}")


def test_h11(driver, seed):
    inputs = make_inputs(seed, H11_INPUTS)
    rulings = Counter()
    for data, ours in zip(inputs, read_with_ours(driver, inputs), strict=True):
        theirs, error = read_with_h11(data)
        rulings[compare(data, ours, theirs, error, RULINGS_H11)] += 1
    report("h11", seed, rulings, len(inputs))


def test_node(driver, seed):
    inputs = make_inputs(seed + 1, NODE_INPUTS)
    rulings = Counter()
    for data, ours, (theirs, error) in zip(
            inputs, read_with_ours(driver, inputs), read_with_node(inputs),
            strict=True):
        rulings[compare(data, ours, theirs, error, RULINGS_NODE)] += 1
    report("llhttp", seed + 1, rulings, len(inputs))
