"""Random streams of valid and invalid frames, read by frame_reader and by two
other parsers: Debian's python3-wsproto and npm's ws.

They must agree on every payload and every refusal. The tables RULINGS_* list
the allowed differences, with exact conditions and reasons.
"""

import codecs
import fcntl
import pathlib
import random
import shutil
import struct
import subprocess
from collections import Counter

import pytest
from wsproto.frame_protocol import FrameProtocol, Opcode, ParseFailed

HERE = pathlib.Path(__file__).resolve().parent

WSPROTO_STREAMS = 100_000
WS_STREAMS = 20_000
BATCH = 10_000

# ---- streams -----------------------------------------------------------------

TEXTS = [b"", b"a", b"hello", "é€😀".encode(), b"\xc3", b"\xa9", b"\xe2\x82",
         b"\xac", b"\xf0\x9f", b"\x98\x80", b"\xed\xa0\x80", b"\xc0\x80",
         b"\xf4\x90\x80\x80", b"\xff", b"\xef\xbf\xbf", b"\0"]
CODES = [0, 1, 999, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009,
         1010, 1011, 1012, 1013, 1014, 1015, 1016, 1999, 2000, 2999, 3000, 3999,
         4000, 4999, 5000, 32768, 65535]
LENGTHS = [0, 1, 2, 3, 7, 8, 9, 31, 124, 125, 126, 127, 128, 300]
LONG_LENGTHS = [65535, 65536, 70000]
CLAIMED = [1 << 31, 1 << 32, (1 << 53) - 1, 1 << 53, (1 << 63) - 1, 1 << 63,
           (1 << 64) - 1]


