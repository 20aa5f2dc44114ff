/** peal.js and its environment: handlers that act, options, lifecycle events, runtimes. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { settled } from './support/fake_clock.js';
import {
  message, offsetsOf, opened, reconnected, setUp, subscribed, tokenFor, typesOf,
} from './support/peal_setup.js';

const onceIn = (peal, wanted, act) => {
  const end = peal.on('state', ({ state }) => {
    if (state !== wanted) return;
    end();
    act();
  });
};

const statesOf = (states) => states.map(({ state }) => state);

// Errors of the socket. --------------------------------------------------------

test('an error without a close event, like a failed dial in Node 22, is a failed attempt', async () => {
  const { peal, sockets, clock, states } = setUp();
  peal.connect();
  await settled();
  sockets.last.fail();
  await clock.pass(0);
  assert.deepEqual(statesOf(states), ['connecting', 'waiting']);
  assert.equal(states.at(-1).code, 1006);
});

test('a failed dial that closes with 1002, like in Node 20 of Debian 13, is a failed attempt', async () => {
  const { peal, sockets, clock, states } = setUp();
  peal.connect();
  await settled();
  sockets.last.fail();
  sockets.last.drop(1002, '');
  await clock.pass(0);
  assert.deepEqual(statesOf(states), ['connecting', 'waiting']);
  assert.equal(states.at(-1).code, 1006);
});

test('an error with a close event, like everywhere else, is one failure with its code', async () => {
  const { sockets, clock, states } = await opened();
  sockets.last.fail();
  sockets.last.drop(4529, 'rate limit');
  assert.deepEqual([states.at(-1).state, states.at(-1).code], ['waiting', 4529]);
  await clock.pass(4_000);
  assert.equal(states.filter(({ state }) => state === 'waiting').length, 1);
});

test('an open connection that has an error and never closes is dropped', async () => {
  const { sockets, clock, states } = await opened();
  sockets.last.fail();
  await clock.pass(1_000);
  assert.deepEqual([states.at(-1).state, states.at(-1).code], ['waiting', 1006]);
});

test('a close event without a code, like in React Native, is a lost connection', async () => {
  const { sockets, states } = await opened();
  sockets.last.onclose({ message: 'no route' });
  assert.deepEqual([states.at(-1).state, states.at(-1).code, states.at(-1).reason], ['waiting', 1006, '']);
});

test('an abandoned socket still has its handlers', async () => {
  const { peal, sockets } = setUp();
  peal.connect();
  await settled();
  const { last } = sockets;
  peal.close();
  last.fail();
  last.drop();
  assert.equal(peal.state, 'closed');
});


// Promises that are not awaited: an unhandled rejection fails the test. -------------

test('unsubscribe() and close() at once: neither is rejected', async () => {
  const { peal, lobby } = await subscribed();
  const left = lobby.unsubscribe();
  peal.close();
  assert.equal(await left, undefined);
});

test('unsubscribe() in a handler of open, or twice in a row, leaves no rejection', async () => {
  const { peal, sockets } = setUp();
  const [one, other] = [peal.subscribe('one'), peal.subscribe('other')];
  onceIn(peal, 'open', () => one.unsubscribe());
  peal.connect();
  await settled();
  sockets.last.open();
  sockets.last.greet();
  other.unsubscribe();
  peal.subscribe('other').unsubscribe();
  sockets.last.drop();
  await settled();
  const { id } = sockets.last.sent[0];
  assert.ok(id);
});

test('unsubscribe() resolves if the server has already unsubscribed, and rejects if it fails', async () => {
  for (const [code, wanted] of [['not_subscribed', 'resolved'], ['cancelled', 'resolved'], ['unavailable', 'rejected']]) {
    const { sockets, lobby } = await subscribed();
    const outcome = lobby.unsubscribe().then(() => 'resolved', () => 'rejected');
    sockets.last.say({ type: 'error', code, message: '', id: sockets.last.asked('unsubscribe').id });
    assert.equal(await outcome, wanted, code);
  }
});

test('requests that are not awaited cause no unhandled rejection; awaited ones reject', async () => {
  const { peal, sockets, clock } = await opened();
  const ask = [
    () => peal.publish('lobby', 1), () => peal.direct('bob', 1), () => peal.echo(1), () => peal.presence('lobby'),
    () => peal.history('lobby'), () => peal.ping(),
  ];
  for (const one of ask) one();
  sockets.last.drop();
  for (const one of ask) one();
  await clock.pass(200);
  sockets.last.open();
  await clock.pass(10_000);
  peal.close();
  for (const one of ask) one();
  await settled();
  for (const one of ask) await assert.rejects(one(), { code: 'closed' });
});

test('subscribe() in a handler of unsubscribed is sent after the unsubscribe', async () => {
  const { peal, sockets, lobby } = await subscribed();
  lobby.on('unsubscribed', () => peal.subscribe('lobby'));
  lobby.unsubscribe();
  assert.deepEqual(sockets.last.sent.map(({ type }) => type), ['subscribe', 'unsubscribe', 'subscribe']);
});

// Handlers that change state. --------------------------------------------------

test('close() in a handler of connecting: no token is requested, nothing is dialled', async () => {
  let asked = 0;
  const { peal, sockets, clock } = setUp({ token: () => `a.b.${(asked += 1)}` });
  onceIn(peal, 'connecting', () => peal.close());
  peal.connect();
  await clock.pass(60_000);
  assert.deepEqual([asked, sockets.all.length, peal.state, clock.pending], [0, 0, 'closed', 0]);
});

test('close() in a handler of error: no more tokens are requested', async () => {
  let asked = 0;
  const { peal, clock } = setUp({
    token: () => {
      asked += 1;
      throw new Error('away');
    },
  });
  peal.on('error', () => peal.close());
  peal.connect();
  await clock.pass(60_000);
  assert.deepEqual([asked, peal.state, clock.pending], [1, 'closed', 0]);
});

test('close() in a handler of open or waiting: no timer is left, nothing is dialled again', async () => {
  for (const state of ['open', 'waiting']) {
    const { peal, sockets, clock } = setUp({ idlePing: 25_000 });
    onceIn(peal, state, () => peal.close());
    peal.connect();
    await settled();
    sockets.last.open();
    if (state === 'open') sockets.last.greet();
    else sockets.last.drop();
    await clock.pass(60_000);
    assert.deepEqual([peal.state, sockets.all.length, clock.pending], ['closed', 1, 0], state);
  }
});

test('close() and connect() in a handler of open: one new connection', async () => {
  const { peal, sockets, states } = setUp();
  peal.subscribe('lobby');
  onceIn(peal, 'open', () => {
    peal.close();
    peal.connect();
  });
  peal.connect();
  await settled();
  sockets.last.open();
  sockets.last.greet();
  await settled();
  sockets.last.open();
  sockets.last.greet();
  assert.equal(sockets.all.length, 2);
  assert.deepEqual(statesOf(states), ['connecting', 'open', 'closed', 'connecting', 'open']);
  assert.equal(sockets.last.sent.filter(({ type }) => type === 'subscribe').length, 1);
});

test('connect() in a handler of closed or waiting: one new connection', async () => {
  for (const [code, state] of [[4403, 'closed'], [1006, 'waiting']]) {
    const { peal, sockets, clock } = await opened();
    onceIn(peal, state, () => peal.connect());
    sockets.last.drop(code);
    await clock.pass(5_000);
    assert.deepEqual([sockets.all.length, peal.state], [2, 'connecting'], state);
  }
});

test('a later listener does not see a state that an earlier one has ended', async () => {
  const { peal, sockets } = setUp();
  const seen = [];
  onceIn(peal, 'open', () => peal.close());
  peal.on('state', ({ state }) => seen.push(state));
  peal.connect();
  await settled();
  sockets.last.open();
  sockets.last.greet();
  assert.deepEqual(seen, ['connecting', 'closed']);
});

test('a listener removed by another one is not called', async () => {
  const { sockets, lobby } = await subscribed();
  const seen = [];
  lobby.on('message', () => end());
  const end = lobby.on('message', ({ offset }) => seen.push(offset));
  sockets.last.say(message(6));
  assert.deepEqual(seen, []);
});

test('subscribe() in a handler of open is sent once, publish() after waiting requests', async () => {
  const { peal, sockets } = setUp();
  peal.publish('lobby', 'first');
  peal.subscribe('lobby');
  onceIn(peal, 'open', () => {
    peal.subscribe('other');
    peal.publish('lobby', 'second');
  });
  peal.connect();
  await settled();
  sockets.last.open();
  sockets.last.greet();
  const sent = sockets.last.sent.map(({ type, channel, payload }) => payload ?? `${type} ${channel}`);
  assert.deepEqual(sent, ['subscribe lobby', 'first', 'subscribe other', 'second']);
});

for (const end of ['unsubscribe', 'close']) {
  test(`${end}() in a handler ends recovered messages there`, async () => {
    const all = await subscribed();
    const { peal, sockets, lobby, events } = all;
    lobby.on('message', ({ offset }) => offset === 7 && (end === 'close' ? peal.close() : lobby.unsubscribe()));
    await reconnected(all);
    const { last } = sockets;
    last.answerSubscribe({ epoch: 'E', offset: 9, recovered: true, messages: [6, 7, 8, 9].map((one) => message(one)) });
    await settled();
    if (end === 'close') last.onmessage({ data: JSON.stringify(message(10)) });
    assert.deepEqual(offsetsOf(events), [6, 7]);
    assert.ok(!typesOf(events).includes('recovered'));
    if (end === 'unsubscribe') return;
    peal.connect();
    await settled();
    sockets.last.open();
    assert.deepEqual(sockets.last.asked('subscribe').since, { epoch: 'E', offset: 7 }); // nothing is lost
  });
}

test('close() in a handler of subscribed: a pending gap is reported on the next connection', async () => {
  const all = await subscribed();
  const { peal, sockets, lobby, events } = all;
  await reconnected(all);
  const end = lobby.on('subscribed', () => {
    end();
    peal.close();
  });
  sockets.last.answerSubscribe({ epoch: 'F', offset: 2, recovered: false });
  await settled();
  assert.ok(!typesOf(events).includes('gap'));
  peal.connect();
  await settled();
  sockets.last.open();
  assert.deepEqual(sockets.last.asked('subscribe').since, { epoch: 'E', offset: 5 });
  sockets.last.answerSubscribe({ epoch: 'F', offset: 2, recovered: false });
  await settled();
  assert.equal(typesOf(events).at(-1), 'gap');
});

test('an answer and the end of the connection at once: no events after close()', async () => {
  const { peal, sockets } = await opened();
  const lobby = peal.subscribe('lobby');
  const seen = [];
  for (const type of ['subscribed', 'message']) lobby.on(type, () => seen.push(type));
  sockets.last.answerSubscribe({ epoch: 'E', offset: 1, messages: [message(1)] });
  peal.close();
  await settled();
  assert.deepEqual([seen, lobby.state], [[], 'waiting']);
});

test('close() in a handler of a failed subscription or refresh leaves no timer', async () => {
  const { peal, sockets, clock } = await opened();
  peal.subscribe('lobby').on('error', () => peal.close());
  sockets.last.say({ type: 'error', code: 'unavailable', message: '', id: sockets.last.asked('subscribe').id });
  await settled();
  assert.deepEqual([peal.state, clock.pending], ['closed', 0]);

  const give = [() => tokenFor(other.clock, 1000)];
  const other = setUp({ token: () => (give.shift() ?? (() => Promise.reject(new Error('away'))))() });
  other.peal.on('error', () => other.peal.close());
  other.peal.connect();
  await settled();
  other.sockets.last.open();
  await other.clock.pass(950_000);
  assert.deepEqual([other.peal.state, other.clock.pending], ['closed', 0]);
});

test('close() or unsubscribe() before a failed subscription is retried leaves no timer', async () => {
  for (const end of ['close', 'unsubscribe']) {
    const { peal, sockets, clock } = await opened();
    const lobby = peal.subscribe('lobby');
    sockets.last.say({ type: 'error', code: 'unavailable', message: '', id: sockets.last.asked('subscribe').id });
    await settled();
    if (end === 'close') peal.close();
    else lobby.unsubscribe();
    assert.equal(clock.pending, 0, end);
  }
});

test('a gap right after the answer, in the same read, is not lost', async () => {
  const { peal, sockets } = await opened();
  peal.subscribe('lobby', { since: { epoch: 'E', offset: 1 } });
  sockets.last.answerSubscribe({ epoch: 'E', offset: 1, recovered: true });
  sockets.last.say({ type: 'gap', channel: 'lobby' });
  await settled();
  assert.deepEqual(sockets.last.sent.map(({ type }) => type), ['subscribe', 'unsubscribe', 'subscribe']);
});

// Missing and invalid tokens. ----------------------------------------------------

test('a token or ticket function that never resolves times out, is reported, and is retried', async () => {
  for (const option of ['token', 'ticket']) {
    let calls = 0;
    const never = () => {
      calls += 1;
      return new Promise(() => {});
    };
    const { peal, clock, states } = setUp({ [option]: never });
    const errors = [];
    peal.on('error', ({ code, message: text }) => errors.push(`${code}: ${text}`));
    peal.connect();
    await clock.pass(10_000);
    assert.match(errors[0], /^token: .*did not return in time/);
    assert.equal(states.at(-1).state, 'waiting');
    await clock.pass(60_000);
    assert.ok(calls > 2, `${calls} calls`);
    peal.close();
    assert.equal(clock.pending, 0);
  }
});

test('close() while a token is awaited leaves no timer', async () => {
  const { peal, clock } = setUp({ token: () => new Promise(() => {}) });
  peal.connect();
  await settled();
  peal.close();
  assert.equal(clock.pending, 0);
});

test('a late token is not used', async () => {
  const give = [];
  const { peal, sockets, clock } = setUp({ token: () => new Promise((resolve) => give.push(resolve)) });
  peal.connect();
  await clock.pass(10_500);
  give[0]('a.b.late');
  await settled();
  assert.equal(sockets.all.length, 0);
  give[1]('a.b.second');
  await settled();
  assert.deepEqual(sockets.last.protocols, ['broadcast', 'bearer.a.b.second']);
});

test('a refresh whose function never resolves is reported, and retried while there is time', async () => {
  let calls = 0;
  const { peal, sockets, clock } = setUp({
    token: () => {
      calls += 1;
      return calls === 2 ? new Promise(() => {}) : tokenFor(clock, 1000);
    },
  });
  const errors = [];
  peal.on('error', ({ code }) => errors.push(code));
  peal.connect();
  await settled();
  sockets.last.open();
  await clock.pass(970_000);
  assert.deepEqual([errors[0], Boolean(sockets.last.asked('refresh'))], ['refresh', true]);
});

for (const [what, given] of [
  ['a page of HTML', '<!doctype html>\n<title>502 Bad Gateway</title>'],
  ['an object around it', { token: 'a.b.c' }],
  ['nothing', undefined], ['null', null], ['an empty text', ''], ['a number', 7],
]) {
  for (const option of ['token', 'ticket']) {
    test(`a ${option} function that gives ${what} is reported as an error, and retried`, async () => {
      const answers = [given, 'a.b.c'];
      const { peal, sockets, clock, states } = setUp({ [option]: () => answers.shift() });
      const errors = [];
      peal.on('error', ({ code, message: text }) => errors.push(`${code}: ${text}`));
      peal.connect();
      await settled();
      assert.equal(states.at(-1).state, 'waiting');
      assert.match(errors[0], /^token: .*the function returned/);
      await clock.pass(20_000);
      assert.ok(JSON.stringify([sockets.last.url, sockets.last.protocols]).includes('a.b.c'));
    });
  }
}

test('newlines around a token are removed, from a function or a text', async () => {
  for (const token of [() => ' a.b.c\n', 'a.b.c\r\n']) {
    const { sockets } = await opened({ token });
    assert.deepEqual(sockets.last.protocols, ['broadcast', 'bearer.a.b.c']);
  }
});

test('a refresh without a token is not sent', async () => {
  const answers = [];
  const { peal, sockets, clock } = setUp({ token: () => answers.shift() ?? '<html>' });
  answers.push(tokenFor(clock, 1000));
  const errors = [];
  peal.on('error', ({ code }) => errors.push(code));
  peal.connect();
  await settled();
  sockets.last.open();
  await clock.pass(910_000);
  assert.deepEqual([errors[0], sockets.last.asked('refresh'), peal.state], ['refresh', undefined, 'open']);
});

// Several callers, one channel. --------------------------------------------------

test('one caller leaves, the other still receives; the last one leaves the channel', async () => {
  const { peal, sockets, lobby, events } = await subscribed();
  const other = peal.subscribe('lobby');
  const seen = [];
  for (const type of ['message', 'unsubscribed']) other.on(type, (event) => seen.push(event.offset ?? type));
  assert.equal(await lobby.unsubscribe(), undefined);
  sockets.last.say(message(6));
  assert.deepEqual([lobby.state, other.state], ['ended', 'subscribed']);
  assert.deepEqual([typesOf(events), seen], [['unsubscribed'], [6]]);
  assert.equal(sockets.last.asked('unsubscribe'), undefined);
  assert.deepEqual([lobby.position.offset, other.position.offset], [5, 6]);
  lobby.unsubscribe(); // subscribed again: no events of the other caller
  assert.equal(other.state, 'subscribed');
  other.unsubscribe();
  assert.ok(sockets.last.asked('unsubscribe'));
  assert.deepEqual(seen, [6, 'unsubscribed']);
});

test('a caller unsubscribed by another one receives nothing more, not even that message', async () => {
  const { peal, sockets, lobby } = await subscribed();
  const seen = [];
  const other = peal.subscribe('lobby');
  lobby.on('message', ({ offset }) => {
    seen.push(`lobby ${offset}`);
    other.unsubscribe();
  });
  other.on('message', ({ offset }) => seen.push(`other ${offset}`));
  sockets.last.say(message(6));
  sockets.last.say(message(7));
  assert.deepEqual(seen, ['lobby 6', 'lobby 7']);
});

test('an unsubscribe by the server ends the channel for all callers', async () => {
  const { peal, sockets, lobby } = await subscribed();
  const other = peal.subscribe('lobby');
  sockets.last.say({ type: 'unsubscribed', channel: 'lobby' });
  assert.deepEqual([lobby.state, other.state], ['ended', 'ended']);
  peal.subscribe('lobby');
  assert.equal(sockets.last.sent.at(-1).type, 'subscribe');
});

test('a later caller gets `subscribed`, and once after each reconnect', async () => {
  const all = await subscribed();
  const seen = [];
  all.peal.subscribe('lobby').on('subscribed', ({ epoch, offset, recovered }) => seen.push([epoch, offset, recovered]));
  await settled();
  assert.deepEqual(seen, [['E', 5, false]]);
  await reconnected(all);
  all.sockets.last.answerSubscribe({ epoch: 'E', offset: 5, recovered: true });
  await settled();
  assert.deepEqual(seen.slice(1), [['E', 5, true]]);
});

test('a later caller whose position differs from the channel gets a gap', async () => {
  for (const [since, wanted] of [[{ epoch: 'E', offset: 3 }, ['subscribed', 'gap']], [{ epoch: 'E', offset: 5 }, ['subscribed']]]) {
    const { peal, events } = await subscribed();
    const seen = [];
    const other = peal.subscribe('lobby', { since });
    for (const type of ['subscribed', 'gap']) other.on(type, (event) => seen.push([type, event]));
    await settled();
    assert.deepEqual(typesOf(seen), wanted);
    if (wanted.length > 1) assert.deepEqual(seen[1][1], { channel: 'lobby', reason: 'unrecovered', since });
    assert.deepEqual(events, [], 'the first one lost nothing');
  }
});

test('a new caller after a refusal repeats the request', async () => {
  const { peal, sockets } = await opened();
  const first = peal.subscribe('secret');
  first.on('error', () => {});
  sockets.last.say({ type: 'error', code: 'forbidden', message: 'no', id: sockets.last.asked('subscribe').id });
  await settled();
  assert.equal(first.state, 'failed');
  const second = peal.subscribe('secret');
  sockets.last.answerSubscribe({ epoch: 'E', offset: 0 });
  await settled();
  assert.deepEqual([first.state, second.state], ['subscribed', 'subscribed']);
});

// The network changes. ------------------------------------------------------------

/** A window for the test to dispatch events to. */
function fakeWindow(t) {
  const target = new EventTarget();
  for (const name of ['addEventListener', 'removeEventListener']) {
    globalThis[name] = target[name].bind(target);
    t.after(() => delete globalThis[name]);
  }
  return (type, details) => target.dispatchEvent(Object.assign(new Event(type), details));
}

