/** What two looks tell together: rates, and what was counted of late. */

const SECONDS = 300; // shown in the plots

/** The samples of one metric by the value of its one label. */
export function byLabel(metrics, name) {
  const found = new Map();
  for (const [sample, value] of Object.entries(metrics)) {
    if (!sample.startsWith(`${name}{`)) continue;
    found.set(sample.slice(sample.indexOf('"') + 1, sample.lastIndexOf('"')), value);
  }
  return found;
}

/**
 * The share `part` of a histogram's samples between two looks, in its unit:
 * the upper end of the bucket it falls into; null when there was none.
 */
export function quantile(before, now, name, part) {
  const buckets = [...byLabel(now, `${name}_bucket`)]
    .map(([le, count]) => [le === '+Inf' ? Infinity : Number(le), count - (before[`${name}_bucket{le="${le}"}`] ?? 0)])
    .sort(([a], [b]) => a - b);
  const total = buckets.at(-1)?.[1] ?? 0;
  if (total <= 0) return null;
  const found = buckets.find(([, count]) => count >= total * part)[0];
  return found === Infinity ? buckets.at(-2)?.[0] ?? null : found;
}

export class Metrics {
  #looks = []; // {time, metrics}, oldest first

  /** Forgets what was before: the server is another one. */
  clear() {
    this.#looks = [];
  }

  /** False when the counters began anew: then nothing before counts. */
  add({ time, metrics }) {
    const last = this.#looks.at(-1);
    const isAnew = last && metrics.peal_start_time_seconds !== last.metrics.peal_start_time_seconds;
    if (isAnew) this.clear();
    this.#looks.push({ time, metrics });
    if (this.#looks.length > SECONDS) this.#looks.shift();
    return !isAnew;
  }

  get now() {
    return this.#looks.at(-1).metrics;
  }

  get before() {
    return this.#looks.at(-2)?.metrics;
  }

  /** A second, over the last look; null when there is no look before. */
  rate(name) {
    const [before, now] = this.#looks.slice(-2);
    if (!now) return null;
    return ((now.metrics[name] - before.metrics[name]) * 1000) / Math.max(1, now.time - before.time);
  }

  /** How much it grew in the last minute. */
  lastMinute(sample) {
    const now = this.#looks.at(-1);
    const from = this.#looks.find(({ time }) => time >= now.time - 60_000);
    return now.metrics[sample] - (from.metrics[sample] ?? 0);
  }
}
