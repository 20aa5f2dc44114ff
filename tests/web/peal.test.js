/** peal.js without a network: the test plays the server and controls the clock. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { adviceFor, channelFlaw, clientFlaw, expiryOf } from '../../web/peal.js';
import { FakeClock, settled } from './support/fake_clock.js';
import {
  jwt, message, offsetsOf, opened, reconnected, redialled, setUp, subscribed, tokenFor, typesOf,
} from './support/peal_setup.js';

// Connecting. -----------------------------------------------------------------

test('connects to /ws/<client>, joining no channel, with the protocol', async () => {
  const { sockets, states, peal } = await opened({ client: 'a:b@c' });
  assert.equal(sockets.last.url, 'ws://server.test/ws/a%3Ab%40c?channel=&hello=1');
  assert.deepEqual(sockets.last.protocols, ['broadcast']);
  sockets.last.greet();
  assert.deepEqual(states.map(({ state }) => state), ['connecting', 'open']);
  assert.equal(peal.state, 'open');
});

test('keeps the path of its url, and https becomes wss', async () => {
  const { sockets } = await opened({ url: 'https://example.com/chat/' });
  assert.equal(sockets.last.url, 'wss://example.com/chat/ws/alice?channel=&hello=1');
});

const CLIENTS = [
  'auth0|5f7c', 'google-oauth2|1035', 'https://orcid.org/0000-0002', 'repo:octo/x:ref:refs/heads/main',
  'DOMAIN\\user', "o'brien@x.com", 'josé', 'jose\u0301', 'Anna Maria', '"', '%2F', '/', '{}', '*', ':', '?#&=+',
  '👩‍🚀', '\u202enimda', 'שלום', 'é'.repeat(64), 'x'.repeat(128),
];
const NOT_CLIENTS = [
  ['a\0', 'found U+0000 at character 2'], ['\n', 'found U+000A at character 1'],
  ['é😀\u007f', 'found U+007F at character 3'], ['\u0085', 'found U+0085 at character 1'],
  ['a\ud800b', 'lone surrogate at character 2'], ['\udc00', 'lone surrogate at character 1'],
  ['x'.repeat(129), 'it has 129 bytes'], ['é'.repeat(65), 'it has 130 bytes'], [true, 'it is not a string'],
];

test('a client id is any text without control characters', async () => {
  for (const client of CLIENTS) {
    const { peal, sockets } = await opened({ client });
    const { pathname } = new globalThis.URL(sockets.last.url);
    assert.equal(pathname, `/ws/${encodeURIComponent(client)}`);
    assert.equal(pathname.split('/').length, 3);
    assert.equal(peal.client, client);
  }
  assert.equal(setUp({ client: 42 }).peal.client, '42');
});

test('an invalid client id is refused before dialling, with its position', async () => {
  for (const [client, flaw] of NOT_CLIENTS) {
    const message = `options.client must be 1 to 128 bytes of UTF-8 without control characters; ${flaw}; see web/README.md#peal`;
    assert.throws(() => setUp({ client }), { name: 'TypeError', message });
    assert.ok(clientFlaw(client).endsWith(flaw));
  }
  assert.match(clientFlaw(''), /; it is empty$/);
});

test('an invalid name in a call is refused without a message, with its position', async () => {
  const { peal, sockets } = await opened();
  const names = [['a b', 'found U+0020 at character 2'], ['ü', 'found U+00FC at character 1'], ['', 'it is empty'],
    ['x'.repeat(165), 'it has 165 bytes'], [undefined, 'it is not a string'], ['\ud800', 'lone surrogate at character 1']];
  const before = sockets.last.sent.length;
  for (const [channel, flaw] of names) {
    const refused = { code: 'bad_channel', message: `channel must be 1 to 164 of A-Z a-z 0-9 _ - = @ , . ; : # $ /; ${flaw}` };
    assert.throws(() => peal.subscribe(channel), refused);
    for (const ask of ['publish', 'presence', 'history']) await assert.rejects(peal[ask](channel), refused);
    assert.equal(channelFlaw(channel), refused.message.replace('channel ', ''));
  }
  await assert.rejects(peal.direct('a\nb'), { code: 'bad_client', message: /^to must be .* found U\+000A at character 2$/ });
  assert.equal(sockets.last.sent.length, before);
});

test('the token goes beside the protocol', async () => {
  const { sockets } = await opened({ token: 'a.b.c' });
  assert.deepEqual(sockets.last.protocols, ['broadcast', 'bearer.a.b.c']);
});

test('a connection attempt that takes too long is aborted', async () => {
  const { peal, sockets, clock, states } = setUp();
  peal.connect();
  await settled();
  await clock.pass(10_000);
  assert.equal(sockets.last.closedWith, 1000);
  assert.equal(states.at(-1).state, 'waiting');
});

test('a malformed address closes the client at once', async () => {
  class Refusing {
    constructor() {
      throw new SyntaxError('bad address');
    }
  }
  const { peal, states } = setUp({ WebSocket: Refusing });
  peal.connect();
  await settled();
  assert.equal(states.at(-1).state, 'closed');
  assert.equal(states.at(-1).final, true);
});

test('close() ends timers, waiting requests and the socket; connect() reconnects', async () => {
  const { peal, sockets, clock, states } = await opened();
  const waiting = assert.rejects(peal.publish('lobby', 1), { code: 'closed' });
  peal.close('bye');
  await waiting;
  assert.equal(clock.pending, 0);
  assert.equal(sockets.last.closedWith, 1000);
  assert.deepEqual(states.at(-1), { state: 'closed', code: 1000, reason: 'bye', final: false });
  await assert.rejects(peal.publish('lobby', 1), { code: 'closed' });
  peal.connect();
  await settled();
  assert.equal(sockets.all.length, 2);
});

test('each connection has a new ticket in its address', async () => {
  let count = 0;
  const all = await opened({ ticket: async ({ reason }) => `${reason}-${(count += 1)}` });
  const ticket = () => /[?&]ticket=([^&]*)/.exec(all.sockets.last.url)[1];
  assert.equal(ticket(), 'connect-1');
  assert.deepEqual(all.sockets.last.protocols, ['broadcast']);
  await reconnected(all, 1012);
  assert.equal(ticket(), 'connect-2');
  await reconnected(all, 4401);
  assert.equal(ticket(), 'refused-3');
});

test('a ticket comes from a function, and excludes a token', () => {
  assert.throws(() => setUp({ ticket: 'abc' }), TypeError);
  assert.throws(() => setUp({ ticket: () => 'abc', token: 'a.b.c' }), TypeError);
});

test('close() while a token is awaited wins', async () => {
  let give;
  const { peal, sockets } = setUp({ token: () => new Promise((resolve) => (give = resolve)) });
  peal.connect();
  peal.close();
  give('a.b.c');
  await settled();
  assert.equal(sockets.all.length, 0);
  assert.equal(peal.state, 'closed');
});

// Close codes. ----------------------------------------------------------------

const COME_BACK = [1001, 1005, 1006, 1011, 1012, 1013, 4500, 4508, 4513, 4529, 4599];
const STAY_AWAY = [1000, 1002, 1003, 1007, 1008, 1009, 3000, 4000, 4400, 4401, 4403, 4409, 4499, 4600];

for (const code of COME_BACK) {
  test(`close code ${code}: reconnects`, async () => {
    const all = await opened();
    await redialled(all, code);
    assert.equal(all.sockets.all.length, 2);
    assert.equal(all.states.find(({ state }) => state === 'waiting').code, code);
  });
}

for (const code of STAY_AWAY) {
  test(`close code ${code}: does not reconnect`, async () => {
    const { sockets, states, clock } = await opened();
    sockets.last.drop(code, 'why');
    assert.deepEqual(states.at(-1), { state: 'closed', code, reason: 'why', final: true });
    await clock.pass(600_000);
    assert.equal(sockets.all.length, 1);
  });
}

test('after a rate limit it waits before it reconnects', () => {
  assert.ok(adviceFor(4529).wait >= 1_000);
  assert.equal(adviceFor(4513).wait, 0);
});

// Back-off. -------------------------------------------------------------------

test('waits are random up to a bound that doubles up to the cap', async () => {
  const { peal, sockets, clock, states } = setUp();
  peal.connect();
  await settled();
  clock.chance = 1;
  const delays = [];
  for (let i = 0; i < 8; i += 1) {
    sockets.last.drop();
    delays.push(states.at(-1).delay);
    await clock.pass(states.at(-1).delay);
  }
  assert.deepEqual(delays, [500, 1000, 2000, 4000, 8000, 16000, 20000, 20000]);
  clock.chance = 0;
  sockets.last.drop();
  assert.equal(states.at(-1).delay, 0);
});

test('only a lasting connection resets the back-off', async () => {
  const all = await opened();
  const { sockets, clock, states } = all;
  clock.chance = 1;
  sockets.last.drop();
  await clock.pass(500);
  sockets.last.open();
  sockets.last.drop();
  assert.equal(states.at(-1).delay, 1000);
  await clock.pass(1000);
  sockets.last.open();
  await clock.pass(5_000);
  sockets.last.drop();
  assert.equal(states.at(-1).delay, 500);
});

test('connect() while waiting connects at once', async () => {
  const { peal, sockets } = await opened();
  sockets.last.drop();
  peal.connect();
  await settled();
  assert.equal(sockets.all.length, 2);
});

test('a silent connection is pinged, and dropped if it does not answer', async () => {
  const { sockets, clock, states } = await opened({ idlePing: 25_000 });
  await clock.pass(20_000);
  sockets.last.say({ type: 'direct', from: 'bob', payload: 1 });
  await clock.pass(24_000);
  assert.equal(sockets.last.asked('ping'), undefined);
  await clock.pass(1_000);
  sockets.last.say({ type: 'pong', id: sockets.last.asked('ping').id });
  await clock.pass(34_999);
  assert.equal(states.at(-1).state, 'open');
  await clock.pass(1);
  assert.equal(states.at(-1).state, 'waiting');
});

test('messages of an old socket are ignored', async () => {
  const { sockets, peal, clock } = await subscribed();
  const [old] = sockets.all;
  await reconnected({ sockets, clock });
  sockets.last.greet();
  old.onclose({ code: 4403, reason: '' });
  assert.equal(peal.state, 'open');
});

// Messages, exactly once and in order. ----------------------------------------

test('messages arrive; a repeated offset is ignored', async () => {
  const { sockets, events } = await subscribed();
  for (const offset of [6, 7, 7, 6, 8]) sockets.last.say(message(offset));
  assert.deepEqual(offsetsOf(events), [6, 7, 8]);
});

test('after a reconnect it recovers from the last offset and delivers each missed message once', async () => {
  const all = await subscribed();
  const { sockets, events } = all;
  sockets.last.say(message(6));
  await reconnected(all);
  assert.deepEqual(sockets.last.asked('subscribe').since, { epoch: 'E', offset: 6 });
  sockets.last.answerSubscribe({
    epoch: 'E', offset: 9, recovered: true, messages: [6, 7, 8, 9].map((offset) => message(offset)),
  });
  await settled();
  sockets.last.say(message(9));
  sockets.last.say(message(10));
  assert.deepEqual(offsetsOf(events), [6, 7, 8, 9, 10]);
  assert.deepEqual(typesOf(events).filter((type) => type !== 'message'), ['subscribed', 'recovered']);
  assert.equal(events.find(([type]) => type === 'recovered')[1].count, 3);
});

test('a message that overtakes the answer waits for its turn', async () => {
  const all = await subscribed();
  const { sockets, events } = all;
  await reconnected(all);
  sockets.last.say(message(8));
  sockets.last.answerSubscribe({
    epoch: 'E', offset: 7, recovered: true, messages: [message(6), message(7)],
  });
  await settled();
  assert.deepEqual(offsetsOf(events), [6, 7, 8]);
  assert.ok(!typesOf(events).includes('gap'));
});

test('a message that overtakes the answer to the first subscribe is not lost', async () => {
  const { peal, sockets } = await opened();
  const seen = [];
  peal.subscribe('lobby').on('message', ({ offset }) => seen.push(offset));
  sockets.last.say(message(7));
  sockets.last.answerSubscribe({ epoch: 'E', offset: 7, recovered: false });
  await settled();
  sockets.last.say(message(8));
  assert.deepEqual(seen, [7, 8]);
});

test('lost messages are reported as a gap before later messages', async () => {
  const all = await subscribed();
  const { sockets, events, lobby } = all;
  await reconnected(all);
  sockets.last.answerSubscribe({ epoch: 'F', offset: 2, recovered: false });
  sockets.last.say(message(3));
  await settled();
  assert.deepEqual(typesOf(events), ['subscribed', 'gap', 'message']);
  assert.equal(events[1][1].reason, 'unrecovered');
  assert.deepEqual(lobby.position, { epoch: 'F', offset: 3 });
});

test('a gap with the rest of the history delivers only new messages', async () => {
  const all = await subscribed();
  const { sockets, events } = all;
  await reconnected(all);
  sockets.last.answerSubscribe({
    epoch: 'E', offset: 9, recovered: false, messages: [message(4), message(8), message(9)],
  });
  await settled();
  assert.deepEqual(offsetsOf(events), [8, 9]);
  assert.equal(typesOf(events)[1], 'gap');
});

test('missing offsets are reported as a gap', async () => {
  const { sockets, events } = await subscribed();
  sockets.last.say(message(6));
  sockets.last.say(message(9));
  assert.deepEqual(typesOf(events), ['message', 'gap', 'message']);
  assert.deepEqual(events[1][1], { channel: 'lobby', reason: 'hole', missing: 2 });
});

test('after a gap from the server, it recovers from its own position', async () => {
  const { sockets, events } = await subscribed();
  sockets.last.say({ type: 'gap', channel: 'lobby' });
  const [first, second] = sockets.last.sent.slice(-2);
  assert.deepEqual([first.type, second.type], ['unsubscribe', 'subscribe']);
  sockets.last.say({ type: 'unsubscribed', channel: 'lobby', id: first.id });
  assert.deepEqual(sockets.last.asked('subscribe').since, { epoch: 'E', offset: 5 });
  sockets.last.say(message(7));
  sockets.last.answerSubscribe({ epoch: 'E', offset: 6, recovered: true, messages: [message(6)] });
  await settled();
  assert.deepEqual(offsetsOf(events), [6, 7]);
  assert.ok(!typesOf(events).includes('gap'));
});

test('a new subscription continues from a saved position', async () => {
  const { peal, sockets } = await opened();
  const seen = [];
  const lobby = peal.subscribe('lobby', { since: { epoch: 'E', offset: 3 } });
  lobby.on('message', ({ offset }) => seen.push(offset));
  assert.deepEqual(sockets.last.asked('subscribe').since, { epoch: 'E', offset: 3 });
  sockets.last.answerSubscribe({ epoch: 'E', offset: 4, recovered: true, messages: [message(4)] });
  await settled();
  assert.deepEqual(seen, [4]);
});

test('a listener that throws affects neither other listeners nor the position', async () => {
  const { sockets, lobby, events } = await subscribed();
  const reported = [];
  globalThis.reportError = ({ message: text }) => reported.push(text);
  lobby.on('message', () => {
    throw new Error('of the application');
  });
  const late = [];
  lobby.on('message', ({ offset }) => late.push(offset));
  sockets.last.say(message(6));
  delete globalThis.reportError;
  assert.deepEqual(reported, ['of the application']);
  assert.deepEqual([offsetsOf(events), late], [[6], [6]]);
});

// Subscriptions. --------------------------------------------------------------

test('join and leave reach only their channel', async () => {
  const { sockets, events } = await subscribed();
  sockets.last.say({ type: 'join', channel: 'lobby', client: 'bob' });
  sockets.last.say({ type: 'leave', channel: 'other', client: 'bob' });
  assert.deepEqual(typesOf(events), ['join']);
});

test('subscribing twice gives two subscriptions and sends one request', async () => {
  const { peal, sockets, lobby, events } = await subscribed();
  const other = peal.subscribe('lobby');
  assert.notEqual(other, lobby);
  const seen = [];
  other.on('message', ({ offset }) => seen.push(offset));
  sockets.last.say(message(6));
  assert.equal(sockets.last.sent.length, 1);
  assert.deepEqual([offsetsOf(events), seen], [[6], [6]]);
});

test('a refused subscription has a reason, and is retried on the next connection', async () => {
  const { peal, sockets, clock } = await opened();
  const errors = [];
  const secret = peal.subscribe('secret');
  secret.on('error', ({ code }) => errors.push(code));
  const { id } = sockets.last.asked('subscribe');
  sockets.last.say({ type: 'error', code: 'forbidden', message: 'no', id });
  await settled();
  assert.deepEqual([errors, secret.state], [['forbidden'], 'failed']);
  await reconnected({ sockets, clock });
  assert.equal(sockets.last.asked('subscribe').channel, 'secret');
});

test('an unavailable subscription is retried automatically', async () => {
  const { peal, sockets, clock } = await opened();
  const lobby = peal.subscribe('lobby');
  const { id } = sockets.last.asked('subscribe');
  sockets.last.say({ type: 'error', code: 'unavailable', message: 'later', id });
  await settled();
  await clock.pass(clock.next);
  sockets.last.answerSubscribe({ epoch: 'E', offset: 1 });
  await settled();
  assert.equal(lobby.state, 'subscribed');
});

test('a subscription whose answer came too late is repeated', async () => {
  const { peal, sockets, clock } = await opened();
  const lobby = peal.subscribe('lobby');
  await clock.pass(10_000); // times out ...
  await clock.pass(clock.next); // ... and so does the retry
  const { id } = sockets.last.asked('subscribe');
  sockets.last.say({ type: 'error', code: 'already_subscribed', message: '', id });
  await settled();
  assert.deepEqual(sockets.last.sent.slice(-2).map(({ type }) => type), ['unsubscribe', 'subscribe']);
  sockets.last.answerSubscribe({ epoch: 'E', offset: 1 });
  await settled();
  assert.equal(lobby.state, 'subscribed');
});

test('unsubscribe sends a request and is not undone by a reconnect', async () => {
  const { lobby, sockets, clock, events } = await subscribed();
  const done = lobby.unsubscribe();
  const { id } = sockets.last.asked('unsubscribe');
  sockets.last.say({ type: 'unsubscribed', channel: 'lobby', id });
  await done;
  sockets.last.say(message(6));
  assert.deepEqual(typesOf(events), ['unsubscribed']);
  await reconnected({ sockets, clock });
  assert.equal(sockets.last.asked('subscribe'), undefined);
});

test('an unsubscribe by the server ends the subscription', async () => {
  const { lobby, sockets, events } = await subscribed();
  sockets.last.say({ type: 'unsubscribed', channel: 'lobby' });
  assert.deepEqual([typesOf(events), lobby.state], [['unsubscribed'], 'ended']);
});

// Requests. -------------------------------------------------------------------

test('publish resolves with the result that has its id', async () => {
  const { peal, sockets } = await opened();
  const [first, second] = [peal.publish('lobby', 'a'), peal.publish('lobby', 'b')];
  const [{ id: one }, { id: two }] = sockets.last.sent;
  sockets.last.say({ type: 'broadcastResult', id: two, offset: 2, listenerCount: 3 });
  sockets.last.say({ type: 'broadcastResult', id: one, offset: 1, listenerCount: 3 });
  assert.deepEqual([(await first).offset, (await second).offset], [1, 2]);
});

test('publish is rejected with the code of the error', async () => {
  const { peal, sockets } = await opened();
  const refused = assert.rejects(peal.publish('lobby', 'a'), { code: 'forbidden', message: 'no' });
  sockets.last.say({ type: 'error', code: 'forbidden', message: 'no', id: sockets.last.sent[0].id });
  await refused;
});

test('a publish under way when the connection drops is rejected, not repeated', async () => {
  const { peal, sockets, clock } = await opened();
  const lost = assert.rejects(peal.publish('lobby', 'a'), { code: 'disconnected', closeCode: 1006 });
  await reconnected({ sockets, clock });
  await lost;
  assert.equal(sockets.last.sent.length, 0);
});

test('without a connection, requests wait, and are sent in order after the subscriptions', async () => {
  const { peal, sockets } = setUp();
  peal.publish('lobby', 1);
  peal.publish('lobby', 2);
  peal.subscribe('lobby');
  peal.connect();
  await settled();
  sockets.last.open();
  const sent = sockets.last.sent.map(({ type, payload }) => payload ?? type);
  assert.deepEqual(sent, ['subscribe', 1, 2]);
});

test('the queue is bounded in number and in time', async () => {
  const { peal, clock } = setUp({ queueLimit: 1 });
  const tooLate = assert.rejects(peal.publish('lobby', 1), { code: 'timeout' });
  await assert.rejects(peal.publish('lobby', 2), { code: 'queue_full' });
  await clock.pass(10_000);
  await tooLate;
});

test('with no queue, a publish without a connection is rejected at once', async () => {
  const { peal } = setUp({ queueLimit: 0 });
  await assert.rejects(peal.publish('lobby', 1), { code: 'disconnected' });
});

test('a request without an answer is eventually rejected', async () => {
  const { peal, clock } = await opened();
  const late = assert.rejects(peal.presence('lobby'), { code: 'timeout' });
  await clock.pass(10_000);
  await late;
});

test('presence, history, direct, echo and ping resolve with their answers', async () => {
  const { peal, sockets, clock } = await opened();
  const answers = Promise.all([
    peal.presence('lobby'), peal.history('lobby', { limit: 2 }), peal.direct('bob', 'hi'), peal.echo(7), peal.ping(),
  ]);
  const [presence, history, direct, , ping] = sockets.last.sent;
  assert.equal(history.limit, 2);
  await clock.pass(12);
  sockets.last.say({ type: 'presence', clients: [{ client: 'bob', connections: 2 }], id: presence.id });
  sockets.last.say({ type: 'history', messages: [message(1)], id: history.id });
  sockets.last.say({ type: 'directResult', to: 'bob', connectionCount: 2, id: direct.id });
  sockets.last.say({ type: 'echo', payload: 7 }); // the only answer without an id
  sockets.last.say({ type: 'pong', id: ping.id });
  const [who, past, result, echo, took] = await answers;
  assert.deepEqual(who, [{ client: 'bob', connections: 2 }]);
  assert.equal(past.messages.length, 1);
  assert.equal(result.connectionCount, 2);
  assert.deepEqual([echo, took], [7, 12]);
});

test('messages may have an event', async () => {
  const { peal, sockets } = await opened();
  const lobby = peal.subscribe('lobby');
  peal.publish('lobby', 1, { event: 'a' }).catch(() => {});
  lobby.publish(2, { event: 'b' }).catch(() => {});
  lobby.publish(3).catch(() => {});
  peal.direct('bob', 4, { event: 'c' }).catch(() => {});
  await Promise.resolve();
  const said = sockets.last.sent.filter(({ payload }) => payload);
  assert.deepEqual(said.map(({ event, payload }) => [event, payload]), [['a', 1], ['b', 2], [undefined, 3], ['c', 4]]);
});

test('members may be counted, and their list truncated', async () => {
  const { peal, sockets } = await opened();
  const lobby = peal.subscribe('lobby');
  const some = lobby.presence.get({ limit: 1 });
  const count = lobby.memberCount();
  await Promise.resolve();
  const [presence, counted] = sockets.last.sent.filter(({ type }) => type === 'presence');
  assert.deepEqual([presence.limit, counted.limit], [1, 0]);
  const clients = [{ client: 'bob', connections: 1, info: { name: 'Bob' } }];
  sockets.last.say({ type: 'presence', count: 7, clients, id: presence.id });
  sockets.last.say({ type: 'presence', count: 7, clients: [], id: counted.id });
  assert.deepEqual(await some, clients);
  assert.equal(await count, 7);
});

test('direct messages and errors without an id are events', async () => {
  const { peal, sockets } = await opened();
  const events = [];
  peal.on('direct', ({ payload }) => events.push(payload));
  peal.on('error', ({ code }) => events.push(code));
  sockets.last.say({ type: 'direct', from: 'bob', payload: 'psst' });
  sockets.last.say({ type: 'error', code: 'bad_request', message: '' });
  sockets.last.onmessage({ data: '{' });
  assert.deepEqual(events, ['psst', 'bad_request', 'bad_frame']);
});

// Tokens. ---------------------------------------------------------------------

test('the expiry is read from the token, and NaN if there is none', () => {
  assert.equal(expiryOf(jwt({ exp: 1_700_000_000 })), 1_700_000_000_000);
  for (const bad of [null, '', 'a.b.c', jwt({})]) assert.ok(Number.isNaN(expiryOf(bad)), bad);
});

test('a token is refreshed on the open connection, well before it expires', async () => {
  const asked = [];
  const clock = new FakeClock();
  const token = ({ reason }) => {
    asked.push(reason);
    return Promise.resolve(tokenFor(clock, 1000));
  };
  const { sockets } = await opened({ token, clock });
  sockets.last.greet();
  for (const chance of [0, 1]) {
    const wait = clock.next;
    assert.ok(wait >= 750_000 && wait <= 900_000, `after ${wait} ms`);
    await clock.pass(wait);
    const refresh = sockets.last.asked('refresh');
    assert.equal(refresh.token, tokenFor(clock, 1000));
    clock.chance = chance;
    sockets.last.say({ type: 'refreshed', expires: expiryOf(refresh.token) / 1000, id: refresh.id });
    await settled();
  }
  assert.deepEqual(asked, ['connect', 'refresh', 'refresh']);
  assert.equal(sockets.all.length, 1);
});

test('a failed refresh is reported, and retried while there is time', async () => {
  const clock = new FakeClock();
  let calls = 0;
  const token = () => {
    calls += 1;
    if (calls === 2) throw new Error('away');
    return tokenFor(clock, 1000);
  };
  const { peal, sockets } = await opened({ token, clock });
  const errors = [];
  peal.on('error', ({ code }) => errors.push(code));
  await clock.pass(999_000);
  assert.deepEqual(errors.slice(0, 1), ['refresh']);
  assert.ok(sockets.last.asked('refresh'));
});

test('an expiry in the far future sets no timer that fires at once', async () => {
  const clock = new FakeClock();
  let calls = 0;
  const token = () => {
    calls += 1;
    return tokenFor(clock, 10 * 365 * 86_400);
  };
  await opened({ token, clock });
  assert.ok(clock.next <= 2 ** 31 - 1);
  await clock.pass(86_400_000);
  assert.equal(calls, 1);
});

test('4401 with a function: reconnects with a new token', async () => {
  const clock = new FakeClock();
  const asked = [];
  const token = ({ reason }) => {
    asked.push(reason);
    return tokenFor(clock, 1000 + asked.length);
  };
  const all = await opened({ token, clock });
  await reconnected(all, 4401);
  assert.deepEqual(asked, ['connect', 'refused']);
  assert.notEqual(all.sockets.all[0].protocols[1], all.sockets.all[1].protocols[1]);
});

test('4401 and the function returns the same token: does not reconnect', async () => {
  const { sockets, states, clock } = await opened({ token: () => 'a.b.c' });
  sockets.last.drop(4401);
  await clock.pass(60_000);
  assert.equal(sockets.all.length, 1);
  assert.deepEqual([states.at(-1).state, states.at(-1).final], ['closed', true]);
});

test('repeated 4401: gives up', async () => {
  let count = 0;
  const { sockets, states, clock } = await opened({ token: () => `a.b.${(count += 1)}` });
  for (let i = 0; i < 10 && states.at(-1).state !== 'closed'; i += 1) {
    await redialled({ sockets, clock }, 4401);
    if (sockets.last.readyState === 0) sockets.last.open();
  }
  assert.equal(states.at(-1).state, 'closed');
  assert.equal(sockets.all.length, 4);
});

test('4401 with a plain token: does not reconnect', async () => {
  const { sockets, states } = await opened({ token: 'a.b.c' });
  sockets.last.drop(4401);
  assert.equal(states.at(-1).final, true);
});

test('a reconnect keeps a proven and fresh token, and otherwise requests one', async () => {
  const clock = new FakeClock();
  let calls = 0;
  const token = () => {
    calls += 1;
    return tokenFor(clock, 600);
  };
  const all = await opened({ token, clock });
  await reconnected(all);
  assert.equal(calls, 1);
  await redialled(all);
  assert.equal(calls, 1);
  await redialled(all); // refused before it was open, possibly because of the token
  assert.equal(calls, 2);
});

test('a failing token function is retried with back-off', async () => {
  const { peal, states, clock } = setUp({
    token: () => {
      throw new Error('away');
    },
  });
  const errors = [];
  peal.on('error', ({ code }) => errors.push(code));
  peal.connect();
  await settled();
  assert.deepEqual([errors, states.at(-1).state], [['token'], 'waiting']);
  await clock.pass(60_000);
  assert.ok(errors.length > 2);
});

// Limits that the server announces. ---------------------------------------------

/** Like opened(), but knows that the server sends hello, and has reconnected without one so far. */
async function reopened(options, limits) {
  const all = await opened(options);
  all.sockets.last.greet(limits);
  await reconnected(all);
  return all;
}

