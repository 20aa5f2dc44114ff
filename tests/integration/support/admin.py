"""The administration listeners of a server."""

import copy
import re


def admin_of(server):
    """The listener at the server's admin.host; has request methods like a
    server, without TLS."""
    made = copy.copy(server)
    text = 'Administration listening" at=127'
    server.wait_log(text)
    lines = server.log_lines(text)
    made.port = int(re.search(r":(\d+)", lines[-1].split("at=")[1])[1])
    made.context = False
    return made


def at_path(server, path):
    """The listener at its admin.socket."""
    made = copy.copy(server)
    made.port = str(path)
    made.context = False
    return made
