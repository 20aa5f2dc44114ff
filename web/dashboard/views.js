/** The tables, and the options of their requests. */

import { byId, setText } from './dom.js';
import * as format from './format.js';
import { samplesOf } from './metrics.js';
import { Table } from './table.js';

const LIMIT = 50;

/** Sorted as on the server; rows with equal values are sorted by name. */
function sorted(rows, key, name) {
  return rows.sort((a, b) => b[key] - a[key] || a[name].localeCompare(b[name], 'en', { numeric: true }));
}

const CHANNELS = (dialogs) => [
  { name: 'Channel', text: ({ channel }) => channel },
  { name: 'Subscribers', text: ({ subscribers }) => format.count(subscribers), order: 'subscribers', number: true },
  { name: 'Messages/s', text: (row) => format.rate(row.in), order: 'in', number: true },
  { name: 'Deliveries/s', text: (row) => format.rate(row.out), order: 'out', number: true },
  { name: 'Bytes out/s', text: (row) => format.bytes(row.bytes_out), order: 'bytes_out', number: true },
  {
    name: 'Actions',
    buttons: [
      { name: 'Inspect', label: ({ channel }) => `Inspect ${channel}`, run: ({ channel }) => dialogs.lookInto(channel) },
      { name: 'Publish', label: ({ channel }) => `Publish to ${channel}`, run: ({ channel }) => dialogs.publish(channel) },
    ],
  },
];

/**
 * `all` includes channels that the table omits: those with a history but no
 * subscribers.
 */
function channelsNote(shown, all, isSearch) {
  if (isSearch) return `${format.counted(shown, 'channel matches', 'channels match')}`;
  if (shown === LIMIT) return `the first ${shown} of ${format.counted(all, 'channel')}`;
  const rest = all > shown ? `; ${format.count(all - shown)} more with only a history` : '';
  return `${format.counted(shown, 'channel')} with subscribers${rest}`;
}

