/**
 * A connection of peal.js without a WebSocket, for networks that allow only
 * plain HTTP. It receives over Server-Sent Events (GET /sse) and sends requests
 * (POST /client). It has the interface of a WebSocket with `broadcast`; peal.js
 * loads it on demand.
 *
 * The channels of a stream are fixed. To change them, the client opens a new
 * stream that resumes from the same positions, so no message is lost.
 */

const GATHER = 20; // ms: channel changes within this time share one new stream
const STREAM_SPARE = 10_000; // ms: added to the silence allowed for two pings

/** HTTP status -> close code; other statuses count as a lost connection. */
const CODES = { 400: 4400, 401: 4401, 403: 4403, 404: 4400, 429: 4529, 503: 1013 };

const NOT_POSTED = new Set(['subscribe', 'unsubscribe', 'refresh']);

export class HttpSocket {
  readyState = 0;
  #address;
  #token;
  #ticket;
  #clock;
  #stream; // its AbortController
  #posts = new AbortController(); // aborts requests
  #limits; // from the server's hello
  #silence = 60_000; // ms of silence after which the stream counts as lost
  #timers = {}; // open, silence
  #wanted = new Map(); // channel -> {epoch, offset}, or null: new messages only
  #asked = new Map(); // channel -> id of its unanswered subscribe
  #lost = new Map(); // channel -> the `subscribed` frame of a failed recovery
  #changed = new Set(); // channels that need a new stream; '': the token changed
  #waiting = []; // requests as text
  #isPosting = false;

  /**
   * @param {(path: string, fields: string[]) => string} options.address makes
   *   the URL of a path
   * @param {string | null} options.token
   * @param {(() => Promise<string>) | null} options.ticket gets a ticket for
   *   each request
   * @param {object} options.clock see CLOCK in peal.js
   */
  constructor({ address, token, ticket, clock }) {
    this.#address = address;
    this.#token = token;
    this.#ticket = ticket;
    this.#clock = clock;
    this.#open(['channel=', 'hello=1']);
  }

  /** @param {string} text a frame from peal.js */
  send(text) {
    const frame = JSON.parse(text);
    if (!NOT_POSTED.has(frame.type)) {
      this.#waiting.push(text);
      this.#post();
    } else if (frame.type === 'subscribe') {
      for (const entry of frame.channels ?? [frame]) this.#subscribe(entry, frame.id);
    } else if (frame.type === 'unsubscribe') {
      this.#wanted.delete(frame.channel);
      this.#asked.delete(frame.channel);
      this.#openSoon(frame.channel);
      this.#answer({ type: 'unsubscribed', channel: frame.channel, id: frame.id });
    } else {
      this.#token = frame.token; // the next stream shows whether it is valid
      this.#openSoon('');
      this.#answer({ type: 'refreshed', id: frame.id });
    }
  }

  close() {
    this.readyState = 3;
    for (const timer of Object.values(this.#timers)) this.#clock.clearTimeout(timer);
    this.#stream?.abort();
    this.#stream = null; // later frames of it are ignored
    this.#posts.abort();
  }

  #end(code, reason = '') {
    if (this.readyState === 3) return;
    this.close();
    this.onclose({ code, reason });
  }

  #say(frame) {
    if (this.readyState === 1) this.onmessage({ data: JSON.stringify(frame) });
  }

  /** Asynchronous, like a response from the network. */
  #answer(frame) {
    Promise.resolve().then(() => this.#say(frame));
  }