for (const [type, details] of [['online'], ['offline'], ['pageshow', { persisted: true }]]) {
  test(`${type} while open: the connection is checked at once, and dropped if it is dead`, async (t) => {
    const dispatch = fakeWindow(t);
    const { sockets, clock, states } = await opened({ idlePing: 25_000 });
    dispatch(type, details);
    const ping = sockets.last.asked('ping');
    assert.ok(ping);
    sockets.last.say({ type: 'pong', id: ping.id }); // within a millisecond
    await clock.pass(6_000);
    assert.equal(states.at(-1).state, 'open');
    dispatch(type, details);
    await clock.pass(5_000);
    assert.deepEqual([states.at(-1).state, states.at(-1).reason], ['waiting', 'no pong']);
  });
}

test('online while an attempt hangs: another one replaces it', async (t) => {
  const dispatch = fakeWindow(t);
  const { peal, sockets, clock } = setUp();
  peal.connect();
  await settled();
  dispatch('online');
  await clock.pass(500);
  assert.deepEqual([sockets.all.length, sockets.all[0].closedWith], [2, 1000]);
  sockets.last.open();
  sockets.last.greet();
  assert.equal(peal.state, 'open');
});

test('online while a token function hangs: it is called again', async (t) => {
  const dispatch = fakeWindow(t);
  let calls = 0;
  const { peal, clock } = setUp({ token: () => new Promise(() => (calls += 1)) });
  peal.connect();
  dispatch('online');
  await clock.pass(500);
  assert.equal(calls, 2);
  peal.close();
  assert.equal(clock.pending, 0);
});

