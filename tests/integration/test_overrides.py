"""Peal redefines no library function except epoll_ctl. That wrapper handles a
kernel that refuses to watch a descriptor, which libwebsockets 4.1 and libuv do
not check."""

import re
import subprocess

from support.server import find_program

ALLOWED = {"epoll_ctl"}


def functions_of(program):
    """The exported functions. Data is omitted: the linker copies some from
    libraries, depending on the Debian release."""
    listed = subprocess.run(["nm", "-D", "--defined-only", program],
                            capture_output=True, text=True, check=True)
    symbols = (line.split() for line in listed.stdout.splitlines())
    return {name.split("@")[0] for _, kind, name in symbols if kind in "TWi"}


def libraries(program):
    listed = subprocess.run(["ldd", program], capture_output=True, text=True,
                            check=True)
    return re.findall(r"=> (/\S+)", listed.stdout)


def test_no_function_of_a_library_is_redefined():
    """No exported function is also defined by a library."""
    program = find_program()
    theirs = set().union(*map(functions_of, libraries(program)))
    # sanitizers add functions that read their runtime's options
    theirs = {name for name in theirs if not name.startswith("__asan_")}
    assert "recv" in theirs and "epoll_ctl" in theirs
    assert functions_of(program) & theirs == ALLOWED