const names = (count) => Array.from({ length: count }, (_, i) => `room-${i}`);
const channelsOf = (frame) => frame.channels.map(({ channel }) => channel);

test('hello can be read, and is removed when the next server sends none', async () => {
  const all = await opened();
  assert.equal(all.peal.hello, undefined);
  all.sockets.last.greet({ channels: 3 });
  assert.deepEqual([all.peal.hello.connection, all.peal.hello.limits.channels], ['0-100000000', 3]);
  await reconnected(all);
  assert.equal(all.peal.hello.limits.channels, 3);
  all.sockets.last.say({ type: 'direct', payload: 1 });
  assert.equal(all.peal.hello, undefined);
});

test('all channels are restored with one message, each from its own position', async () => {
  const all = await opened();
  const { peal, sockets } = all;
  sockets.last.greet();
  for (const name of names(110)) peal.subscribe(name, { since: { epoch: name, offset: 7 } });
  await reconnected(all);
  assert.equal(sockets.last.sent.length, 0); // waits for the server's hello
  sockets.last.greet();
  const [list, ...more] = sockets.last.sent;
  assert.deepEqual([list.type, more.length], ['subscribe', 0]);
  assert.deepEqual(channelsOf(list), names(110));
  assert.deepEqual(list.channels[3].since, { epoch: 'room-3', offset: 7 });
});