test('online just before an attempt succeeds: the attempt is kept', async (t) => {
  const dispatch = fakeWindow(t);
  const { peal, sockets, clock } = setUp();
  peal.connect();
  await settled();
  dispatch('online');
  sockets.last.open();
  await clock.pass(5_000);
  assert.deepEqual([sockets.all.length, peal.state], [1, 'open']);
});

test('online while waiting: it connects soon; not when offline, nor on a page just loaded', async (t) => {
  const dispatch = fakeWindow(t);
  const { sockets, clock } = await opened({ backoffBase: 20_000 });
  sockets.last.drop();
  dispatch('offline');
  dispatch('pageshow', { persisted: false });
  assert.equal(clock.next, 10_000);
  clock.chance = 0.01;
  dispatch('online');
  assert.equal(clock.next, 200);
});

for (const [away, back] of [['pagehide', 'pageshow'], ['freeze', 'resume'], ['freeze', 'visibilitychange']]) {
  test(`${away}: the connection is closed until ${back}, and missed messages are recovered`, async (t) => {
    const dispatch = fakeWindow(t);
    const { sockets, clock, states, lobby, events } = await subscribed();
    const asked = assert.rejects(lobby.publish('under way'), { code: 'disconnected', closeCode: 1001 });
    dispatch(away, { persisted: true });
    await asked;
    dispatch('freeze');
    dispatch('online');
    await clock.pass(60_000);
    assert.deepEqual([sockets.all.length, sockets.last.closedWith, clock.pending], [1, 1000, 0]);
    assert.deepEqual([states.at(-1).state, states.at(-1).delay], ['waiting', Infinity]);
    dispatch(back, { persisted: true });
    await settled();
    dispatch('pageshow', { persisted: true });
    sockets.last.open();
    sockets.last.answerSubscribe({ epoch: 'E', offset: 6, recovered: true, messages: [message(6)] });
    await clock.pass(1_000);
    assert.deepEqual([sockets.all.length, offsetsOf(events)], [2, [6]]);
  });
}

