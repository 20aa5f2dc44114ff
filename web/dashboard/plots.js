/** The plots of the last five minutes. */

import uPlot from '../vendor/uplot/uPlot.esm.js';
import { element, setText } from './dom.js';
import * as format from './format.js';

const SECONDS = 300;
const HEIGHT = 130;
const DASHES = [[], [6, 4], [2, 3]];

const finite = (value) => (Number.isFinite(value) ? value : null);
const inMs = (seconds) => (seconds === null ? null : seconds * 1000);

/* Each line: its name, and its value from the metrics and the snapshot.
   `needs`: whether to show the plot; default: always. */
const PLOTS = [
  { title: 'Connections', show: format.count, lines: [['open', (metrics) => metrics.now.peal_connections]] },
  {
    title: 'Messages per second',
    show: format.rate,
    lines: [
      ['in', (metrics) => metrics.rate('peal_messages_received_total')],
      ['out', (metrics) => metrics.rate('peal_messages_sent_total')],
      ['published', (metrics) => metrics.rate('peal_published_total')],
    ],
  },
  {
    title: 'Latency',
    show: format.ms,
    lines: [
      ['fan-out, 50 %', (metrics) => inMs(metrics.quantile('peal_fan_out_seconds', 0.5))],
      ['99 %', (metrics) => inMs(metrics.quantile('peal_fan_out_seconds', 0.99))],
      ['this page', (metrics, look) => look.roundTrip],
    ],
  },
  {
    title: 'Bytes per second',
    show: format.bytes,
    lines: [
      ['in', (metrics) => metrics.rate('peal_received_bytes_total')],
      ['out', (metrics) => metrics.rate('peal_sent_bytes_total')],
    ],
  },
  {
    title: 'Busiest thread',
    show: format.percent,
    lines: [['of a core', (metrics) => (100 * (metrics.highestRate('peal_thread_cpu_seconds_total') ?? NaN))]],
  },
  {
    title: 'Thread delay',
    show: format.ms,
    lines: [
      ['timers, 99 %', (metrics) => inMs(metrics.quantile('peal_loop_lag_seconds', 0.99))],
      ['slowest worker', (metrics, look) => look.worker_ms],
    ],
  },
  {
    title: 'Memory',
    show: format.bytes,
    lines: [
      ['resident', (metrics) => metrics.now.peal_resident_bytes],
      ['history', (metrics) => metrics.now.peal_history_bytes],
    ],
  },
  { title: 'Waiting for slow readers', show: format.bytes, lines: [['bytes', (metrics) => metrics.now.peal_outbox_bytes]] },
  {
    title: 'Redis',
    show: format.ms,
    needs: (metrics) => metrics.now.peal_redis_round_trip_seconds_count > 0,
    lines: [
      ['round trip, 50 %', (metrics) => inMs(metrics.quantile('peal_redis_round_trip_seconds', 0.5))],
      ['99 %', (metrics) => inMs(metrics.quantile('peal_redis_round_trip_seconds', 0.99))],
      ['delivery, 99 %', (metrics) => inMs(metrics.quantile('peal_redis_delivery_seconds', 0.99))],
    ],
  },
];

const TIME = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' };
const clock = (seconds) => new Date(seconds * 1000).toLocaleTimeString([], TIME);

const FONT = '11px system-ui, sans-serif';
const HALF_A_TIME = 30; // px: the last tick's label extends this far to the right
const TICK = 4;
const GAP = 3;

/** The width of an axis: that of its longest label. */
function widthOf(plot, labels) {
  plot.ctx.save();
  plot.ctx.font = FONT;
  const longest = Math.max(0, ...(labels ?? []).map((label) => plot.ctx.measureText(label).width));
  plot.ctx.restore();
  return Math.ceil(longest) + TICK + GAP + 2;
}

/** An element's colour in the current theme, for the canvas. */
const colourOf = (at) => getComputedStyle(at).color;

class Plot {
  #show;
  #lines;
  #legends;
  #plot;
  #data;
  figure;

  constructor({ title, show, lines }) {
    this.#show = show;
    this.#lines = lines;
    this.#data = [[], ...lines.map(() => [])];
    this.#legends = lines.map(([name], i) => {
      const value = element('b', {}, '–');
      return { value, item: element('li', { 'data-line': i }, element('i', { 'aria-hidden': 'true' }), `${name} `, value) };
    });
    const place = element('div', { class: 'plot', 'aria-hidden': 'true' });
    this.figure = element('figure', { 'data-plot': title }, element('figcaption', {},
      element('h3', {}, title), element('ul', {}, ...this.#legends.map(({ item }) => item))), place);
    this.#draw(place);
  }

  #draw(place) {
    const soft = () => colourOf(this.figure.querySelector('figcaption ul'));
    const grid = { stroke: () => colourOf(place), width: 1 };
    const axis = { stroke: soft, grid, ticks: { ...grid, size: TICK }, gap: GAP, font: FONT };
    this.#plot = new uPlot({
      width: 320,
      height: HEIGHT,
      padding: [8, HALF_A_TIME, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: 'peal' }, drag: { x: false, y: false } },
      scales: { y: { range: (plot, low, high) => [0, Math.max(1, high * 1.1)] } },
      axes: [
        { ...axis, size: 22, space: 80, values: (plot, ticks) => ticks.map(clock) },
        { ...axis, size: widthOf, space: 28, values: (plot, ticks) => ticks.map(this.#show) },
      ],
      series: [{}, ...this.#lines.map((line, i) => ({
        stroke: () => colourOf(this.#legends[i].item.firstChild),
        width: 2,
        dash: DASHES[i],
        points: { show: false },
      }))],
      hooks: { setCursor: [() => this.#tell()] },
    }, this.#data, place);
    new ResizeObserver(([{ contentRect: { width } }]) => {
      if (width) this.#plot.setSize({ width, height: HEIGHT });
    }).observe(place);
  }

  /** Shows the values under the cursor, or else the newest values. */
  #tell() {
    const at = this.#plot?.cursor.idx ?? this.#data[0].length - 1;
    this.#legends.forEach(({ value }, i) => setText(value, this.#show(this.#data[i + 1][at] ?? null)));
  }

  add(time, metrics, look) {
    this.#data[0].push(time);
    this.#lines.forEach(([, read], i) => this.#data[i + 1].push(finite(read(metrics, look))));
    if (this.#data[0].length > SECONDS) for (const values of this.#data) values.shift();
    this.#plot.setData(this.#data);
    this.#tell();
  }

  /** Interrupts the lines where values are unknown. */
  addGap(time) {
    if (!this.#data[0].length) return;
    this.#data[0].push(time);
    for (const values of this.#data.slice(1)) values.push(null);
  }

  redraw() {
    this.#plot.redraw();
  }
}

export class Plots {
  #place;
  #plots = new Map(); // description -> Plot
  #last = 0;

  constructor(place) {
    this.#place = place;
  }

  add(metrics, look) {
    const time = look.time / 1000;
    if (this.#last && time - this.#last > 5) for (const plot of this.#plots.values()) plot.addGap(this.#last + 1);
    this.#last = time;
    for (const description of PLOTS) {
      if (description.needs?.(metrics) === false) continue;
      this.#find(description).add(time, metrics, look);
    }
  }

  redraw() {
    for (const plot of this.#plots.values()) plot.redraw();
  }

  #find(description) {
    if (!this.#plots.has(description)) {
      const plot = new Plot(description);
      this.#plots.set(description, plot);
      this.#place.append(plot.figure);
    }
    return this.#plots.get(description);
  }
}