test('each channel of a list has its own answer', async () => {
  const all = await opened();
  const { peal, sockets } = all;
  sockets.last.greet();
  const [a, b, c] = ['a', 'b', 'c'].map((name) => peal.subscribe(name));
  const errors = [];
  b.on('error', ({ code }) => errors.push(code));
  await reconnected(all);
  sockets.last.greet();
  const { id } = sockets.last.asked('subscribe');
  sockets.last.say({ type: 'error', code: 'forbidden', message: '', channel: 'b', id });
  sockets.last.say({ type: 'subscribed', channel: 'c', epoch: 'E', offset: 4, recovered: false, messages: [], id });
  await settled();
  assert.deepEqual([a.state, b.state, c.state, errors], ['waiting', 'failed', 'subscribed', ['forbidden']]);
  sockets.last.say({ type: 'subscribed', channel: 'a', epoch: 'E', offset: 9, recovered: false, messages: [], id });
  await settled();
  assert.deepEqual([a.state, a.offset, c.offset], ['subscribed', 9, 4]);
});

test('a list that is refused as a whole fails all its channels', async () => {
  const all = await opened();
  const { peal, sockets } = all;
  sockets.last.greet();
  const [a, b] = ['a', 'b'].map((name) => peal.subscribe(name));
  for (const each of [a, b]) each.on('error', () => {});
  await reconnected(all);
  sockets.last.greet();
  sockets.last.say({ type: 'error', code: 'bad_request', message: '', id: sockets.last.asked('subscribe').id });
  await settled();
  assert.deepEqual([a.state, b.state], ['failed', 'failed']);
});

