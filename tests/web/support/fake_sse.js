/**
 * Connects peal-fallback.js to FakeService in one process: a peer is the
 * equivalent of FakeSocket for streams and requests.
 */

const STATUS = { 4401: 401, 4403: 403, 4529: 429, 1013: 503 };
const ANSWERS = new Set(['broadcastResult', 'directResult', 'history', 'presence', 'echo', 'pong']);

/** @param service a FakeService @returns a list of peers, like that of fakeSockets() */
export function fakePeers(service) {
  const peers = { all: [], get last() {
    return this.all.at(-1);
  } };
  globalThis.fetch = (address, how) => {
    const url = new URL(address);
    const isNew = url.searchParams.has('hello');
    if (isNew) peers.all.push(new Peer(service));
    return url.pathname.startsWith('/sse/') ? peers.last.stream(url.searchParams, how) : peers.last.post(how);
  };
  return peers;
}

class Peer {
  isOrdered = true; // an answer is never overtaken
  readyState = 0;
  sent = []; // frames of requests
  #service;
  #stream;
  #requests = []; // {count, answers, resolve}

  constructor(service) {
    this.#service = service;
  }

  stream(fields, { signal }) {
    const stream = { fields, signal };
    this.#stream = stream;
    this.readyState = 0;
    stream.body = new ReadableStream({ start: (controller) => (stream.controller = controller) });
    return new Promise((resolve, reject) => {
      Object.assign(stream, { resolve, reject });
      signal.addEventListener('abort', () => {
        reject(signal.reason);
        stream.controller.error(signal.reason);
        if (stream === this.#stream) this.readyState = 2;
      });
    });
  }

  post({ body, signal }) {
    const frames = JSON.parse(body);
    this.sent.push(...frames);
    return new Promise((resolve, reject) => {
      this.#requests.push({ left: frames.length, answers: [], resolve });
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  }

  // Actions of the server. ----------------------------------------------------

  open() {
    const { fields, resolve, body } = this.#stream;
    this.readyState = 1;
    resolve(new Response(body));
    if (fields.has('hello')) this.#greet();
    const last = new Map((fields.get('last_event_id') ?? '').split('~').filter(Boolean).map((text) => {
      const [, channel, epoch, offset] = /^(.*)\*(.*)\.(\d+)$/.exec(text);
      return [channel, { epoch, offset: Number(offset) }];
    }));
    const channels = fields.getAll('channel').filter(Boolean);
    this.#service.rejoin(this, channels.map((channel) => ({ channel, since: last.get(channel) })));
  }

  greet() {} // done by open()

  #greet() {
    const limits = { message_bytes: 65536, messages_per_second: 100, burst: 100, opening_burst: 384, channels: 128 };
    this.say({ type: 'hello', protocol_version: 1, connection: '0-1', limits, ping_seconds: 25 });
  }

  say(frame) {
    if (ANSWERS.has(frame.type) || (frame.type === 'error' && frame.id < 999_999)) this.#answer(frame);
    else if (frame.type === 'subscribed') {
      this.onmessage({ data: JSON.stringify({ ...frame, messages: [] }) });
      for (const message of frame.messages) this.say(message);
    } else this.onmessage({ data: JSON.stringify(frame) });
  }

  #answer(frame) {
    const request = this.#requests[0];
    request.answers.push(frame);
    request.left -= 1;
    if (!request.left) this.#requests.shift().resolve(new Response(JSON.stringify(request.answers)));
  }

  /** Sends any data as an event. */
  onmessage({ data }) {
    if (this.readyState === 1) this.#stream.controller.enqueue(new TextEncoder().encode(`data: ${data}\n\n`));
  }

  drop(code) {
    const { resolve, reject, controller } = this.#stream;
    if (this.readyState === 0) {
      if (STATUS[code]) resolve(new Response('{"error":"no"}', { status: STATUS[code] }));
      else reject(new TypeError('fetch failed'));
    } else if (this.readyState === 1) {
      if (code !== 1006) this.say({ type: 'close', code, reason: '' });
      controller.close();
    }
    this.readyState = 3;
  }

  fail() {
    this.drop(1006);
  }
}
