/**
 * Typing indicators of a channel. Clients send a volatile message with the
 * event `typing`; it expires after a while or when the written message arrives.
 */

const SAY_AGAIN = 4_000; // ms
const FORGET_AFTER = 7_000; // ms: longer than SAY_AGAIN
const NAMES = 2; // most names shown

export const TYPING = 'typing';

export class Typing {
  #changed;
  #timers = new Map(); // client -> timer
  #saidAt = -Infinity;

  /** @param {() => void} changed called when someone starts or stops typing */
  constructor(changed) {
    this.#changed = changed;
  }

  /** Call when the user types. */
  say(subscription) {
    if (performance.now() - this.#saidAt < SAY_AGAIN) return;
    this.#saidAt = performance.now();
    // a missing right to publish is reported when the message is sent
    subscription.publish(null, { event: TYPING, volatile: true }).catch(() => {});
  }

  /** Call when the message was sent. */
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
