/**
 * Who is writing in a channel. A message with the event `typing` says so; it is
 * volatile, and forgotten after a while or with what was written.
 */

const SAY_AGAIN = 4_000; // ms
const FORGET_AFTER = 7_000; // ms: more than it takes until it is said again
const NAMES = 2; // that are told

export const TYPING = 'typing';

export class Typing {
  #changed;
  #timers = new Map(); // client -> timer
  #saidAt = -Infinity;

  /** @param {() => void} changed is called when others begin or end */
  constructor(changed) {
    this.#changed = changed;
  }

  /** We are writing. */
  say(subscription) {
    if (performance.now() - this.#saidAt < SAY_AGAIN) return;
    this.#saidAt = performance.now();
    // one that may not publish learns so when it sends
    subscription.publish(null, { event: TYPING, volatile: true }).catch(() => {});
  }

  /** What we wrote is sent. */
  rest() {
    this.#saidAt = -Infinity;
  }

  began(client) {
    clearTimeout(this.#timers.get(client));
    const isNew = !this.#timers.has(client);
    this.#timers.set(client, setTimeout(() => this.ended(client), FORGET_AFTER));
    if (isNew) this.#changed();
  }

  ended(client) {
    if (!this.#timers.has(client)) return;
    clearTimeout(this.#timers.get(client));
    this.#timers.delete(client);
    this.#changed();
  }

  /** @param {(client: string) => string} nameOf */
  text(nameOf) {
    const names = [...this.#timers.keys()].map(nameOf);
    if (!names.length) return '';
    if (names.length > NAMES) return 'Several people are writing …';
    return `${names.join(' and ')} ${names.length > 1 ? 'are' : 'is'} writing …`;
  }
}