test('channels beyond the limits of a list go into the next one', async () => {
  const all = await opened();
  const { peal, sockets } = all;
  sockets.last.greet();
  for (const name of names(10)) peal.subscribe(name);
  await reconnected(all);
  sockets.last.greet({ channels: 4 });
  assert.deepEqual(sockets.last.sent.map((frame) => channelsOf(frame).length), [4, 4, 2]);
  await reconnected(all);
  sockets.last.greet({ message_bytes: 300 });
  const lengths = sockets.last.sent.map((frame) => JSON.stringify(frame).length);
  assert.ok(lengths.length > 1 && Math.max(...lengths) <= 300, lengths);
});

test('a server without hello gets single requests, no faster than any server allows', async () => {
  const { peal, sockets, clock } = setUp();
  for (const name of names(120)) peal.subscribe(name);
  peal.connect();
  await settled();
  sockets.last.open();
  assert.equal(sockets.last.sent.length, 5);
  sockets.last.say({ type: 'subscribed', channel: 'room-0', epoch: 'E', offset: 0, messages: [], id: sockets.last.sent[0].id });
  assert.ok(sockets.last.sent.length < 100);
  for (let i = 1; i < 120; i += 1) {
    await clock.pass(10);
    const { id, channel } = sockets.last.sent[i];
    sockets.last.say({ type: 'subscribed', channel, epoch: 'E', offset: 0, messages: [], id });
  }
  assert.deepEqual(sockets.last.sent.map(({ channel }) => channel), names(120));
});

