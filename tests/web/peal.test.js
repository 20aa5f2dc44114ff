/** peal.js without a network: the test is the server, and keeps the time. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Peal, adviceFor, expiryOf } from '../../web/peal.js';
import { FakeClock, settled } from './support/fake_clock.js';
import { fakeSockets } from './support/fake_socket.js';

const URL = 'http://server.test';

function setUp(options = {}) {
  const clock = options.clock ?? new FakeClock();
  const sockets = fakeSockets();
  const peal = new Peal({ client: 'alice', url: URL, WebSocket: sockets, clock, idlePing: 0, ...options });
  const states = [];
  peal.on('state', (event) => states.push(event));
  return { peal, clock, sockets, states };
}

async function opened(options) {
  const all = setUp(options);
  all.peal.connect();
  await settled();
  all.sockets.last.open();
  return all;
}

/** Also `lobby`, subscribed at offset 5 of epoch E, and all its events. */
async function subscribed(options) {
  const all = await opened(options);
  const lobby = all.peal.subscribe('lobby');
  const events = [];
  for (const type of ['message', 'join', 'leave', 'gap', 'subscribed', 'recovered', 'unsubscribed', 'error']) {
    lobby.on(type, (event) => events.push([type, event]));
  }
  all.sockets.last.answerSubscribe({ epoch: 'E', offset: 5, recovered: false });
  await settled();
  events.length = 0;
  return { ...all, lobby, events };
}

/** Until the wait is over and the next socket is there, not yet open. */
async function redialled({ sockets, clock }, code = 1006) {
  sockets.last.drop(code);
  const { length } = sockets.all;
  while (sockets.all.length === length && clock.pending) await clock.pass(clock.next);
}

async function reconnected(all, code) {
  await redialled(all, code);
  all.sockets.last.open();
}

const message = (offset, channel = 'lobby') => ({
  type: 'broadcast', channel, from: 'bob', payload: `m${offset}`, offset, time: offset,
});
const offsetsOf = (events) => events.filter(([type]) => type === 'message').map(([, { offset }]) => offset);
const typesOf = (events) => events.map(([type]) => type);

