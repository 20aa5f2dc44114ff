/** Features of peal.js beyond messages: signals, loops, members, named events, tokens. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { PealError } from '../../web/peal.js';
import { settled } from './support/fake_clock.js';
import { message, opened, reconnected, setUp, subscribed, tokenFor } from './support/peal_setup.js';

const ANSWER = { epoch: 'E', offset: 5, recovered: false };

/** Answers the last presence request. */
function answerMembers(sockets, ...clients) {
  const { id } = sockets.last.asked('presence');
  sockets.last.say({ type: 'presence', channel: 'lobby', id, count: clients.length, clients: clients.map((client) => ({ client, connections: 1 })) });
}

/** All events of a live list, as text. */
function membersHeard(presence) {
  const heard = [];
  for (const type of ['join', 'leave']) presence.on(type, ({ client }) => heard.push(`${type} ${client}`));
  presence.on('sync', ({ members }) => heard.push(`sync ${members.map(({ client }) => client)}`));
  return heard;
}

const moved = (type, client) => ({ type, channel: 'lobby', client });

// Named events. ------------------------------------------------------------------

test('a message with an event is also emitted under its name after `message`, and both reach onAny() last', async () => {
  const { sockets, lobby } = await subscribed();
  const heard = [];
  lobby.onAny((type, { offset }) => heard.push(`any ${type} ${offset}`));
  lobby.on('event:typing', ({ offset }) => heard.push(`typing ${offset}`));
  lobby.on('message', ({ offset }) => heard.push(`message ${offset}`));
  sockets.last.say({ ...message(6), event: 'typing' });
  sockets.last.say(message(7));
  assert.deepEqual(heard, ['message 6', 'any message 6', 'typing 6', 'any event:typing 6', 'message 7', 'any message 7']);
});

test('a direct message with an event is also emitted under its name', async () => {
  const { peal, sockets } = await opened();
  const heard = [];
  peal.on('event:call', ({ payload }) => heard.push(payload));
  sockets.last.say({ type: 'direct', from: 'bob', event: 'call', payload: 1 });
  assert.deepEqual(heard, [1]);
});

test('an invalid event name is refused at once', async () => {
  const { peal, sockets } = await opened();
  const { length } = sockets.last.sent;
  for (const event of ['a b', '', 'x'.repeat(65), 7]) {
    await assert.rejects(peal.publish('lobby', 1, { event }), { code: 'bad_event', message: /^event must be 1 to 64 of/ });
  }
  assert.equal(sockets.last.sent.length, length);
});

// Volatile. ----------------------------------------------------------------------

test('a volatile message is dropped unless it can be sent at once', async () => {
  const { peal, sockets, clock } = setUp();
  assert.equal(await peal.publish('lobby', 'too early', { volatile: true }), null);
  peal.connect();
  await settled();
  sockets.last.open();
  sockets.last.greet({ burst: 3, messages_per_second: 1 });
  const sent = peal.publish('lobby', 1, { volatile: true });
  sockets.last.say({ type: 'broadcastResult', offset: 1, id: sockets.last.asked('broadcast').id });
  assert.equal((await sent).offset, 1);
  peal.publish('lobby', 2);
  peal.publish('lobby', 3);
  peal.publish('lobby', 'waits');
  assert.equal(await peal.publish('lobby', 'would overtake or wait', { volatile: true }), null);
  sockets.last.drop();
  assert.equal(await peal.direct('bob', 'too late', { volatile: true }), null);
  await assert.rejects(peal.publish('a b', 1, { volatile: true }), { code: 'bad_channel' });
  peal.close();
  assert.equal(clock.pending, 0);
});

// Signals. -----------------------------------------------------------------------

test('a signal removes a waiting request and abandons one under way', async () => {
  const { peal, sockets, clock } = setUp();
  const waiting = new AbortController();
  const given = peal.publish('lobby', 'never', { signal: waiting.signal });
  waiting.abort();
  await assert.rejects(given, { name: 'AbortError' });
  assert.equal(clock.pending, 0, 'its timer has gone');
  peal.connect();
  await settled();
  sockets.last.open();
  const underWay = new AbortController();
  const asked = peal.history('lobby', { signal: underWay.signal });
  underWay.abort(new Error('enough'));
  await assert.rejects(asked, /enough/);
  peal.on('error', () => assert.fail('a late answer concerns nobody'));
  sockets.last.say({ type: 'error', code: 'forbidden', message: 'no', id: sockets.last.asked('history').id });
  assert.deepEqual(sockets.last.sent.filter(({ type }) => type === 'broadcast'), []);
});