test('a missing hello is noticed by the first message or by silence', async () => {
  for (const word of [true, false]) {
    const all = await opened();
    const { peal, sockets, clock } = all;
    sockets.last.greet();
    for (const name of names(3)) peal.subscribe(name);
    await reconnected(all);
    assert.equal(sockets.last.sent.length, 0);
    if (word) sockets.last.say({ type: 'direct', payload: 1 });
    else await clock.pass(1_000);
    assert.deepEqual(sockets.last.sent.map(({ channel }) => channel), names(3));
  }
});

/** Counts like the server: accepted messages, and whether the rate was ever exceeded. */
class Bucket {
  constructor(clock, { rate, opening = 0 }) {
    Object.assign(this, { clock, rate, opening, level: rate, at: clock.now(), seen: 0, isOver: false });
  }

  take(frames) {
    for (const frame of frames.slice(this.seen)) {
      this.level = Math.min(this.rate, this.level + ((this.clock.now() - this.at) / 1000) * this.rate);
      this.at = this.clock.now();
      if (['subscribe', 'history', 'presence'].includes(frame.type) && this.opening > 0) this.opening -= 1;
      else this.level -= 1;
      if (this.level < 0) this.isOver = true;
    }
    this.seen = frames.length;
  }
}

for (const [rate, delays] of [[100, [0, 50]], [10, [0, 200]], [10, [1500]], [1, [0]], [3, [700, 0, 90]], [1000, [30]]]) {
  test(`it stays within ${rate} per second, with answers after ${delays} ms`, async () => {
    const limits = { messages_per_second: rate, burst: rate, opening_burst: 0 };
    const all = await reopened({ requestTimeout: 600_000 }, limits);
    const { peal, sockets, clock } = all;
    const count = rate * 4;
    sockets.last.greet(limits);
    const bucket = new Bucket(clock, { rate });
    const results = Promise.all(Array.from({ length: count }, (_, i) => peal.publish('lobby', i)));
    let arrived = 0;
    for (let round = 0; arrived < count && round < 10_000; round += 1) {
      // worst case: messages sent meanwhile arrive late, all at once
      await clock.pass(delays[round % delays.length] || 1);
      bucket.take(sockets.last.sent);
      for (; arrived < bucket.seen; arrived += 1) {
        sockets.last.say({ type: 'broadcastResult', offset: arrived, id: sockets.last.sent[arrived].id });
      }
    }
    await results;
    assert.equal(bucket.isOver, false);
    assert.deepEqual(sockets.last.sent.map(({ payload }) => payload), Array.from({ length: count }, (_, i) => i));
  });
}

