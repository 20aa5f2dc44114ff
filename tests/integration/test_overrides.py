"""Functions of libraries that the program defines itself: they count only if
the program exports them."""

import subprocess

import pytest

from support.server import find_program


@pytest.mark.parametrize("name", [
    "lws_hdr_copy", "lws_write", "lws_dll2_add_sorted", "recv", "SSL_read",
    "SSL_pending", "uv_poll_start", "lws_callback_on_writable", "lws_service_fd_tsi",
    "epoll_ctl"])
def test_the_program_exports_its_own(name):
    listed = subprocess.run(["nm", "-D", "--defined-only", find_program()],
                            capture_output=True, text=True, check=True)
    exported = {line.split()[-1].split("@")[0]
                for line in listed.stdout.splitlines()}
    assert name in exported
