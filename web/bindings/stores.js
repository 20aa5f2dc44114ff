/**
 * Stores shared by the bindings for React and Vue. A store starts with its first listener and ends
 * after the last, so an unused one has no cost.
 */

/** A snapshot, replaced as a whole. */
class Store {
  #listeners = new Set();
  #snapshot;
  #stop = null;
  #ending;

  constructor(snapshot) {
    this.#snapshot = snapshot;
  }

  get = () => this.#snapshot;

  /** @returns a function that removes the listener */
  listen = (listener) => {
    const hear = () => listener(); // each caller has one of its own
    this.#listeners.add(hear);
    clearTimeout(this.#ending);
    this.#stop ??= this.start();
    return () => {
      this.#listeners.delete(hear);
      clearTimeout(this.#ending);
      // StrictMode and fast refresh listen again at once
      this.#ending = setTimeout(() => this.#endUnlessHeard(), 0);
    };
  };

  #endUnlessHeard() {
    if (this.#listeners.size || !this.#stop) return;
    this.#stop();
    this.#stop = null;
  }

  set(change) {
    const entries = Object.entries(change);
    if (entries.every(([name, value]) => Object.is(this.#snapshot[name], value))) return;
    this.#snapshot = { ...this.#snapshot, ...change };
    for (const hear of [...this.#listeners]) if (this.#listeners.has(hear)) hear();
  }
}

/** Whether there is a connection, and why not. */
export class ConnectionStore extends Store {
  #peal;

  constructor(peal) {
    super({ state: peal.state });
    this.#peal = peal;
  }

  start() {
    this.set({ state: this.#peal.state }); // as it is by now
    return this.#peal.on('state', (event) => {
      this.set({ delay: undefined, attempt: undefined, code: undefined, reason: undefined, final: undefined, ...event });
    });
  }
}

/** Ends all of them. */
const all = (ends) => () => ends.forEach((end) => end());

const nothing = () => {};

/** Messages of another counting may have the same offset. */
const keyed = (message, epoch) => ({ ...message, key: `${epoch}.${message.offset}` });

/** A channel's newest messages, and how the subscription is. Without a name, nothing. */
export class ChannelStore extends Store {
  #peal;
  #channel;
  #since;

  /** @param options may be replaced at any time: `keep`, `history`, `since`, `onMessage`, `onGap` */
  constructor(peal, channel, options = {}) {
    const publish = (payload, more) => peal.publish(channel, payload, more);
    super({ state: channel ? 'waiting' : 'idle', messages: [], gaps: 0, error: null, publish });
    this.#peal = peal;
    this.#channel = channel;
    this.#since = options.since;
    this.options = options;
  }

  start() {
    if (!this.#channel) return nothing;
    let subscription;
    try {
      subscription = this.#peal.subscribe(this.#channel, this.#since ? { since: this.#since } : {});
    } catch (error) {
      this.set({ state: 'failed', error }); // no channel can have that name
      return nothing;
    }
    this.set({ state: subscription.state, error: subscription.error });
    const ends = [
      subscription.on('message', (message) => this.#take(subscription, message)),
      subscription.on('subscribed', ({ recovered }) => this.#begin(subscription, recovered)),
      subscription.on('gap', (gap) => {
        this.set({ gaps: this.get().gaps + 1 });
        this.options.onGap?.(gap);
      }),
      subscription.on('error', (error) => this.set({ state: subscription.state, error })),
      subscription.on('unsubscribed', () => this.set({ state: subscription.state })),
      this.#peal.on('state', () => this.set({ state: subscription.state })),
    ];
    return () => {
      this.#since = subscription.position ?? this.#since; // who listens again misses nothing
      all(ends)();
      subscription.unsubscribe().catch(nothing);
    };
  }

  #begin(subscription, recovered) {
    this.set({ state: subscription.state, error: null });
    if (this.options.history && !recovered) this.#load(subscription);
  }

  async #load(subscription) {
    try {
      const { epoch, messages } = await subscription.history({ limit: this.options.history });
      const known = this.get().messages;
      const keys = new Set(known.map(({ key }) => key));
      const older = messages.map((message) => keyed(message, epoch)).filter(({ key }) => !keys.has(key));
      const at = known.findIndex(({ key }) => key.startsWith(epoch));
      const place = at < 0 ? known.length : at;
      this.#keep([...known.slice(0, place), ...older, ...known.slice(place)]);
    } catch (error) {
      if (subscription.state !== 'ended') this.set({ error });
    }
  }

  #take(subscription, message) {
    const given = keyed(message, subscription.epoch);
    this.#keep([...this.get().messages, given]);
    this.options.onMessage?.(given);
  }

  #keep(messages) {
    const { keep = 100 } = this.options;
    this.set({ messages: messages.slice(Math.max(0, messages.length - keep)) });
  }
}

/** Who is in a channel. Without a name, nobody. */
export class MembersStore extends Store {
  #peal;
  #channel;
  #every;

  /** @param options `every`: milliseconds, for channels that do not tell who comes and goes */
  constructor(peal, channel, { every = 0 } = {}) {
    super({ members: [], isSynced: false, error: null });
    this.#peal = peal;
    this.#channel = channel;
    this.#every = every;
  }

  start() {
    if (!this.#channel) return nothing;
    let subscription;
    try {
      subscription = this.#peal.subscribe(this.#channel);
    } catch (error) {
      this.set({ error });
      return nothing;
    }
    const { presence } = subscription;
    const read = () => this.set({ members: presence.members, isSynced: presence.isSynced, error: null });
    const timer = this.#every && setInterval(() => presence.sync().catch((error) => this.set({ error })), this.#every);
    return all([
      subscription.on('error', (error) => this.set({ error })),
      ...['sync', 'join', 'leave'].map((type) => presence.on(type, read)),
      presence.on('error', (error) => this.set({ error })),
      this.#peal.on('state', () => this.set({ isSynced: presence.isSynced })),
      () => clearInterval(timer),
      () => subscription.unsubscribe().catch(nothing),
    ]);
  }
}

/** A client of the binding's own, which asks for tokens by the newest options. @param latest gives them */
export function makePeal(Peal, { token, ticket, ...options }, latest) {
  if (ticket) return new Peal({ ...options, ticket: (why) => latest().ticket(why) });
  return new Peal({ ...options, token: typeof token === 'function' ? (why) => latest().token(why) : token });
}

const endings = new WeakMap();

/** Connects a client of one's own. @returns a function that closes it, unless it is held again at once */
export function hold(peal) {
  clearTimeout(endings.get(peal));
  if (peal.state === 'idle' || peal.state === 'closed') peal.connect();
  return () => endings.set(peal, setTimeout(() => peal.close(), 0));
}
