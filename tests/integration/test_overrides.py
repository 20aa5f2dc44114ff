"""Peal redefines no function of another library, but for one: epoll_ctl, by
which it survives a kernel that refuses to watch a descriptor, as
libwebsockets 4.1 and libuv do not look."""

import re
import subprocess

from support.server import find_program

ALLOWED = {"epoll_ctl"}


def functions_of(program):
    """Those that it exports. Data is left out: the linker copies some out of
    libraries, and which depends on the Debian."""
    listed = subprocess.run(["nm", "-D", "--defined-only", program],
                            capture_output=True, text=True, check=True)
    symbols = (line.split() for line in listed.stdout.splitlines())
    return {name.split("@")[0] for _, kind, name in symbols if kind in "TWi"}


def libraries(program):
    listed = subprocess.run(["ldd", program], capture_output=True, text=True,
                            check=True)
    return re.findall(r"=> (/\S+)", listed.stdout)


def test_no_function_of_a_library_is_redefined():
    """Whatever the program defines and exports, the libraries do not."""
    program = find_program()
    theirs = set().union(*map(functions_of, libraries(program)))
    # what a sanitizer puts into the program asks for its runtime's options
    theirs = {name for name in theirs if not name.startswith("__asan_")}
    assert "recv" in theirs and "epoll_ctl" in theirs
    assert functions_of(program) & theirs == ALLOWED
