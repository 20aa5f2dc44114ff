/** Pusher's own clients with the real server: only the host is changed. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import PusherClient from 'pusher-js';

import { PealServer } from './support/peal_server.js';
import { APP, backendOf, clientOf, KEY, once, START, subscribed } from './support/pusher.js';

async function publish(server, body) {
  const answer = await fetch(`${server.url}/api/publish`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${KEY}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  assert.equal(answer.status, 200);
}

test('pusher-js: public channels', async (t) => {
  const server = await PealServer.start(t, START);
  const client = clientOf(t, server);
  await once(client.connection, 'connected');
  assert.match(client.connection.socket_id, /^\d+\.\d+$/);
  const channel = client.subscribe('news');
  await subscribed(channel);
  for (const payload of [{ a: [1] }, 'plain', '7', 7, null, '{"a":1}']) {
    const heard = once(channel, 'said');
    await publish(server, { channel: 'pusher:1:news', event: 'said', payload });
    assert.deepEqual((await heard)[0], payload);
  }
});

test('pusher-js: private channels and client events', async (t) => {
  const server = await PealServer.start(t, START);
  const [one, two] = [clientOf(t, server), clientOf(t, server)].map((client) => client.subscribe('private-room'));
  await Promise.all([subscribed(one), subscribed(two)]);
  for (const data of [{ to: 'you' }, 'text']) {
    const heard = once(two, 'client-hi');
    one.bind('client-hi', () => assert.fail('the sender hears itself'));
    one.trigger('client-hi', data);
    assert.deepEqual((await heard)[0], data);
  }
});

test('pusher-js: a wrong signature is an error of the channel', async (t) => {
  const server = await PealServer.start(t, START);
  const client = clientOf(t, server, {
    channelAuthorization: { customHandler: (asked, callback) => callback(null, { auth: `${APP.key}:${'0'.repeat(64)}` }) },
  });
  const [error] = await once(client.subscribe('private-room'), 'pusher:subscription_error');
  assert.deepEqual([error.type, error.status], ['AuthError', 401]);
});

test('pusher-js: presence, with a number and a text as ids', async (t) => {
  const server = await PealServer.start(t, START);
  const ann = clientOf(t, server, { user: { user_id: 10, user_info: { name: 'Ann' } } }).subscribe('presence-room');
  const [members] = await subscribed(ann);
  assert.deepEqual([members.count, members.me], [1, { id: 10, info: { name: 'Ann' } }]);
  const added = once(ann, 'pusher:member_added');
  const bobs = clientOf(t, server, { user: { user_id: 'bob', user_info: { name: 'Bob' } } });
  const bob = bobs.subscribe('presence-room');
  const [both] = await subscribed(bob);
  assert.deepEqual((await added)[0], { id: 'bob', info: { name: 'Bob' } });
  assert.deepEqual([both.count, both.get('10'), both.get('bob')], [
    2, { id: '10', info: { name: 'Ann' } }, { id: 'bob', info: { name: 'Bob' } },
  ]);
  const heard = once(ann, 'client-x');
  bob.trigger('client-x', {});
  assert.equal((await heard)[1].user_id, 'bob');
  const removed = once(ann, 'pusher:member_removed');
  bobs.disconnect();
  assert.equal((await removed)[0].id, 'bob');
  assert.equal(ann.members.count, 1);
});

test('pusher-js: an unknown key is final, a restart is not', async (t) => {
  const server = await PealServer.start(t, START);
  const stranger = new PusherClient('nobody', {
    wsHost: '127.0.0.1', wsPort: server.port, forceTLS: false, enabledTransports: ['ws'], disableStats: true, cluster: '',
  });
  t.after(() => stranger.disconnect());
  const [error] = await once(stranger.connection, 'error');
  assert.equal((error.error ?? error).data.code, 4001);
  const client = clientOf(t, server);
  await subscribed(client.subscribe('news'));
  const back = once(client.connection, 'connected');
  await server.kill();
  await server.start();
  await back;
  assert.equal(stranger.connection.state, 'disconnected');
});

test('pusher: a backend triggers single and batched events and excludes their sender', async (t) => {
  const server = await PealServer.start(t, START);
  const backend = backendOf(server);
  const clients = [clientOf(t, server), clientOf(t, server)];
  const channels = clients.map((client) => client.subscribe('news'));
  await Promise.all(channels.map(subscribed));
  channels[0].bind('said', () => assert.fail('its sender hears it'));
  const heard = once(channels[1], 'said');
  const answer = await backend.trigger(['news', 'other'], 'said', { a: 1 }, { socket_id: clients[0].connection.socket_id });
  assert.deepEqual([answer.status, await answer.json()], [200, {}]);
  assert.deepEqual((await heard)[0], { a: 1 });
  const many = Promise.all(channels.map((channel) => once(channel, 'App\\Events\\Said')));
  await backend.triggerBatch([{ channel: 'news', name: 'App\\Events\\Said', data: 'text' }]);
  assert.deepEqual((await many).map(([data]) => data), ['text', 'text']);
  await assert.rejects(backend.trigger('news', 'x', 'y'.repeat(10_241)), ({ status }) => status === 413);
  const stranger = backendOf(server, { secret: 'x' });
  await assert.rejects(stranger.trigger('news', 'x', {}), ({ status }) => status === 401);
});

test('pusher: subscriptions it authorizes are accepted', async (t) => {
  const server = await PealServer.start(t, START);
  const backend = backendOf(server);
  const authorizer = ({ socketId, channelName }, callback) => callback(null, backend.authorizeChannel(
    socketId, channelName, channelName.startsWith('presence-') ? { user_id: '7', user_info: { name: 'Ann' } } : undefined,
  ));
  const client = clientOf(t, server, { channelAuthorization: { customHandler: authorizer } });
  await subscribed(client.subscribe('private-room'));
  const [members] = await subscribed(client.subscribe('presence-room'));
  assert.deepEqual(members.me, { id: '7', info: { name: 'Ann' } });
});
