/**
 * The feed: one WebSocket, polled once a second and reconnected when lost. Each
 * connection uses a ticket, so the key itself is never sent over it.
 */

const PERIOD = 1000;
const PATIENCE = 10_000; // time-out of a response and of the handshake
const AFTER_ERROR = 2000;
const BACKOFF = { base: 500, cap: 8000 };
const DASHBOARD_FULL = 4529;

export class Feed extends EventTarget {
  #api;
  #wishes; // returns the options of the next request
  #socket = null;
  client = null; // this page's client id on the current connection
  #timers = new Set();
  #failures = 0;
  #asked = 0;
  #pinged = 0;
  #roundTrip = null;
  #isListing = false; // whether the list of instances is requested
  #isOver = false;

  constructor(api, wishes) {
    super();
    this.#api = api;
    this.#wishes = wishes;
  }

  /** Rejects if the key is not accepted; later failures are events. */
  async open() {
    const client = `dashboard-${crypto.getRandomValues(new Uint32Array(2)).join('-')}`;
    const ticket = await this.#api.ticket(client);
    if (!this.#isOver) this.#connect(client, ticket);
  }

  close() {
    this.#isOver = true;
    this.#drop();
  }

  /** Polls immediately, because the options changed. */
  refresh() {
    if (!this.#asked) this.#ask();
  }

  #say(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #later(run, ms) {
    const id = setTimeout(() => {
      this.#timers.delete(id);
      run();
    }, ms);
    this.#timers.add(id);
  }

  #drop() {
    for (const id of this.#timers) clearTimeout(id);
    this.#timers.clear();
    const socket = this.#socket;
    this.#socket = null;
    this.#asked = 0;
    this.#isListing = false;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  #connect(client, ticket) {
    const url = new URL(`ws/${client}?ticket=${ticket}`, document.baseURI);
    url.protocol = url.protocol.replace('http', 'ws');
    this.client = client;
    this.#socket = new WebSocket(url, ['dashboard']);
    this.#socket.onmessage = ({ data }) => this.#take(JSON.parse(data));
    this.#socket.onclose = ({ code, reason }) => this.#lost(code, reason);
    this.#later(() => this.#lost(0, 'no response'), PATIENCE);
  }

  #take(message) {
    if (message.type === 'hello') {
      this.#failures = 0;
      this.#say('open', message);
      this.#ask();
    } else if (message.type === 'pong') {
      this.#roundTrip = performance.now() - this.#pinged;
    } else if (message.type === 'look') {
      const spent = performance.now() - this.#asked;
      this.#stopTimers();
      this.#asked = 0;
      this.#say('look', { ...message, roundTrip: this.#roundTrip });
      if (this.#socket) this.#later(() => this.#ask(), Math.max(0, PERIOD - spent));
    } else if (message.type === 'instances') {
      this.#isListing = false;
      this.#say('instances', message.instances);
    } else if (message.type === 'error') {
      if (message.code === 'unavailable') this.#isListing = false;
      this.#later(() => this.#ask(), AFTER_ERROR); // unless the snapshot arrives first
    }
  }

  #stopTimers() {
    for (const id of this.#timers) clearTimeout(id);
    this.#timers.clear();
  }

  #ask() {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#stopTimers();
    this.#asked = this.#pinged = performance.now();
    this.#socket.send('{"type":"ping"}');
    if (!this.#isListing) this.#socket.send('{"type":"instances"}');
    this.#isListing = true; // slow while Redis is unavailable
    this.#socket.send(JSON.stringify({ type: 'look', ...this.#wishes() }));
    this.#later(() => this.#lost(0, 'no response'), PATIENCE);
  }

  /** Reconnects unless the key is no longer accepted. */
  #lost(code, reason) {
    this.#drop();
    if (this.#isOver) return;
    this.#failures += 1;
    const bound = code === DASHBOARD_FULL ? BACKOFF.cap : Math.min(BACKOFF.cap, BACKOFF.base * 2 ** this.#failures);
    const delay = Math.round(bound / 2 + (Math.random() * bound) / 2);
    this.#say('waiting', { code, reason, delay });
    this.#later(() => this.#again(), delay);
  }

  async #again() {
    this.#say('connecting');
    try {
      await this.open();
    } catch (error) {
      if ([401, 403, 404].includes(error.status)) this.#say('refused', error);
      else this.#lost(error.status, error.message);
    }
  }
}
