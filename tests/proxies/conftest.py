"""Fixtures: a server behind nginx and HAProxy, with and without TLS between
them."""

import pathlib
import sys

import pytest

# the server process and its client come from tests/integration
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] /
                       "integration"))

import front  # noqa: E402
from support import tls  # noqa: E402
from support.fixtures import peal, start_shared  # noqa: E402,F401
from support.server import ROOT  # noqa: E402


@pytest.fixture(scope="module", params=["plain", "tls"])
def backend(request, start_shared):  # noqa: F811
    """Access to the dashboard shows which address it sees for a client."""
    config = {"trusted_proxies": ["127.0.0.1"], "api": {"key": front.KEY},
              "dashboard": "loopback", "web_root": str(ROOT / "web"),
              "insecure": True,  # accepts any Host without auth
              "limits": {"refusals_per_second": 0}}
    is_tls = request.param == "tls"
    if is_tls:
        config["tls"] = tls.server_keys()
    server = start_shared(config=config, plain=not is_tls)
    server.context = is_tls and tls.common_context()
    server.is_tls = is_tls
    return server


@pytest.fixture(scope="module", params=front.KINDS)
def proxy(request, backend, tmp_path_factory):
    with front.start(request.param, tmp_path_factory.mktemp("front"),
                     backend) as started:
        yield started
