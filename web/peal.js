/**
 * Peal's client for the `broadcast` protocol: one file, no build step, no
 * dependencies. It keeps a connection open, reconnects when it is lost, and
 * delivers each channel's messages in order and exactly once, or reports lost
 * messages by `gap`. The manual is README.md next to this file.
 */

/** Options with defaults; times in milliseconds, limits as counts. */
const DEFAULTS = {
  backoffBase: 500, // the first wait is random from 0 to this ...
  backoffCap: 20_000, // ... and doubles up to this
  stableAfter: 5_000, // a connection open this long resets the back-off
  connectTimeout: 10_000,
  requestTimeout: 10_000,
  idlePing: 25_000, // silence after which a ping is sent; 0: never
  pongWait: 10_000,
  queueLimit: 100, // requests that may wait while there is no connection
  readLimit: 10_000, // messages that may wait for a `for await` loop
};

const MAY_BE_ZERO = new Set(['stableAfter', 'idlePing', 'queueLimit']);

/** The real clock; tests provide their own. */
const CLOCK = {
  now: () => globalThis.performance?.now() ?? Date.now(), // monotonic, for durations
  time: () => Date.now(), // for the expiry of a token
  random: () => Math.random(),
  setTimeout: (run, delay) => setTimeout(run, delay),
  clearTimeout: (timer) => clearTimeout(timer),
};

const CLOSE_AFTER_ERROR = 1_000; // ms: a close event should follow an error within this time
const PROBE_WAIT = 5_000; // ms: time-out of a ping after a network change
const SHORT_SILENCE = 1_000; // ms: a connection that received within this time is alive
const HOST_EVENTS = ['online', 'offline', 'pagehide', 'pageshow', 'freeze', 'resume', 'visibilitychange'];
const OUR_FIELDS = /^(channel|hello|ticket|last_event_id)(=|$)/; // reserved fields of a URL
const CAPTURE = { capture: true }; // `freeze` and `resume` do not bubble
const LONGEST_TIMER = 2 ** 31 - 1; // browsers fire a longer timer immediately
const DIALS_BEFORE_FALLBACK = 3; // failed attempts before any connection opened
const TRANSPORTS = ['auto', 'websocket', 'sse'];
const TOKEN_REFUSALS = 3; // new tokens tried in a row before giving up
const ALREADY_LEFT = new Set(['closed', 'disconnected', 'not_subscribed', 'cancelled']);
const COME_BACK = new Set([1001, 1005, 1006, 1011, 1012, 1013, 1014, 1015]);
const AFTER_A_WHILE = new Set([1013, 4529]);
const HELLO_WAIT = 1_000; // milliseconds without a message: no hello will come
const BEFORE_HELLO = 5; // messages in a burst that any server accepts
const LIST_MOST = 1024; // channels in one subscribe

/** Assumed limits of a server without hello. */
const ASSUMED = { messages_per_second: 100, burst: 100 };

/** Temporary reasons of a failed subscription. */
const ASKED_AGAIN = new Set(['timeout', 'unavailable', 'already_subscribed']);

/** How to fix an error, and its section in README.md. */
const HELP = {
  disconnected: ['not connected, or connection lost before the response; retry the request if it is safe to repeat', 'what-it-promises'],
  timeout: ['no response in time; listen to `state`, or raise options.requestTimeout', 'what-it-promises'],
  queue_full: ['too many requests are waiting for a connection; await them, publish with {volatile: true}, or raise options.queueLimit', 'what-it-promises'],
  closed: ['the client is closed; call connect() first', 'close-codes'],
  ended: ['the subscription has ended; call subscribe() again', 'subscription'],
  too_slow: ['the loop reads more slowly than messages arrive; do less in it, or raise options.readLimit', 'subscription'],
  aborted: ['aborted by its signal', 'peal'],
  too_big: ['', 'limits'],
  token: ['', 'tokens'],
  refresh: ['', 'tokens'],
};

/** Requests that a server with hello does not count at first. */
const OPENING = new Set(['subscribe', 'history', 'presence']);

/**
 * How a client should react to a close code.
 * @param {number} code
 * @returns {{again: boolean, needsToken: boolean, wait: number}} `wait`: the
 *   minimum delay in milliseconds, without the jitter
 */
export function adviceFor(code) {
  return {
    again: COME_BACK.has(code) || (code >= 4500 && code <= 4599),
    needsToken: code === 4401,
    wait: AFTER_A_WHILE.has(code) ? 5_000 : 0,
  };
}

/**
 * When a JWT expires, in milliseconds since 1970; NaN if it has no expiry. Only
 * used to plan the refresh, so the signature is not verified.
 */
export function expiryOf(token) {
  try {
    const base64 = token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/');
    return JSON.parse(atob(base64)).exp * 1000;
  } catch {
    return NaN;
  }
}

/** The UTF-8 length of a text. JSON text has no unpaired surrogates. */
function utf8Length(text) {
  let length = 0;
  for (const character of text) {
    const point = character.codePointAt(0);
    length += 1 + (point > 0x7f) + (point > 0x7ff) + (point > 0xffff);
  }
  return length;
}

/**
 * Explains why a name breaks a rule, worded as by the server; '' if valid.
 * `good`: a valid character.
 */
function flawIn(name, rule, longest, good) {
  if (typeof name !== 'string') return `must be ${rule}; it is not a string`;
  const bytes = utf8Length(name);
  let position = 0;
  let flaw = '';
  for (const character of name) {
    const code = character.codePointAt(0);
    const isSurrogate = code >= 0xd800 && code <= 0xdfff; // unpaired
    position += 1;
    if (flaw || (!isSurrogate && good.test(character))) continue;
    const hex = code.toString(16).toUpperCase().padStart(4, '0');
    flaw = `${isSurrogate ? 'lone surrogate' : `found U+${hex}`} at character ${position}`;
  }
  if (!bytes) flaw = 'it is empty';
  else if (bytes > longest) flaw = `it has ${bytes} bytes`;
  return flaw && `must be ${rule}; ${flaw}`;
}

/**
 * Explains what is wrong with a client id; '' if it is valid.
 * @param {string} client
 */
export function clientFlaw(client) {
  return flawIn(client, '1 to 128 bytes of UTF-8 without control characters', 128, /^\P{Cc}$/u);
}

/**
 * The same for a channel name.
 * @param {string} channel
 */
