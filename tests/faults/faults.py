"""Makes system calls and allocations of a running server fail: see shim.c."""

import mmap
import os
import struct

CALLS = {name: number for number, name in enumerate(
    ["none", "accept", "recv", "send", "epoll_wait", "epoll_ctl", "write",
     "allocate"])}
EVER = 1 << 30
FORMAT = "iiiiixxxxq"
JUMP = struct.calcsize("iiiiixxxx")


class Faults:
    """The fault to inject, shared with the server through a file."""

    def __init__(self, folder, preloaded):
        self.path = folder / "control"
        self.path.write_bytes(bytes(struct.calcsize(FORMAT)))
        self.file = open(self.path, "r+b")
        self.memory = mmap.mmap(self.file.fileno(), 0)
        self.environment = {"LD_PRELOAD": " ".join(map(str, preloaded)),
                            "FAULT_FILE": str(self.path)}

    def set(self, call, error=0, times=1, after=0):
        """Lets the next `after` calls succeed, then makes `times` calls fail
        with this errno."""
        self.memory[:JUMP] = struct.pack(FORMAT, 0, error, after, times, 0,
                                         0)[:JUMP]
        self.memory[:4] = struct.pack("i", CALLS[call])

    def clear(self):
        """Stops injecting; returns how many calls failed."""
        self.memory[:4] = struct.pack("i", 0)
        return self.failed()

    def jump(self, jump):
        """Sets the server's wall clock this many seconds ahead."""
        self.memory[JUMP:] = struct.pack("q", jump)

    def failed(self):
        return struct.unpack(FORMAT, self.memory[:])[4]

    def close(self):
        self.memory.close()
        self.file.close()
        os.unlink(self.path)