test('a page frozen while a token is awaited does not dial when it arrives', async (t) => {
  const dispatch = fakeWindow(t);
  let give;
  const { peal, sockets, clock } = setUp({ token: () => new Promise((resolve) => (give = resolve)) });
  peal.connect();
  dispatch('freeze');
  give('a.b.c');
  await clock.pass(60_000);
  assert.deepEqual([sockets.all.length, peal.state], [0, 'waiting']);
  peal.close();
  dispatch('resume');
  await clock.pass(1_000);
  assert.equal(peal.state, 'closed');
});

test('visible again after silence: the connection is checked; hidden, or shortly after: it is not', async (t) => {
  const dispatch = fakeWindow(t);
  t.after(() => delete globalThis.document);
  const { sockets, clock } = await opened({ idlePing: 25_000 });
  const pings = () => sockets.last.sent.filter(({ type }) => type === 'ping').length;
  const see = (hidden) => {
    globalThis.document = { hidden };
    dispatch('visibilitychange');
  };
  see(false);
  assert.equal(pings(), 0, 'it has just spoken');
  await clock.pass(2_000);
  see(true);
  assert.equal(pings(), 0);
  see(false);
  see(false);
  assert.equal(pings(), 1, 'asked once');
});

test('visible again while waiting: it connects soon', async (t) => {
  const dispatch = fakeWindow(t);
  const { sockets, clock } = await opened({ backoffBase: 20_000 });
  sockets.last.drop();
  clock.chance = 0.01;
  dispatch('visibilitychange');
  assert.equal(clock.next, 200);
});

