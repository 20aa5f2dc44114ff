/** Pusher's backend library (queries, events, webhooks) and Laravel Echo, unmodified, with the real
 * server. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import Echo from 'laravel-echo';
import PusherClient from 'pusher-js';

import { PealServer } from './support/peal_server.js';
import { APP, applicationOf, backendOf, clientOf, once, optionsOf, sign, start, START, subscribed } from './support/pusher.js';

const json = async (answer) => (await answer).json();

test('pusher: channels, users and counts', async (t) => {
  const server = await PealServer.start(t, START);
  const backend = backendOf(server);
  const clients = ['1', '1', '2'].map((id) => clientOf(t, server, { user: { user_id: id } }));
  for (const client of clients) await subscribed(client.subscribe('presence-room'));
  await subscribed(clients[0].subscribe('news'));
  assert.deepEqual(await json(backend.get({ path: '/channels' })), { channels: { news: {}, 'presence-room': {} } });
  assert.deepEqual(
    await json(backend.get({ path: '/channels', params: { filter_by_prefix: 'presence-', info: 'user_count,subscription_count' } })),
    { channels: { 'presence-room': { user_count: 2, subscription_count: 3 } } },
  );
  assert.deepEqual(await json(backend.get({ path: '/channels/news', params: { info: 'subscription_count' } })), { occupied: true, subscription_count: 1 });
  const { users } = await json(backend.get({ path: '/channels/presence-room/users' }));
  assert.deepEqual(users.map(({ id }) => id).sort(), ['1', '2']);
  assert.deepEqual(await json(backend.trigger(['news', 'presence-room'], 'x', {}, { info: 'user_count,subscription_count' })), {
    channels: { news: { subscription_count: 1 }, 'presence-room': { user_count: 2, subscription_count: 3 } },
  });
  assert.deepEqual(await json(backend.triggerBatch([{ channel: 'news', name: 'x', data: {}, info: 'subscription_count' }])), {
    batch: [{ subscription_count: 1 }],
  });
  await assert.rejects(backend.get({ path: '/channels', params: { info: 'user_count' } }), ({ status }) => status === 400);
});

test('pusher: encrypted channels', async (t) => {
  const server = await PealServer.start(t, START);
  const backend = backendOf(server, { encryptionMasterKeyBase64: Buffer.alloc(32, 7).toString('base64') });
  const customHandler = ({ socketId, channelName }, callback) => callback(null, backend.authorizeChannel(socketId, channelName));
  const channel = clientOf(t, server, { channelAuthorization: { customHandler } }).subscribe('private-encrypted-room');
  await subscribed(channel);
  const heard = once(channel, 'said');
  await backend.trigger('private-encrypted-room', 'said', { secret: 'words' });
  assert.deepEqual((await heard)[0], { secret: 'words' });
});

test('pusher-js: cache channels', async (t) => {
  const server = await PealServer.start(t, START);
  const backend = backendOf(server);
  const first = clientOf(t, server).subscribe('private-cache-room');
  await once(first, 'pusher:cache_miss');
  await backend.trigger('private-cache-room', 'said', { a: 1 });
  const channel = clientOf(t, server).subscribe('private-cache-room');
  assert.deepEqual((await once(channel, 'said'))[0], { a: 1 });
  const { cache } = await json(backend.get({ path: '/channels/private-cache-room', params: { info: 'cache' } }));
  assert.equal(cache.data, '{"a":1}');
});

test('pusher: users sign in, receive events, and are terminated', async (t) => {
  const server = await PealServer.start(t, START);
  const backend = backendOf(server);
  const client = clientOf(t, server, {
    userAuthentication: { customHandler: ({ socketId }, callback) => callback(null, backend.authenticateUser(socketId, { id: 'ann' })) },
  });
  const heard = once(client.user, 'hi');
  client.signin();
  await client.user.signinDonePromise;
  await once(client.user.serverToUserChannel, 'pusher:subscription_succeeded');
  await backend.sendToUser('ann', 'hi', { a: 1 });
  assert.deepEqual((await heard)[0], { a: 1 });
  const ended = once(client.connection, 'disconnected');
  const error = once(client.connection, 'error');
  await backend.terminateUserConnections('ann');
  await ended;
  assert.equal((await error)[0].data.code, 4009);
});

test('pusher: watchlists', async (t) => {
  const server = await PealServer.start(t, start({ watchlists: true }));
  const backend = backendOf(server);
  const userOf = (user) => {
    const customHandler = ({ socketId }, callback) => callback(null, backend.authenticateUser(socketId, user));
    const client = clientOf(t, server, { userAuthentication: { customHandler } });
    client.signin();
    return client;
  };
  const { watchlist } = userOf({ id: 'ann', watchlist: ['bob'] }).user;
  assert.deepEqual((await once(watchlist, 'offline'))[0].user_ids, ['bob']);
  const online = once(watchlist, 'online');
  const bob = userOf({ id: 'bob' });
  assert.deepEqual((await online)[0].user_ids, ['bob']);
  bob.disconnect();
  assert.deepEqual((await once(watchlist, 'offline'))[0].user_ids, ['bob']);
});

test('pusher: subscription counts', async (t) => {
  const server = await PealServer.start(t, start({ subscription_counts: true }));
  const channel = clientOf(t, server).subscribe('news');
  assert.equal((await once(channel, 'pusher:subscription_count'))[0].subscription_count, 1);
  assert.equal(channel.subscriptionCount, 1);
});

test('pusher: webhooks are valid', async (t) => {
  const got = [];
  let told;
  const all = new Promise((resolve) => (told = resolve));
  const url = await applicationOf(t, (rawBody, headers) => {
    const webhook = backend.webhook({ headers, rawBody });
    got.push(...(webhook.isValid() ? webhook.getEvents() : ['not valid']));
    if (got.length === 3) told();
    return {};
  });
  const server = await PealServer.start(t, {
    ...start({ webhook_url: url, webhook_events: ['channel_occupied', 'member_added', 'client_event'] }), PEAL_HOOKS_BATCH_MS: '20',
  });
  const backend = backendOf(server);
  const client = clientOf(t, server, { user: { user_id: 'ann' } });
  const channel = client.subscribe('presence-room');
  await subscribed(channel);
  channel.trigger('client-hi', { a: 1 });
  await all;
  assert.deepEqual(got, [
    { name: 'channel_occupied', channel: 'presence-room' },
    { name: 'member_added', channel: 'presence-room', user_id: 'ann' },
    {
      name: 'client_event', channel: 'presence-room', event: 'client-hi', data: '{"a":1}', socket_id: client.connection.socket_id, user_id: 'ann',
    },
  ]);
});

for (const broadcaster of ['pusher', 'reverb']) {
  test(`laravel-echo: ${broadcaster}`, async (t) => {
    const server = await PealServer.start(t, START);
    const backend = backendOf(server);
    const authEndpoint = await applicationOf(t, (body) => {
      const asked = new URLSearchParams(body);
      const [socket, name] = [asked.get('socket_id'), asked.get('channel_name')];
      if (!name.startsWith('presence-')) return { auth: sign(`${socket}:${name}`) };
      const data = JSON.stringify({ user_id: 7, user_info: { name: 'Ann' } });
      return { auth: sign(`${socket}:${name}:${data}`), channel_data: data };
    });
    const echoOf = () => {
      const echo = new Echo({ broadcaster, key: APP.key, Pusher: PusherClient, authEndpoint, ...optionsOf(server) });
      t.after(() => echo.disconnect());
      return echo;
    };
    const [one, two] = [echoOf(), echoOf()];
    const ready = (channel) => new Promise((resolve) => channel.subscribed(resolve));
    const rooms = [one.private('room'), two.private('room')];
    await Promise.all(rooms.map(ready));
    const heard = new Promise((resolve) => rooms[1].listen('Said', resolve));
    rooms[0].listen('Said', () => assert.fail('toOthers() reaches its sender'));
    await backend.trigger('private-room', 'App\\Events\\Said', { text: 'hi' }, { socket_id: one.socketId() });
    assert.deepEqual(await heard, { text: 'hi' });
    const whispered = new Promise((resolve) => rooms[1].listenForWhisper('typing', resolve));
    rooms[0].whisper('typing', { on: true });
    assert.deepEqual(await whispered, { on: true });
    const here = await new Promise((resolve) => one.join('desk').here(resolve));
    assert.deepEqual(here, [{ name: 'Ann' }]);
  });
}