test('the opening burst is sent at once, and the rest at the rate', async () => {
  const limits = { messages_per_second: 10, burst: 10, opening_burst: 30 };
  const { peal, sockets, clock } = await reopened({}, limits);
  sockets.last.greet(limits);
  for (const name of names(20)) {
    peal.history(name).catch(() => {});
    peal.presence(name).catch(() => {});
  }
  assert.ok(sockets.last.sent.length >= 38 && sockets.last.sent.length <= 40, sockets.last.sent.length);
  const bucket = new Bucket(clock, { rate: 10, opening: 30 });
  bucket.take(sockets.last.sent);
  assert.equal(bucket.isOver, false);
});

test('without a limit nothing waits', async () => {
  const { peal, sockets } = await reopened({}, {});
  sockets.last.greet({ messages_per_second: 0, burst: 0 });
  for (let i = 0; i < 500; i += 1) peal.publish('lobby', i).catch(() => {});
  assert.equal(sockets.last.sent.length, 500);
});

test('pings and refreshes do not wait in the queue', async () => {
  const limits = { messages_per_second: 10, burst: 10 };
  const { peal, sockets, clock } = await reopened({ idlePing: 5_000, requestTimeout: 60_000 }, limits);
  sockets.last.greet(limits);
  for (let i = 0; i < 100; i += 1) peal.publish('lobby', i).catch(() => {});
  assert.ok(sockets.last.sent.length < 10); // nothing is answered
  await clock.pass(5_000);
  assert.ok(sockets.last.asked('ping'));
});

