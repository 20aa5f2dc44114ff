#!/usr/bin/python3
"""Generates the keys and tokens of test_jwt.c and test_jwk.c with Debian's
python3-jwt and python3-cryptography. Private keys are not stored, so a run
replaces everything: rsa.pem, p256.pem, p384.pem, rsa.crt, jwks.json and
tokens.txt (a name and a token per line)."""

import base64
import datetime
import hashlib
import hmac
import json
import pathlib

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

HERE = pathlib.Path(__file__).parent
SECRET = "0123456789abcdef" * 4
CLAIMS = {"sub": "alice", "exp": 4102444800}  # the year 2100


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, width=None):
    width = width or (value.bit_length() + 7) // 8
    return base64url(value.to_bytes(width, "big"))


def pem(key):
    return key.public_key().public_bytes(
        serialization.Encoding.PEM,
        serialization.PublicFormat.SubjectPublicKeyInfo)


def rsa_jwk(key, **more):
    public = key.public_key().public_numbers()
    return {"kty": "RSA", "n": number(public.n), "e": number(public.e), **more}


def ec_jwk(key, **more):
    public = key.public_key().public_numbers()
    width = (key.curve.key_size + 7) // 8
    return {"kty": "EC", "crv": f"P-{key.curve.key_size}",
            "x": number(public.x, width), "y": number(public.y, width), **more}


def certificate(key):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "peal test")])
    start = datetime.datetime(2020, 1, 1)
    return (x509.CertificateBuilder().subject_name(name).issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + datetime.timedelta(days=36500))
            .sign(key, hashes.SHA256())
            .public_bytes(serialization.Encoding.PEM))


def hs256(header, secret):
    """A token that no library would sign."""
    text = ".".join(base64url(json.dumps(part).encode())
                    for part in (header, CLAIMS))
    mac = hmac.new(secret, text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64url(mac)}"


def with_header(token, **header):
    """The token with another header and its original signature."""
    rest = token.split(".", 1)[1]
    return base64url(json.dumps(header).encode()) + "." + rest


def main():
    rsa_key = rsa.generate_private_key(65537, 2048)
    short = rsa.generate_private_key(65537, 1024)
    p256 = ec.generate_private_key(ec.SECP256R1())
    p384 = ec.generate_private_key(ec.SECP384R1())
    p521 = ec.generate_private_key(ec.SECP521R1())
    keys = {"HS": SECRET, "RS": rsa_key, "PS": rsa_key,
            "ES256": p256, "ES384": p384}

    for name, key in (("rsa", rsa_key), ("rsa1024", short), ("p256", p256),
                      ("p384", p384), ("p521", p521)):
        (HERE / f"{name}.pem").write_bytes(pem(key))
    (HERE / "rsa.crt").write_bytes(certificate(rsa_key))
    (HERE / "jwks.json").write_text(json.dumps({"keys": [
        rsa_jwk(rsa_key, kid="wrong-use", use="enc"),
        {"kty": "OKP", "crv": "Ed448", "kid": "unknown-type", "x": "AA"},
        ec_jwk(p521, kid="p521", use="sig"),
        rsa_jwk(rsa_key, kid="rsa", use="sig"),
        rsa_jwk(rsa_key, kid="rsa-bound", alg="PS256"),
        ec_jwk(p256, kid="p256", key_ops=["verify"]),
        ec_jwk(p384, kid="p384", alg="ES384"),
        {"kty": "oct", "kid": "secret", "k": base64url(SECRET.encode())},
    ]}, indent=1) + "\n")

    tokens = {}
    for alg in ("HS256 HS384 HS512 RS256 RS384 RS512 PS256 ES256 ES384"
                .split()):
        key = keys.get(alg) or keys[alg[:2]]
        tokens[alg] = jwt.encode(CLAIMS, key, alg)
        for kid in ("rsa", "rsa-bound", "p256", "wrong-use", "nobody"):
            tokens[f"{alg}-kid-{kid}"] = jwt.encode(CLAIMS, key, alg,
                                                    {"kid": kid})
    for alg, key in (("PS384", rsa_key), ("ES512", p521)):
        tokens[alg] = jwt.encode(CLAIMS, key, alg)
    for name, key in (("rsa", rsa_key), ("p256", p256)):
        tokens[f"confused-{name}"] = hs256({"alg": "HS256"}, pem(key))
    tokens["rs256-as-ps256"] = with_header(tokens["RS256"], alg="PS256")
    tokens["es384-as-es256"] = with_header(tokens["ES384"], alg="ES256")
    tokens["rs256-by-another"] = jwt.encode(
        CLAIMS, rsa.generate_private_key(65537, 2048), "RS256")
    (HERE / "tokens.txt").write_text(
        "".join(f"{name} {token}\n" for name, token in tokens.items()))


main()
