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
    """What fails; shared with the server through a file."""

    def __init__(self, folder, preloaded):
        self.path = folder / "control"
        self.path.write_bytes(bytes(struct.calcsize(FORMAT)))
        self.file = open(self.path, "r+b")
        self.memory = mmap.mmap(self.file.fileno(), 0)
        self.environment = {"LD_PRELOAD": " ".join(map(str, preloaded)),
                            "FAULT_FILE": str(self.path)}

    def set(self, call, error=0, times=1, after=0):
        """Lets `call` fail with that errno, `times` times after so many that
        go well."""
        self.memory[:JUMP] = struct.pack(FORMAT, 0, error, after, times, 0,
                                         0)[:JUMP]
        self.memory[:4] = struct.pack("i", CALLS[call])

    def clear(self):
        """How many calls failed meanwhile; no more do."""
        self.memory[:4] = struct.pack("i", 0)
        return self.failed()

    def jump(self, jump):
        """The server's wall clock is so many seconds ahead of ours."""
        self.memory[JUMP:] = struct.pack("q", jump)

    def failed(self):
        return struct.unpack(FORMAT, self.memory[:])[4]

    def close(self):
        self.memory.close()
        self.file.close()
        os.unlink(self.path)