class Maker:
    """Generates streams from a seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def chance(self, one_in):
        return self.random.randrange(one_in) == 0

    def mask(self, payload):
        key = b"\0\0\0\0" if self.chance(4) else self.random.randbytes(4)
        size = len(payload)
        pad = (key * (size // 4 + 1))[:size]
        masked = int.from_bytes(payload, "big") ^ int.from_bytes(pad, "big")
        return key + masked.to_bytes(size, "big")

    def head(self, first, length):
        """Sometimes uses a longer length field than necessary, or claims more
        bytes than there are."""
        form = 7 if length < 126 else 16 if length < 65536 else 64
        if self.chance(40):
            form = self.random.choice([16, 64])
        if self.chance(80):
            form, length = 64, self.random.choice(CLAIMED)
        masked = 0 if self.chance(80) else 0x80
        if form == 7:
            return bytes([first, masked | length])
        if form == 16:
            return struct.pack("!BBH", first, masked | 126, length & 0xffff)
        return struct.pack("!BBQ", first, masked | 127, length)

    def payload(self, is_text):
        if is_text and not self.chance(8):
            good = not self.chance(3)
            pool = TEXTS[:4] if good else TEXTS
            count = self.random.randrange(6)
            return b"".join(self.random.choices(pool, k=count))
        lengths = LONG_LENGTHS if self.chance(1000) else LENGTHS
        length = self.random.choice(lengths)
        return b"x" * length if is_text else self.random.randbytes(length)

    def control(self, opcode):
        if opcode != Opcode.CLOSE:
            length = self.random.choice([0, 1, 4, 125, 126 if self.chance(9)
                                         else 20])
            return self.random.randbytes(length)
        if self.chance(4):
            return self.random.choice([b"", b"\x03"])
        return struct.pack("!H", self.random.choice(CODES)) + \
            self.random.choice(TEXTS) + self.random.choice(TEXTS[:3])

    def frame(self, message):
        """`message` is the opcode of the current message, 0 between messages.
        Returns the frame and the new current message."""
        fin = 0x80
        if self.chance(4):
            opcode = self.random.choices([9, 10, 8], [4, 4, 3])[0]
            payload = self.control(opcode)
            fin = 0 if self.chance(40) else 0x80
        else:
            fin = 0x80 if self.chance(2) else 0
            opcode = 0 if message else self.random.choice([1, 2])
            message = message or opcode
            payload = self.payload(message == Opcode.TEXT)
            if fin:
                message = 0
        if self.chance(40):
            opcode = self.random.randrange(16)
        if self.chance(60):
            fin |= self.random.choice([0x10, 0x20, 0x40])
        return self.head(fin | opcode, len(payload)) + self.mask(payload), \
            message

    def mutate(self, stream):
        at = self.random.randrange(len(stream) + 1)
        kind = self.random.randrange(5)
        if kind == 0:
            return stream[:at]
        if kind == 1:
            return stream[:at] + self.random.randbytes(1) + stream[at:]
        if kind == 2:
            return stream[:at] + stream[at + self.random.randrange(1, 5):]
        if kind == 3 and at < len(stream):
            flipped = stream[at] ^ 1 << self.random.randrange(8)
            return stream[:at] + bytes([flipped]) + stream[at + 1:]
        end = min(len(stream), at + self.random.randrange(40))
        return stream[:end] + stream[at:end] + stream[end:]

    def stream(self):
        if self.chance(50):
            return self.random.randbytes(self.random.randrange(40))
        stream, message = b"", 0
        for _ in range(self.random.randrange(1, 7)):
            frame, message = self.frame(message)
            stream += frame
        while self.chance(2):
            stream = self.mutate(stream)
        return stream


# ---- events ------------------------------------------------------------------
# A list of ("text" or "binary", payload, whether it is complete), ("ping" or
# "pong", payload), ("close", code, reason), ("bad", code).


class Events:
    """Joins fragments, and checks text with Python's own codec, because
    frame_reader does not (test_utf8.py). `late` checks only complete messages
    and does not report others, like ws."""

    def __init__(self, late=False):
        self.list = []
        self.late = late
        self.start_message()

    def start_message(self):
        self.kind = None
        self.pieces = []
        self.decoder = codecs.getincrementaldecoder("utf-8")()

    def add_piece(self, kind, payload, is_last):
        """False: later events are ignored."""
        self.kind = kind
        try:
            if kind == "text" and not self.late:
                payload = self.decoder.decode(payload, is_last).encode()
            self.pieces.append(payload)
            whole = b"".join(self.pieces)
            if kind == "text" and is_last:
                whole.decode()
        except UnicodeDecodeError:
            self.list.append(("bad", 1007))
            return False
        if is_last:
            self.list.append((kind, whole, True))
            self.start_message()
        return True

    def finish(self):
        """An incomplete message precedes the event that interrupted it. If it
        contains invalid text, its content depends on the pieces."""
        rest = b"".join(self.pieces)
        if rest and not self.late and self.list[-1:] != [("bad", 1007)]:
            at = len(self.list)
            if self.list and self.list[-1][0] in ("bad", "close"):
                at -= 1
            self.list.insert(at, (self.kind, rest, False))
        return self.list


def bytes_of(text):
    return text.encode("latin-1").decode("unicode_escape").encode("latin-1")


def events_of(lines, late=False):
    """The events of a transcript (see frame_transcript.h)."""
    events = Events(late)
    for line in lines:
        kind, *words = line.split(" ")
        if kind in ("text", "binary"):
            if not events.add_piece(kind, bytes_of(words[0]),
                                    words[1:] == ["."]):
                break
        elif kind == "close":
            events.list.append((kind, int(words[0]), bytes_of(words[1])))
        elif kind == "bad":
            events.list.append((kind, int(words[0])))
        else:
            events.list.append((kind, bytes_of(words[0])))
    return events.finish()


def split_answers(output, count):
    """The output lines of each stream."""
    answers, lines = [], []
    for line in output.decode("latin-1").split("\n"):
        if line == "=":
            answers.append(lines)
            lines = []
        else:
            lines.append(line)
    assert lines == [""] and len(answers) == count
    return answers


def read_with_ours(driver, streams, steps):
    data = b"".join(struct.pack("<IB", len(stream), step) + stream
                    for stream, step in zip(streams, steps))
    return split_answers(driver("read_frames", data), len(streams))


def frame_at(stream, index):
    """The available part of the frame after `index` valid frames: its number
    of bytes, the form of its length (7, 16, 64), and the length, None if it is
    incomplete."""
    at = 0
    while True:
        head = stream[at:at + 10]
        short = head[1] & 0x7f if len(head) > 1 else None
        form = {126: 16, 127: 64}.get(short, 7)
        size = {7: 0, 16: 2, 64: 8}[form]
        length = short
        if size:
            field = head[2:2 + size]
            length = int.from_bytes(field, "big") if len(field) == size \
                else None
        if index == 0:
            return len(stream) - at, form, length
        at += 2 + size + 4 + length
        index -= 1


def frame_at_fault(stream, lines):
    """The frame that frame_reader refused, or did not read to its end."""
    whole = sum(line.startswith(("ping", "pong")) or line[-2:] in (" .", " +")
                for line in lines)
    return frame_at(stream, whole)


# ---- wsproto -----------------------------------------------------------------

KINDS = {Opcode.TEXT: "text", Opcode.BINARY: "binary", Opcode.PING: "ping",
         Opcode.PONG: "pong"}


def read_with_wsproto(stream):
    """The events, and wsproto's error for a bad frame."""
    protocol = FrameProtocol(client=False, extensions=[])
    protocol.receive_bytes(stream)
    events, said = Events(), ""
    try:
        for frame in protocol.received_frames():
            payload = frame.payload
            if frame.opcode == Opcode.CLOSE:
                events.list.append(("close", int(payload[0]),
                                    payload[1].encode()))
            elif frame.opcode.iscontrol():
                events.list.append((KINDS[frame.opcode], bytes(payload)))
            else:
                if isinstance(payload, str):
                    payload = payload.encode()
                events.add_piece(KINDS[frame.opcode], bytes(payload),
                                 frame.message_finished)
    except ParseFailed as failure:
        events.list.append(("bad", int(failure.code)))
        said = str(failure)
    return events.finish(), said


