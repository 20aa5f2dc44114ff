"""Pusher clients and backends on several instances, and a check of what each
client received.

Some users stay; the others join and leave a presence channel and move between
instances. Backends publish over HTTP, every second time with the `socket_id`
of a client. At the end, `prove` checks:

  right lists   the members known to each client (list plus events), and those
                each instance reports to backends, are the actual members,
  news once     no present member is added and no absent one removed; a user
                that stays is never removed,
  none lost     a client that stayed received each acknowledged event once,
                unless a gap was reported or the event excluded it,
  one order     all clients received events in the same order,
  no storm      no close code makes a client reconnect at once.
"""

import asyncio
import collections
import contextlib
import itertools
import json
import random
import threading
import time

import websockets

from support import patience
from support.pusher import APP, sign
from support.raw import Ended

from test_pusher_api import ask, told

LOST = (OSError, websockets.WebSocketException, asyncio.TimeoutError)
NEWS = "news"
ROOM = "presence-room"
INTERNAL = "pusher_internal:"


class Life:
    """One connection of a client and what it received."""

    def __init__(self, port, socket):
        self.port = port
        self.socket = socket
        self.socket_id = None
        self.joined = {}  # channel -> time
        self.members = None  # of the room; None: not joined
        self.heard = []  # (channel, number)
        self.gaps = collections.defaultdict(float)  # channel -> last gap
        self.direct = []
        self.has_left = False  # has left the room before
        self.is_over = False


class Client:
    """A client of a user; it reconnects when its connection ends."""

    def __init__(self, load, user, place):
        self.load = load
        self.user = user
        self.place = place  # the instance to try first
        self.lives = []
        self.wants_room = True
        self.is_gone = False  # stopped, does not reconnect

    @property
    def life(self):
        life = self.lives[-1] if self.lives else None
        return life if life and not life.is_over else None

    def is_in(self):
        return self.life and ROOM in self.life.joined

    async def run(self):
        while not self.load.is_closed and not self.is_gone:
            life = await self.open()
            with contextlib.suppress(*LOST):
                async for text in life.socket:
                    await self.take(life, json.loads(text))
            life.is_over = True

    async def open(self):
        while True:
            ports = list(self.load.ports())
            turn = self.place % len(ports)
            for port in ports[turn:] + ports[:turn]:
                with contextlib.suppress(*LOST):
                    socket = await websockets.connect(
                        f"ws://127.0.0.1:{port}/app/{APP['key']}?protocol=7",
                        max_queue=None, ping_interval=None, close_timeout=1,
                        open_timeout=patience.seconds(5))
                    self.lives.append(Life(port, socket))
                    return self.lives[-1]
            await asyncio.sleep(0.05)

    @staticmethod
    async def send(life, event, data):
        with contextlib.suppress(*LOST):
            await life.socket.send(json.dumps({"event": event, "data": data}))

    async def subscribe(self, life, channel):
        data = {"channel": channel}
        if channel == ROOM:
            data["channel_data"] = json.dumps({"user_id": self.user})
            signed = sign(f"{life.socket_id}:{ROOM}:{data['channel_data']}")
            data["auth"] = f"{APP['key']}:{signed}"
        await self.send(life, "pusher:subscribe", data)

    async def begin(self, life, established):
        life.socket_id = established["socket_id"]
        user = json.dumps({"id": self.user})
        signed = sign(f"{life.socket_id}::user::{user}")
        await self.send(life, "pusher:signin", {
            "auth": f"{APP['key']}:{signed}", "user_data": user})
        await self.subscribe(life, f"#server-to-user-{self.user}")
        await self.subscribe(life, NEWS)
        if self.wants_room:
            await self.subscribe(life, ROOM)

    async def take(self, life, message):
        event, channel = message["event"], message.get("channel")
        data = message.get("data")
        if isinstance(data, str):
            data = json.loads(data)
        if event == "pusher:connection_established":
            await self.begin(life, data)
        elif event == INTERNAL + "subscription_succeeded":
            self.start(life, channel, data)
        elif event in (INTERNAL + "member_added", INTERNAL + "member_removed"):
            self.note_change(life, event, str(data["user_id"]))
        elif event == INTERNAL + "gap":
            life.gaps[channel] = time.monotonic()
            self.load.gap_count += 1
        elif event == "said" and channel in (NEWS, ROOM):
            life.heard.append((channel, data["number"]))
        elif event == "said":
            life.direct.append(data["number"])
        elif event == "pusher:subscription_error" and data["status"] == 503:
            await asyncio.sleep(0.1)
            await self.subscribe(life, channel)
        elif event != "pusher:signin_success":
            self.complain(f"got {message}")

    def complain(self, text):
        self.load.problems.append(f"{self.user}: {text}")

    def start(self, life, channel, data):
        life.joined[channel] = time.monotonic()
        if channel == ROOM:
            ids = [str(each) for each in data["presence"]["ids"]]
            life.members = set(ids)
            if len(ids) != len(life.members) or self.user not in ids or \
                    data["presence"]["count"] != len(ids):
                self.complain(f"received the list {data}")

    def note_change(self, life, event, user):
        is_added = event.endswith("added")
        if life.members is None:
            if not life.has_left:
                self.complain(f"{event} {user} before the list")
        elif is_added == (user in life.members):
            self.complain(f"{event} {user}, with {sorted(life.members)}")
        elif is_added:
            life.members.add(user)
        else:
            life.members.discard(user)
            if user in self.load.staying:
                self.complain(f"{user} stayed and was removed")

    # ---- actions of users that do not stay

    def is_settled(self):
        return self.life and NEWS in self.life.joined and \
            (ROOM in self.life.joined) == self.wants_room

    async def switch(self):
        """Joins or leaves the room."""
        if not self.is_settled():
            return
        self.wants_room = not self.wants_room
        if self.wants_room:
            await self.subscribe(self.life, ROOM)
            return
        self.life.joined.pop(ROOM)
        self.life.members = None
        self.life.has_left = True
        await self.send(self.life, "pusher:unsubscribe", {"channel": ROOM})

    async def move(self):
        self.place += 1
        if self.life:
            await self.life.socket.close()

    async def vanish(self):
        self.place += 1
        if self.life and self.life.socket.transport:
            self.life.socket.transport.abort()


