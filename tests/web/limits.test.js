/** peal.js with a real server's limits: reconnecting stays within them. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';

import WebSocket from 'ws';

import { Peal } from '../../web/peal.js';
import { Browser } from './support/browser.js';
import { freePort, PealServer } from './support/peal_server.js';

const names = (count) => Array.from({ length: count }, (_, i) => `room-${i}`);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(isTrue, what, ms = 15_000) {
  const end = Date.now() + ms;
  while (!isTrue()) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await pause(10);
  }
}

async function metric(server, name) {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(text.split('\n').find((line) => line.startsWith(`${name} `))?.split(' ')[1] ?? 0);
}

/** A socket that does not end the process while the server is down. */
class Socket extends WebSocket {
  constructor(...args) {
    super(...args);
    this.on('error', () => {});
  }
}

class Client {
  codes = []; // close codes of its connections

  constructor(t, server, options = {}) {
    this.peal = new Peal({ client: 'alice', url: server.url, WebSocket: Socket, backoffCap: 1_000, ...options });
    this.peal.on('state', ({ code }) => code !== undefined && this.codes.push(code));
    this.peal.on('error', () => {});
    t.after(() => this.peal.close());
  }

  join(channels) {
    this.subscriptions = channels.map((name) => this.peal.subscribe(name));
    return this;
  }

  isBack() {
    return this.peal.state === 'open' && this.subscriptions.every(({ state }) => state === 'subscribed');
  }

  back(ms) {
    return until(() => this.isBack(), 'all channels', ms);
  }

  assertUnhindered() {
    assert.ok(!this.codes.includes(4529), `closed with ${this.codes}`);
  }
}

async function restart(server, whileAway = () => {}) {
  await server.kill();
  await pause(50);
  await whileAway();
  await server.start();
}

test('110 channels are restored with one message', { timeout: 40_000 }, async (t) => {
  const server = await PealServer.start(t);
  const client = new Client(t, server).join(names(110));
  client.peal.connect();
  await client.back();
  await restart(server);
  await client.back();
  client.assertUnhindered();
  assert.equal(await metric(server, 'peal_connections_opened_total'), 1);
  assert.equal(await metric(server, 'peal_messages_received_total'), 1);
});

test('128 channels, each with history and members, are restored at once', { timeout: 40_000 }, async (t) => {
  const server = await PealServer.start(t);
  const client = new Client(t, server).join(names(128));
  let answers = 0;
  for (const subscription of client.subscriptions) {
    subscription.on('subscribed', async () => {
      await Promise.all([subscription.history(), subscription.presence.get()]);
      answers += 1;
    });
  }
  client.peal.connect();
  await until(() => answers === 128, 'all answers');
  await restart(server);
  await client.back();
  const began = Date.now();
  await until(() => answers === 256, 'all answers again');
  assert.ok(Date.now() - began < 3_000);
  client.assertUnhindered();
});

test('20 channels are restored and 90 queued publishes sent', { timeout: 40_000 }, async (t) => {
  const server = await PealServer.start(t);
  const client = new Client(t, server).join(names(20));
  client.peal.connect();
  await client.back();
  let results;
  await restart(server, async () => {
    await until(() => client.peal.state !== 'open', 'the outage');
    results = Promise.all(Array.from({ length: 90 }, (_, i) => client.peal.publish('room-0', i)));
  });
  const offsets = (await results).map(({ offset }) => offset);
  assert.deepEqual(offsets, Array.from({ length: 90 }, (_, i) => i + 1));
  await client.back();
  client.assertUnhindered();
});

test('a client respects a low rate from its first connection on', { timeout: 40_000 }, async (t) => {
  const server = await PealServer.start(t, {
    PEAL_LIMITS_MESSAGES_PER_SECOND: '10', PEAL_LIMITS_CHANNELS_PER_CONNECTION: '30',
  });
  const client = new Client(t, server).join(names(30));
  const results = Promise.all(Array.from({ length: 60 }, (_, i) => client.peal.publish('room-0', i)));
  client.peal.connect();
  await results;
  await client.back();
  client.assertUnhindered();
});

