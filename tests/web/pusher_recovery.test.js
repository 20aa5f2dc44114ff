/** peal-pusher.js: pusher-js recovers missed messages; also in Chromium. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import recover from '../../web/peal-pusher.js';
import { Browser } from './support/browser.js';
import { PealServer } from './support/peal_server.js';
import { APP, backendOf, clientOf, once, optionsOf, START, subscribed } from './support/pusher.js';

const PLUGIN = fileURLToPath(new URL('../../web/peal-pusher.js', import.meta.url));
const PUSHER_JS = fileURLToPath(new URL('node_modules/pusher-js/dist/web/pusher.min.js', import.meta.url));

/** Events of a channel, without the library's own. */
function heardBy(channel) {
  const heard = [];
  channel.bind_global((event, data) => event.startsWith('pusher:') || heard.push([event, data]));
  return heard;
}

/** Cuts the connection; `meanwhile` runs before the client reconnects. */
async function interrupt(client, meanwhile) {
  const gone = once(client.connection, 'disconnected');
  client.disconnect();
  await gone;
  await meanwhile();
  const back = Promise.all(client.allChannels().map(subscribed));
  client.connect();
  await back;
}

const settle = async (server, channel) => { // all earlier events were delivered
  const done = once(channel, 'done');
  await backendOf(server).trigger(channel.name, 'done', {});
  await done;
};

test('peal-pusher.js: nothing is lost or duplicated', async (t) => {
  assert.ok((await readFile(PLUGIN)).length < 2048);
  const server = await PealServer.start(t, START);
  const backend = backendOf(server);
  const client = recover(clientOf(t, server, { user: { user_id: 'ann' } }));
  const names = ['news', 'private-room', 'presence-desk', 'private-cache-room'];
  const channels = names.map((name) => client.subscribe(name));
  await Promise.all(channels.map(subscribed));
  const heard = channels.map(heardBy);
  for (const name of names) await backend.trigger(name, 'said', 1);
  channels[1].trigger('client-own', {});
  for (const channel of channels) await settle(server, channel);
  const socket = client.connection.socket_id;
  await interrupt(client, async () => {
    for (const name of names) for (const n of [2, 3]) await backend.trigger(name, 'said', n);
    await backend.trigger(names, 'own', {}, { socket_id: socket });
  });
  for (const name of names) await backend.trigger(name, 'said', 4);
  for (const channel of channels) await settle(server, channel);
  await interrupt(client, async () => {});
  for (const channel of channels) await settle(server, channel);
  for (const events of heard) {
    assert.deepEqual(events.map(([event, data]) => (event === 'said' ? data : event)), [1, 'done', 2, 3, 4, 'done', 'done']);
  }
});

test('peal-pusher.js: a gap is reported', async (t) => {
  const server = await PealServer.start(t, START);
  const client = recover(clientOf(t, server));
  const channel = client.subscribe('news');
  await subscribed(channel);
  await settle(server, channel);
  const gap = once(channel, 'peal:gap');
  await server.kill();
  await server.start();
  await gap;
  channel.bind('peal:gap', () => assert.fail('told again'));
  await interrupt(client, () => backendOf(server).trigger('news', 'x', {}));
  await settle(server, channel);
});

test('pusher-js without it receives only new events', async (t) => {
  const server = await PealServer.start(t, START);
  const client = clientOf(t, server);
  const channel = client.subscribe('news');
  await subscribed(channel);
  const heard = heardBy(channel);
  await interrupt(client, () => backendOf(server).trigger('news', 'missed', {}));
  await settle(server, channel);
  assert.deepEqual(heard, [['done', {}]]);
});

test('pusher-js in Chromium: connects, joins a presence channel, and recovers', async (t) => {
  const server = await PealServer.start(t, START);
  const backend = backendOf(server);
  const browser = await Browser.launch();
  t.after(() => browser.close());
  const page = await browser.page(t, `${server.url}/health`, { bypassCSP: true });
  await page.exposeFunction('sign', (socket, name) => backend.authorizeChannel(socket, name, { user_id: 'ann', user_info: { name: 'Ann' } }));
  await page.addScriptTag({ path: PUSHER_JS });
  const me = await page.evaluate(async ([key, options]) => {
    const { default: recoverHere } = await import('/peal-pusher.js');
    const customHandler = async ({ socketId, channelName }, callback) => callback(null, await window.sign(socketId, channelName));
    window.client = recoverHere(new window.Pusher(key, { ...options, channelAuthorization: { customHandler } }));
    window.heard = [];
    window.channel = window.client.subscribe('presence-room');
    window.channel.bind('said', (data) => window.heard.push(data));
    return new Promise((resolve) => window.channel.bind('pusher:subscription_succeeded', ({ me: self }) => resolve(self)));
  }, [APP.key, optionsOf(server)]);
  assert.deepEqual(me, { id: 'ann', info: { name: 'Ann' } });
  await backend.trigger('presence-room', 'said', 1);
  await page.waitForFunction(() => window.heard.length === 1);
  await page.evaluate(() => window.client.disconnect());
  await backend.trigger('presence-room', 'said', 2);
  await page.evaluate(() => window.client.connect());
  await page.waitForFunction(() => window.heard.length === 2);
  assert.deepEqual(await page.evaluate(() => window.heard), [1, 2]);
});
