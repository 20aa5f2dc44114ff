/**
 * Peal's client for the `broadcast` protocol: one file, no build step, no
 * dependencies. It keeps a connection, comes back when it breaks, and gives
 * each channel's messages to the application in order and exactly once, or
 * says with `gap` that some are lost. README.md beside this file is its manual.
 */

/** What may be tuned; milliseconds, except `queueLimit` (requests). */
const DEFAULTS = {
  backoffBase: 500, // the first wait is drawn from 0 to this ...
  backoffCap: 20_000, // ... and doubles up to this
  stableAfter: 5_000, // an open connection this old forgets past failures
  connectTimeout: 10_000,
  requestTimeout: 10_000,
  idlePing: 25_000, // silence after which we ask; 0: never
  pongWait: 10_000,
  queueLimit: 100, // requests that may wait while there is no connection
};

/** The real clock; tests bring their own. */
const CLOCK = {
  now: () => Date.now(),
  random: () => Math.random(),
  setTimeout: (run, delay) => setTimeout(run, delay),
  clearTimeout: (timer) => clearTimeout(timer),
};

const LONGEST_TIMER = 2 ** 31 - 1; // beyond this a browser fires at once
const TOKEN_REFUSALS = 3; // new tokens tried in a row before giving up
const COME_BACK = new Set([1001, 1005, 1006, 1011, 1012, 1013, 1014, 1015]);
const AFTER_A_WHILE = new Set([1013, 4529]);

/**
 * What a close code tells a client to do.
 * @param {number} code
 * @returns {{again: boolean, needsToken: boolean, wait: number}} `wait`: the
 *   least milliseconds to stay away, before the jitter
 */
export function adviceFor(code) {
  return {
    again: COME_BACK.has(code) || (code >= 4500 && code <= 4599),
    needsToken: code === 4401,
    wait: AFTER_A_WHILE.has(code) ? 5_000 : 0,
  };
}

/**
 * When a JWT ends, in milliseconds since 1970; NaN if it does not say. The
 * signature is the server's business: this only plans when to ask for a new one.
 */
export function expiryOf(token) {
  try {
    const base64 = token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/');
    return JSON.parse(atob(base64)).exp * 1000;
  } catch {
    return NaN;
  }
}

/** An error with a `code`: the server's, or one of README.md's table. */
export class PealError extends Error {
  constructor(code, message = code, details = {}) {
    super(message);
    this.name = 'PealError';
    this.code = code;
    Object.assign(this, details);
  }
}

/** As if nobody had caught it: to the console, or the page's error handler. */
function report(error) {
  if (globalThis.reportError) globalThis.reportError(error);
  else console.error(error);
}

class Emitter {
  #listeners = new Map();

