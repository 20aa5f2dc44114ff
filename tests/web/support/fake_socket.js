/**
 * A WebSocket for which the test plays the server: it sees what was sent and
 * determines what is received. `fakeSockets()` makes a class with a separate
 * list of sockets, so that tests are isolated from each other.
 */
export function fakeSockets() {
  return class FakeSocket {
    static all = [];

    static get last() {
      return this.all.at(-1);
    }

    readyState = 0;
    sent = [];

    constructor(url, protocols) {
      this.url = url;
      this.protocols = protocols;
      FakeSocket.all.push(this);
    }

    send(text) {
      if (this.readyState !== 1) throw new Error('InvalidStateError');
      this.sent.push(JSON.parse(text));
    }

    close(code) {
      this.readyState = 2;
      this.closedWith = code;
    }

    // Actions of the server. --------------------------------------------------

    open() {
      this.readyState = 1;
      this.onopen({});
    }

    /** The first message of a server that announces its limits. */
    greet(limits = {}) {
      this.say({
        type: 'hello',
        protocol_version: 1,
        connection: '0-100000000',
        limits: {
          message_bytes: 65536, messages_per_second: 100, burst: 100, opening_burst: 384, channels: 128, ...limits,
        },
        ping_seconds: 25,
      });
    }

    say(frame) {
      this.onmessage({ data: JSON.stringify(frame) });
    }

    drop(code = 1006, reason = '') {
      this.readyState = 3;
      this.onclose({ code, reason });
    }

    /** An error without a close event, like a failed dial in Node 22. */
    fail() {
      this.onerror({});
    }

    /** The last frame of this type sent by the client. */
    asked(type) {
      return this.sent.findLast((frame) => frame.type === type);
    }

    answerSubscribe(answer) {
      const { id, channel } = this.asked('subscribe');
      this.say({ type: 'subscribed', channel, id, messages: [], ...answer });
    }
  };
}
