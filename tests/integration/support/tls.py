"""TLS for the tests: with PEAL_TEST_TLS=1, all servers and clients use TLS, so
the same tests cover both."""

import atexit
import functools
import os
import pathlib
import shutil
import ssl
import subprocess
import tempfile

ENABLED = os.environ.get("PEAL_TEST_TLS") == "1"
# origin of a page of the server itself, for the host used in all requests
OWN_PAGE = ("https" if ENABLED else "http") + "://127.0.0.1"
MAKE_CERTS = (pathlib.Path(__file__).resolve().parents[3] /
              "conf" / "make_dev_certs.sh")
HTTP, WS = ("https", "wss") if ENABLED else ("http", "ws")


def make_certificates(folder, *clients, **environment):
    """Creates ca.pem, server.pem, server.key, and a pair for each client."""
    subprocess.run([MAKE_CERTS, folder, *clients], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   env={**os.environ, **environment})
    return pathlib.Path(folder)


@functools.cache
def common_certificates():
    """The default certificates, created once."""
    folder = tempfile.mkdtemp(prefix="peal-tls-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return make_certificates(folder, "alice", "bob")


def server_keys(folder=None):
    """The config of a server with TLS, as flat keys."""
    folder = folder or common_certificates()
    return {"cert": str(folder / "server.pem"),
            "key": str(folder / "server.key")}


def client_context(folder=None, client=None):
    """Trusts the CA; sends the client's certificate if one is named."""
    folder = folder or common_certificates()
    context = ssl.create_default_context(cafile=folder / "ca.pem")
    context.check_hostname = False
    if client:
        context.load_cert_chain(folder / f"{client}.pem",
                                folder / f"{client}.key")
    return context


@functools.cache
def common_context():
    return client_context()


def library_options():
    """Options for Python's websockets library."""
    return {"ssl": common_context()} if ENABLED else {}