test('every request and ready() accepts a signal and leaves no listener on it', async () => {
  const { peal, sockets } = await opened();
  const lobby = peal.subscribe('lobby');
  const calls = [
    (how) => peal.publish('lobby', 1, how), (how) => peal.direct('bob', 1, how), (how) => peal.echo(1, how), (how) => peal.ping(how),
    (how) => peal.presence('lobby', how), (how) => peal.memberCount('lobby', how), (how) => peal.history('lobby', how), (how) => lobby.publish(1, how),
    (how) => lobby.history(how), (how) => lobby.memberCount(how), (how) => lobby.presence.get(how), (how) => lobby.ready(how), (how) => peal.ready(how),
  ];
  let listeners = 0;
  for (const call of calls) {
    const { signal } = new AbortController();
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...given) => ((listeners += 1), addEventListener.apply(signal, given));
    signal.removeEventListener = (...given) => ((listeners -= 1), removeEventListener.apply(signal, given));
    call({ signal }).catch(() => {});
    await assert.rejects(call({ signal: AbortSignal.abort() }), { name: 'AbortError' });
  }
  assert.equal(listeners, calls.length);
  sockets.last.answerSubscribe(ANSWER);
  await settled();
  peal.close();
  assert.equal(listeners, 0);
});

test('a signal ends a subscription', async () => {
  const { peal, sockets } = await opened();
  const controller = new AbortController();
  const lobby = peal.subscribe('lobby', { signal: controller.signal });
  assert.equal(lobby.state, 'waiting');
  controller.abort();
  assert.deepEqual([lobby.state, sockets.last.sent.at(-1).type], ['ended', 'unsubscribe']);
  assert.equal(peal.subscribe('lobby', { signal: controller.signal }).state, 'ended');
});

test('a signal whose unsubscribe fails causes no uncaught error', async () => {
  const { peal, sockets } = await opened();
  const controller = new AbortController();
  peal.subscribe('lobby', { signal: controller.signal });
  controller.abort();
  sockets.last.say({ type: 'error', code: 'unavailable', message: 'later', id: sockets.last.asked('unsubscribe').id });
  await settled();
});

// Loops. -------------------------------------------------------------------------

/** Reads in a loop. @returns {{seen: number[], end: Promise<void>}} */
function reading(subscription, until = Infinity) {
  const seen = [];
  const read = async () => {
    for await (const { offset } of subscription) {
      seen.push(offset);
      if (seen.length === until) break;
    }
  };
  const end = read();
  end.catch(() => {});
  return { seen, end };
}

test('a loop reads messages in order, across a reconnect, until the subscription ends', async () => {
  const all = await subscribed();
  const { seen, end } = reading(all.lobby);
  for (const offset of [6, 7]) all.sockets.last.say(message(offset));
  await reconnected(all);
  all.sockets.last.answerSubscribe({ epoch: 'E', offset: 8, recovered: true, messages: [message(8)] });
  await settled();
  assert.deepEqual(seen, [6, 7, 8]);
  all.lobby.unsubscribe();
  await end;
});

test('leaving a loop, and two concurrent loops', async () => {
  const { sockets, lobby } = await subscribed();
  const first = reading(lobby, 1);
  const second = reading(lobby);
  for (const offset of [6, 7]) sockets.last.say(message(offset));
  await first.end;
  assert.deepEqual([first.seen, lobby.state], [[6], 'subscribed']);
  await settled();
  assert.deepEqual(second.seen, [6, 7]);
});