test('a message larger than the server accepts is rejected before it is sent', async () => {
  const all = await opened();
  const { peal, sockets } = all;
  sockets.last.greet({ message_bytes: 200 });
  const sent = sockets.last.sent.length;
  await assert.rejects(peal.publish('lobby', 'x'.repeat(200)), { code: 'too_big' });
  await assert.rejects(peal.publish('lobby', '\u00e9'.repeat(100)), { code: 'too_big' });
  await assert.rejects(peal.publish('lobby', '\u{1f600}'.repeat(40)), { code: 'too_big' });
  assert.equal(sockets.last.sent.length, sent);
  peal.publish('lobby', '\u00e9'.repeat(60)).catch(() => {});
  assert.equal(sockets.last.sent.length, sent + 1);
  sockets.last.drop();
  await assert.rejects(peal.publish('lobby', 'x'.repeat(200)), { code: 'too_big' });
  assert.equal(peal.state, 'waiting');
});

test('a message that waited for the first connection is checked when the limit is known', async () => {
  const { peal, sockets } = setUp();
  const many = names(6).map((name) => peal.publish(name, 1));
  for (const each of many) each.catch(() => {});
  const tooBig = assert.rejects(peal.publish('lobby', 'x'.repeat(1000)), { code: 'too_big' });
  peal.connect();
  await settled();
  sockets.last.open();
  sockets.last.greet({ message_bytes: 1000 });
  await tooBig;
  assert.equal(sockets.last.sent.length, 6);
  assert.equal(peal.state, 'open');
});