  #after(name, delay, run) {
    this.#clock.clearTimeout(this.#timers[name]);
    this.#timers[name] = this.#clock.setTimeout(run, delay);
  }

  // The stream. ---------------------------------------------------------------

  #subscribe({ channel, since }, id) {
    const lost = this.#lost.get(channel);
    if (lost) {
      this.#lost.delete(channel);
      this.#changed.delete(channel);
      this.#wanted.set(channel, positionIn(lost));
      this.#answer({ ...lost, id });
      return;
    }
    this.#wanted.set(channel, since ?? null);
    this.#asked.set(channel, id);
    this.#openSoon(channel);
  }

  #openSoon(changed) {
    this.#changed.add(changed);
    this.#after('open', GATHER, () => {
      if (!this.#changed.size) return;
      const known = [...this.#wanted].filter(([, position]) => position);
      const last = known.map(([channel, { epoch, offset }]) => `${channel}*${epoch}.${offset}`).join('~');
      const fields = [...this.#wanted.keys()].map((channel) => `channel=${encodeURIComponent(channel)}`);
      if (last) fields.push(`last_event_id=${encodeURIComponent(last)}`);
      this.#open(fields.length ? fields : ['channel=']);
    });
  }

  async #open(fields) {
    this.#stream?.abort();
    const stream = new AbortController();
    this.#stream = stream;
    this.#lost.clear();
    this.#changed.clear();
    try {
      const response = await this.#fetch('sse', fields, {}, stream.signal);
      if (stream !== this.#stream) return;
      if (response.ok) await this.#read(response.body.getReader(), stream);
      else await this.#refused(response);
    } catch {
      // below
    }
    if (stream === this.#stream) this.#end(1006, 'the stream ended');
  }

  async #read(reader, stream) {
    const decoder = new TextDecoder();
    let text = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done || stream !== this.#stream) return;
      this.#after('silence', this.#silence, () => this.#end(1006, 'the stream is silent'));
      text += decoder.decode(value, { stream: true });
      const events = text.split('\n\n');
      text = events.pop();
      for (const event of events) {
        const data = /^data: ?(.*)$/m.exec(event)?.[1];
        if (data) this.#heard(JSON.parse(data));
        else this.#say({ type: 'alive' }); // a comment
        if (stream !== this.#stream) return;
      }
    }
  }

  #heard(frame) {
    const { type, channel } = frame;
    if (type === 'hello') this.#greeted(frame);
    else if (type === 'close') this.#end(frame.code, frame.reason);
    else if (channel !== undefined && !this.#has(channel)) return;
    else if (type === 'subscribed') this.#subscribed(frame);
    else this.#passOn(frame);
  }

  /**
   * Whether this stream has the channel as requested; otherwise the next stream
   * reports it.
   */
  #has(channel) {
    return this.#wanted.has(channel) && !this.#changed.has(channel);
  }

  #greeted(frame) {
    frame.limits.message_bytes -= 2; // leaves room for the brackets of a list
    this.#limits = frame.limits;
    this.#silence = 2_000 * frame.ping_seconds + STREAM_SPARE;
    this.readyState = 1;
    this.onopen({});
    this.#say(frame);
  }

  /** A new stream reports all its channels, including earlier ones. */
  #subscribed(frame) {
    const { channel, recovered } = frame;
    const id = this.#asked.get(channel);
    this.#asked.delete(channel);
    if (!recovered || !this.#wanted.get(channel)) this.#wanted.set(channel, positionIn(frame));
    if (id !== undefined) {
      this.#say({ ...frame, id });
    } else if (recovered) {
      this.#say({ type: 'resumed', channel });
    } else {
      this.#lost.set(channel, frame);
      this.#say({ type: 'gap', channel }); // makes peal.js subscribe again
    }
  }

  #passOn(frame) {
    const { type, channel, offset } = frame;
    const position = this.#wanted.get(channel);
    const id = this.#asked.get(channel);
    if (type === 'broadcast' && position) position.offset = Math.max(position.offset, offset);
    if (type === 'unsubscribed' || type === 'error') this.#wanted.delete(channel);
    if (type === 'error') this.#asked.delete(channel);
    this.#say(type === 'error' && id !== undefined ? { ...frame, id } : frame);
  }

  // Requests. -----------------------------------------------------------------

  /**
   * Sends requests one at a time to preserve their order; merges queued ones.
   */
  async #post() {
    if (this.#isPosting) return;
    this.#isPosting = true;
    await null; // merges requests made in the same task
    try {
      while (this.#waiting.length && this.readyState === 1) {
        const body = `[${this.#nextTexts().join()}]`;
        const headers = { 'Content-Type': 'application/json' };
        const response = await this.#fetch('client', [], { method: 'POST', headers, body }, this.#posts.signal);
        if (!response.ok) await this.#refused(response);
        else for (const answer of await response.json()) this.#say(answer);
      }
    } catch {
      this.#end(1006, 'a request got no response');
    }
    this.#isPosting = false;
  }

  /** As many requests as the server accepts at once. */
  #nextTexts() {
    const { message_bytes: most, messages_per_second: rate, burst } = this.#limits;
    const longest = rate > 0 ? Math.max(1, burst) : Infinity;
    let bytes = 0;
    let count = 0;
    for (const text of this.#waiting) {
      bytes += new TextEncoder().encode(text).length + 1;
      if (count && (bytes > most || count >= longest)) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #fetch(path, fields, { headers, ...how }, signal) {
    const ticket = this.#ticket ? [`ticket=${encodeURIComponent(await this.#ticket())}`] : [];
    const token = this.#token ? { Authorization: `Bearer ${this.#token}` } : {};
    return fetch(this.#address(path, [...fields, ...ticket]), {
      ...how, headers: { ...headers, ...token }, signal, credentials: 'include', cache: 'no-store',
    });
  }

  /** The body is a close frame or, as for a refused handshake, an error. */
  async #refused(response) {
    const { code, reason, error } = await response.json().catch(() => ({}));
    this.#end(code ?? CODES[response.status] ?? 1006, reason ?? error ?? `HTTP ${response.status}`);
  }
}

const positionIn = ({ epoch, offset }) => ({ epoch, offset });
