"""Interoperability of tokens: the server accepts tokens of two independent
libraries, and the libraries accept tokens of `peal token`.

The libraries are Debian's python3-jwt and npm's jsonwebtoken (tests/jwt).
"""

import base64
import fcntl
import json
import pathlib
import re
import shutil
import subprocess
import time

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from support.server import clean_environment, find_program
from support.websocket import Refused

NODE = pathlib.Path(__file__).resolve().parents[1] / "jwt"

SECRET = "a secret that is long enough for the longest hash, which is SHA-512"
ALGORITHMS = {"HS256": "secret", "HS384": "secret", "HS512": "secret",
              "RS256": "rsa", "RS384": "rsa", "RS512": "rsa", "PS256": "rsa",
              "PS384": "rsa", "PS512": "rsa", "ES256": "p256",
              "ES384": "p384", "ES512": "p521", "EdDSA": "ed25519"}
LIBRARIES = ["python", "npm"]
# npm's jsonwebtoken has no EdDSA
PAIRS = [(library, algorithm) for library in LIBRARIES
         for algorithm in ALGORITHMS
         if (library, algorithm) != ("npm", "EdDSA")]


# --- keys


class Keys:
    """A new key of each kind, as files."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "secret").write_text(SECRET)
        self.private = {
            "rsa": rsa.generate_private_key(65537, 2048),
            "p256": ec.generate_private_key(ec.SECP256R1()),
            "p384": ec.generate_private_key(ec.SECP384R1()),
            "p521": ec.generate_private_key(ec.SECP521R1()),
            "ed25519": ed25519.Ed25519PrivateKey.generate(),
        }
        for name, key in self.private.items():
            self.write(name, key)
        (folder / "jwks.json").write_text(json.dumps({"keys": [
            {**self.jwk(name), "kid": name, "use": "sig"}
            for name in self.private]}))

    def write(self, name, key):
        (self.folder / f"{name}.key").write_bytes(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()))
        (self.folder / f"{name}.pem").write_bytes(
            key.public_key().public_bytes(
                serialization.Encoding.PEM,
                serialization.PublicFormat.SubjectPublicKeyInfo))

    def jwk(self, name):
        key = self.private[name].public_key()
        if name == "ed25519":
            raw = key.public_bytes(serialization.Encoding.Raw,
                                   serialization.PublicFormat.Raw)
            return {"kty": "OKP", "crv": "Ed25519",
                    "x": base64url(int.from_bytes(raw, "big"), 32)}
        public = key.public_numbers()
        if name == "rsa":
            return {"kty": "RSA", "n": base64url(public.n, 256),
                    "e": base64url(public.e, 3)}
        width = {"p256": 32, "p384": 48, "p521": 66}[name]
        return {"kty": "EC", "crv": f"P-{name[1:]}",
                "x": base64url(public.x, width),
                "y": base64url(public.y, width)}

    def signing(self, algorithm):
        kind = ALGORITHMS[algorithm]
        return self.folder / ("secret" if kind == "secret" else f"{kind}.key")

    def verifying(self, algorithm):
        kind = ALGORITHMS[algorithm]
        return self.folder / ("secret" if kind == "secret" else f"{kind}.pem")


def base64url(number, width):
    data = number.to_bytes(width, "big")
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return Keys(tmp_path_factory.mktemp("keys"))


# --- the libraries


def install_jsonwebtoken():
    """Locked, because other test runs may install it at the same time."""
    lock_file = NODE / "package-lock.json"
    with open(lock_file) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = NODE / "node_modules" / ".package-lock.json"
        if (not done.exists() or
                done.stat().st_mtime < lock_file.stat().st_mtime):
            subprocess.run(["npm", "ci", "--ignore-scripts"], cwd=NODE,
                           check=True, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def node():
    """Runs a script of tests/jwt."""
    if not shutil.which("node"):
        pytest.skip("no node to run jsonwebtoken with")
    install_jsonwebtoken()

    def run(script, *args):
        return subprocess.run(["node", script, *map(str, args)], cwd=NODE,
                              check=True, capture_output=True, text=True,
                              timeout=60).stdout

    return run


@pytest.fixture
def sign(request, keys):
    """sign(library, algorithm, claims, header) returns a token."""

    def by(library, algorithm, claims, header=None):
        file = keys.signing(algorithm)
        if library == "python":
            return jwt.encode(claims, file.read_text(), algorithm, header)
        return request.getfixturevalue("node")(
            "sign.js", algorithm, file, json.dumps(claims),
            json.dumps(header or {}))

    return by


@pytest.fixture
def verify(request, keys):
    """verify(library, algorithm, token) returns the claims, or raises."""

    def by(library, algorithm, token, audience, issuer):
        file = keys.verifying(algorithm)
        if library == "python":
            return jwt.decode(token, file.read_text(), [algorithm],
                              audience=audience, issuer=issuer)
        return json.loads(request.getfixturevalue("node")(
            "verify.js", algorithm, file, token,
            json.dumps({"audience": audience, "issuer": issuer})))

    return by


# --- servers


@pytest.fixture(scope="module")
def servers(keys, start_shared):
    """servers(name) returns a server with one key file, or with all."""
    folder = keys.folder
    known = {
        "all": {"secret": SECRET, "jwks_file": str(folder / "jwks.json"),
                "audience": "peal", "issuer": "tests", "leeway_seconds": 0},
        "secret": {"secret": SECRET},
        "rsa": {"key_file": str(folder / "rsa.pem")},
        "p256": {"key_file": str(folder / "p256.pem")},
        "p384": {"key_file": str(folder / "p384.pem")},
        "p521": {"key_file": str(folder / "p521.pem")},
        "ed25519": {"key_file": str(folder / "ed25519.pem")},
    }
    started = {}

    def find(name):
        if name not in started:
            started[name] = start_shared(config={"auth": known[name]})
        return started[name]

    return find


def claims(**changes):
    """Valid claims; None removes one."""
    good = {"sub": "alice", "exp": int(time.time()) + 600, "aud": "peal",
            "iss": "tests", **changes}
    return {name: value for name, value in good.items() if value is not None}


def assert_taken(server, token):
    client = server.connect("alice", token=token)
    client.send("hello")
    assert client.receive_data() == "Echo: hello"
    client.end()


def assert_refused(server, token, status=401, error="Invalid token"):
    with pytest.raises(Refused) as refused:
        server.connect("alice", token=token)
    assert refused.value.response.status == status
    assert refused.value.response.json == {"error": error}


# --- their tokens


@pytest.mark.parametrize("library, algorithm", PAIRS)
def test_a_key_set_or_secret_verifies(servers, sign, library, algorithm):
    assert_taken(servers("all"), sign(library, algorithm, claims()))


@pytest.mark.parametrize("library, algorithm", PAIRS)
def test_a_key_file_verifies_only_its_own_kind(servers, sign, library,
                                               algorithm):
    token = sign(library, algorithm, claims())
    kind = ALGORITHMS[algorithm]
    assert_taken(servers(kind), token)
    assert_refused(servers("p256" if kind == "rsa" else "rsa"), token)


@pytest.mark.parametrize("library", LIBRARIES)
def test_kid_selects_the_key(servers, sign, library):
    server = servers("all")
    good = sign(library, "ES256", claims(), {"kid": "p256"})
    wrong = sign(library, "ES256", claims(), {"kid": "p384"})
    assert_taken(server, good)
    assert_refused(server, wrong)


BAD_CLAIMS = {
    "no exp": lambda now: {"exp": None},
    "expired": lambda now: {"exp": int(now) - 1},
    "expired long ago": lambda now: {"exp": 1},
    "not yet valid": lambda now: {"nbf": int(now) + 3600},
    "no sub": lambda now: {"sub": None},
    "no client id": lambda now: {"sub": "a\nb"},
    "no aud": lambda now: {"aud": None},
    "another aud": lambda now: {"aud": "other"},
    "other auds": lambda now: {"aud": ["one", "two"]},
    "no iss": lambda now: {"iss": None},
    "another iss": lambda now: {"iss": "other"},
    "bad caps": lambda now: {"caps": [{"channels": ["*"]}]},
}

GOOD_CLAIMS = {
    "fraction": lambda now: {"exp": now + 600.5},
    "nbf": lambda now: {"nbf": int(now) - 5},
    "iat": lambda now: {"iat": int(now)},
    "one of auds": lambda now: {"aud": ["one", "peal"]},
    "caps": lambda now: {"caps": [{"channels": ["*"], "allow": ["sub"]}]},
    "more": lambda now: {"more": {"a": [1]}},
}


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("case", BAD_CLAIMS)
def test_invalid_claims_are_refused(servers, sign, library, case):
    changes = BAD_CLAIMS[case](time.time())
    assert_refused(servers("all"), sign(library, "HS256", claims(**changes)))


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("case", GOOD_CLAIMS)
def test_valid_claims_are_accepted(servers, sign, library, case):
    changes = GOOD_CLAIMS[case](time.time())
    assert_taken(servers("all"), sign(library, "HS256", claims(**changes)))


@pytest.mark.parametrize("library", LIBRARIES)
def test_another_clients_token_is_refused(servers, sign, library):
    assert_refused(servers("all"), sign(library, "ES384", claims(sub="bob")),
                   403, "Token is for another client")


def test_an_unsigned_token_is_refused(servers):
    assert_refused(servers("all"), jwt.encode(claims(), None, "none"))


def with_algorithm(token, algorithm):
    """The token with another algorithm in its header."""
    header = base64.urlsafe_b64encode(json.dumps({"alg": algorithm}).encode())
    return header.decode().rstrip("=") + "." + token.split(".", 1)[1]


def test_an_unknown_algorithm_is_refused(servers, keys):
    key = (keys.folder / "rsa.key").read_text()
    assert_refused(servers("all"), with_algorithm(
        jwt.encode(claims(), key, "PS512"), "PS224"))


def test_another_key_of_the_same_kind_is_refused(servers):
    stranger = ec.generate_private_key(ec.SECP256R1())
    assert_refused(servers("all"), jwt.encode(claims(), stranger, "ES256"))


def test_the_example_of_the_page(servers, node):
    """The Node example of protocols/websocket.md."""
    page = (NODE.parents[1] / "protocols" / "websocket.md").read_text()
    code, = re.findall(r"```js\n(const jwt = .*?)```", page, re.S)
    code = code.replace("process.env.PEAL_AUTH_SECRET", f"'{SECRET}'")
    token = node("--eval", f"{code}\nconsole.log(token)")
    assert_taken(servers("secret"), token.strip())


# --- our tokens


def peal_token(*args, **config):
    result = subprocess.run(
        [find_program(), "token", "--sub", "alice", *map(str, args)],
        env={**clean_environment(), **config, "PEAL_AUTH_AUDIENCE": "peal",
             "PEAL_AUTH_ISSUER": "tests"},
        capture_output=True, text=True, timeout=30)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("\n") == 1
    return result.stdout.strip()


@pytest.mark.parametrize("library, algorithm", [
    pair for pair in PAIRS if pair[1] in ("HS256", "RS256", "ES256", "ES384",
                                          "ES512", "EdDSA")])
def test_the_libraries_accept_our_tokens(servers, keys, verify, library,
                                         algorithm):
    caps = [{"channels": ["chat:*"], "allow": ["sub", "pub"]}]
    more = ("--ttl", "15m", "--caps", json.dumps(caps))
    if algorithm == "HS256":
        token = peal_token(*more, PEAL_AUTH_SECRET=SECRET)
    else:
        token = peal_token("--key", keys.signing(algorithm), *more)
    found = verify(library, algorithm, token, "peal", "tests")
    assert found["sub"] == "alice"
    assert found["caps"] == caps
    assert found["exp"] - found["iat"] == 15 * 60
    assert abs(found["iat"] - time.time()) < 60
    assert_taken(servers("all"), token)