test('connect() while open checks the connection, but not for every call', async () => {
  const { peal, sockets, clock, states } = await opened();
  await clock.pass(2_000);
  for (let second = 0; second < 5; second += 1) {
    peal.connect();
    await clock.pass(1_000);
  }
  assert.equal(sockets.last.sent.filter(({ type }) => type === 'ping').length, 1);
  assert.equal(states.findLast(({ state }) => state === 'waiting').reason, 'no pong');
});

test('setting the machine\'s clock neither ends a connection nor delays a timer', async () => {
  const { FakeClock } = await import('./support/fake_clock.js');
  const clock = new FakeClock();
  let wrong = 0;
  clock.time = () => clock.now() + wrong;
  const { sockets, states } = await opened({ clock, idlePing: 25_000, token: 'a.b.c' });
  sockets.last.greet();
  wrong = -1e10;
  await clock.pass(24_000);
  wrong = 1e10;
  assert.equal(sockets.last.asked('ping'), undefined);
  await clock.pass(1_000);
  sockets.last.say({ type: 'pong', id: sockets.last.asked('ping').id });
  await clock.pass(9_000);
  assert.equal(states.at(-1).state, 'open');
});

test('after close(), network events are ignored', async (t) => {
  const dispatch = fakeWindow(t);
  const { peal, sockets, clock } = await opened();
  peal.close();
  for (const type of ['online', 'offline']) dispatch(type);
  assert.deepEqual([sockets.last.sent.length, clock.pending, peal.state], [0, 0, 'closed']);
});

