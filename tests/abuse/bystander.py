"""Two good clients in a channel of their own: one publishes now and then, the
other measures how long it takes. In threads, beside an attack."""

import threading
import time

from support.patience import seconds, wait_until

# what the others may have to wait: generous, as machines differ
MEDIAN_SECONDS = 0.1
WORST_SECONDS = 2
LEAST = 5  # messages, however short the attack


class Bystander:
    def __init__(self, server, token=None):
        self.sender = server.join("bystander-a", "quiet", token=token)
        self.reader = server.join("bystander-b", "quiet", token=token)
        self.delays = []
        self.error = None
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        number = 0
        try:
            while not self.is_over.is_set():
                number += 1
                before = time.monotonic()
                self.sender.send({"type": "broadcast", "channel": "quiet",
                                  "payload": number})
                got = self.reader.receive_type("broadcast")
                assert got["payload"] == number, "a message is missing"
                self.delays.append(time.monotonic() - before)
                self.sender.receive_type("broadcast")
                self.sender.receive_type("broadcastResult")
                time.sleep(0.02)
        except BaseException as error:  # told by end(), in the main thread
            self.error = error

    def end(self):
        wait_until(lambda: len(self.delays) >= LEAST or self.error, 30,
                   what="the bystander's messages")
        self.is_over.set()
        self.thread.join(seconds(30))
        if self.error:
            raise AssertionError("the bystander was hurt") from self.error
        delays = sorted(self.delays)
        median, worst = delays[len(delays) // 2], delays[-1]
        assert median < seconds(MEDIAN_SECONDS), f"median {median:.3f} s"
        assert worst < seconds(WORST_SECONDS), f"worst {worst:.3f} s"