class Publish:
    """One event and its result."""

    def __init__(self, channel, excluded):
        self.channel = channel
        self.excluded = excluded
        self.sent = time.monotonic()
        self.is_acknowledged = False


class PusherLoad:
    """Three users that stay, one with two connections, and two other users
    with three connections."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.clients = [Client(self, user, place) for user, place in (
            ("both", 0), ("both", 1), ("one", 0), ("two", 1),
            ("m1", 0), ("m1", 1), ("m2", 1))]
        self.movers = self.clients[4:]
        self.staying = set()
        self.problems = []
        self.gap_count = 0
        self.publishes = {}
        self.numbers = itertools.count(1)
        self.is_over = False  # no more moves and publishes
        self.is_closed = False
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.publisher = threading.Thread(target=self.publish_on, daemon=True)
        self.tasks = []

    def ports(self):
        return self.cluster.ports()

    def run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def spawn(self, coroutine):
        self.tasks.append(asyncio.ensure_future(coroutine))

    def start(self):
        self.thread.start()
        for each in self.clients:
            self.loop.call_soon_threadsafe(self.spawn_later, each.run)
        patience.wait_until(
            lambda: all(each.is_in() for each in self.clients), 10,
            what="all clients to join the room")
        self.staying = {"both", "one", "two"}
        self.loop.call_soon_threadsafe(self.spawn_later, self.move_on)
        self.publisher.start()

    def spawn_later(self, function):
        self.spawn(function())

    async def move_on(self):
        while not self.is_over:
            mover = random.choice(self.movers)
            await random.choice((mover.switch, mover.switch, mover.move,
                                 mover.vanish))()
            await asyncio.sleep(random.uniform(0.01, 0.1))

    # ---- the backend

    def publish_on(self):
        while not self.is_over:
            self.publish(random.choice((NEWS, ROOM)),
                         random.choice(self.clients).life)
            time.sleep(0.02)

    def publish(self, channel, life=None):
        """Excludes the connection of `life` for odd numbers."""
        number = next(self.numbers)
        excluded = life.socket_id if life and number % 2 else None
        made = self.publishes[number] = Publish(channel, excluded)
        body = {"name": "said", "channel": channel,
                "data": json.dumps({"number": number})}
        if excluded:
            body["socket_id"] = excluded
        with contextlib.suppress(OSError, Ended, AssertionError,
                                 IndexError):
            response = ask(random.choice(self.cluster.instances), "events",
                           body)
            made.is_acknowledged = response.status == 200
            if response.status not in (200, 503):
                self.problems.append(f"published: {response}")
        return number

    def acknowledged(self):
        return sum(each.is_acknowledged
                   for each in list(self.publishes.values()))

    def wait_acknowledged(self, count, timeout=20):
        goal = self.acknowledged() + count
        patience.wait_until(lambda: self.acknowledged() >= goal, timeout,
                            what=f"{count} more acknowledgements")

    # ---- the end

    def open_lives(self):
        return [each.life for each in self.clients if each.life]

    def publish_last(self, channel):
        """Publishes an event for all; earlier events arrive before it."""
        def all_have():
            number = self.publish(channel)
            end = time.monotonic() + patience.seconds(2)
            while time.monotonic() < end:
                if all(channel not in life.joined or
                       (channel, number) in life.heard
                       for life in self.open_lives()):
                    return self.publishes[number].is_acknowledged
                time.sleep(0.01)
            return False

        patience.wait_until(all_have, 20, what=f"the last event of {channel}")

    def finish(self):
        self.is_over = True
        self.publisher.join(patience.seconds(30))
        patience.wait_until(
            lambda: all(each.is_settled() for each in self.clients
                        if not each.is_gone), 20,
            what="all clients to reconnect")
        for channel in (NEWS, ROOM):
            self.publish_last(channel)
        self.wait_lists()

    def there(self):
        return {each.user for each in self.clients if each.is_in()}

    def wait_lists(self):
        users = self.there()
        seen = {}

        def are_right():
            seen.clear()
            seen.update({f"{each.user} on {each.life.port}": each.life.members
                         for each in self.clients if each.is_in()})
            return all(each == users for each in seen.values())

        try:
            patience.wait_until(are_right, 10)
        except AssertionError:
            self.problems.append(f"{users} are there, and not {seen}")

    def codes_of_staying(self, port):
        """The close codes that staying users received from an instance."""
        return {life.socket.close_code for each in self.clients[:4]
                for life in each.lives if life.is_over and life.port == port}

    def tell_users(self):
        """Events for a user, and terminating its connections, reach all of
        its connections."""
        first, second = self.clients[:2]
        for each in self.cluster.instances:
            number = next(self.numbers)
            response = ask(each, "events", {
                "name": "said", "channel": "#server-to-user-both",
                "data": json.dumps({"number": number})})
            assert response.status == 200, response
            patience.wait_until(
                lambda: all(number in client.life.direct
                            for client in (first, second)),
                what="an event for the user")
        before = [first.life, second.life]
        others = [each.life for each in self.clients[2:]]
        instance = random.choice(self.cluster.instances)
        response = ask(instance, "users/both/terminate_connections", {})
        assert response.status == 200, response
        patience.wait_until(
            lambda: all(life.is_over for life in before) and
            first.is_in() and second.is_in(), 10,
            what="the user to be closed and to reconnect")
        assert {life.socket.close_code for life in before} == {4009}
        assert others == [each.life for each in self.clients[2:]]

    def abandon(self):
        self.is_over = self.is_closed = True
        if not self.thread.is_alive():
            return
        asyncio.run_coroutine_threadsafe(self.close(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)

    async def close(self):
        for task in self.tasks:
            task.cancel()
        for life in self.open_lives():
            if life.socket.transport:
                life.socket.transport.abort()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    # ---- the proof

    def prove(self, gaps=False, moves=False):
        """`gaps`: Redis may have lost data; `moves`: users that stay may have
        lost their connections."""
        found = list(self.problems)
        if self.gap_count and not gaps:
            found.append(f"{self.gap_count} gaps")
        if not moves:
            found += [f"{each.user} lost its connection"
                      for each in self.clients[:4] if len(each.lives) > 1]
        lives = [life for each in self.clients for life in each.lives]
        found += [f"closed with {life.socket.close_code}" for life in lives
                  if 4200 <= (life.socket.close_code or 0) < 4300]
        for life in lives:
            found += self.doubled(life)
        for life in self.open_lives():
            found += self.lost(life)
        found += self.contradictions(lives)
        found += self.wrong_answers()
        found += [repr(task.exception()) for task in self.tasks if
                  task.done() and not task.cancelled() and task.exception()]
        assert not found, "\n" + "\n".join(found[:20])
        return f"{self.acknowledged()} events, {len(lives)} connections, " \
            f"{self.gap_count} gaps"

    def doubled(self, life):
        for (channel, number), count in \
                collections.Counter(life.heard).items():
            if count > 1:
                yield f"{number} of {channel} was heard {count} times"
            if self.publishes[number].excluded == life.socket_id:
                yield f"{number} was received by the sender it excludes"

    def lost(self, life):
        heard = set(life.heard)
        for number, made in self.publishes.items():
            since = max(life.joined.get(made.channel, float("inf")),
                        life.gaps[made.channel])
            if made.is_acknowledged and made.sent > since and \
                    made.excluded != life.socket_id and \
                    (made.channel, number) not in heard:
                yield f"{number} of {made.channel} was lost"

    @staticmethod
    def contradictions(lives):
        for channel in (NEWS, ROOM):
            orders = [[number for name, number in life.heard if
                       name == channel] for life in lives]
            for one, other in itertools.combinations(orders, 2):
                places = {number: place for place, number in enumerate(one)}
                common = [places[each] for each in other if each in places]
                if common != sorted(common):
                    yield f"two clients disagree on the order of {channel}"

    def wrong_answers(self):
        """Wrong responses of the instances to backends."""
        users = self.there()
        count = sum(bool(each.is_in()) for each in self.clients)
        for each in self.cluster.instances:
            answer = told(each, f"channels/{ROOM}/users")["users"]
            if sorted(user["id"] for user in answer) != sorted(users):
                yield f"an instance lists {answer}, not {users}"
            answer = told(each, f"channels/{ROOM}",
                          info="user_count,subscription_count")
            if answer != {"occupied": True, "user_count": len(users),
                          "subscription_count": count}:
                yield f"an instance says {answer}, not {len(users)} users " \
                    f"in {count}"