// Options and environments. ------------------------------------------------------

const TIMES = ['backoffBase', 'backoffCap', 'stableAfter', 'connectTimeout', 'requestTimeout', 'idlePing', 'pongWait'];

for (const nothing of [undefined, null]) {
  test(`options that are ${nothing} count as not given`, async () => {
    const names = [...TIMES, 'queueLimit', 'token', 'ticket', 'debug'];
    const absent = Object.fromEntries(names.map((name) => [name, nothing]));
    const { peal, sockets, clock, states } = setUp(absent);
    peal.connect();
    await settled();
    assert.deepEqual(sockets.last.protocols, ['broadcast']);
    await clock.pass(9_999);
    assert.equal(states.at(-1).state, 'connecting');
    sockets.last.drop();
    assert.equal(states.at(-1).delay, 250);
    peal.publish('lobby', 1); // waits for a timer
  });
}

test('options that are Infinity mean never, and cause no busy loop', async () => {
  const forever = Object.fromEntries(TIMES.map((name) => [name, Infinity]));
  const { peal, sockets, clock, states } = await opened({ ...forever, queueLimit: Infinity, backoffBase: 500 });
  const late = peal.publish('lobby', 1).catch(({ code }) => code);
  await clock.pass(86_400_000);
  assert.deepEqual([states.at(-1).state, sockets.all.length], ['open', 1]);
  for (let i = 0; i < 1_200; i += 1) {
    sockets.last.drop();
    clock.chance = i % 2;
    const { delay } = states.at(-1);
    assert.ok(delay >= 0 && delay <= 2 ** 31 - 1, `${delay}`);
    peal.connect();
    await settled();
  }
  assert.equal(await late, 'disconnected');
  peal.subscribe('lobby').on('error', () => {});
  clock.chance = 0;
  sockets.last.open();
  sockets.last.say({ type: 'error', code: 'unavailable', message: '', id: sockets.last.asked('subscribe').id });
  await settled();
  assert.ok(clock.next >= 500, 'asked again later, not in a loop');
});

test('options that are not numbers or too small are refused at once, by name', () => {
  for (const name of [...TIMES, 'queueLimit']) {
    for (const value of [NaN, -1, '500', {}]) {
      assert.throws(() => setUp({ [name]: value }), new RegExp(`TypeError: options.${name} `), `${name} ${value}`);
    }
  }
  for (const name of ['backoffBase', 'connectTimeout', 'requestTimeout', 'pongWait']) {
    assert.throws(() => setUp({ [name]: 0 }), TypeError);
  }
  assert.throws(() => setUp({ token: { token: 'a.b.c' } }), TypeError);
});