test('close() ends a loop; a final close code or reading too slowly throws in it', async () => {
  const closed = await subscribed();
  const atClose = reading(closed.lobby);
  closed.peal.close();
  await atClose.end;
  await reading(closed.lobby).end;

  const ended = await subscribed();
  const { end } = reading(ended.lobby);
  ended.sockets.last.drop(4403, 'put out');
  await assert.rejects(end, { code: 'closed', closeCode: 4403, message: 'put out' });

  const refused = await opened();
  const secret = reading(refused.peal.subscribe('secret'));
  refused.sockets.last.say({ type: 'error', code: 'forbidden', message: 'no', id: refused.sockets.last.asked('subscribe').id });
  await assert.rejects(secret.end, { code: 'forbidden' });

  const slow = await subscribed({ readLimit: 2 });
  const tooSlow = reading(slow.lobby);
  for (const offset of [6, 7, 8]) slow.sockets.last.say(message(offset));
  await assert.rejects(tooSlow.end, { code: 'too_slow' });
});

// Members. -----------------------------------------------------------------------

test('members are requested for the first listener, and kept up to date', async () => {
  const { sockets, lobby } = await subscribed();
  assert.equal(sockets.last.asked('presence'), undefined);
  const heard = membersHeard(lobby.presence);
  assert.equal(lobby.presence.isSynced, false);
  answerMembers(sockets, 'alice', 'bob');
  await settled();
  sockets.last.say({ ...moved('join', 'carol'), info: { name: 'Carol' } });
  sockets.last.say(moved('join', 'carol'));
  sockets.last.say(moved('leave', 'bob'));
  sockets.last.say(moved('leave', 'nobody'));
  assert.deepEqual(heard, ['sync alice,bob', 'join carol', 'leave bob']);
  assert.deepEqual(lobby.presence.members, [{ client: 'alice', connections: 1 }, { client: 'carol', connections: 1, info: { name: 'Carol' } }]);
  assert.equal(lobby.presence.isSynced, true);
  assert.equal(sockets.last.sent.filter(({ type }) => type === 'presence').length, 1);
});

test('a join or leave during the presence request is not lost', async () => {
  const { sockets, lobby } = await subscribed();
  const heard = membersHeard(lobby.presence);
  sockets.last.say(moved('leave', 'bob'));
  sockets.last.say(moved('join', 'carol'));
  answerMembers(sockets, 'alice', 'bob');
  await settled();
  assert.deepEqual(heard, ['sync alice,carol']);
});

test('after a reconnect, the differences are emitted, then the list', async () => {
  const all = await subscribed();
  const heard = membersHeard(all.lobby.presence);
  answerMembers(all.sockets, 'alice', 'bob');
  await settled();
  await reconnected(all);
  assert.equal(all.lobby.presence.isSynced, false);
  all.sockets.last.answerSubscribe({ ...ANSWER, recovered: true });
  await settled();
  answerMembers(all.sockets, 'alice', 'carol');
  await settled();
  assert.deepEqual(heard, ['sync alice,bob', 'leave bob', 'join carol', 'sync alice,carol']);
});

test('concurrent sync() calls send one request; a later listener gets the current list', async () => {
  const { peal, sockets, lobby } = await subscribed();
  const first = lobby.presence.sync();
  assert.equal(lobby.presence.sync(), first);
  answerMembers(sockets, 'alice');
  assert.deepEqual(await first, [{ client: 'alice', connections: 1 }]);
  const heard = membersHeard(peal.subscribe('lobby').presence);
  await settled();
  assert.deepEqual(heard, ['sync alice']);
});

test('a requested list is kept up to date for later listeners', async () => {
  const { sockets, lobby } = await subscribed();
  const asked = lobby.presence.sync();
  answerMembers(sockets, 'alice');
  await asked;
  sockets.last.say(moved('join', 'bob'));
  const heard = membersHeard(lobby.presence);
  await settled();
  assert.deepEqual(heard, ['sync alice,bob']);
});

test('a refused list is an error; a temporary failure is retried', async () => {
  const { sockets, clock, lobby } = await subscribed();
  const errors = [];
  const heard = membersHeard(lobby.presence);
  lobby.presence.on('error', ({ code }) => errors.push(code));
  const refuse = (code) => sockets.last.say({ type: 'error', code, message: code, id: sockets.last.asked('presence').id });
  refuse('unavailable');
  await settled();
  await clock.pass(20_000);
  answerMembers(sockets, 'alice');
  await settled();
  assert.deepEqual([heard, errors], [['sync alice'], ['unavailable']]);
  lobby.presence.sync();
  refuse('no_presence');
  await settled();
  assert.deepEqual(errors, ['unavailable', 'no_presence']);
});

