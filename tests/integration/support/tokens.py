"""Creates tokens (JWT, HS256) with only the standard library."""

import base64
import hashlib
import hmac
import json
import math
import time

SECRET = "a secret of the tests, long enough for all"
WITH_AUTH = {"auth": {"secret": SECRET}}


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def encode(part):
    return base64url(json.dumps(part, separators=(",", ":")).encode())


def sign(header, claims, secret=SECRET):
    """A token with exactly this header and claims, signed with HS256."""
    text = encode(header) + "." + encode(claims)
    mac = hmac.new(secret.encode(), text.encode(), hashlib.sha256)
    return text + "." + base64url(mac.digest())


# long, because some tokens are created when tests are collected
LASTING = 7200


def make_token(sub="alice", ttl=LASTING, secret=SECRET, **claims):
    """A valid token for `sub`; a claim of None is omitted."""
    claims = {"sub": sub, "exp": math.ceil(time.time() + ttl), **claims}
    claims = {name: value for name, value in claims.items()
              if value is not None}
    return sign({"alg": "HS256", "typ": "JWT"}, claims, secret)