for (const [url, wanted] of [
  ['http://server.test:8080', 'ws://server.test:8080/ws/alice?channel=&hello=1'],
  ['HTTPS://server.test/chat/', 'wss://server.test/chat/ws/alice?channel=&hello=1'],
  ['wss://server.test/?a=1&channel=lobby&b=#top', 'wss://server.test/ws/alice?a=1&b=&channel=&hello=1'],
]) {
  test(`${url} is dialled with the URL of React Native, which cannot be changed`, async (t) => {
    const real = globalThis.URL;
    globalThis.URL = class {
      constructor(text) {
        this.href = text;
        return new Proxy(this, {
          set() {
            throw new Error('not implemented');
          },
        });
      }
    };
    t.after(() => (globalThis.URL = real));
    const { sockets } = await opened({ url });
    assert.equal(sockets.last.url, wanted);
  });
}

test('an invalid address closes the client at once, with a reason', async () => {
  for (const url of ['localhost:8080', 'ftp://server.test', '://']) {
    const { peal, states } = setUp({ url });
    peal.connect();
    await settled();
    assert.equal(states.at(-1).state, 'closed');
    assert.match(states.at(-1).reason, /url/i);
  }
});

test('in a page, an address may be relative, and defaults to the page', async (t) => {
  globalThis.location = { origin: 'https://page.test', href: 'https://page.test/app/index.html' };
  t.after(() => delete globalThis.location);
  for (const [url, wanted] of [
    [undefined, 'wss://page.test/ws/alice?channel=&hello=1'], ['/chat', 'wss://page.test/chat/ws/alice?channel=&hello=1'],
  ]) {
    const { sockets } = await opened({ url });
    assert.equal(sockets.last.url, wanted);
  }
});

test('a WebSocket class defined after the client was created is used', async (t) => {
  const { WebSocket: none } = globalThis;
  const { sockets } = setUp();
  const { Peal } = await import('../../web/peal.js');
  delete globalThis.WebSocket;
  t.after(() => none && (globalThis.WebSocket = none));
  const peal = new Peal({ client: 'alice', url: 'http://server.test' });
  assert.throws(() => peal.connect(), /options\.WebSocket/);
  assert.equal(peal.state, 'idle');
  globalThis.WebSocket = sockets;
  peal.connect();
  await settled();
  assert.equal(sockets.all.length, 1);
  peal.close();
  delete globalThis.WebSocket;
});

// State and diagnostics. ----------------------------------------------------------

test('once() receives one event; off() removes listeners of on() and once()', async () => {
  const { sockets, lobby } = await subscribed();
  const seen = [];
  const note = (name) => ({ offset }) => seen.push(`${name} ${offset}`);
  const [kept, gone, off] = [note('kept'), note('gone'), note('off')];
  lobby.once('message', note('once'));
  lobby.once('message', gone);
  lobby.on('message', off);
  lobby.on('message', kept);
  lobby.off('message', gone);
  lobby.off('message', off);
  lobby.off('nothing', off);
  const end = lobby.once('message', note('ended'));
  end();
  for (const offset of [6, 7]) sockets.last.say(message(offset));
  assert.deepEqual(seen, ['once 6', 'kept 6', 'kept 7']);
});

test('ready() resolves once it is open or subscribed, now or later', async () => {
  const { peal, sockets } = setUp();
  const ready = peal.ready();
  peal.connect();
  await settled();
  sockets.last.open();
  sockets.last.greet();
  assert.equal(await ready, peal);
  assert.equal(await peal.ready(), peal);
  const lobby = peal.subscribe('lobby');
  const subscribedTo = lobby.ready();
  sockets.last.answerSubscribe({ epoch: 'E', offset: 0 });
  assert.equal(await subscribedTo, lobby);
  assert.equal(await lobby.ready(), lobby);
});

test('ready() rejects with the cause, and needs no handler', async () => {
  const { peal, sockets } = await opened();
  const secret = peal.subscribe('secret');
  secret.ready();
  const refused = assert.rejects(secret.ready(), { code: 'forbidden' });
  sockets.last.say({ type: 'error', code: 'forbidden', message: 'no', id: sockets.last.asked('subscribe').id });
  await refused;
  await assert.rejects(secret.ready(), { code: 'forbidden' });
  assert.equal(secret.error.code, 'forbidden');
  const other = peal.subscribe('other');
  const ended = assert.rejects(other.ready(), { code: 'ended' });
  other.unsubscribe();
  await ended;
  await assert.rejects(other.ready(), { code: 'ended' });
  const third = peal.subscribe('third');
  const closed = assert.rejects(third.ready(), { code: 'closed', closeCode: 4403 });
  sockets.last.drop(4403, 'no');
  await closed;
  for (const one of [peal, third]) await assert.rejects(one.ready(), { code: 'closed' });
});