export function channelFlaw(channel) {
  return flawIn(channel, '1 to 164 of A-Z a-z 0-9 _ - = @ , . ; : # $ /', 164, /^[\w\-=@,.;:#$/]$/);
}

/**
 * Returns a token or ticket that can be sent. Others, such as an HTML page, an
 * object or nothing, would be refused permanently. @throws if it is not usable
 */
function usableToken(given) {
  if (typeof given !== 'string') throw new TypeError(`the function returned ${given === null ? 'null' : typeof given}, not a string`);
  const token = given.trim(); // a file or a response may end with a newline
  if (!/^[\w.~+-]+$/.test(token)) {
    throw new TypeError(`the function returned ${token ? `“${token.slice(0, 20)}…”` : 'an empty string'}, not a token`);
  }
  return token;
}

/** Explains what is wrong with an event name. */
function eventFlaw(event) {
  return flawIn(event, '1 to 64 of A-Z a-z 0-9 _ . : -', 64, /^[\w.:-]$/);
}

/** A section of README.md. */
const helpAt = (heading) => `web/README.md#${heading}`;

/** An error for incorrect use of the API, with a link to the manual. */
const misuse = (message, heading = 'peal') => new TypeError(`${message}; see ${helpAt(heading)}`);

/**
 * An error with a `code` of the server, or one of the table in README.md.
 * `help` names the section of the manual about it.
 */
export class PealError extends Error {
  constructor(code, message = HELP[code]?.[0] || code, details = {}) {
    super(message);
    this.name = 'PealError';
    this.code = code;
    this.help = helpAt(HELP[code]?.[1] ?? 'errors');
    Object.assign(this, details);
  }
}

const NAMES = [['bad_channel', 'channel', channelFlaw], ['bad_client', 'to', clientFlaw], ['bad_event', 'event', eventFlaw]];

/**
 * @throws {PealError} if a frame has an invalid channel, client or event name
 */
function checkNames(frame) {
  for (const [code, member, flawOf] of NAMES) {
    if (!(member in frame) || (member === 'event' && frame.event == null)) continue;
    const flaw = flawOf(frame[member]);
    if (flaw) throw new PealError(code, `${member} ${flaw}`);
  }
}

function checkToken(what, token) {
  if (!['string', 'function'].includes(typeof token)) throw misuse(`${what} is a string or a function`, 'tokens');
}

/** Removes undefined and null options. @throws if a number is invalid */
function present(options) {
  const given = Object.fromEntries(Object.entries(options ?? {}).filter(([, value]) => value != null));
  for (const name of Object.keys(DEFAULTS).filter((each) => each in given)) {
    const least = MAY_BE_ZERO.has(name) ? 0 : 1;
    if (!(typeof given[name] === 'number' && given[name] >= least)) {
      throw misuse(`options.${name} must be a number of at least ${least}, or Infinity`);
    }
  }
  return given;
}

/**
 * Reports an error like an uncaught one: on the console, or to the page's error
 * handler.
 */
function report(error) {
  if (globalThis.reportError) globalThis.reportError(error);
  else console.error(error);
}

/** Wraps a function so that its errors are reported, not thrown. */
function guarded(run) {
  return (...values) => {
    try {
      run(...values);
    } catch (error) {
      report(error);
    }
  };
}

/**
 * Prevents an unhandled rejection, which would end a Node process; callers that
 * await it still get the error.
 */
function calm(promise) {
  promise.catch(() => {});
  return promise;
}

const reasonOf = (signal) => signal.reason ?? new PealError('aborted');

/**
 * A promise with listeners that are removed when it is settled:
 * `begin(resolve, reject, hear)`, where hear(emitter, type, listener) is on().
 * A signal may abort it.
 */
function awaited(signal, begin) {
  return calm(new Promise((resolve, reject) => {
    const ends = [];
    const ending = (settle) => (value) => {
      for (const end of ends) end();
      settle(value);
    };
    const giveUp = ending(reject);
    if (signal?.aborted) giveUp(reasonOf(signal));
    else {
      ends.push(onAbort(signal, () => giveUp(reasonOf(signal))));
      begin(ending(resolve), giveUp, (emitter, type, listener) => ends.push(emitter.on(type, listener)));
    }
  }));
}

/**
 * A rejected promise of a listener is an uncaught error in Node.
 * @returns a function that removes the listener
 */
function onAbort(signal, act) {
  const heard = () => void act();
  signal?.addEventListener('abort', heard);
  return () => signal?.removeEventListener('abort', heard);
}

const ANY = Symbol('any event');

class Emitter {
  #listeners = new Map();

  /**
   * Calls `listener` for each event `type`.
   * @returns a function that removes the listener.
   */
  on(type, listener) {
    if (!this.#listeners.has(type)) this.#listeners.set(type, new Set());
    this.#listeners.get(type).add(listener);
    return () => this.#listeners.get(type).delete(listener);
  }

  /**
   * Calls `listener` only for the next event `type`.
   * @returns a function that removes the listener.
   */
  once(type, listener) {
    const heard = (event) => {
      this.off(type, listener);
      listener(event);
    };
    heard.listener = listener;
    return this.on(type, heard);
  }

  /**
   * Calls `listener(type, event)` for every event, after its own listeners.
   * @returns a function that removes the listener.
   */
  onAny(listener) {
    return this.on(ANY, listener);
  }

  /** Removes a listener added by on() or once(). */
  off(type, listener) {
    const listeners = this.#of(type);
    for (const each of listeners) if (each === listener || each.listener === listener) listeners.delete(each);
  }

  get _isHeard() {
    return this.#listeners.size > 0;
  }

  /**
   * Internal. A listener that throws must not stop the others. Listeners may
   * change any state: `holds` tells whether the event is still valid for the
   * next listener, and the caller must reread its state.
   */
  _emit(type, event, holds = () => true) {
    if (type === 'error' && !this.#of(type).size) console.warn(`peal: ${event.message} (${event.code}), see ${event.help}`);
    this.#call(type, holds, event);
    this.#call(ANY, holds, type, event);
  }

  #call(key, holds, ...values) {
    const listeners = this.#of(key);
    for (const listener of [...listeners]) if (listeners.has(listener) && holds()) guarded(listener)(...values);
  }

  #of(key) {
    return this.#listeners.get(key) ?? new Set();
  }
}

/**
 * The send rate. The server counts a message when it arrives, and refills at
 * its rate. The client counts a message when it is sent, and starts refilling
 * only when it is answered, so the estimate is never too high, regardless of
 * latency.
 */
class Pace {
  #clock;
  #rate = 0; // messages per second
  #burst; // Infinity: no limit
  #opening = 0; // messages that the server will not count
  #underWay = 0;
  #answered = 0; // but still counted against the burst
  #at; // time of the last refill

  /** @param burst messages that may be sent until the limits are known */
  constructor(clock, burst) {
    this.#clock = clock;
    this.#burst = burst;
    this.#at = clock.now();
  }

  learn({ messages_per_second: rate, burst, opening_burst: opening = 0 }) {
    this.#forget();
    this.#rate = rate;
    this.#burst = rate > 0 ? Math.max(burst, 1) : Infinity;
    this.#opening = opening;
  }

  /**
   * Milliseconds until a message may be sent; Infinity: only after an answer.
   */
  wait(type) {
    if (OPENING.has(type) && this.#opening > 0) return 0;
    this.#forget();
    const spare = Math.min(2, Math.floor(this.#burst / 10)); // for our own pings
    const missing = this.#underWay + this.#answered + 1 + spare - this.#burst;
    if (!(missing > 0)) return 0;
    return missing <= this.#answered && this.#rate > 0 ? Math.ceil((missing / this.#rate) * 1000) : Infinity;
  }

  /** @returns whether to call answered() for this message */
  take(type) {
    const free = OPENING.has(type) && this.#opening > 0;
    if (free) this.#opening -= 1;
    else this.#underWay += 1;
    return !free;
  }

  answered() {
    this.#forget();
    this.#underWay -= 1;
    this.#answered += 1;
  }

  /**
   * For a channel of a list: the server counts it like a separate subscribe.
   */
  refused() {
    if (this.take('subscribe')) this.answered();
  }

  #forget() {
    const now = this.#clock.now();
    this.#answered = Math.max(0, this.#answered - ((now - this.#at) / 1000) * this.#rate);
    this.#at = now;
  }
}

/**
 * One channel on the wire, shared by all its subscriptions, which receive its
 * events.
 */
class Channel {
  #held = null; // messages received before the answer to the subscribe
  #gapHeld = false; // whether a gap was received before the answer
  _isAnew = false; // for Peal: a repeated subscribe of a subscribed channel

  _handles = new Set();
  members = new Map(); // client -> member; see isSynced
  _isWatched = false; // whether joins and leaves have a listener
  isSynced = false; // whether `members` is current
  _syncing = null; // the promise of an answer
  #news = new Map(); // client -> its last join or leave since the request

  constructor(channel, since) {
    this.channel = channel;
    this.state = 'waiting'; // or subscribed, failed, ended
    this.error = null; // the reason of a failure
    this.epoch = since?.epoch ?? null;
    this.offset = since?.offset ?? null; // of the last delivered message
  }

  /** The position to resume from; undefined before the first answer. */
  get position() {
    if (this.epoch === null) return undefined;
    return { epoch: this.epoch, offset: this.offset };
  }

  _emit(type, event, holds) {
    for (const handle of [...this._handles]) handle._emit(type, event, holds);
  }

  // For Peal, in the order of a subscription's life. ------------------------

  _asked() {
    this.state = 'waiting';
    this.isSynced = false;
    this.#news.clear();
    this.#held = [];
    this.#gapHeld = false;
  }

  _answered(answer) {
    if (this.state === 'ended') return;
    const since = this.position;
    const recovered = since !== undefined && answer.recovered === true;
    const messages = [...(answer.messages ?? []), ...this.#held];
    messages.sort((a, b) => a.offset - b.offset);
    this.#held = null;
    this._isAnew = false;
    this.error = null;
    this.state = 'subscribed';
    if (!recovered) {
      const first = messages[0]?.offset ?? Infinity;
      const known = since?.epoch === answer.epoch ? since.offset : -Infinity;
      this.offset = Math.max(known, Math.min(answer.offset, first - 1));
    }
    this.epoch = answer.epoch;
    const lives = () => this.state === 'subscribed';
    this._emit('subscribed', {
      channel: this.channel,
      epoch: answer.epoch,
      offset: answer.offset,
      recovered,
    }, lives);
    if (since && !recovered) {
      if (lives()) this.#tellGap('unrecovered', { since });
      else ({ epoch: this.epoch, offset: this.offset } = since); // the gap is still to be reported
    }
    let count = 0;
    for (const message of messages) if (lives() && this.#give(message)) count += 1;
    if (recovered && lives()) this._emit('recovered', { channel: this.channel, count }, lives);
  }

  /**
   * Whether to subscribe again now; a gap received before the answer waits for
   * it.
   */
  _gap() {
    this.#gapHeld = this.#held !== null;
    return this.state === 'subscribed';
  }

  get _owesGap() {
    return this.#gapHeld;
  }

  _failed(error) {
    this.state = 'failed';
    this.error = error;
    this.#held = null;
    this._emit('error', error, () => this.state === 'failed');
  }

  /** Handles a lost connection. */
  _lost() {
    this.state = 'waiting';
    this.isSynced = false;
  }

  _message(message) {
    if (this.#held) this.#held.push(message);
    else if (this.state === 'subscribed') this.#give(message);
  }

  _ended() {
    this.state = 'ended';
    this.#held = null;
    for (const handle of [...this._handles]) handle._end();
  }

  #give(message) {
    if (message.offset <= this.offset) return false;
    for (const handle of [...this._handles]) handle._tellLate();
    const missing = message.offset - this.offset - 1;
    if (missing > 0 && this.state === 'subscribed') this.#tellGap('hole', { missing });
    if (this.state !== 'subscribed') return false;
    this.offset = message.offset;
    for (const type of typesOf('message', message)) this._emit(type, message, () => this.state !== 'ended');
    return true;
  }

  #tellGap(reason, details) {
    this._emit('gap', { channel: this.channel, reason, ...details });
  }

  // Members. ------------------------------------------------------------------

  /**
   * Handles a join or a leave; one that arrives before the member list is
   * newer.
   */
  _moved(frame) {
    this._emit(frame.type, frame, () => this.state === 'subscribed');
    if (this._syncing) this.#news.set(frame.client, frame);
    if (this.isSynced) this.#move(frame);
  }

  _syncs() {
    this.#news.clear();
  }

  /** @param clients all members, as the server lists them */
  _membersAre(clients) {
    if (this.state !== 'subscribed') return;
    const members = new Map(clients.map((member) => [member.client, member]));
    for (const [client, { type, info }] of this.#news) {
      if (type === 'leave') members.delete(client);
      else if (!members.has(client)) members.set(client, memberOf(client, info));
    }
    const before = this.members;
    const wasKnown = this.#isKnown;
    this.#isKnown = true;
    this.members = members;
    this.isSynced = true;
    this.#news.clear();
    const holds = () => this.members === members && this.isSynced;
    if (wasKnown) {
      for (const [client, member] of before) if (!members.has(client)) this._emitPresence('leave', member, holds);
      for (const [client, member] of [...members]) if (!before.has(client)) this._emitPresence('join', member, holds);
    }
    this._emitPresence('sync', this._list, holds);
  }

  get _list() {
    return { channel: this.channel, members: [...this.members.values()] };
  }

  #isKnown = false; // whether `members` was ever received

  #move({ type, client, info }) {
    const known = this.members.get(client);
    const lives = () => this.state === 'subscribed';
    if (type === 'leave' && known) {
      this.members.delete(client);
      this._emitPresence('leave', known, lives);
    } else if (type === 'join' && !known) {
      const member = memberOf(client, info);
      this.members.set(client, member);
      this._emitPresence('join', member, lives);
    }
  }

  _emitPresence(type, event, holds) {
    for (const handle of [...this._handles]) handle.presence._tell(type, event, holds);
  }
}

const memberOf = (client, info) => ({ client, connections: 1, ...(info && { info }) });

/** A message with an event is emitted under both names. */
const typesOf = (type, { event }) => (event ? [type, `event:${event}`] : [type]);

/**
 * The members of a channel, kept up to date once there is a listener. Events:
 * join, leave, sync, error.
 */
export class Presence extends Emitter {
  #peal;
  #at; // the Channel
  #subscription;

  constructor(peal, at, subscription) {
    super();
    this.#peal = peal;
    this.#at = at;
    this.#subscription = subscription;
  }

  /**
   * The known members; see isSynced.
   * @returns {{client: string, connections: number, info?: object}[]}
   */
  get members() {
    return [...this.#at.members.values()];
  }

  /**
   * Whether `members` is current: false before `sync`, and without a
   * connection.
   */
  get isSynced() {
    return this.#at.isSynced;
  }

  on(type, listener) {
    const at = this.#at;
    at._isWatched = true;
    if (!at.isSynced) this.#peal._watch(at);
    else if (!this._isHeard) Promise.resolve().then(() => this._tell('sync', at._list, () => at.isSynced));
    return super.on(type, listener);
  }

  /** Returns the current list once. */
  get(options) {
    return this.#peal.presence(this.#at.channel, options);
  }

  count(options) {
    return this.#peal.memberCount(this.#at.channel, options);
  }

  /** Requests the list again, for channels without join and leave messages. */
  sync() {
    return this.#peal._sync(this.#at);
  }

  /** For Channel. */
  _tell(type, event, holds) {
    const lives = () => this.#subscription.state !== 'ended' && holds();
    if (lives() && this._isHeard) this._emit(type, event, lives);
  }
}

/**
 * A subscription returned by one call of subscribe(). Events:
 * message, event:<name>, join, leave, gap, subscribed, recovered,
 * unsubscribed, error. `for await` reads its messages.
 */
export class Subscription extends Emitter {
  #peal;
  #at; // the Channel
  #since; // requested position, if it differs from the channel's
  #from; // the channel's position when this subscription was added
  #presence;
  #isTold = false; // whether `subscribed` was emitted
  #left = null; // {position} at its end

  constructor(peal, at, since) {
    super();
    this.#peal = peal;
    this.#at = at;
    this.#presence = new Presence(peal, at, this);
    const { position } = at;
    this.#since = position?.epoch === since?.epoch && position?.offset === since?.offset ? undefined : since;
    this.#from = position;
    at._handles.add(this);
    if (at.state === 'subscribed') Promise.resolve().then(() => this._tellLate());
  }

  get channel() {
    return this.#at.channel;
  }

  /** waiting, subscribed, failed or ended */
  get state() {
    return this.#left ? 'ended' : this.#at.state;
  }

  /** The error while the channel is refused; otherwise null. */
  get error() {
    return this.#left ? null : this.#at.error;
  }

  get epoch() {
    return this.position?.epoch ?? null;
  }

  /** Offset of the last delivered message. */
  get offset() {
    return this.position?.offset ?? null;
  }

  /** The position to resume from; undefined before the first answer. */
  get position() {
    return (this.#left ?? this.#at).position;
  }

  /** The members. */
  get presence() {
    return this.#presence;
  }

  publish(payload, options) {
    return this.#peal.publish(this.channel, payload, options);
  }

  memberCount(options) {
    return this.#peal.memberCount(this.channel, options);
  }

  history(options) {
    return this.#peal.history(this.channel, options);
  }

  /**
   * @returns {Promise<Subscription>} resolves when it is subscribed; rejects if
   *   it is refused or ends
   */
  ready({ signal } = {}) {
    return awaited(signal, (resolve, reject, hear) => {
      const ended = () => reject(new PealError('ended'));
      if (this.#left) ended();
      else if (this.error) reject(this.error);
      else if (this.#peal.state === 'closed') reject(new PealError('closed'));
      else if (this.state === 'subscribed') resolve(this);
      else {
        hear(this, 'subscribed', () => resolve(this));
        hear(this, 'error', reject);
        hear(this, 'unsubscribed', ended);
        hear(this.#peal, 'state', (event) => event.state === 'closed' && reject(closedBy(event)));
      }
    });
  }

  /**
   * Iterates over messages from now on, in order. Ends with the subscription or
   * close(); throws if the channel is refused, the server ends the connection
   * for good, or more than options.readLimit messages wait. Only `gap` reports
   * a loss.
   */
  async* [Symbol.asyncIterator]() {
    const messages = [];
    let error = null;
    let isOver = Boolean(this.#left) || this.#peal.state === 'closed';
    let wake = () => {};
    const end = (why = null) => {
      error ??= why;
      isOver = true;
      wake();
    };
    const ends = [
      this.on('message', (message) => {
        if (messages.push(message) > this.#peal._readLimit) end(new PealError('too_slow'));
        wake();
      }),
      this.on('unsubscribed', () => end()),
      this.on('error', (refusal) => ASKED_AGAIN.has(refusal.code) || end(refusal)),
      this.#peal.on('state', (event) => event.state === 'closed' && end(event.final ? closedBy(event) : null)),
    ];
    try {
      for (;;) {
        while (messages.length) yield messages.shift();
        if (isOver) break;
        await new Promise((resolve) => (wake = resolve));
      }
      if (error) throw error;
    } finally {
      for (const stop of ends) stop();
    }
  }

  /** The last subscription of a channel unsubscribes at the server. */
  unsubscribe() {
    if (this.#left) return Promise.resolve();
    const isLast = this.#at._handles.size === 1;
    const left = isLast ? this.#peal._unsubscribe(this.#at) : Promise.resolve();
    this._end();
    return left;
  }

  // For Channel. -------------------------------------------------------------

  _emit(type, event, holds = () => true) {
    const lives = () => !this.#left && holds();
    if (type === 'subscribed') this.#isTold = true;
    else this._tellLate(); // before any other event
    if (lives()) super._emit(type, event, lives);
    if (type !== 'subscribed') return;
    const since = this.#since;
    this.#since = undefined;
    if (since && lives()) super._emit('gap', { channel: this.channel, reason: 'unrecovered', since }, lives);
  }

  _end() {
    if (this.#left) return;
    this.#left = { position: this.position };
    this.#at._handles.delete(this);
    super._emit('unsubscribed', { channel: this.channel });
  }

  /** For a subscription added to an existing channel. */
  _tellLate() {
    if (this.#isTold || this.state !== 'subscribed') return;
    const event = { channel: this.channel, ...this.#from, recovered: false };
    this._emit('subscribed', event, () => this.state === 'subscribed');
  }
}

const closedBy = ({ code, reason }) => new PealError('closed', reason || undefined, { closeCode: code });

/**
 * A client of one Peal server. Events: state, direct, event:<name>, error.
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
  #debug = () => {};
  #WebSocket;
  #state = 'idle';
  #socket = null;
  #changes = 0; // state changes: detects one made by a listener
  #turn = 0; // attempts: results of an older attempt are ignored
  #attempt = 0; // failures in a row
  #refusals = 0; // 4401 in a row
  #refused; // the token that was answered with 4401
  #token = null; // the current token or ticket
  #proven = false; // whether a connection opened with it
  #openedAt = 0;
  #isHeard = false; // whether the server has sent anything since
  #heardAt = 0;
  #heardCount = 0; // received frames
  #opensBy = ''; // websocket or sse, once a connection has opened
  #isFallback = false; // whether this connection uses SSE
  #failedDials = 0; // before a first connection
  #asked = new Set(); // pending calls of token functions: {timer, giveUp}
  #isPaused = false; // the page is suspended
  #probed = -1; // #heardCount at the last probe
  #deadline = 0; // when a frame must have arrived since
  #timers = {}; // retry, connect, error, word, pump, idle, refresh, "ask <channel>" and "watch <channel>"
  #lastId = 0;
  #pending = new Map(); // id -> request, in the order asked
  #queue = []; // unsent requests, in sending order
  #lists = new Map(); // id of a subscribe with a list -> channel -> request
  #pace; // send rate of this connection
  #isPaced = false; // whether its limits are set, from a hello or assumed
  #hello; // the server's hello on this connection
  #greets = false; // whether the server sent a hello on the last connection
  #subscriptions = new Map(); // name -> Channel

  /**
   * @param {object} options
   * @param {string} options.client this client's id: the `sub` of the token
   * @param {string} [options.url] URL of the server; default: that of the page;
   *   required without a page
   * @param {string | (why: {reason: string}) => string | Promise<string>}
   *   [options.token] a JWT, or preferably a function that returns one: only a
   *   function can replace an expired token
   * @param {(why: {reason: string}) => string | Promise<string>}
   *   [options.ticket] instead of a token: returns a new ticket on each
   *   call, because a ticket is valid for one connection
   * @param {typeof WebSocket} [options.WebSocket] if there is no global one
   * @param {'auto' | 'websocket' | 'sse'} [options.transport] auto: uses SSE
   *   and plain HTTP if no WebSocket can be opened
   * @param {boolean | (what: string, details: object) => void} [options.debug]
   *   called with events, without payloads and tokens; true: logs them to the
   *   console
   * @param {object} [options.clock] for tests: see CLOCK
   * The members of DEFAULTS are options too.
   */
  constructor(options) {
    super();
    this.#options = { ...DEFAULTS, ...present(options) };
    const { client, token, ticket, clock, debug, transport = 'auto' } = this.#options;
    if (!TRANSPORTS.includes(transport)) throw misuse(`options.transport must be one of ${TRANSPORTS}`, 'without-a-websocket');
    this.#options.transport = transport;
    if (!client) throw misuse('options.client is required');
    this.#options.client = typeof client === 'number' ? String(client) : client;
    const badClient = clientFlaw(this.#options.client);
    if (badClient) throw misuse(`options.client ${badClient}`);
    if (ticket && (token !== undefined || typeof ticket !== 'function')) {
      throw misuse('options.ticket must be a function, and excludes options.token', 'tokens');
    }
    if (token !== undefined) checkToken('options.token', token);
    this.#clock = clock ?? CLOCK;
    if (debug === true) this.#debug = (what, details) => console.debug('peal:', what, details);
    else if (debug) this.#debug = guarded(debug);
  }

  get client() {
    return this.#options.client;
  }

  /** idle, connecting, open, waiting or closed. */
  get state() {
    return this.#state === 'open' && !this.#isHeard ? 'connecting' : this.#state;
  }

  /**
   * The server's hello with its id and limits, kept until the next connection
   * opens; undefined if the server sends none.
   */
  get hello() {
    return this.#hello;
  }

  /**
   * Connects; ends the wait for a retry; checks an open connection with a ping.
   * Only connect() needs a WebSocket: a client can be created anywhere, for
   * example during server-side rendering.
   * @throws {TypeError} without a WebSocket or an address
   */
  connect() {
    const { state } = this;
    if (this.#state === 'open') this.#probeIfSilent();
    if (state === 'connecting' || state === 'open') return;
    this.#WebSocket = this.#options.WebSocket ?? globalThis.WebSocket;
    if (!this.#WebSocket && this.#options.transport !== 'sse') {
      throw misuse('no global WebSocket; pass options.WebSocket, e.g. of the package ws', 'from-npm-in-node-in-typescript');
    }
    if (!this.#options.url && !globalThis.location) {
      throw misuse('options.url is required outside a browser page');
    }
    this.#attempt = 0;
    this.#refusals = 0;
    this.#refused = undefined;
    this.#isPaused = false;
    this.#isFallback = (this.#opensBy || this.#options.transport) === 'sse';
    for (const type of HOST_EVENTS) globalThis.addEventListener?.(type, this.#hostChanged, CAPTURE);
    this.#open();
  }

  /**
   * @returns {Promise<Peal>} resolves when the connection is open; rejects if
   *   it is closed
   */
  ready({ signal } = {}) {
    return awaited(signal, (resolve, reject, hear) => {
      if (this.state === 'open') resolve(this);
      else if (this.#state === 'closed') reject(new PealError('closed'));
      else {
        hear(this, 'state', (event) => {
          if (event.state === 'open') resolve(this);
          if (event.state === 'closed') reject(closedBy(event));
        });
      }
    });
  }

  /**
   * Uses this token, or this function, from now on. Sends a new token over an
   * open connection immediately, so that its rights apply.
   * @returns {Promise<void>} resolves when the server has accepted the token,
   *   or
   *   immediately without a connection
   */
  setToken(token) {
    checkToken('the token', token);
    if (this.#options.ticket) throw misuse('a client with options.ticket cannot have a token', 'tokens');
    this.#options.token = typeof token === 'string' ? usableToken(token) : token;
    this.#proven = false;
    this.#refusals = 0;
    if (this.#state === 'open') return calm(this.#renew());
    if (this.#state === 'connecting') {
      this.#hangUp();
      this.#open();
    }
    return Promise.resolve();
  }

  /**
   * Closes the connection and rejects waiting requests; connect() reconnects.
   */
  close(reason = '') {
    if (this.#state !== 'closed') this.#finish(1000, reason, false);
  }

  /**
   * Subscribes to a channel, now and after each reconnect.
   * @param {string} channel
   * @param {{since?: {epoch: string, offset: number}, signal?: AbortSignal}}
   *   [options] `since`: a saved `position`, to receive the messages after it;
   *   `signal` unsubscribes
   * @returns {Subscription} a separate one for each caller; the client leaves
   *   the channel with the last one
   * @throws {PealError} bad_channel: the name is invalid
   */
  subscribe(channel, { since, signal } = {}) {
    checkNames({ channel });
    const known = this.#subscriptions.get(channel);
    const at = known ?? new Channel(channel, since);
    this.#subscriptions.set(channel, at);
    const subscription = new Subscription(this, at, since);
    if (this.#state === 'open' && (!known || known.state === 'failed')) this.#ask(at);
    if (signal?.aborted) subscription.unsubscribe();
    else subscription.once('unsubscribed', onAbort(signal, () => subscription.unsubscribe()));
    return subscription;
  }

  /**
   * @param {{event?: string, volatile?: boolean, signal?: AbortSignal}}
   *   [options]
   *   `volatile`: dropped if it cannot be sent at once
   * @returns {Promise<{offset: number, listenerCount: number} | null>} null:
   *   dropped
   */
  publish(channel, payload = null, { event, volatile, signal } = {}) {
    return this.#request('broadcastResult', { type: 'broadcast', channel, event, payload }, { volatile, signal });
  }

  /** Sends to all connections of another client. */
  direct(to, payload = null, { event, volatile, signal } = {}) {
    return this.#request('directResult', { type: 'direct', to, event, payload }, { volatile, signal });
  }

  /** @returns {Promise<any>} the same payload */
  echo(payload = null, { signal } = {}) {
    return this.#answer('echo', { type: 'echo', payload }, (answer) => answer.payload, { signal });
  }

  /**
   * @returns {Promise<{client: string, connections: number, info?: object}[]>}
   */
  presence(channel, { limit, signal } = {}) {
    return this.#answer('presence', { type: 'presence', channel, limit }, ({ clients }) => clients, { signal });
  }

  /** @returns {Promise<number>} the number of members, without their list */
  memberCount(channel, { signal } = {}) {
    return this.#answer('presence', { type: 'presence', channel, limit: 0 }, ({ count }) => count, { signal });
  }

  /** @returns {Promise<{epoch: string, offset: number, messages: object[]}>} */
  history(channel, { limit = 50, signal } = {}) {
    return this.#request('history', { type: 'history', channel, limit }, { signal });
  }

  /** @returns {Promise<number>} round-trip time in milliseconds */
  ping({ signal } = {}) {
    const asked = this.#clock.now();
    return this.#answer('pong', { type: 'ping' }, () => this.#clock.now() - asked, { signal });
  }

  // Connecting and reconnecting. --------------------------------------------

  async #open() {
    const turn = ++this.#turn;
    this.#clearTimers();
    this.#become('connecting');
    if (turn !== this.#turn) return;
    let token;
    try {
      token = await this.#currentToken();
    } catch (error) {
      if (turn !== this.#turn) return;
      this._emit('error', new PealError('token', `no token: ${error?.message ?? error}; retrying`));
      if (turn === this.#turn) this.#waitAndRetry(0, 'no token', 0);
      return;
    }
    if (turn !== this.#turn) return;
    if (this.#refusals && token === this.#refused) {
      this.#finish(4401, 'the token function returned the same token again', true);
      return;
    }
    this.#token = token?.trim() || null;
    this.#proven = false;
    this.#dial();
  }

  /** Calls a function again only if its last token is used up or in doubt. */
  async #currentToken() {
    const { token, ticket } = this.#options;
    const reason = this.#refusals ? 'refused' : 'connect';
    if (ticket) return this.#askFor(ticket, reason);
    if (typeof token !== 'function') return token;
    const left = expiryOf(this.#token) - this.#clock.time();
    if (this.#proven && left > 10_000) return this.#token;
    return this.#askFor(token, reason);
  }

  /**
   * Calls the application's function, which may fail, return anything, or hang.
   */
  async #askFor(give, reason) {
    const asked = {};
    const late = calm(new Promise((resolve, reject) => (asked.giveUp = reject)));
    const delay = Math.min(this.#options.connectTimeout, LONGEST_TIMER);
    asked.timer = this.#clock.setTimeout(() => asked.giveUp(new Error('the function did not return in time')), delay);
    this.#asked.add(asked);
    try {
      return usableToken(await Promise.race([give({ reason }), late]));
    } finally {
      this.#clock.clearTimeout(asked.timer);
      this.#asked.delete(asked);
    }
  }

  #dial() {
    if (this.#isFallback) {
      this.#dialFallback();
      return;
    }
    const { ticket } = this.#options;
    const protocols = ['broadcast'];
    if (this.#token && !ticket) protocols.push(`bearer.${this.#token}`);
    // One empty `channel` joins none; without it the server would add `lobby`.
    const fields = ['channel=', 'hello=1'];
    if (ticket) fields.push(`ticket=${encodeURIComponent(this.#token)}`);
    try {
      this.#use(new this.#WebSocket(this.#address('ws', fields), protocols));
    } catch (error) {
      // A malformed address or token: reconnecting would not help.
      this.#finish(0, error.message, true);
    }
  }

  async #dialFallback() {
    const turn = this.#turn;
    this.#after('connect', this.#options.connectTimeout, () => this.#lost(1006, 'no response'));
    const { HttpSocket } = await import('./peal-fallback.js').catch(() => ({}));
    if (turn !== this.#turn) return;
    const { ticket } = this.#options;
    const tickets = [this.#token]; // the ticket for this attempt
    if (!HttpSocket) this.#lost(1006, 'peal-fallback.js is missing');
    else {
      this.#use(new HttpSocket({
        address: (path, fields) => this.#address(path, fields),
        token: ticket ? null : this.#token,
        ticket: ticket ? async () => tickets.pop() ?? this.#askFor(ticket, 'connect') : null,
        clock: this.#clock,
      }));
    }
  }

  #use(socket) {
    this.#socket = socket;
    const ifOurs = (run) => (event) => socket === this.#socket && run(event);
    socket.onopen = ifOurs(() => this.#opened());
    socket.onmessage = ifOurs((event) => this.#received(event.data));
    // Stays set even after the socket is detached: an unhandled error ends a
    // Node process.
    socket.onerror = ifOurs(() => this.#failed());
    // React Native gives neither code nor reason when a connection fails.
    // Debian 13's Node 20 reports 1002 for a failed attempt; no server sent it.
    socket.onclose = ifOurs(({ code = 1006, reason = '' }) =>
      this.#lost(code === 1002 && this.#state !== 'open' ? 1006 : code, reason));
    this.#after('connect', this.#options.connectTimeout, () => this.#lost(1006, 'no response'));
  }

  /** @param path ws, sse or client */
  #address(path, more) {
    const { url, client } = this.#options;
    const { location } = globalThis;
    const given = url || location.origin;
    // React Native's URL objects are read-only, so build the URL manually.
    const whole = given.includes('://') ? given : new URL(given, location?.href).href;
    const [, scheme, place, query] = /^(wss?|https?)(:\/\/[^?#]+)\??([^#]*)/i.exec(whole) ?? [];
    if (!scheme) throw new TypeError(`options.url is not a server URL: ${given}`);
    const fields = query.split('&').filter((field) => field && !OUR_FIELDS.test(field)).concat(more);
    const [from, to] = path === 'ws' ? ['http', 'ws'] : ['ws', 'http'];
    const base = `${scheme.toLowerCase().replace(from, to)}${place.replace(/\/$/, '')}`;
    return `${base}/${path}/${encodeURIComponent(client)}${fields.length ? '?' : ''}${fields.join('&')}`;
  }

  #opened() {
    this.#clearTimers();
    this.#openedAt = this.#heardAt = this.#clock.now();
    this.#opensBy = this.#isFallback ? 'sse' : 'websocket';
    this.#proven = true;
    this.#pace = new Pace(this.#clock, this.#greets ? 0 : BEFORE_HELLO);
    this.#isPaced = false;
    this.#probed = -1;
    const socket = this.#socket;
    const waiting = this.#queue.splice(0);
    for (const subscription of this.#subscriptions.values()) this.#ask(subscription);
    this.#queue.push(...waiting.filter(({ id }) => this.#pending.has(id)));
    if (socket !== this.#socket) return; // options.debug closed it
    this.#state = 'open';
    this.#isHeard = false;
    this.#after('word', HELLO_WAIT, () => this.#tellOpen());
    this.#pump();
    this.#watchSilence();
    this.#planRefresh();
  }

  /**
   * Reports `open` only after the server has sent something, or after a while:
   * a server that explains a refusal opens the connection too, and then only
   * sends a close, immediately.
   */
  #tellOpen() {
    if (this.#isHeard) return;
    this.#isHeard = true;
    this.#clock.clearTimeout(this.#timers.word);
    this.#become('open'); // a listener's requests follow the waiting ones
  }

  /**
   * The close event that follows has details; Node 22 sends none if the
   * handshake fails.
   */
  #failed() {
    const wait = this.#state === 'open' ? CLOSE_AFTER_ERROR : 0;
    this.#after('error', wait, () => this.#lost(1006, 'connection failed'));
  }

  /**
   * The network may block WebSockets: after some failed attempts, the next one
   * follows immediately and uses SSE. If it fails too, the next attempt uses a
   * WebSocket again, so that an unavailable server is not mistaken for a
   * blocking network. A response to it may not have come from the server.
   */
  #lost(given, reason) {
    const isOpenQuestion = !this.#opensBy && this.#options.transport === 'auto';
    const code = this.#isFallback && isOpenQuestion ? 1006 : given;
    const mayFallBack = this.#state !== 'open' && isOpenQuestion;
    this.#hangUp();
    if (mayFallBack) {
      this.#isFallback = !this.#isFallback && code === 1006 && ++this.#failedDials >= DIALS_BEFORE_FALLBACK;
      if (this.#isFallback) {
        this.#open();
        return;
      }
    }
    if (this.#openedAt && this.#clock.now() - this.#openedAt >= this.#options.stableAfter) {
      this.#attempt = 0;
      this.#refusals = 0;
    }
    this.#openedAt = 0;
    const disconnected = new PealError('disconnected', `connection lost (${code})`, {
      closeCode: code,
    });
    for (const request of [...this.#pending.values()]) {
      if (request.sent || request.bound) this.#settle(request).reject(disconnected);
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

  /**
   * Full jitter: random from 0 to the bound, so that reconnects are spread out.
   */
  #waitAndRetry(code, reason, floor) {
    const { backoffBase, backoffCap } = this.#options;
    const bound = Math.min(backoffCap, LONGEST_TIMER, backoffBase * 2 ** this.#attempt);
    const delay = this.#isPaused ? Infinity : Math.round(floor + this.#clock.random() * bound);
    this.#attempt += 1;
    if (!this.#isPaused) this.#after('retry', delay, () => this.#open());
    this.#become('waiting', { delay, attempt: this.#attempt, code, reason });
  }

  /** `final`: the server does not allow reconnecting; false after close(). */
  #finish(code, reason, final) {
    this.#opensBy = '';
    this.#failedDials = 0;
    this.#hangUp();
    this.#openedAt = 0;
    for (const type of HOST_EVENTS) globalThis.removeEventListener?.(type, this.#hostChanged, CAPTURE);
    const closed = closedBy({ code, reason });
    for (const request of this.#pending.values()) this.#settle(request).reject(closed);
    this.#become('closed', { code, reason, final });
  }

  /**
   * Detaches from the socket; a dead one may take minutes to report the close.
   */
  #hangUp() {
    this.#turn += 1;
    this.#clearTimers();
    const socket = this.#socket;
    this.#socket = null;
    for (const subscription of this.#subscriptions.values()) subscription._lost();
    if (socket && socket.readyState < 2) socket.close(1000);
  }

  #become(state, details = {}) {
    const change = ++this.#changes;
    this.#state = state;
    this.#debug('state', { state, ...details });
    this._emit('state', { state, ...details }, () => change === this.#changes);
  }

  /**
   * After a network change, connections may be dead without notice. An open
   * connection is probed at once. A running attempt is restarted and a wait
   * ends, with jitter to spread the clients. While offline, only an open
   * connection is probed. A suspended page drops its connection until it
   * resumes.
   */
  #hostChanged = ({ type, persisted }) => {
    const isNetwork = type === 'online' || type === 'offline';
    if (type === 'pagehide' || type === 'freeze') this.#pause();
    else if (type === 'visibilitychange' && globalThis.document?.hidden) return;
    else if (this.#isPaused) {
      if (!isNetwork) this.connect();
    } else if (type === 'pageshow' && !persisted) return; // first load, not restored from the cache
    else if (this.#state === 'open') {
      if (isNetwork && this.#isFallback) this.#lost(1006, 'the network changed'); // the answer to a probe would use another connection
      else if (isNetwork || type === 'pageshow') this.#probe(PROBE_WAIT);
      else this.#probeIfSilent();
    } else if (type === 'online' || (type !== 'offline' && this.#state === 'waiting')) {
      this.#after('retry', this.#clock.random() * this.#options.backoffBase, () => {
        this.#hangUp();
        this.#open();
      });
    }
  };

  /** Browsers suspend or cut the connection of a suspended page anyway. */
  #pause() {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#lost(1001, 'the page was suspended');
  }

  #after(name, delay, run) {
    this.#clock.clearTimeout(this.#timers[name]);
    this.#timers[name] = this.#clock.setTimeout(run, Math.min(delay, LONGEST_TIMER));
  }

  #clearTimers() {
    for (const timer of Object.values(this.#timers)) this.#clock.clearTimeout(timer);
    this.#timers = {};
    for (const { timer, giveUp } of this.#asked) {
      this.#clock.clearTimeout(timer);
      giveUp(new PealError('disconnected'));
    }
  }

  // An open connection: liveness and token. ----------------------------------

  /** Pages cannot see the server's pings, so they send their own. */
  #watchSilence() {
    const { idlePing, pongWait } = this.#options;
    if (!idlePing) return;
    this.#after('idle', Math.max(idlePing - this.#silence, 0), () => {
      if (this.#silence < idlePing) this.#watchSilence();
      else this.#probe(pongWait);
    });
  }

  #probeIfSilent() {
    if (this.#silence > SHORT_SILENCE) this.#probe(PROBE_WAIT);
  }

  get #silence() {
    return this.#clock.now() - this.#heardAt;
  }

  /** Drops a connection that is silent for too long after a ping. */
  #probe(wait) {
    const end = this.#clock.now() + Math.min(this.#options.pongWait, wait);
    const isAsked = this.#probed === this.#heardCount;
    this.#deadline = isAsked ? Math.min(this.#deadline, end) : end;
    this.#probed = this.#heardCount;
    this.#after('idle', this.#deadline - this.#clock.now(), () => {
      if (this.#heardCount > this.#probed) this.#watchSilence();
      else this.#lost(1006, 'no pong');
    });
    if (!isAsked) this.#request('pong', { type: 'ping' }, { bound: true, urgent: true }); // any frame counts as an answer
  }

  /**
   * Refreshes well before the expiry, spread out; `share` is a fraction of the
   * remaining time.
   */
  #planRefresh(share = 0.75 + 0.15 * this.#clock.random()) {
    this.#clock.clearTimeout(this.#timers.refresh);
    if (typeof this.#options.token !== 'function') return;
    const delay = (expiryOf(this.#token) - this.#clock.time()) * share;
    if (!(delay >= 1_000)) return; // too late, or not a JWT: the server will close with 4401
    this.#after('refresh', Math.min(delay, LONGEST_TIMER), () => this.#refresh());
  }

  async #refresh() {
    const socket = this.#socket;
    try {
      await this.#renew();
    } catch (error) {
      if (socket !== this.#socket) return;
      this._emit('error', new PealError('refresh', `token not refreshed: ${error?.message ?? error}; retrying`));
      if (socket === this.#socket) this.#planRefresh(0.5);
    }
  }

  /** Sends the open connection a new token; later connections use it anyway. */
  async #renew() {
    const socket = this.#socket;
    const { token } = this.#options;
    try {
      const given = typeof token === 'function' ? await this.#askFor(token, 'refresh') : token;
      if (socket !== this.#socket) return;
      await this.#request('refreshed', { type: 'refresh', token: given }, { bound: true, urgent: true });
      this.#token = given;
    } catch (error) {
      if (socket === this.#socket) throw error;
      return;
    }
    this.#proven = true;
    this.#planRefresh();
    // The new token may allow channels that the previous one did not.
    for (const at of this.#subscriptions.values()) if (at.state === 'failed') this.#ask(at);
  }

  // Requests and answers. ----------------------------------------------------

  #answer(answer, frame, read, how) {
    return calm(this.#request(answer, frame, how).then(read));
  }

  /**
   * `bound`: only for this connection; does not wait for the next one.
   * `urgent`: sent before waiting requests. `volatile`: never waits.
   */
  #request(answer, frame, { bound = false, urgent = false, volatile = false, signal } = {}) {
    return calm(new Promise((resolve, reject) => {
      checkNames(frame);
      if (signal?.aborted) throw reasonOf(signal);
      const open = this.#state === 'open';
      if (volatile && !(open && !this.#queue.length && this.#pace.wait(frame.type) === 0)) {
        resolve(null);
        return;
      }
      if (this.#state === 'closed') throw new PealError('closed');
      if (!open && !bound && this.#queue.length >= this.#options.queueLimit) {
        throw new PealError(this.#options.queueLimit ? 'queue_full' : 'disconnected');
      }
      const id = ++this.#lastId;
      const text = JSON.stringify({ ...frame, id });
      const tooBig = this.#isTooBig(text);
      if (tooBig) throw tooBig;
      const request = { id, answer, frame, text, resolve, reject, bound, sent: null };
      this.#await(request, this.#options.requestTimeout);
      request.unhook = onAbort(signal, () => {
        reject(reasonOf(signal));
        if (request.sent) return; // its answer still counts for the send rate
        this.#settle(request);
        this.#pump();
      });
      this.#pending.set(id, request);
      this.#debug('request', { type: frame.type, channel: frame.channel, id });
      if (!this.#pending.has(id)) return; // it is closed now
      if (urgent && open) this.#send([request], text);
      else this.#queue.push(request);
      this.#pump();
    }));
  }

  /**
   * The answer to a subscribe may follow megabytes of missed messages of other
   * channels. It is not late while they arrive.
   */
  #await(request, delay) {
    request.timer = this.#clock.setTimeout(() => {
      const { requestTimeout } = this.#options;
      const silence = this.#silence;
      if (request.sent && request.frame.type === 'subscribe' && silence < requestTimeout) {
        this.#await(request, requestTimeout - silence);
        return;
      }
      this.#settle(request).reject(new PealError('timeout'));
      this.#pump();
    }, Math.min(delay, LONGEST_TIMER));
  }

  /**
   * An error if the server would close the connection for this request, else
   * null.
   */
  #isTooBig(text) {
    const limit = this.#hello?.limits.message_bytes ?? Infinity;
    if (text.length * 3 <= limit) return null;
    const length = utf8Length(text);
    if (length <= limit) return null;
    return new PealError('too_big', `the message has ${length} bytes, the server accepts ${limit}`);
  }

  /** Sends waiting requests, as fast as the server allows. */
  #pump() {
    if (this.#state !== 'open' || !this.#pace) return;
    while (this.#queue.length) {
      const [next] = this.#queue;
      const tooBig = this.#isTooBig(next.text);
      const wait = this.#pace.wait(next.frame.type);
      if (tooBig) {
        this.#settle(next).reject(tooBig);
      } else if (wait === 0) {
        this.#sendNext();
      } else {
        this.#pumpLater(wait);
        return;
      }
    }
  }

  #pumpLater(wait) {
    if (!this.#isPaced) this.#after('pump', HELLO_WAIT, () => this.#assume());
    else if (wait < Infinity) this.#after('pump', wait, () => this.#pump());
  }

  /** Merges consecutive subscribes, if the server supports lists. */
  #sendNext() {
    const [first] = this.#queue;
    const list = this.#isPaced && this.#greets && first.frame.type === 'subscribe' ? this.#nextList() : [];
    if (list.length < 2) {
      this.#send(this.#queue.splice(0, 1), first.text);
      return;
    }
    const { id } = first;
    const channels = list.map(({ frame: { channel, since } }) => ({ channel, since }));
    this.#lists.set(id, new Map(list.map((request) => [request.frame.channel, request])));
    this.#queue.splice(0, list.length);
    this.#send(list, JSON.stringify({ type: 'subscribe', channels, id }));
  }

  /** As many requests from the front of the queue as fit into one message. */
  #nextList() {
    const { message_bytes: most, channels } = this.#hello.limits;
    const seen = new Set();
    let length = 64; // of the text around the entries
    for (const { frame, text } of this.#queue) {
      length += utf8Length(text);
      const fits = length <= most && seen.size < Math.min(channels, LIST_MOST);
      if (frame.type !== 'subscribe' || seen.has(frame.channel) || !fits) break;
      seen.add(frame.channel);
    }
    return this.#queue.slice(0, seen.size);
  }

  /** One message for all of these requests. */
  #send(requests, text) {
    const sent = { isCounted: this.#pace.take(requests[0].frame.type) };
    for (const request of requests) request.sent = sent;
    this.#socket.send(text);
  }

  #settle(request) {
    this.#clock.clearTimeout(request.timer);
    request.unhook();
    this.#pending.delete(request.id);
    const { sent } = request;
    if (!sent) this.#queue = this.#queue.filter((other) => other !== request);
    else if (sent.isCounted) this.#pace.answered();
    if (sent) sent.isCounted = false;
    for (const [id, list] of this.#lists) {
      if (list.get(request.frame.channel) === request) list.delete(request.frame.channel);
      if (!list.size) this.#lists.delete(id);
    }
    return request;
  }

  /**
   * Finds a request by id; an answer without an id belongs to the oldest
   * matching one.
   */
  #requestOf(frame) {
    const list = this.#lists.get(frame.id);
    if (list) return list.get(frame.channel);
    if (frame.id !== undefined) return this.#pending.get(frame.id);
    const fits = (request) =>
      request.sent &&
      request.answer === frame.type &&
      (frame.channel === undefined || frame.channel === request.frame.channel);
    return [...this.#pending.values()].find(fits);
  }

  /** Handles the hello of a server. */
  #greeted(hello) {
    this.#hello = hello;
    this.#greets = true;
    this.#isPaced = true;
    this.#pace.learn(hello.limits);
  }

  /**
   * Handles a server without hello: it sent something else first, or nothing
   * for too long.
   */
  #assume() {
    this.#hello = undefined;
    this.#greets = false;
    this.#isPaced = true;
    this.#pace.learn(ASSUMED);
    this.#pump();
  }

  #received(data) {
    this.#heardAt = this.#clock.now();
    this.#heardCount += 1;
    let frame;
    try {
      frame = JSON.parse(data);
    } catch {
      this._emit('error', new PealError('bad_frame', 'not JSON'));
      return;
    }
    const socket = this.#socket;
    const { type, channel, id, offset, code } = frame;
    this.#debug('received', { type, channel, id, offset, code });
    if (socket !== this.#socket) return; // a listener closed it
    if (frame.type === 'hello') this.#greeted(frame);
    else if (!this.#isPaced) this.#assume();
    this.#tellOpen();
    if (socket !== this.#socket) return;
    this.#receivedFrame(frame);
    this.#pump();
  }

  #receivedFrame(frame) {
    const subscription = this.#subscriptions.get(frame.channel);
    switch (frame.type) {
      case 'hello':
        return undefined;
      case 'broadcast':
        return subscription?._message(frame);
      case 'join':
      case 'leave':
        return subscription?._moved(frame);
      case 'resumed': // from peal-fallback.js: joins and leaves may have been missed
        return subscription?.isSynced && this._sync(subscription);
      case 'gap':
        return subscription?._gap() && this.#askAnew(subscription);
      case 'direct':
        for (const each of typesOf('direct', frame)) this._emit(each, frame);
        return undefined;
      case 'error':
        return this.#receivedError(frame);
      default:
        return this.#receivedAnswer(frame, subscription);
    }
  }

  #receivedError(frame) {
    const error = new PealError(frame.code, frame.message);
    const list = frame.channel === undefined && this.#lists.get(frame.id);
    const request = frame.id === undefined ? undefined : this.#requestOf(frame);
    if (!list && this.#lists.has(frame.id)) this.#pace.refused();
    if (list) for (const each of [...list.values()]) this.#settle(each).reject(error);
    else if (request) this.#settle(request).reject(error);
    else if (frame.id === undefined) this._emit('error', error);
  }

  #receivedAnswer(frame, subscription) {
    const request = this.#requestOf(frame);
    if (request) {
      this.#settle(request).resolve(frame);
    } else if (frame.type === 'unsubscribed' && subscription) {
      // Without a request: the server removed it.
      this.#subscriptions.delete(frame.channel);
      subscription._ended();
    }
  }

  // Subscriptions. -----------------------------------------------------------

  async #ask(subscription) {
    const socket = this.#socket;
    if (!socket) return; // options.debug closed the connection on another request
    const { channel, position } = subscription;
    subscription._asked();
    try {
      const frame = { type: 'subscribe', channel, since: position };
      const answer = await this.#request('subscribed', frame, { bound: true });
      if (socket !== this.#socket) return;
      subscription._answered(answer);
      if (subscription._isWatched) this._watch(subscription);
      if (subscription._owesGap && subscription._gap()) this.#askAnew(subscription);
    } catch (error) {
      if (socket !== this.#socket || subscription.state === 'ended') return;
      if (error.code === 'already_subscribed' && !subscription._isAnew) {
        subscription._isAnew = true;
        this.#askAnew(subscription); // the answer arrived after the time-out
        return;
      }
      subscription._isAnew = false;
      subscription._failed(error);
      if (socket !== this.#socket || subscription.state !== 'failed') return;
      if (ASKED_AGAIN.has(error.code)) this.#askLater(subscription);
    }
  }

  /**
   * Resubscribes from the current position: kept messages follow, the rest is a
   * gap.
   */
  #askAnew(subscription) {
    const { channel } = subscription;
    this.#request('unsubscribed', { type: 'unsubscribe', channel }, { bound: true }).catch(() => {});
    this.#ask(subscription);
  }

  #askLater(subscription) {
    this.#someTimeLater(`ask ${subscription.channel}`, () => {
      if (subscription.state === 'failed') this.#ask(subscription);
    });
  }

  #someTimeLater(name, run) {
    const { backoffBase, backoffCap } = this.#options;
    this.#after(name, backoffBase + this.#clock.random() * Math.min(backoffCap, LONGEST_TIMER), run);
  }

  /**
   * For Presence: requests the members of a channel as soon as it is
   * subscribed.
   */
  _watch(at) {
    if (at.state === 'subscribed') this._sync(at);
  }

  /**
   * For Presence. One request at a time; retried on failure if there is a
   * listener.
   */
  _sync(at) {
    if (at._syncing) return at._syncing;
    at._syncs();
    at._syncing = calm(this.presence(at.channel).then((clients) => {
      at._syncing = null;
      at._membersAre(clients);
      return clients;
    }, (error) => {
      at._syncing = null;
      if (at._isWatched) this.#notSynced(at, error);
      throw error;
    }));
    return at._syncing;
  }

  #notSynced(at, error) {
    const lives = () => at.state === 'subscribed'; // otherwise requested again once it is
    if (lives()) at._emitPresence('error', error, lives);
    if (lives() && ASKED_AGAIN.has(error.code)) this.#someTimeLater(`watch ${at.channel}`, () => at.isSynced || this._watch(at));
  }

  /** For Subscription. */
  get _readLimit() {
    return this.#options.readLimit;
  }

  /**
   * For Subscription, of a Channel. Without a connection, or if it breaks,
   * there is nothing to leave.
   */
  _unsubscribe(subscription) {
    const { channel } = subscription;
    if (this.#subscriptions.get(channel) !== subscription) return Promise.resolve();
    const known = this.#state === 'open' && subscription.state !== 'failed';
    this.#subscriptions.delete(channel);
    for (const what of ['ask', 'watch']) this.#clock.clearTimeout(this.#timers[`${what} ${channel}`]);
    const left = known
      ? this.#answer('unsubscribed', { type: 'unsubscribe', channel }, () => {}, { bound: true })
      : Promise.resolve();
    subscription._ended(); // last: a listener may subscribe again
    return calm(left.catch((error) => {
      if (!ALREADY_LEFT.has(error.code)) throw error;
    }));
  }
}
