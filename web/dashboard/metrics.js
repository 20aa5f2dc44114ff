/** Metrics computed from several snapshots: rates and recent counts. */

const SECONDS = 300; // range of the plots
const WINDOW = 6; // snapshots

/**
 * The samples of one metric: {sample, labels, value}; `labels` has the label
 * values.
 */
export function samplesOf(metrics, name) {
  return Object.entries(metrics).filter(([sample]) => sample.startsWith(`${name}{`))
    .map(([sample, value]) => ({ sample, labels: [...sample.matchAll(/="([^"]*)"/g)].map(([, label]) => label), value }));
}

/**
 * The quantile `part` of a histogram between two snapshots, computed like
 * Prometheus' histogram_quantile; null without samples.
 */
export function quantile(before, now, name, part) {
  const buckets = samplesOf(now, `${name}_bucket`)
    .map(({ sample, labels: [le], value }) => [le === '+Inf' ? Infinity : Number(le), value - (before[sample] ?? 0)])
    .sort(([a], [b]) => a - b);
  const wanted = (buckets.at(-1)?.[1] ?? 0) * part;
  if (wanted <= 0) return null;
  const at = buckets.findIndex(([, count]) => count >= wanted);
  const [low, below] = buckets[at - 1] ?? [0, 0];
  const [high, upTo] = buckets[at];
  return high === Infinity ? low : low + ((high - low) * (wanted - below)) / (upTo - below);
}

export class Metrics {
  #looks = []; // {time, metrics}, oldest first

  /** Call after the server changed. */
  clear() {
    this.#looks = [];
  }

  /**
   * Discards older snapshots if the server restarted, because its counters
   * restarted too.
   */
  add({ time, metrics }) {
    const last = this.#looks.at(-1);
    if (last && metrics.peal_start_time_seconds !== last.metrics.peal_start_time_seconds) this.clear();
    this.#looks.push({ time, metrics });
    if (this.#looks.length > SECONDS) this.#looks.shift();
  }

  get now() {
    return this.#looks.at(-1).metrics;
  }

  /** A quantile over the last few seconds: one second has too few samples. */
  quantile(name, part) {
    const before = this.#looks.at(-WINDOW) ?? this.#looks[0];
    return quantile(before.metrics, this.now, name, part);
  }

  /**
   * The mean of a summary over the last few seconds; `labels`: the text in
   * braces.
   */
  mean(name, labels) {
    const { metrics: before } = this.#looks.at(-WINDOW) ?? this.#looks[0];
    const of = (metrics) => ['sum', 'count'].map((part) => metrics[`${name}_${part}{${labels}}`] ?? 0);
    const [to, from] = [of(this.now), of(before)];
    const beganAnew = to.some((value, i) => value < from[i]);
    const [sum, count] = beganAnew ? to : to.map((value, i) => value - from[i]);
    return count ? sum / count : null;
  }

  /** The highest rate among a metric's samples. */
  highestRate(name) {
    const rates = samplesOf(this.now, name).map(({ sample }) => this.rate(sample));
    return rates.length && rates[0] !== null ? Math.max(...rates) : null;
  }

  /** The rate per second since the previous snapshot; null without one. */
  rate(name) {
    const [before, now] = this.#looks.slice(-2);
    if (!now) return null;
    return ((now.metrics[name] - before.metrics[name]) * 1000) / Math.max(1, now.time - before.time);
  }

  /** The increase in the last minute. */
  lastMinute(sample) {
    const now = this.#looks.at(-1);
    const from = this.#looks.find(({ time }) => time >= now.time - 60_000);
    return now.metrics[sample] - (from.metrics[sample] ?? 0);
  }
}
