"""Load on several instances, and a check of its results.

Publishers number their messages; listeners record every message they receive.
When a connection ends, both reconnect to any instance, listeners with `since`.
At the end, `prove` compares the received with the acknowledged messages:

  none lost    every listener received every acknowledged message,
  none doubled no listener received a message twice,
  one order    all listeners received messages in the same order, offsets
               increase by one, and one connection's messages keep their order,
  gaps told    a listener misses messages only where a `gap`, or an answer with
               recovered:false, reported it.

A publish that was refused (unavailable, not_stored), or whose connection ended
before the answer, may or may not have arrived, but not twice.
"""

import asyncio
import collections
import dataclasses
import itertools
import json
import random
import threading
import time

import websockets

from support import patience

Heard = collections.namedtuple("Heard", "offset publisher connection number")
Told = collections.namedtuple("Told", "what time")

LOST = (OSError, websockets.WebSocketException, asyncio.TimeoutError)

REFUSED = ("unavailable", "not_stored")


async def open_socket(ports, client, first=None):
    """Connects to the first instance that accepts; retries until one does.
    `first` selects the instance to try first."""
    while True:
        candidates = list(ports())
        preferred = candidates[first % len(candidates)] \
            if first is not None and candidates else None
        random.shuffle(candidates)
        candidates.sort(key=lambda port: port != preferred)
        for port in candidates:
            try:
                return await websockets.connect(
                    f"ws://127.0.0.1:{port}/ws/{client}?channel=",
                    subprotocols=["broadcast"], max_size=None, max_queue=None,
                    ping_interval=None, close_timeout=1,
                    open_timeout=patience.seconds(5))
            except LOST:
                continue
        await asyncio.sleep(0.05)


@dataclasses.dataclass
class Publish:
    """One message and its result."""
    connection: int
    sent: float
    state: str = "open"  # acknowledged, refused, unknown
    offset: int = 0
    ended: float = 0.0

    def end(self, state, offset=0):
        self.state = state
        self.offset = offset
        self.ended = time.monotonic()


class Publisher:
    """Publishes in one channel at a fixed, bounded rate. The first connections
    use the instances in turn, so that each has publishers."""

    def __init__(self, load, number, name, channel, rate):
        self.load = load
        self.number = number
        self.name = name
        self.channel = channel
        self.rate = rate
        self.publishes = {}
        self.open = 0
        self.connections = itertools.count(1)
        self.numbers = itertools.count(1)

    async def run(self):
        while not self.load.is_over:
            connection = next(self.connections)
            socket = await open_socket(
                self.load.ports, self.name,
                first=self.number if connection == 1 else None)
            reader = asyncio.ensure_future(self.read(socket))
            try:
                await self.write(socket, connection)
                await self.settle(reader)
            except LOST:
                pass
            await socket.close()
            reader.cancel()
            self.give_up()

    async def write(self, socket, connection):
        due = time.monotonic()
        while not self.load.is_over:
            due = max(due + 1 / self.rate, time.monotonic() - 0.2)
            await asyncio.sleep(max(0, due - time.monotonic()))
            if self.open >= self.load.window:
                if socket.close_code is not None:
                    return
                continue
            await self.publish(socket, connection)

    async def publish(self, socket, connection):
        number = next(self.numbers)
        self.publishes[number] = Publish(connection, time.monotonic())
        self.open += 1
        await socket.send(json.dumps({
            "type": "broadcast", "channel": self.channel, "id": number,
            "payload": [self.name, connection, number]}))

    async def read(self, socket):
        try:
            async for text in socket:
                self.take(json.loads(text))
        except LOST:
            pass

    def take(self, answer):
        publish = self.publishes.get(answer.get("id"))
        if not publish:
            return
        self.open -= 1
        if answer["type"] == "broadcastResult":
            publish.end("acknowledged", answer["offset"])
        else:
            assert answer["code"] in REFUSED, answer
            publish.end("refused")

    async def settle(self, reader):
        """Waits for the last answers, which arrive if the connection lives."""
        end = time.monotonic() + patience.seconds(20)
        while self.open and not reader.done() and time.monotonic() < end:
            await asyncio.sleep(0.01)

    def give_up(self):
        """The connection ended: the results of open publishes are unknown."""
        for publish in self.publishes.values():
            if publish.state == "open":
                publish.end("unknown")
        self.open = 0

    def count(self, state):
        # a copy, because the publisher's thread appends
        publishes = list(self.publishes.values())
        return sum(each.state == state for each in publishes)