test('an ended subscription gets no member events', async () => {
  const { peal, sockets, lobby } = await subscribed();
  const other = peal.subscribe('lobby');
  const left = membersHeard(lobby.presence);
  const stays = membersHeard(other.presence);
  lobby.unsubscribe();
  answerMembers(sockets, 'alice');
  await settled();
  assert.deepEqual([left, stays], [[], ['sync alice']]);
});

// Tokens. ------------------------------------------------------------------------

test('setToken() refreshes an open connection, and settles with the answer', async () => {
  const { peal, sockets, clock } = await opened({ token: 'a.b.c' });
  const taken = peal.setToken('d.e.f\n');
  assert.equal(sockets.last.asked('refresh').token, 'd.e.f');
  sockets.last.say({ type: 'refreshed', id: sockets.last.asked('refresh').id });
  assert.equal(await taken, undefined);
  const refused = peal.setToken(() => 'g.h.i');
  await settled();
  sockets.last.say({ type: 'error', code: 'bad_token', message: 'not good', id: sockets.last.asked('refresh').id });
  await assert.rejects(refused, { code: 'bad_token' });
  const broken = peal.setToken(() => tokenFor(clock, 600));
  await settled();
  await reconnected({ sockets, clock });
  assert.equal(await broken, undefined, 'the next connection has it');
  assert.match(sockets.last.protocols[1], /^bearer\.eyJ/);
});

test('setToken() while connecting dials again; before connect(), connect() uses it', async () => {
  const { peal, sockets } = setUp({ token: () => new Promise(() => {}) });
  peal.connect();
  await settled();
  assert.equal(sockets.all.length, 0);
  await peal.setToken('a.b.c');
  await settled();
  await peal.setToken('d.e.f');
  await settled();
  assert.deepEqual(sockets.all.map(({ protocols }) => protocols[1]), ['bearer.a.b.c', 'bearer.d.e.f']);
  assert.equal(sockets.all[0].closedWith, 1000);
});

test('setToken() refuses invalid tokens', async () => {
  const { peal } = setUp();
  for (const token of [undefined, null, {}, '<html>', '']) assert.throws(() => peal.setToken(token), TypeError);
  assert.throws(() => setUp({ ticket: () => 'a' }).peal.setToken('a.b.c'), /options\.ticket/);
});

test('a new token function that never resolves is abandoned, also by close()', async () => {
  const { peal, clock } = await opened();
  const late = assert.rejects(peal.setToken(() => new Promise(() => {})), /did not return in time/);
  await clock.pass(10_000);
  await late;
  const left = peal.setToken(() => new Promise(() => {}));
  peal.close();
  assert.equal(await left, undefined);
  assert.equal(clock.pending, 0);
});

// Errors. ------------------------------------------------------------------------

test('every error refers to a heading of the manual', () => {
  const manual = readFileSync(new URL('../../web/README.md', import.meta.url), 'utf8');
  const headings = [...manual.matchAll(/^#+ (.*)$/gm)].map(([, text]) => text.toLowerCase().replace(/[^\w -]/g, '').replaceAll(' ', '-'));
  const source = readFileSync(new URL('../../web/peal.js', import.meta.url), 'utf8');
  const [, table] = /const HELP = \{(.*?)\n\};/s.exec(source);
  const codes = [...table.matchAll(/^ {2}(\w+): \[/gm)].map(([, code]) => code);
  assert.ok(codes.length > 8);
  for (const code of [...codes, 'forbidden']) {
    const { help, message: text } = new PealError(code);
    assert.match(help, /^web\/README\.md#/);
    assert.ok(headings.includes(help.split('#')[1]), help);
    assert.ok(text);
  }
  for (const [, heading] of source.matchAll(/misuse\([^;]*?'([a-z-]+)'\);/g)) assert.ok(headings.includes(heading), heading);
});
