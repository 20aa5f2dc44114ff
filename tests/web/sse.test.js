/** An EventSource in a real browser, across a restart of the real server. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';

import { Browser } from './support/browser.js';
import { freePort, PealServer } from './support/peal_server.js';

const KEY = 'a-key-of-the-tests';

let browser;
before(async () => {
  browser = await Browser.launch();
});
after(() => browser?.close());

/** A separate Redis keeps the history while the server is down. */
async function startRedis(t) {
  const port = await freePort();
  const child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], {
    stdio: 'ignore',
  });
  t.after(() => child.kill());
  for (let tries = 0; tries < 100; tries += 1) {
    const socket = connect(port, '127.0.0.1');
    const isUp = await once(socket, 'connect').then(() => true, () => false);
    socket.destroy();
    if (isUp) return `redis://127.0.0.1:${port}`;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('redis-server does not start');
}

async function publish(server, channel, payload) {
  const answer = await fetch(`${server.url}/api/publish`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${KEY}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ channel, payload }),
  });
  assert.equal(answer.status, 200);
}

/** In the page: a stream that records its events. */
function listen(page, url) {
  return page.evaluate((address) => {
    window.heard = [];
    window.source = new EventSource(address);
    for (const type of ['broadcast', 'subscribed', 'close']) {
      window.source.addEventListener(type, ({ data, lastEventId }) => window.heard.push({ ...JSON.parse(data), id: lastEventId }));
    }
  }, url);
}

const heard = (page, type) => page.evaluate((wanted) => window.heard.filter((event) => event.type === wanted), type);
const hears = (page, type, count, timeout = 12_000) => page.waitForFunction(
  ([wanted, least]) => window.heard.filter((event) => event.type === wanted).length >= least,
  [type, count],
  { timeout },
);

test('a restart loses and repeats nothing, in two channels', { timeout: 60_000 }, async (t) => {
  const redis = await startRedis(t);
  const settings = { PEAL_REDIS_URL: redis, PEAL_API_KEY: KEY };
  const server = await PealServer.start(t, settings);
  const other = await PealServer.start(t, settings); // publishes meanwhile
  const page = await browser.page(t, `${server.url}/peal.js`);
  await listen(page, '/sse/alice?channel=a&channel=b');
  await hears(page, 'subscribed', 2);
  for (let i = 0; i < 5; i += 1) {
    await publish(server, 'a', i);
    await publish(server, 'b', i);
  }
  await hears(page, 'broadcast', 10);
  for (const signal of ['SIGTERM', 'SIGKILL']) {
    const before = (await heard(page, 'broadcast')).length;
    const joined = (await heard(page, 'subscribed')).length;
    const ended = server.kill(signal);
    for (let i = 0; i < 10; i += 1) {
      await publish(other, i % 2 ? 'a' : 'b', before + i);
    }
    await ended;
    await server.start();
    await hears(page, 'subscribed', joined + 2, 20_000);
    await hears(page, 'broadcast', before + 10);
    await publish(other, 'a', 'again');
    await hears(page, 'broadcast', before + 11);
    const back = (await heard(page, 'subscribed')).slice(joined);
    assert.deepEqual(back.map(({ recovered }) => recovered), [true, true]);
  }
  for (const channel of ['a', 'b']) {
    const offsets = (await heard(page, 'broadcast')).filter((event) => event.channel === channel).map(({ offset }) => offset);
    assert.deepEqual(offsets, offsets.map((_, i) => i + 1));
  }
  assert.deepEqual(browser.complaints, []);
});

test('a disconnected browser does not reconnect', { timeout: 30_000 }, async (t) => {
  const server = await PealServer.start(t, { PEAL_API_KEY: KEY });
  const page = await browser.page(t, `${server.url}/peal.js`);
  await listen(page, '/sse/alice?channel=a');
  await hears(page, 'subscribed', 1);
  const answer = await fetch(`${server.url}/api/disconnect`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${KEY}`, 'Content-Type': 'application/json' },
    body: '{"client":"alice"}',
  });
  assert.equal(answer.status, 200);
  await hears(page, 'close', 1);
  await page.waitForFunction(() => window.source.readyState === EventSource.CLOSED);
  assert.equal((await heard(page, 'close'))[0].code, 4403);
  assert.equal((await heard(page, 'subscribed')).length, 1);
});