class Listener:
    """Subscribes to channels and records messages across all its connections.
    After a gap, its position may be of another epoch, so it subscribes again
    and takes the position from the answer."""

    def __init__(self, load, name, channels):
        self.load = load
        self.name = name
        self.heard = {channel: [] for channel in channels}
        self.since = {}
        self.joined = set()
        self.finished = set()
        self.socket = None
        self.awaited = set()  # channels subscribed again, not answered yet
        self.moves = 0

    async def run(self):
        while not self.load.is_closed:
            self.socket = await open_socket(self.load.ports, self.name)
            self.awaited.clear()
            try:
                for channel in self.heard:
                    await self.subscribe(channel)
                async for text in self.socket:
                    await self.take(json.loads(text))
            except LOST:
                pass
            self.moves += 1

    async def subscribe(self, channel):
        message = {"type": "subscribe", "channel": channel}
        if channel in self.since:
            message["since"] = self.since[channel]
        await self.socket.send(json.dumps(message))

    async def ask_anew(self, channel):
        self.awaited.add(channel)
        await self.socket.send(json.dumps({"type": "unsubscribe",
                                           "channel": channel}))
        await self.subscribe(channel)

    async def take(self, message):
        kind = message["type"]
        channel = message.get("channel")
        if kind == "subscribed":
            self.awaited.discard(channel)
            self.start(channel, message)
        elif channel in self.awaited and kind in ("broadcast", "gap"):
            return  # received before the answer
        elif kind == "broadcast":
            self.hear(channel, message)
        elif kind == "gap":
            self.tell(channel, "gap")
            await self.ask_anew(channel)
        elif kind == "error" and message["code"] == "unavailable":
            await asyncio.sleep(0.05)
            raise ConnectionError("subscribe again")
        elif kind == "error":
            self.load.surprises.append((self.name, message))

    def tell(self, channel, what):
        self.heard[channel].append(Told(what, time.monotonic()))

    def start(self, channel, message):
        if channel in self.since and not message.get("recovered"):
            self.tell(channel, "not recovered")
            assert not message.get("messages")
        self.since[channel] = {"epoch": message["epoch"], "offset": 0}
        if message.get("recovered"):
            for each in message["messages"]:
                self.hear(channel, each)
        elif channel not in self.joined:
            self.tell(channel, "joined")
        self.since[channel]["offset"] = message["offset"]
        self.joined.add(channel)

    def hear(self, channel, message):
        publisher, connection, number = message["payload"]
        if number == "end":
            self.finished.add((channel, connection))
        self.heard[channel].append(Heard(message["offset"], publisher,
                                         connection, number))
        self.since[channel]["offset"] = message["offset"]


class Load:
    """Publishers and listeners in a separate thread."""

    def __init__(self, cluster, channels=("room",), publishers=4, listeners=4,
                 rate=50, window=100):
        self.ports = cluster.ports
        self.window = window
        self.is_over = False
        self.is_closed = False
        self.surprises = []
        self.failure = None
        self.rounds = itertools.count(1)
        self.publishers = [
            Publisher(self, i, f"{channel}.p{i}", channel, rate)
            for channel in channels for i in range(publishers)]
        self.listeners = [Listener(self, f"listener{i}", channels)
                          for i in range(listeners)]
        self.channels = channels
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.publishing = None
        self.listening = None

    # --- the thread

    def run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def call(self, coroutine, timeout=60):
        return asyncio.run_coroutine_threadsafe(
            coroutine, self.loop).result(patience.seconds(timeout))

    def start(self):
        self.thread.start()
        self.call(self.start_here())

    async def start_here(self):
        self.listening = [asyncio.ensure_future(each.run())
                          for each in self.listeners]
        while any(each.joined != set(self.channels)
                  for each in self.listeners):
            await asyncio.sleep(0.01)
        self.publishing = [asyncio.ensure_future(each.run())
                           for each in self.publishers]

    def run_for(self, seconds):
        time.sleep(seconds)
        self.check_alive()

    def check_alive(self):
        for task in self.publishing + self.listening:
            if task.done() and not task.cancelled() and task.exception():
                raise task.exception()

    def wait_acknowledged(self, count, timeout=20):
        """Waits until `count` more publishes are acknowledged."""
        goal = self.count("acknowledged") + count
        patience.wait_until(lambda: self.count("acknowledged") >= goal,
                            timeout, what=f"{count} more acknowledgements")
        self.check_alive()

    def count(self, state):
        return sum(each.count(state) for each in self.publishers)

    def move_some(self, count=1):
        """Cuts the connections of some listeners without a close frame."""
        for listener in random.sample(self.listeners, count):
            self.loop.call_soon_threadsafe(self.drop, listener)

    @staticmethod
    def drop(listener):
        if listener.socket and listener.socket.transport:
            listener.socket.transport.abort()

    # --- the end

    def finish(self, timeout=40):
        """Stops publishing; waits until every listener has everything."""
        self.is_over = True
        self.call(self.finish_here(timeout), timeout + 20)
        self.check_alive()
        self.abandon()

    async def finish_here(self, timeout):
        await asyncio.wait(self.publishing, timeout=patience.seconds(timeout))
        end = time.monotonic() + patience.seconds(timeout)
        while time.monotonic() < end:
            wanted = {(channel, await self.send_end(channel))
                      for channel in self.channels}
            until = min(end, time.monotonic() + patience.seconds(5))
            while time.monotonic() < until:
                if all(wanted <= each.finished for each in self.listeners):
                    return
                await asyncio.sleep(0.01)
        raise AssertionError("the last message did not reach all: " +
                             str([(each.name, each.finished)
                                  for each in self.listeners]))

    async def send_end(self, channel):
        """Sends a last message; repeats it in case it is lost in a gap."""
        mark = next(self.rounds)
        while True:
            socket = await open_socket(self.ports, "end")
            await socket.send(json.dumps({
                "type": "broadcast", "channel": channel, "id": 1,
                "payload": ["end", mark, "end"]}))
            try:
                answer = await asyncio.wait_for(socket.recv(),
                                                patience.seconds(10))
            except LOST:
                answer = "{}"
            await socket.close()
            if json.loads(answer).get("type") == "broadcastResult":
                return mark

    def abandon(self):
        """Stops all connections and the thread."""
        if not self.thread.is_alive():
            return
        self.is_over = self.is_closed = True
        try:
            self.call(self.close_here())
        finally:
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join(5)

    async def close_here(self):
        tasks = (self.publishing or []) + (self.listening or [])
        for task in tasks:
            task.cancel()
        for listener in self.listeners:
            self.drop(listener)
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- the proof

    def prove(self, gaps=False, unanswered=False):
        """Raises if there are errors. `gaps`: reported losses are allowed;
        `unanswered`: publishers may lose their connections."""
        assert not self.surprises, self.surprises[:5]
        problems = []
        for channel in self.channels:
            problems += Proof(self, channel, gaps).problems()
        if not unanswered and self.count("unknown"):
            problems.append(f"{self.count('unknown')} publishes were never "
                            "answered")
        assert not problems, "\n" + "\n".join(problems[:20])

    def summary(self):
        told = collections.Counter(
            item.what for each in self.listeners
            for log in each.heard.values() for item in log
            if isinstance(item, Told))
        return {**{state: self.count(state) for state in (
            "acknowledged", "refused", "unknown")}, **told,
            "moves": sum(each.moves for each in self.listeners)}