  /** Calls `listener` at each event `type`. @returns a function that ends it. */
  on(type, listener) {
    if (!this.#listeners.has(type)) this.#listeners.set(type, new Set());
    this.#listeners.get(type).add(listener);
    return () => this.#listeners.get(type).delete(listener);
  }

  /** For this file only. A listener that throws must not stop the others. */
  _emit(type, event) {
    for (const listener of [...(this.#listeners.get(type) ?? [])]) {
      try {
        listener(event);
      } catch (error) {
        report(error);
      }
    }
  }
}

/**
 * One channel the application wants. Events: message, join, leave, gap,
 * subscribed, recovered, unsubscribed, error.
 */
export class Subscription extends Emitter {
  #peal;
  #held = null; // messages that overtook the answer to our subscribe

  constructor(peal, channel, since) {
    super();
    this.#peal = peal;
    this.channel = channel;
    this.state = 'waiting'; // or subscribed, failed, ended
    this.epoch = since?.epoch ?? null;
    this.offset = since?.offset ?? null; // of the last message given out
  }

  /** Where to go on from; undefined before the first answer. */
  get position() {
    if (this.epoch === null) return undefined;
    return { epoch: this.epoch, offset: this.offset };
  }

  publish(payload) {
    return this.#peal.publish(this.channel, payload);
  }

  presence() {
    return this.#peal.presence(this.channel);
  }

  history(options) {
    return this.#peal.history(this.channel, options);
  }

  unsubscribe() {
    return this.#peal._unsubscribe(this);
  }

  // For Peal, in the order of a subscription's life. ------------------------

  _asked() {
    this.state = 'waiting';
    this.#held = [];
  }

  _answered(answer) {
    if (this.state === 'ended') return;
    const since = this.position;
    const recovered = since !== undefined && answer.recovered === true;
    const messages = [...(answer.messages ?? []), ...this.#held];
    messages.sort((a, b) => a.offset - b.offset);
    this.#held = null;
    this.state = 'subscribed';
    if (!recovered) {
      const first = messages[0]?.offset ?? Infinity;
      const known = since?.epoch === answer.epoch ? since.offset : -Infinity;
      this.offset = Math.max(known, Math.min(answer.offset, first - 1));
    }
    this.epoch = answer.epoch;
    this._emit('subscribed', {
      channel: this.channel,
      epoch: answer.epoch,
      offset: answer.offset,
      recovered,
    });
    if (since && !recovered) this.#tellGap('unrecovered', { since });
    const count = messages.filter((message) => this.#give(message)).length;
    if (recovered) this._emit('recovered', { channel: this.channel, count });
  }

  _failed(error) {
    this.state = 'failed';
    this.#held = null;
    this._emit('error', error);
  }

  _message(message) {
    if (this.#held) this.#held.push(message);
    else this.#give(message);
  }

  _ended() {
    this.state = 'ended';
    this.#held = null;
    this._emit('unsubscribed', { channel: this.channel });
  }

  #give(message) {
    if (message.offset <= this.offset) return false;
    const missing = message.offset - this.offset - 1;
    if (missing > 0) this.#tellGap('hole', { missing });
    this.offset = message.offset;
    this._emit('message', message);
    return true;
  }

  #tellGap(reason, details) {
    this._emit('gap', { channel: this.channel, reason, ...details });
  }
}

/**
 * A client of one Peal server. Events: state, direct, error.
 *
 * @example
 * const peal = new Peal({ client: 'alice' });
 * const lobby = peal.subscribe('lobby');
 * lobby.on('message', ({ from, payload }) => console.log(from, payload));
 * peal.connect();
 * await lobby.publish('hello');
 */
export class Peal extends Emitter {
  #options;
  #clock;
  #WebSocket;
  #state = 'idle';
  #socket = null;
  #turn = 0; // of attempts: what an older one still awaits is void
  #attempt = 0; // failures in a row
  #refusals = 0; // 4401 in a row
  #refused; // the token that was answered with 4401
  #token = null; // the one in use, or the ticket ...
  #proven = false; // ... and whether a connection opened with it
  #openedAt = 0;
  #heardAt = 0;
  #timers = {}; // retry, connect, idle, refresh
  #lastId = 0;
  #pending = new Map(); // id -> request, in the order asked
  #subscriptions = new Map(); // channel -> Subscription

  /**
   * @param {object} options
   * @param {string} options.client who we are: the `sub` of the token
   * @param {string} [options.url] of the server; the page's own by default,
   *   required where there is no page
   * @param {string | (why: {reason: string}) => string | Promise<string>}
   *   [options.token] a JWT, or better a function that gets one: only with a
   *   function can an expired token be replaced
   * @param {(why: {reason: string}) => string | Promise<string>}
   *   [options.ticket] in place of a token: gets a ticket, a new one each
   *   time, since each is good for one connection
   * @param {typeof WebSocket} [options.WebSocket] where there is no global one
   * @param {object} [options.clock] for tests: see CLOCK
   * and each of DEFAULTS.
   */
  constructor(options) {
    super();
    if (!options?.client) throw new TypeError('Peal needs options.client');
    const { token, ticket } = options;
    if (ticket !== undefined && (token !== undefined || typeof ticket !== 'function')) {
      throw new TypeError('options.ticket is a function, and stands in place of options.token');
    }
    this.#options = { ...DEFAULTS, ...options };
    this.#clock = options.clock ?? CLOCK;
    this.#WebSocket = options.WebSocket ?? globalThis.WebSocket;
    if (!this.#WebSocket) {
      throw new TypeError('there is no global WebSocket: give one, as of ws, as options.WebSocket');
    }
    if (!options.url && !globalThis.location) {
      throw new TypeError('outside a page Peal needs options.url');
    }
  }

  get client() {
    return this.#options.client;
  }

  /** idle, connecting, open, waiting or closed. */
  get state() {
    return this.#state;
  }

  /** Connects; while waiting for a retry: at once. */
  connect() {
    if (this.#state === 'connecting' || this.#state === 'open') return;
    this.#attempt = 0;
    this.#refusals = 0;
    this.#refused = undefined;
    globalThis.addEventListener?.('online', this.#online);
    this.#open();
  }

  /** Ends the connection and all waiting requests; connect() comes back. */
  close(reason = '') {
    if (this.#state !== 'closed') this.#finish(1000, reason, false);
  }

  /**
   * Wants a channel, now and after each reconnect.
   * @param {string} channel
   * @param {{since?: {epoch: string, offset: number}}} [options] `since`: a
   *   `position` kept from before, to get what came after it
   * @returns {Subscription} the one there is, or a new one
   */
  subscribe(channel, { since } = {}) {
    let subscription = this.#subscriptions.get(channel);
    if (!subscription) {
      subscription = new Subscription(this, channel, since);
      this.#subscriptions.set(channel, subscription);
      if (this.#state === 'open') this.#ask(subscription);
    }
    return subscription;
  }

  /** @returns {Promise<{offset: number, listenerCount: number}>} */
  publish(channel, payload = null) {
    return this.#request('broadcastResult', { type: 'broadcast', channel, payload });
  }

  /** To all connections of another client. */
  direct(to, payload = null) {
    return this.#request('directResult', { type: 'direct', to, payload });
  }

  /** @returns {Promise<any>} the same payload */
  async echo(payload = null) {
    return (await this.#request('echo', { type: 'echo', payload })).payload;
  }

  /** @returns {Promise<{client: string, connections: number}[]>} */
  async presence(channel) {
    return (await this.#request('presence', { type: 'presence', channel })).clients;
  }

  /** @returns {Promise<{epoch: string, offset: number, messages: object[]}>} */
  history(channel, { limit = 50 } = {}) {
    return this.#request('history', { type: 'history', channel, limit });
  }

  /** @returns {Promise<number>} milliseconds there and back */
  async ping() {
    const asked = this.#clock.now();
    await this.#request('pong', { type: 'ping' });
    return this.#clock.now() - asked;
  }

  // Connecting and coming back. ---------------------------------------------

  async #open() {
    const turn = ++this.#turn;
    this.#clearTimers();
    this.#become('connecting');
    let token;
    try {
      token = await this.#currentToken();
    } catch (error) {
      if (turn !== this.#turn) return;
      this._emit('error', new PealError('token', `no token: ${error?.message ?? error}`));
      this.#waitAndRetry(0, 'no token', 0);
      return;
    }
    if (turn !== this.#turn) return;
    if (this.#refusals && token === this.#refused) {
      this.#finish(4401, 'the same token again', true);
      return;
    }
    this.#token = token ?? null;
    this.#proven = false;
    this.#dial();
  }

  /** A function is asked again only when its last token is spent or doubtful. */
  async #currentToken() {
    const { token, ticket } = this.#options;
    const reason = this.#refusals ? 'refused' : 'connect';
    if (ticket) return ticket({ reason });
    if (typeof token !== 'function') return token;
    const left = expiryOf(this.#token) - this.#clock.now();
    if (this.#proven && left > 10_000) return this.#token;
    return token({ reason });
  }

  #dial() {
    const protocols = ['broadcast'];
    if (this.#token && !this.#options.ticket) protocols.push(`bearer.${this.#token}`);
    let socket;
    try {
      socket = new this.#WebSocket(this.#address(), protocols);
    } catch (error) {
      // A malformed address or token: coming back would not mend it.
      this.#finish(0, error.message, true);
      return;
    }
    this.#socket = socket;
    const ifOurs = (run) => (event) => socket === this.#socket && run(event);
    socket.onopen = ifOurs(() => this.#opened());
    socket.onmessage = ifOurs((event) => this.#received(event.data));
    socket.onclose = ifOurs((event) => this.#lost(event.code, event.reason));
    this.#after('connect', this.#options.connectTimeout, () => this.#lost(1006, 'no answer'));
  }

  /** One empty `channel` joins none; without it the server would add `lobby`. */
  #address() {
    const { url, client, ticket } = this.#options;
    const base = new URL(url ?? globalThis.location.origin, globalThis.location?.href);
    base.protocol = base.protocol.replace('http', 'ws');
    base.pathname = `${base.pathname.replace(/\/$/, '')}/ws/${encodeURIComponent(client)}`;
    base.hash = '';
    base.searchParams.set('channel', '');
    if (ticket) base.searchParams.set('ticket', this.#token);
    return base.href;
  }

  #opened() {
    this.#clearTimers();
    this.#openedAt = this.#heardAt = this.#clock.now();
    this.#proven = true;
    this.#become('open');
    for (const subscription of this.#subscriptions.values()) this.#ask(subscription);
    for (const request of this.#pending.values()) if (!request.sent) this.#send(request);
    this.#watchSilence();
    this.#planRefresh();
  }

  #lost(code, reason) {
    this.#hangUp();
    if (this.#openedAt && this.#clock.now() - this.#openedAt >= this.#options.stableAfter) {
      this.#attempt = 0;
      this.#refusals = 0;
    }
    this.#openedAt = 0;
    const disconnected = new PealError('disconnected', `connection lost (${code})`, {
      closeCode: code,
    });
    for (const request of this.#pending.values()) {
      if (request.sent) this.#settle(request).reject(disconnected);
    }
    const advice = adviceFor(code);
    if (advice.needsToken) {
      this.#proven = false;
      this.#refused = this.#token;
      this.#refusals += 1;
      const { token, ticket } = this.#options;
      const hopeless = typeof (ticket ?? token) !== 'function';
      if (hopeless || this.#refusals > TOKEN_REFUSALS) this.#finish(code, reason, true);
      else this.#waitAndRetry(code, reason, 0);
    } else if (advice.again) {
      this.#waitAndRetry(code, reason, advice.wait);
    } else {
      this.#finish(code, reason, true);
    }
  }

  /** Full jitter: anything from 0 to the bound, so that a crowd spreads out. */
  #waitAndRetry(code, reason, floor) {
    const { backoffBase, backoffCap } = this.#options;
    const bound = Math.min(backoffCap, backoffBase * 2 ** this.#attempt);
    const delay = Math.round(floor + this.#clock.random() * bound);
    this.#attempt += 1;
    this.#after('retry', delay, () => this.#open());
    this.#become('waiting', { delay, attempt: this.#attempt, code, reason });
  }

  /** `final`: the server said not to come back, as against close(). */
  #finish(code, reason, final) {
    this.#turn += 1;
    this.#hangUp();
    this.#openedAt = 0;
    globalThis.removeEventListener?.('online', this.#online);
    const closed = new PealError('closed', reason || 'closed', { closeCode: code });
    for (const request of this.#pending.values()) this.#settle(request).reject(closed);
    this.#become('closed', { code, reason, final });
  }

  /** Lets go of the socket; a dead one may take minutes to say it closed. */
  #hangUp() {
    this.#clearTimers();
    const socket = this.#socket;
    this.#socket = null;
    for (const subscription of this.#subscriptions.values()) subscription.state = 'waiting';
    if (socket && socket.readyState < 2) socket.close(1000);
  }

  #become(state, details = {}) {
    this.#state = state;
    this._emit('state', { state, ...details });
  }

  /** The network is back: no use in waiting on, but still not all at once. */
  #online = () => {
    if (this.#state !== 'waiting') return;
    const delay = this.#clock.random() * this.#options.backoffBase;
    this.#after('retry', delay, () => this.#open());
  };

  #after(name, delay, run) {
    this.#clock.clearTimeout(this.#timers[name]);
    this.#timers[name] = this.#clock.setTimeout(run, delay);
  }

  #clearTimers() {
    for (const timer of Object.values(this.#timers)) this.#clock.clearTimeout(timer);
    this.#timers = {};
  }

  // An open connection: is it alive, is its token good. ----------------------

  /** A page does not see the server's pings, so it has to ask by itself. */
  #watchSilence() {
    const { idlePing, pongWait } = this.#options;
    if (!idlePing) return;
    const silence = this.#clock.now() - this.#heardAt;
    this.#after('idle', Math.max(idlePing - silence, 0), () => {
      if (this.#clock.now() - this.#heardAt < idlePing) {
        this.#watchSilence();
        return;
      }
      const before = this.#heardAt;
      this.#request('pong', { type: 'ping' }).catch(() => {}); // any frame will do
      this.#after('idle', pongWait, () => {
        if (this.#heardAt > before) this.#watchSilence();
        else this.#lost(1006, 'no pong');
      });
    });
  }

  /** Well before the end and spread out; `share` is of the time that is left. */
  #planRefresh(share = 0.75 + 0.15 * this.#clock.random()) {
    if (typeof this.#options.token !== 'function') return;
    const delay = (expiryOf(this.#token) - this.#clock.now()) * share;
    if (!(delay >= 1_000)) return; // too late, or no JWT: 4401 will tell
    this.#after('refresh', Math.min(delay, LONGEST_TIMER), () => this.#refresh());
  }

  async #refresh() {
    const socket = this.#socket;
    try {
      const token = await this.#options.token({ reason: 'refresh' });
      if (socket !== this.#socket) return;
      await this.#request('refreshed', { type: 'refresh', token });
      this.#token = token;
      this.#planRefresh();
    } catch (error) {
      if (socket !== this.#socket) return;
      this._emit('error', new PealError('refresh', `token not refreshed: ${error.message}`));
      this.#planRefresh(0.5);
    }
  }

  // Requests and their answers. ----------------------------------------------

  #request(answer, frame) {
    return new Promise((resolve, reject) => {
      if (this.#state === 'closed') throw new PealError('closed');
      const open = this.#state === 'open';
      if (!open && this.#unsent() >= this.#options.queueLimit) {
        throw new PealError(this.#options.queueLimit ? 'queue_full' : 'disconnected');
      }
      const id = ++this.#lastId;
      const text = JSON.stringify({ ...frame, id });
      const request = { id, answer, channel: frame.channel, text, resolve, reject, sent: false };
      const giveUp = () => this.#settle(request).reject(new PealError('timeout'));
      request.timer = this.#clock.setTimeout(giveUp, this.#options.requestTimeout);
      this.#pending.set(id, request);
      if (open) this.#send(request);
    });
  }

  #unsent() {
    return [...this.#pending.values()].filter((request) => !request.sent).length;
  }

  #send(request) {
    request.sent = true;
    this.#socket.send(request.text);
  }

  #settle(request) {
    this.#clock.clearTimeout(request.timer);
    this.#pending.delete(request.id);
    return request;
  }

  /** By id; an answer without one belongs to the oldest that fits. */
  #requestOf(frame) {
    if (frame.id !== undefined) return this.#pending.get(frame.id);
    const fits = (request) =>
      request.sent &&
      request.answer === frame.type &&
      (frame.channel === undefined || frame.channel === request.channel);
    return [...this.#pending.values()].find(fits);
  }

  #received(data) {
    this.#heardAt = this.#clock.now();
    let frame;
    try {
      frame = JSON.parse(data);
    } catch {
      this._emit('error', new PealError('bad_frame', 'not JSON'));
      return;
    }
    const subscription = this.#subscriptions.get(frame.channel);
    switch (frame.type) {
      case 'broadcast':
        return subscription?._message(frame);
      case 'join':
      case 'leave':
        return subscription?._emit(frame.type, frame);
      case 'gap':
        return subscription?.state === 'subscribed' && this.#askAnew(subscription);
      case 'direct':
        return this._emit('direct', frame);
      case 'error':
        return this.#receivedError(frame);
      default:
        return this.#receivedAnswer(frame, subscription);
    }
  }

  #receivedError(frame) {
    const error = new PealError(frame.code, frame.message);
    const request = frame.id === undefined ? undefined : this.#requestOf(frame);
    if (request) this.#settle(request).reject(error);
    else this._emit('error', error);
  }

  #receivedAnswer(frame, subscription) {
    const request = this.#requestOf(frame);
    if (request) {
      this.#settle(request).resolve(frame);
    } else if (frame.type === 'unsubscribed' && subscription) {
      // Not asked for: the server took it away.
      this.#subscriptions.delete(frame.channel);
      subscription._ended();
    }
  }

  // Subscriptions. -----------------------------------------------------------

  async #ask(subscription) {
    const socket = this.#socket;
    const { channel, position } = subscription;
    subscription._asked();
    try {
      const frame = { type: 'subscribe', channel, since: position };
      subscription._answered(await this.#request('subscribed', frame));
    } catch (error) {
      if (socket !== this.#socket || subscription.state === 'ended') return;
      if (error.code === 'already_subscribed') {
        this.#askAnew(subscription); // an answer that came too late for us
        return;
      }
      subscription._failed(error);
      if (error.code === 'timeout' || error.code === 'unavailable') this.#askLater(subscription);
    }
  }

  /** From where we are: what is still there comes, and the rest is a gap. */
  #askAnew(subscription) {
    const { channel } = subscription;
    this.#request('unsubscribed', { type: 'unsubscribe', channel }).catch(() => {});
    this.#ask(subscription);
  }

  #askLater(subscription) {
    const socket = this.#socket;
    const { backoffBase, backoffCap } = this.#options;
    this.#clock.setTimeout(() => {
      const same = socket === this.#socket && subscription.state === 'failed';
      if (same) this.#ask(subscription);
    }, backoffBase + this.#clock.random() * backoffCap);
  }

  /** For Subscription. Without a connection there is nothing to ask. */
  async _unsubscribe(subscription) {
    const { channel } = subscription;
    if (this.#subscriptions.get(channel) !== subscription) return;
    const known = this.#state === 'open' && subscription.state !== 'failed';
    this.#subscriptions.delete(channel);
    subscription._ended();
    if (known) {
      await this.#request('unsubscribed', { type: 'unsubscribe', channel });
    }
  }
}
