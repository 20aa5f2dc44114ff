/** A clock that advances only on request, so that waits take no time. */
export class FakeClock {
  #now = 1_700_000_000_000;
  #timers = new Map();
  #lastId = 0;
  chance = 0.5; // the result of random()

  now = () => this.#now;
  time = () => this.#now;
  random = () => this.chance;

  setTimeout = (run, delay) => {
    this.#lastId += 1;
    this.#timers.set(this.#lastId, { at: this.#now + delay, run });
    return this.#lastId;
  };

  clearTimeout = (id) => this.#timers.delete(id);

  get pending() {
    return this.#timers.size;
  }

  /** Milliseconds until the next timer. */
  get next() {
    return Math.min(...[...this.#timers.values()].map(({ at }) => at)) - this.#now;
  }

  /** Advances by `ms`: runs due timers in order, and promises between them. */
  async pass(ms) {
    const end = this.#now + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= end);
      if (!due.length) break;
      const [id, { at, run }] = due.reduce((a, b) => (b[1].at < a[1].at ? b : a));
      this.#timers.delete(id);
      this.#now = Math.max(this.#now, at);
      run();
      await settled();
    }
    this.#now = end;
    await settled();
  }
}

/** Lets everything that waits only for promises finish. */
export const settled = () => new Promise((resolve) => setImmediate(resolve));