class Proof:
    """Finds the errors of one channel."""

    def __init__(self, load, channel, gaps):
        self.load = load
        self.channel = channel
        self.gaps = gaps
        self.logs = {each.name: each.heard[channel]
                     for each in load.listeners}
        self.publishes = {
            (publisher.name, number): publish
            for publisher in load.publishers if publisher.channel == channel
            for number, publish in publisher.publishes.items()}

    def problems(self):
        found = []
        for name, log in self.logs.items():
            where = f"{self.channel}, {name}: "
            for check in (self.doubled, self.jumps, self.disorder,
                          self.strange, self.lost):
                found += [where + text for text in itertools.islice(
                    check(log), 5)]
        return found + list(itertools.islice(self.contradictions(), 5))

    @staticmethod
    def messages(log):
        return [item for item in log if isinstance(item, Heard)]

    def doubled(self, log):
        counts = collections.Counter(
            item[1:] for item in self.messages(log))
        return (f"{what} was heard {count} times"
                for what, count in counts.items() if count > 1)

    def jumps(self, log):
        """Offsets increase by one unless a gap was reported."""
        last = None
        for item in log:
            if isinstance(item, Told):
                if item.what != "joined" and not self.gaps:
                    yield f"unexpected: {item.what}"
                last = None
                continue
            if last is not None and item.offset != last + 1:
                yield f"offset {item.offset} came after {last}"
            last = item.offset

    def disorder(self, log):
        """The messages of one connection keep their order; a publish reported
        as failed may arrive late."""
        last = collections.defaultdict(int)
        for item in self.messages(log):
            publish = self.publishes.get((item.publisher, item.number))
            if not publish or publish.state != "acknowledged":
                continue
            source = (item.publisher, item.connection)
            if item.number <= last[source]:
                yield f"{item} came after {last[source]}"
            last[source] = item.number

    def strange(self, log):
        for item in self.messages(log):
            if item.number == "end":
                continue
            publish = self.publishes.get((item.publisher, item.number))
            if not publish:
                yield f"{item} was never published"
            elif publish.state == "acknowledged" and \
                    publish.offset != item.offset:
                yield f"{item} was acknowledged as {publish.offset}"

    def lost(self, log):
        """Every acknowledged message was received. A message before the last
        gap may be missing, but only if the gap followed its sending."""
        heard = {(item.publisher, item.number) for item in self.messages(log)}
        gaps = [item.time for item in log
                if isinstance(item, Told) and item.what != "joined"]
        last_gap = max(gaps, default=0)
        for key, publish in self.publishes.items():
            if publish.state == "acknowledged" and key not in heard and \
                    publish.sent > last_gap:
                yield f"{key} was lost, offset {publish.offset}"

    def contradictions(self):
        """Pairs of listeners that received two messages in different order."""
        orders = [[item[1:] for item in self.messages(log)]
                  for log in self.logs.values()]
        for one, other in itertools.combinations(orders, 2):
            places = {what: place for place, what in enumerate(one)}
            common = [places[what] for what in other if what in places]
            if common != sorted(common):
                yield f"{self.channel}: two listeners disagree on the order"
