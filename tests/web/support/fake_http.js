/**
 * A fake server for peal-fallback.js: the test sees the streams and requests
 * made by fetch() and determines the responses.
 */

const HELLO = {
  type: 'hello', protocol_version: 1, connection: '0-1', ping_seconds: 25,
  limits: { message_bytes: 1000, messages_per_second: 100, burst: 4, opening_burst: 384, channels: 128 },
};

const realFetch = globalThis.fetch;

export class FakeHttp {
  streams = [];
  posts = [];
  isDown = false; // every request fails

  /** Replaces fetch() for the test `t`. */
  constructor(t) {
    globalThis.fetch = (address, how) => this.#fetch(new URL(address), how);
    t.after(() => (globalThis.fetch = realFetch));
  }

  get stream() {
    return this.streams.at(-1);
  }

  get post() {
    return this.posts.at(-1);
  }

  #fetch(url, { headers, body, signal }) {
    if (this.isDown) return Promise.reject(new TypeError('fetch failed'));
    return new Promise((resolve, reject) => {
      const refuse = (status, answer) => resolve(new Response(JSON.stringify(answer), { status }));
      const fail = () => reject(new TypeError('fetch failed'));
      signal.addEventListener('abort', () => reject(signal.reason));
      const exchange = { url, headers, signal, refuse, fail };
      if (body) {
        this.posts.push(Object.assign(exchange, { frames: JSON.parse(body), answer: (...frames) => refuse(200, frames) }));
      } else this.streams.push(Object.assign(exchange, stream(resolve, signal)));
    });
  }
}

/** Methods for the test to control a stream. */
function stream(resolve, signal) {
  let controller;
  const body = new ReadableStream({ start: (given) => (controller = given) });
  signal.addEventListener('abort', () => controller.error(signal.reason));
  const write = (text) => signal.aborted || controller.enqueue(typeof text === 'string' ? new TextEncoder().encode(text) : text);
  return {
    write,
    open: () => resolve(new Response(body, { headers: { 'Content-Type': 'text/event-stream' } })),
    say: (frame) => write(`event: ${frame.type}\ndata: ${JSON.stringify(frame)}\n\n`),
    greet: (limits) => write(`retry: 2000\n\nevent: hello\ndata: ${JSON.stringify({ ...HELLO, limits: { ...HELLO.limits, ...limits } })}\n\n`),
    end: () => signal.aborted || controller.close(),
  };
}