test('a burst of messages is spread over time', { timeout: 40_000 }, async (t) => {
  const server = await PealServer.start(t);
  const client = new Client(t, server).join(['lobby']);
  client.peal.connect();
  await client.back();
  const began = Date.now();
  const results = await Promise.all(Array.from({ length: 300 }, (_, i) => client.peal.publish('lobby', i)));
  const took = Date.now() - began;
  assert.deepEqual(results.map(({ offset }) => offset), Array.from({ length: 300 }, (_, i) => i + 1));
  assert.ok(took > 1_500 && took < 5_000, `${took} ms`);
  client.assertUnhindered();
});

test('a message that is too large is rejected, and the connection kept', { timeout: 40_000 }, async (t) => {
  const server = await PealServer.start(t, { PEAL_LIMITS_MESSAGE_BYTES: '1000' });
  const client = new Client(t, server).join(['lobby']);
  client.peal.connect();
  await client.back();
  await assert.rejects(client.peal.publish('lobby', 'x'.repeat(1000)), { code: 'too_big' });
  await assert.rejects(client.peal.echo('\u00e9'.repeat(500)), { code: 'too_big' });
  // the largest message that fits
  const around = JSON.stringify({ type: 'broadcast', channel: 'lobby', payload: '', id: 999 }).length - 2;
  await client.peal.publish('lobby', 'x'.repeat(1000 - around));
  assert.equal(client.peal.state, 'open');
  assert.deepEqual(client.codes, []);
});

async function startRedis(t, port) {
  const child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], {
    stdio: 'ignore',
  });
  t.after(() => child.kill());
  for (let tries = 0; tries < 100; tries += 1) {
    const socket = connect(port, '127.0.0.1');
    const isUp = await once(socket, 'connect').then(() => true, () => false);
    socket.destroy();
    if (isUp) return child;
    await pause(50);
  }
  throw new Error('redis-server does not start');
}

test('without Redis, subscribe, unsubscribe and subscribe are each sent once and succeed', { timeout: 60_000 }, async (t) => {
  const port = await freePort();
  const redis = await startRedis(t, port);
  const server = await PealServer.start(t, { PEAL_REDIS_URL: `redis://127.0.0.1:${port}` });
  const client = new Client(t, server).join(['kept']);
  client.peal.connect();
  await client.back();
  redis.kill('SIGKILL');
  await once(redis, 'exit');
  await until(() => server.output.includes('Redis'), 'the outage');
  const before = await metric(server, 'peal_messages_received_total');
  client.peal.subscribe('lobby').unsubscribe().catch(() => {});
  const lobby = client.peal.subscribe('lobby');
  lobby.on('error', () => {});
  await pause(1_500);
  assert.equal(await metric(server, 'peal_messages_received_total') - before, 3);
  await startRedis(t, port);
  await until(() => lobby.state === 'subscribed', 'the channel', 30_000);
  client.assertUnhindered();
});

// In a browser. -------------------------------------------------------------------

let browser;
before(async () => {
  browser = await Browser.launch();
});
after(() => browser?.close());

test('in Chromium: 110 channels are restored with one message, and nothing too large is sent', { timeout: 60_000 }, async (t) => {
  const server = await PealServer.start(t);
  const page = await browser.page(t, `${server.url}/peal.js`);
  await page.evaluate(async (channels) => {
    const { Peal } = await import('/peal.js');
    window.codes = [];
    window.peal = new Peal({ client: 'alice', backoffCap: 1_000 });
    window.peal.on('state', ({ code }) => code !== undefined && window.codes.push(code));
    window.subscriptions = channels.map((name) => window.peal.subscribe(name));
    window.peal.connect();
  }, names(110));
  const isBack = () => window.peal.state === 'open' && window.subscriptions.every(({ state }) => state === 'subscribed');
  await page.waitForFunction(isBack);
  await restart(server);
  await page.waitForFunction(isBack, undefined, { timeout: 20_000 });
  assert.equal(await metric(server, 'peal_messages_received_total'), 1);
  const code = await page.evaluate(() => window.peal.publish('room-0', 'x'.repeat(70_000)).catch((error) => error.code));
  assert.equal(code, 'too_big');
  assert.equal(await page.evaluate(() => window.peal.hello.limits.message_bytes), 65536);
  const codes = await page.evaluate(() => [window.peal.state, ...window.codes]);
  assert.ok(codes[0] === 'open' && !codes.includes(4529), codes);
});