function channelsOf({ channels, channel_count: all }) {
  const more = all - channels.length;
  return channels.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

const CONNECTIONS = (dialogs, isOwn) => [
  { name: 'Client', text: ({ client }) => client },
  { name: 'Address', text: ({ address }) => address, short: true },
  { name: 'Protocol', text: ({ protocol }) => protocol, short: true },
  { name: 'Channels', text: channelsOf, long: true },
  { name: 'Connected', text: ({ seconds }) => format.duration(seconds), order: 'age', number: true },
  { name: 'In/s', text: (row) => format.rate(row.in), order: 'in', number: true },
  { name: 'Out/s', text: (row) => format.rate(row.out), order: 'out', number: true },
  { name: 'Bytes in/s', text: (row) => format.bytes(row.bytes_in), order: 'bytes_in', number: true },
  { name: 'Bytes out/s', text: (row) => format.bytes(row.bytes_out), order: 'bytes_out', number: true },
  { name: 'Queued', text: ({ queued }) => format.bytes(queued), order: 'queued', number: true },
  {
    name: 'Actions',
    none: (row) => isOwn(row) && 'this page',
    buttons: [{ name: 'Disconnect', label: ({ client }) => `Disconnect ${client}`, run: ({ client }) => dialogs.disconnect(client) }],
  },
];

/* Counters by label; zero counters and successes are omitted. */
const COUNTERS = [
  ['dropped', 'peal_dropped_total'],
  ['limit reached', 'peal_limit_reached_total'],
  ['closed', 'peal_closes_total'],
  ['hook', 'peal_hook_calls_total'],
];
const WENT_WELL = ['allowed'];

const DROPS = [
  { name: 'What', text: ({ what }) => what },
  { name: 'Why', text: ({ why }) => why },
  { name: 'Last minute', text: ({ minute }) => format.count(minute), number: true },
  { name: 'Since start', text: ({ total }) => format.count(total), number: true },
];

/* From the report that each instance sends every two seconds. */
const INSTANCES = (isOwn) => [
  { name: 'Instance', text: (row) => row.instance + (isOwn(row) ? ' (this one)' : '') },
  { name: 'Version', text: ({ version }) => version, short: true },
  { name: 'Up for', text: ({ time, started }) => format.duration(Math.max(0, time / 1000 - started)), number: true },
  { name: 'Connections', text: ({ connections }) => format.count(connections), number: true },
  { name: 'Channels', text: ({ channels }) => format.count(channels), number: true },
  { name: 'In/s', text: ({ inRate }) => format.rate(inRate), number: true },
  { name: 'Out/s', text: ({ outRate }) => format.rate(outRate), number: true },
];

/* From the metrics of this instance: the Redis servers it uses. */
const ROLES = { home: 'master, with the common keys' };
const known = (value) => (value === undefined ? '–' : format.count(value));
const NODES = [
  { name: 'Server', text: ({ node }) => node },
  { name: 'Role', text: ({ role }) => ROLES[role] ?? role, short: true },
  { name: 'State', text: ({ isUp }) => (isUp ? 'up' : 'down'), short: true },
  { name: 'Slots', text: ({ slots }) => known(slots), number: true },
  { name: 'Replicas', text: ({ replicas }) => known(replicas), number: true },
  { name: 'Round trip', text: ({ seconds }) => format.ms(seconds === null ? null : seconds * 1000), number: true },
];

function nodesOf(metrics) {
  return samplesOf(metrics.now, 'peal_redis_node_up').map(({ labels: [node, role], value }) => {
    const label = `node="${node}"`;
    const of = (name) => metrics.now[`peal_redis_node_${name}{${label}}`];
    return {
      node, role, isUp: value === 1, slots: of('slots'), replicas: of('replicas'),
      seconds: metrics.mean('peal_redis_node_round_trip_seconds', label),
    };
  });
}

const heldNote = (table) => (table.isHeld ? '. The order is held while you are there' : '');

export class Views {
  #channels;
  #connections;
  #drops;
  #instances;
  #nodes;
  #told = new Map(); // instance -> its last report, to compute rates
  #own = null; // the client id of this page's connection
  #hello = {};

  constructor(dialogs, onWish) {
    this.#channels = new Table(byId('channels'), {
      caption: 'Channels, busiest first',
      keyOf: ({ channel }) => channel,
      columns: CHANNELS(dialogs),
      order: 'out',
      onOrder: onWish,
    });
    this.#connections = new Table(byId('connections'), {
      caption: 'Connections, busiest first',
      keyOf: ({ id }) => id,
      columns: CONNECTIONS(dialogs, ({ client }) => client === this.#own),
      order: 'in',
      onOrder: onWish,
    });
    this.#drops = new Table(byId('drops'), {
      caption: 'Drops, limits and closes',
      keyOf: ({ what, why }) => `${what} ${why}`,
      columns: DROPS,
    });
    this.#instances = new Table(byId('instances'), {
      caption: 'Instances of this service',
      keyOf: ({ instance, started }) => `${instance} ${started}`,
      columns: INSTANCES(({ instance }) => instance === this.#hello.instance),
    });
    this.#nodes = new Table(byId('nodes'), {
      caption: 'Redis servers that this instance uses',
      keyOf: ({ node, role }) => `${node} ${role}`,
      columns: NODES,
    });
    for (const id of ['channels-search', 'connections-search']) byId(id).addEventListener('input', onWish);
  }

  wishes() {
    // no name has other characters, so a search with one matches nothing
    const search = (name) => byId(`${name}-search`).value.replace(/[^ -~]/g, '?');
    const wish = (name, { order }) => ({ order, limit: LIMIT, search: search(name) });
    return { channels: wish('channels', this.#channels), connections: wish('connections', this.#connections) };
  }

  show(look, metrics) {
    const isSearch = (name) => byId(`${name}-search`).value !== '';
    const { order: ofConnections } = this.#connections;
    sorted(look.channels, this.#channels.order, 'channel');
    sorted(look.connections, ofConnections === 'age' ? 'seconds' : ofConnections, 'client');
    this.#channels.fill(look.channels, isSearch('channels') ? 'No channel name contains this.' : 'No channel has subscribers.');
    this.#connections.fill(look.connections, 'No connection matches.');
    setText(byId('channels-note'), channelsNote(look.channels.length, metrics.now.peal_channels, isSearch('channels')) + heldNote(this.#channels));
    setText(byId('connections-note'), `${look.connections.length} of ${format.counted(look.connections_matched, 'connection')} shown${heldNote(this.#connections)}`);
    this.#drops.fill(this.#counted(metrics), 'No drops, limits or closes so far.');
    this.#showRedis(metrics.now);
    this.#showNodes(nodesOf(metrics));
  }

  #counted(metrics) {
    const rows = [];
    for (const [what, name] of COUNTERS) {
      for (const { sample, labels, value: total } of samplesOf(metrics.now, name)) {
        if (!total || labels.some((label) => WENT_WELL.includes(label))) continue;
        const code = what === 'closed' && this.#hello.close_codes[labels[0]];
        rows.push({ what: code ? `${what} with ${code}` : what, why: labels.join(', '), total, minute: metrics.lastMinute(sample) });
      }
    }
    return rows.sort((a, b) => b.minute - a.minute || b.total - a.total);
  }

  /** Takes over the server's hello and this page's client id. */
  greet(hello, client) {
    this.#hello = hello;
    this.#own = client;
    this.#told.clear();
  }

  showInstances(reports) {
    const rows = reports.map((report) => this.#withRates(report));
    this.#told = new Map(rows.map((row) => [row.instance, row]));
    this.#instances.fill(sorted(rows, 'connections', 'instance'), 'None.');
  }

  /**
   * Adds rates since the previous report; a repeated report keeps its rates.
   */
  #withRates(report) {
    const before = this.#told.get(report.instance);
    if (before?.time === report.time) return before;
    const isSame = before?.started === report.started;
    const rate = (name) => (isSame ? ((report[name] - before[name]) * 1000) / (report.time - before.time) : null);
    return { ...report, inRate: rate('received'), outRate: rate('sent') };
  }

  #showNodes(nodes) {
    byId('nodes-section').hidden = !this.#hello.redis;
    const down = nodes.filter(({ isUp }) => !isUp).length;
    setText(byId('nodes-note'), `${format.counted(nodes.length, 'server')}, ${down ? `${down} down` : 'all up'}`);
    this.#nodes.fill(nodes, 'No servers known yet.');
  }

  #showRedis(now) {
    const text = now.peal_redis_ready
      ? 'Redis is connected: these instances form one service; each reports every few seconds.'
      : 'Redis connection lost: missed messages are fetched after it reconnects. The list may be out of date.';
    setText(byId('redis'), this.#hello.redis ? text : 'This instance runs alone, without Redis.');
  }
}