test('a refused subscription has a reason until a new token is accepted and it is retried', async () => {
  const { peal, sockets, clock } = setUp({ token: () => tokenFor(clock, 1000) });
  peal.connect();
  await settled();
  sockets.last.open();
  sockets.last.greet();
  const secret = peal.subscribe('secret');
  const heard = [];
  secret.on('error', ({ code }) => heard.push(code));
  assert.equal(secret.error, null);
  sockets.last.say({ type: 'error', code: 'forbidden', message: 'no', id: sockets.last.asked('subscribe').id });
  await settled();
  assert.deepEqual([heard, secret.state, secret.error.code], [['forbidden'], 'failed', 'forbidden']);
  await clock.pass(clock.next);
  const { length } = sockets.last.sent;
  sockets.last.say({ type: 'refreshed', expires: 0, id: sockets.last.asked('refresh').id });
  await settled();
  assert.deepEqual(sockets.last.sent.slice(length).map(({ type, channel }) => [type, channel]), [['subscribe', 'secret']]);
  sockets.last.answerSubscribe({ epoch: 'E', offset: 0 });
  await settled();
  assert.deepEqual([secret.state, secret.error], ['subscribed', null]);
});

test('an error without a listener is a warning on the console', async (t) => {
  const warnings = t.mock.method(console, 'warn', () => {});
  const { peal, sockets } = await opened();
  peal.subscribe('secret');
  sockets.last.say({ type: 'error', code: 'forbidden', message: 'no', id: sockets.last.asked('subscribe').id });
  await settled();
  sockets.last.onmessage({ data: '{' });
  assert.deepEqual(warnings.mock.calls.map(({ arguments: [text] }) => text), [
    'peal: no (forbidden), see web/README.md#errors', 'peal: not JSON (bad_frame), see web/README.md#errors']);
  peal.on('error', () => {});
  sockets.last.onmessage({ data: '{' });
  assert.equal(warnings.mock.callCount(), 2);
});

test('debug reports states, requests and frames, but neither payloads nor tokens', async (t) => {
  const lines = [];
  const secret = 'a.secret.b';
  const { peal, sockets } = await opened({ token: secret, debug: (...line) => lines.push(line) });
  peal.subscribe('lobby');
  peal.publish('lobby', 'a secret payload');
  sockets.last.answerSubscribe({ epoch: 'E', offset: 5, messages: [message(5)] });
  sockets.last.say(message(6));
  sockets.last.drop(4529, 'rate limit');
  assert.deepEqual([...new Set(lines.map(([what]) => what))].sort(), ['received', 'request', 'state']);
  const text = JSON.stringify(lines);
  for (const part of ['subscribe', 'lobby', 'rate limit']) assert.ok(text.includes(part), part);
  for (const part of [secret, 'payload', 'm6']) assert.ok(!text.includes(part), part);
  globalThis.reportError = () => lines.push('reported');
  t.after(() => delete globalThis.reportError);
  const other = await opened({ debug: () => assert.fail('of the application') });
  other.sockets.last.greet();
  assert.equal(other.peal.state, 'open');
  assert.ok(lines.includes('reported'));
  const console = t.mock.method(globalThis.console, 'debug', () => {});
  await opened({ debug: true });
  assert.ok(console.mock.callCount() > 0);
});

// Open, or an explained refusal. --------------------------------------------------

test('a connection closed before the first message was never open', async () => {
  const { peal, sockets, states } = setUp();
  const ready = assert.rejects(peal.ready(), { code: 'closed', closeCode: 4403 });
  peal.subscribe('lobby');
  peal.connect();
  await settled();
  sockets.last.open();
  assert.equal(peal.state, 'connecting');
  sockets.last.drop(4403, 'not from here');
  await ready;
  assert.deepEqual(statesOf(states), ['connecting', 'closed']);
});

test('the first message opens it before it is delivered; waiting requests have been sent by then', async () => {
  const { peal, sockets } = setUp();
  const seen = [];
  peal.on('state', ({ state }) => seen.push(state));
  peal.subscribe('lobby').on('subscribed', () => seen.push('subscribed'));
  peal.connect();
  await settled();
  sockets.last.open();
  sockets.last.answerSubscribe({ epoch: 'E', offset: 0 });
  await settled();
  assert.deepEqual(seen, ['connecting', 'open', 'subscribed']);
  assert.equal(peal.state, 'open');
});

test('a connection silent for a second is open too', async () => {
  const { peal, clock, states } = await opened();
  await clock.pass(999);
  assert.equal(peal.state, 'connecting');
  await clock.pass(1);
  assert.deepEqual([peal.state, statesOf(states)], ['open', ['connecting', 'open']]);
});

test('a later caller gets `subscribed` before the first message', async () => {
  const { peal, sockets } = await subscribed();
  const other = peal.subscribe('lobby');
  const seen = [];
  for (const type of ['subscribed', 'message']) other.on(type, ({ offset }) => seen.push(`${type} ${offset}`));
  sockets.last.say(message(6));
  await settled();
  assert.deepEqual(seen, ['subscribed 5', 'message 6']);
});

test('close() in a handler of such a late `subscribed`: the message waits for the next connection', async () => {
  const { peal, sockets, events } = await subscribed();
  peal.subscribe('lobby').on('subscribed', () => peal.close());
  sockets.last.say(message(6));
  assert.deepEqual(offsetsOf(events), []);
  peal.connect();
  await settled();
  sockets.last.open();
  assert.deepEqual(sockets.last.asked('subscribe').since, { epoch: 'E', offset: 5 });
});