def is_refused_when_whole(stream, lines, ours, theirs, said):
    """We refuse, wsproto waits; but wsproto refuses too, after the same
    events, once it has received the best possible header."""
    if ours[-1:] != [("bad", 1002)] or theirs != ours[:-1] or said:
        return False
    there, _, _ = frame_at_fault(stream, lines)
    if there == 1:  # masked, no payload, the mask
        stream += b"\x80mask"
    else:  # a valid length, a mask, some payload
        stream += b"\x7f" * 20
    return read_with_wsproto(stream)[0] == ours


def is_1014(_stream, _lines, ours, theirs, said):
    """If the reason is invalid UTF-8, both refuse it for different reasons;
    then frame_reader does not report an unfinished message."""
    if said != "CLOSE with unknown reserved code":
        return False
    if ours[-1][:2] == ("close", 1014):
        return theirs == ours[:-1] + [("bad", 1002)]
    before = [event for event in theirs[:-1] if event[-1] is not False]
    return ours == before + [("bad", 1007)]


# The differences, why ours is correct, and the exact conditions.
RULINGS_WSPROTO = [
    ("a bad frame is refused before its header is whole",
     "RFC 6455 section 7.1.7 lets an endpoint fail the connection as soon as "
     "it knows; wsproto waits for two bytes, the length or a payload",
     is_refused_when_whole),
    ("code 1014 is good",
     "RFC 6455 section 7.4.2: 1000 to 2999 are defined by extensions and "
     "registered (11.7); 1014 was, wsproto does not know it",
     is_1014),
]


def compare_with_wsproto(stream, lines, used):
    ours = events_of(lines)
    theirs, said = read_with_wsproto(stream)
    if ours == theirs:
        return
    for name, _, holds in RULINGS_WSPROTO:
        if holds(stream, lines, ours, theirs, said):
            used[name] += 1
            return
    pytest.fail(f"stream {stream.hex()}\nours   {ours}\n"
                f"theirs {theirs} {said}")


def show(name, seed, count, kinds, used):
    print(f"{name}: seed {seed}, {count} streams; last events {dict(kinds)}; "
          f"rulings {dict(used)}")