test('the size of a message is exact to the byte', async () => {
  const { peal, sockets } = await opened();
  peal.publish('lobby', 'x').catch(() => {});
  const around = JSON.stringify(sockets.last.sent[0]).length - 1;
  sockets.last.greet({ message_bytes: 500 });
  peal.publish('lobby', 'x'.repeat(500 - around)).catch(() => {});
  assert.equal(sockets.last.sent.length, 2);
  await assert.rejects(peal.publish('lobby', 'x'.repeat(501 - around)), { code: 'too_big' });
});

test('unsubscribe and subscribe keep their order, even in rapid succession', async () => {
  const all = await reopened({}, {});
  const { peal, sockets } = all;
  for (let i = 0; i < 3; i += 1) {
    const lobby = peal.subscribe('lobby');
    if (i < 2) lobby.unsubscribe().catch(() => {});
  }
  sockets.last.greet();
  assert.deepEqual(sockets.last.sent.map(({ type }) => type),
    ['subscribe', 'unsubscribe', 'subscribe', 'unsubscribe', 'subscribe']);
});

test('requests about one connection are not sent on the next', async () => {
  const all = await reopened({}, {});
  const { peal, sockets } = all;
  sockets.last.greet({ messages_per_second: 1, burst: 1, opening_burst: 0 });
  const lobby = peal.subscribe('lobby');
  const dev = peal.subscribe('dev');
  const left = dev.unsubscribe(); // the end of the connection also leaves the channel
  await reconnected(all);
  await left;
  sockets.last.greet();
  assert.deepEqual(sockets.last.sent.map(({ type, channel }) => [type, channel]), [['subscribe', 'lobby']]);
  assert.equal(lobby.state, 'waiting');
});

test('a subscribe does not time out while other channels deliver missed messages', async () => {
  const { peal, sockets, clock } = await opened();
  const [a, b] = ['a', 'b'].map((name) => peal.subscribe(name));
  const [{ id: first }, { id: second }] = sockets.last.sent;
  sockets.last.say({ type: 'subscribed', channel: 'a', epoch: 'E', offset: 0, messages: [], id: first });
  for (let i = 1; i <= 30; i += 1) {
    await clock.pass(2_000);
    sockets.last.say(message(i, 'a'));
  }
  assert.deepEqual([a.state, b.state], ['subscribed', 'waiting']);
  sockets.last.say({ type: 'subscribed', channel: 'b', epoch: 'E', offset: 3, messages: [], id: second });
  await settled();
  assert.equal(b.state, 'subscribed');
});

test('a late subscribe times out when nothing else arrives', async () => {
  const { peal, sockets, clock } = await opened();
  const lobby = peal.subscribe('lobby');
  const errors = [];
  lobby.on('error', ({ code }) => errors.push(code));
  await clock.pass(6_000);
  sockets.last.say({ type: 'direct', payload: 1 });
  await clock.pass(9_999);
  assert.deepEqual(errors, []);
  await clock.pass(1);
  assert.deepEqual(errors, ['timeout']);
});

test('repeated already_subscribed errors cause no request loop', async () => {
  const { peal, sockets, clock } = await opened();
  peal.subscribe('lobby').on('error', () => {});
  for (let i = 0; i < 20; i += 1) {
    const { id } = sockets.last.asked('subscribe');
    sockets.last.say({ type: 'error', code: 'already_subscribed', message: '', id });
    await settled();
  }
  assert.equal(sockets.last.sent.length, 3); // subscribe, unsubscribe, subscribe
  await clock.pass(20_500);
  assert.equal(sockets.last.sent.length, 4);
});

test('requests from a listener of `open` are sent once, after the waiting ones', async () => {
  const { peal, sockets } = setUp();
  peal.publish('lobby', 1).catch(() => {});
  peal.on('state', ({ state }) => {
    if (state !== 'open') return;
    peal.subscribe('late');
    peal.publish('lobby', 2).catch(() => {});
  });
  peal.subscribe('lobby');
  peal.connect();
  await settled();
  sockets.last.open();
  sockets.last.greet();
  assert.deepEqual(sockets.last.sent.map(({ type, channel, payload }) => payload ?? `${type} ${channel}`),
    ['subscribe lobby', 1, 'subscribe late', 2]);
});