function jwt(claims) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'HS256' })}.${part({ sub: 'alice', ...claims })}.c2ln`;
}
const tokenFor = (clock, seconds) => jwt({ exp: Math.floor(clock.now() / 1000) + seconds });

// Connecting. -----------------------------------------------------------------

test('connects to /ws/<client>, joining no channel, with the protocol', async () => {
  const { sockets, states, peal } = await opened({ client: 'a:b@c' });
  assert.equal(sockets.last.url, 'ws://server.test/ws/a%3Ab%40c?channel=');
  assert.deepEqual(sockets.last.protocols, ['broadcast']);
  assert.deepEqual(states.map(({ state }) => state), ['connecting', 'open']);
  assert.equal(peal.state, 'open');
});

test('keeps the path of its url, and https becomes wss', async () => {
  const { sockets } = await opened({ url: 'https://example.com/chat/' });
  assert.equal(sockets.last.url, 'wss://example.com/chat/ws/alice?channel=');
});

test('the token goes beside the protocol', async () => {
  const { sockets } = await opened({ token: 'a.b.c' });
  assert.deepEqual(sockets.last.protocols, ['broadcast', 'bearer.a.b.c']);
});

test('a connection that does not come to be in time is given up', async () => {
  const { peal, sockets, clock, states } = setUp();
  peal.connect();
  await settled();
  await clock.pass(10_000);
  assert.equal(sockets.last.closedWith, 1000);
  assert.equal(states.at(-1).state, 'waiting');
});

test('a malformed address ends it at once', async () => {
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

test('close() ends timers, waiting requests and the socket; connect() comes back', async () => {
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

test('a ticket goes into the address, and a new one into the next', async () => {
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

test('a ticket is asked of a function, and not together with a token', () => {
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
  test(`close code ${code}: comes back`, async () => {
    const all = await opened();
    await redialled(all, code);
    assert.equal(all.sockets.all.length, 2);
    assert.equal(all.states.find(({ state }) => state === 'waiting').code, code);
  });
}

for (const code of STAY_AWAY) {
  test(`close code ${code}: stays away`, async () => {
    const { sockets, states, clock } = await opened();
    sockets.last.drop(code, 'why');
    assert.deepEqual(states.at(-1), { state: 'closed', code, reason: 'why', final: true });
    await clock.pass(600_000);
    assert.equal(sockets.all.length, 1);
  });
}

test('after a rate limit it stays away a while', () => {
  assert.ok(adviceFor(4529).wait >= 1_000);
  assert.equal(adviceFor(4513).wait, 0);
});

// Back-off. -------------------------------------------------------------------

test('waits are drawn from 0 to a bound that doubles up to the cap', async () => {
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

test('only a connection that lasted makes the next wait short again', async () => {
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

test('a silent connection is asked, and left when it does not answer', async () => {
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

test('what an old socket still says is not heard', async () => {
  const { sockets, peal, clock } = await subscribed();
  const [old] = sockets.all;
  await reconnected({ sockets, clock });
  old.onclose({ code: 4403, reason: '' });
  assert.equal(peal.state, 'open');
});

// Messages, exactly once and in order. ----------------------------------------

test('messages arrive, an offset seen before does not', async () => {
  const { sockets, events } = await subscribed();
  for (const offset of [6, 7, 7, 6, 8]) sockets.last.say(message(offset));
  assert.deepEqual(offsetsOf(events), [6, 7, 8]);
});

test('after a reconnect it asks from the last offset and gives each missed message once', async () => {
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

test('what could not be recovered is told as a gap, before what follows', async () => {
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

test('a gap with what is left of the history gives only what is new', async () => {
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

test('a hole in the offsets is told as a gap', async () => {
  const { sockets, events } = await subscribed();
  sockets.last.say(message(6));
  sockets.last.say(message(9));
  assert.deepEqual(typesOf(events), ['message', 'gap', 'message']);
  assert.deepEqual(events[1][1], { channel: 'lobby', reason: 'hole', missing: 2 });
});

test('told of a gap by the server, it asks from where it is', async () => {
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

test('a position kept from before is where a new subscription goes on', async () => {
  const { peal, sockets } = await opened();
  const seen = [];
  const lobby = peal.subscribe('lobby', { since: { epoch: 'E', offset: 3 } });
  lobby.on('message', ({ offset }) => seen.push(offset));
  assert.deepEqual(sockets.last.asked('subscribe').since, { epoch: 'E', offset: 3 });
  sockets.last.answerSubscribe({ epoch: 'E', offset: 4, recovered: true, messages: [message(4)] });
  await settled();
  assert.deepEqual(seen, [4]);
});

test('a listener that throws stops neither the others nor the count', async () => {
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

test('join and leave reach their channel only', async () => {
  const { sockets, events } = await subscribed();
  sockets.last.say({ type: 'join', channel: 'lobby', client: 'bob' });
  sockets.last.say({ type: 'leave', channel: 'other', client: 'bob' });
  assert.deepEqual(typesOf(events), ['join']);
});

test('subscribing twice gives the same subscription and asks once', async () => {
  const { peal, sockets, lobby } = await subscribed();
  assert.equal(peal.subscribe('lobby'), lobby);
  assert.equal(sockets.last.sent.length, 1);
});

test('a refused subscription says why, and is asked again on the next connection', async () => {
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

test('a subscription that is unavailable is asked again by itself', async () => {
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

test('a subscription whose answer came too late is asked anew', async () => {
  const { peal, sockets, clock } = await opened();
  const lobby = peal.subscribe('lobby');
  await clock.pass(10_000); // timeout ...
  await clock.pass(clock.next); // ... and the second try
  const { id } = sockets.last.asked('subscribe');
  sockets.last.say({ type: 'error', code: 'already_subscribed', message: '', id });
  await settled();
  assert.deepEqual(sockets.last.sent.slice(-2).map(({ type }) => type), ['unsubscribe', 'subscribe']);
  sockets.last.answerSubscribe({ epoch: 'E', offset: 1 });
  await settled();
  assert.equal(lobby.state, 'subscribed');
});

test('unsubscribe asks the server and is not undone by a reconnect', async () => {
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

test('a channel the server takes away ends its subscription', async () => {
  const { lobby, sockets, events } = await subscribed();
  sockets.last.say({ type: 'unsubscribed', channel: 'lobby' });
  assert.deepEqual([typesOf(events), lobby.state], [['unsubscribed'], 'ended']);
});

// Requests. -------------------------------------------------------------------

test('publish gives the result that carries its id', async () => {
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

test('without a connection requests wait, and go out in order after the subscriptions', async () => {
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

test('with no queue a publish without a connection is rejected at once', async () => {
  const { peal } = setUp({ queueLimit: 0 });
  await assert.rejects(peal.publish('lobby', 1), { code: 'disconnected' });
});

test('a request without an answer is rejected in the end', async () => {
  const { peal, clock } = await opened();
  const late = assert.rejects(peal.presence('lobby'), { code: 'timeout' });
  await clock.pass(10_000);
  await late;
});

test('presence, history, direct, echo and ping give their answers', async () => {
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
  sockets.last.say({ type: 'echo', payload: 7 }); // the one answer without an id
  sockets.last.say({ type: 'pong', id: ping.id });
  const [who, past, result, echo, took] = await answers;
  assert.deepEqual(who, [{ client: 'bob', connections: 2 }]);
  assert.equal(past.messages.length, 1);
  assert.equal(result.connectionCount, 2);
  assert.deepEqual([echo, took], [7, 12]);
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

test('a token is refreshed on the open connection, well before it ends', async () => {
  const asked = [];
  const clock = new FakeClock();
  const token = ({ reason }) => {
    asked.push(reason);
    return Promise.resolve(tokenFor(clock, 1000));
  };
  const { sockets } = await opened({ token, clock });
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

test('a failed refresh is told, and tried again while there is time', async () => {
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

test('a token in far future sets no timer that fires at once', async () => {
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

test('4401 with a function: comes back with a new token', async () => {
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

test('4401 and the function has only the same token: stays away', async () => {
  const { sockets, states, clock } = await opened({ token: () => 'a.b.c' });
  sockets.last.drop(4401);
  await clock.pass(60_000);
  assert.equal(sockets.all.length, 1);
  assert.deepEqual([states.at(-1).state, states.at(-1).final], ['closed', true]);
});

test('4401 again and again: gives up', async () => {
  let count = 0;
  const { sockets, states, clock } = await opened({ token: () => `a.b.${(count += 1)}` });
  for (let i = 0; i < 10 && states.at(-1).state !== 'closed'; i += 1) {
    await redialled({ sockets, clock }, 4401);
    if (sockets.last.readyState === 0) sockets.last.open();
  }
  assert.equal(states.at(-1).state, 'closed');
  assert.equal(sockets.all.length, 4);
});

test('4401 with a plain token: stays away', async () => {
  const { sockets, states } = await opened({ token: 'a.b.c' });
  sockets.last.drop(4401);
  assert.equal(states.at(-1).final, true);
});

test('a reconnect keeps a token that is proven and fresh, and else asks for one', async () => {
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
  await redialled(all); // refused before it was open: the token may be why
  assert.equal(calls, 2);
});

test('a token function that fails is tried again with back-off', async () => {
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