def test_wsproto_reads_the_same(driver, seed):
    maker, used, kinds = Maker(seed), Counter(), Counter()
    print(f"seed {seed}")
    for _ in range(WSPROTO_STREAMS // BATCH):
        streams = [maker.stream() for _ in range(BATCH)]
        steps = [maker.random.choice([0, 0, 1, 2, 3, 7, 64]) for _ in streams]
        for stream, lines in zip(streams,
                                 read_with_ours(driver, streams, steps)):
            compare_with_wsproto(stream, lines, used)
            kinds[lines[-1].split(" ")[0] if lines else "nothing"] += 1
    show("wsproto", seed, WSPROTO_STREAMS, kinds, used)
    unused = {name for name, _, _ in RULINGS_WSPROTO} - set(used)
    assert not unused, "rulings that no stream needs"


# ---- ws ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def ws():
    """Streams read by ws: the output lines of each."""
    if not shutil.which("node"):
        pytest.skip("no node to run ws with")
    lock_file = HERE / "package-lock.json"
    with open(lock_file) as lock:  # others may run the tests too
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = HERE / "node_modules" / ".package-lock.json"
        if (not done.exists() or
                done.stat().st_mtime < lock_file.stat().st_mtime):
            subprocess.run(["npm", "ci", "--ignore-scripts"], cwd=HERE,
                           check=True, stdout=subprocess.DEVNULL)

    def read(streams):
        data = b"".join(struct.pack("<I", len(stream)) + stream
                        for stream in streams)
        output = subprocess.run(
            ["node", "read_frames_ws.js"], cwd=HERE, input=data, check=True,
            stdout=subprocess.PIPE, timeout=60).stdout
        return split_answers(output, len(streams))

    return read


def events_of_ws(lines):
    events = []
    for line in lines:
        kind, *words = line.split(" ")
        if kind in ("text", "binary"):
            events.append((kind, bytes.fromhex(words[0]), True))
        elif kind == "close":
            events.append((kind, int(words[0]), bytes.fromhex(words[1])))
        elif kind == "bad":
            events.append((kind, int(words[0])))
        else:
            events.append((kind, bytes.fromhex(words[0])))
    return events


def is_one_byte(stream, lines, ours, theirs):
    return (lines[-1:] == ["bad 1002"] and theirs == ours[:-1]
            and frame_at_fault(stream, lines)[0] == 1)


def is_too_long_a_field(stream, lines, ours, theirs):
    if lines[-1:] != ["bad 1002"] or theirs[:len(ours) - 1] != ours[:-1]:
        return False
    _, form, length = frame_at_fault(stream, lines)
    return length is not None and length < {7: 0, 16: 126, 64: 65536}[form]


def is_top_bit(stream, lines, ours, theirs):
    if lines[-1:] != ["bad 1002"] or theirs != ours[:-1] + [("bad", 1009)]:
        return False
    _, form, length = frame_at_fault(stream, lines)
    return form == 64 and length is not None and length >= 1 << 63


def is_beyond_53_bits(stream, lines, ours, theirs):
    if theirs != ours + [("bad", 1009)]:
        return False
    _, form, length = frame_at_fault(stream, lines)
    return form == 64 and length is not None and 1 << 53 <= length < 1 << 63


RULINGS_WS = [
    ("a bad frame is refused at its first byte",
     "RFC 6455 section 7.1.7 lets an endpoint fail the connection as soon as "
     "it knows; ws waits for the second byte",
     is_one_byte),
    ("a length field that is longer than need be is bad",
     "RFC 6455 section 5.2: the minimal number of bytes MUST be used; ws "
     "takes any",
     is_too_long_a_field),
    ("a length with its top bit set is 1002",
     "RFC 6455 section 5.2: the most significant bit MUST be 0; ws says 1009, "
     "as it does of all that JavaScript's numbers cannot hold",
     is_top_bit),
    ("a length of more than 53 bits is good",
     "RFC 6455 section 5.2 has 63 bits; 10.4 leaves limits to the "
     "implementation, and ours come later",
     is_beyond_53_bits),
]


def compare_with_ws(stream, lines, told, used):
    ours = events_of(lines, late=True)
    theirs = events_of_ws(told)
    if ours == theirs:
        return
    for name, _, holds in RULINGS_WS:
        if holds(stream, lines, ours, theirs):
            used[name] += 1
            return
    pytest.fail(f"stream {stream.hex()}\nours   {ours}\ntheirs {theirs}")


def test_ws_reads_the_same(driver, ws, seed):
    maker, used, kinds = Maker(seed + 1), Counter(), Counter()
    print(f"seed {seed + 1}")
    for _ in range(WS_STREAMS // BATCH):
        streams = [maker.stream() for _ in range(BATCH)]
        answers = read_with_ours(driver, streams, [0] * BATCH)
        for stream, lines, told in zip(streams, answers, ws(streams)):
            compare_with_ws(stream, lines, told, used)
            kinds[lines[-1].split(" ")[0] if lines else "nothing"] += 1
    show("ws", seed + 1, WS_STREAMS, kinds, used)
    unused = {name for name, _, _ in RULINGS_WS} - set(used)
    assert not unused, "rulings that no stream needs"
