/** peal.js without WebSockets: which transport it uses, and its guarantees over SSE and HTTP. */

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import '../../web/peal-fallback.js'; // makes the fallback available at once
import { Browser } from './support/browser.js';
import { settled } from './support/fake_clock.js';
import { FakeHttp } from './support/fake_http.js';
import { freePort, PealServer } from './support/peal_server.js';
import { message, offsetsOf, setUp } from './support/peal_setup.js';

/** Lets streams and promises of the fake server settle. */
const calmed = async () => {
  for (let turns = 0; turns < 5; turns += 1) await settled();
};

const SUBSCRIBED = { type: 'subscribed', channel: 'lobby', epoch: 'E', offset: 5, recovered: false, messages: [] };

/** Open over SSE; `lobby` is subscribed at offset 5 of epoch E. */
async function overHttp(t, options) {
  const http = new FakeHttp(t);
  const all = setUp({ transport: 'sse', ...options });
  const events = [];
  const lobby = all.peal.subscribe('lobby');
  for (const type of ['message', 'gap', 'subscribed', 'recovered', 'error', 'unsubscribed']) lobby.on(type, (event) => events.push([type, event]));
  all.peal.connect();
  await calmed();
  http.stream.open();
  http.stream.greet();
  await calmed();
  await all.clock.pass(20);
  http.stream.open();
  http.stream.say(SUBSCRIBED);
  await calmed();
  events.length = 0;
  t.after(() => all.peal.close());
  return { ...all, http, lobby, events };
}

// Which transport. ---------------------------------------------------------------

test('after three failed dials, each attempt also tries SSE at once, until one of them opens', async (t) => {
  const http = new FakeHttp(t);
  const { peal, sockets, clock } = setUp({ transport: 'auto' });
  peal.connect();
  for (const [dials, streams] of [[1, 0], [2, 0], [3, 1], [4, 2]]) {
    await settled();
    assert.equal(sockets.all.length, dials);
    sockets.last.drop();
    await calmed();
    assert.equal(http.streams.length, streams, `after ${dials}`);
    http.stream?.refuse(404, { error: 'Not found' }); // possibly sent by a proxy
    await calmed();
    assert.equal(peal.state, 'waiting');
    await clock.pass(clock.next);
  }
  sockets.last.drop();
  await calmed();
  http.stream.open();
  http.stream.greet();
  await calmed();
  assert.equal(peal.state, 'open');
  http.stream.end();
  await calmed();
  await clock.pass(clock.next);
  await calmed();
  assert.deepEqual([sockets.all.length, http.streams.length], [5, 4], 'what has opened is used again');
  peal.close();
  peal.connect();
  await settled();
  assert.equal(sockets.all.length, 6, 'close() begins anew');
  peal.close();
});

test('neither an opened WebSocket nor one closed by the server is replaced by SSE', async (t) => {
  const http = new FakeHttp(t);
  const { peal, sockets, clock } = setUp({ transport: 'auto' });
  peal.connect();
  await settled();
  sockets.last.open();
  for (let dials = 0; dials < 6; dials += 1) {
    sockets.last.drop();
    await clock.pass(clock.next);
  }
  peal.close();
  const refused = setUp({ transport: 'auto' });
  refused.peal.connect();
  for (let dials = 0; dials < 6; dials += 1) {
    await settled();
    refused.sockets.last.drop(1012);
    await refused.clock.pass(refused.clock.next);
  }
  refused.peal.close();
  assert.equal(http.streams.length, 0);
});

test('transport: websocket never falls back, sse needs no WebSocket, other values are refused', async (t) => {
  const http = new FakeHttp(t);
  const { peal, sockets, clock } = setUp({ transport: 'websocket' });
  peal.connect();
  for (let dials = 0; dials < 6; dials += 1) {
    await settled();
    sockets.last.drop();
    await clock.pass(clock.next);
  }
  assert.equal(http.streams.length, 0);
  peal.close();
  const without = setUp({ transport: 'sse', WebSocket: undefined });
  without.peal.connect();
  await calmed();
  assert.equal(http.stream.url.href, 'http://server.test/sse/alice?channel=&hello=1');
  without.peal.close();
  assert.throws(() => setUp({ transport: 'carrier-pigeon' }), /options\.transport must be one of auto,websocket,sse/);
});

// Tokens. ------------------------------------------------------------------------

test('the token goes into a header; 401 requests another one, and 403 is final', async (t) => {
  const http = new FakeHttp(t);
  const reasons = [];
  const { peal, states, clock } = setUp({ transport: 'sse', token: ({ reason }) => (reasons.push(reason), `a.b.${reasons.length}`) });
  peal.connect();
  await calmed();
  assert.equal(http.stream.headers.Authorization, 'Bearer a.b.1');
  http.stream.refuse(401, { error: 'expired' });
  await calmed();
  await clock.pass(clock.next);
  await calmed();
  assert.deepEqual([reasons, http.stream.headers.Authorization], [['connect', 'refused'], 'Bearer a.b.2']);
  http.stream.refuse(403, { error: 'banned' });
  await calmed();
  assert.deepEqual([states.at(-1).code, states.at(-1).reason, states.at(-1).final], [4403, 'banned', true]);
});

test('each request has its own ticket', async (t) => {
  let count = 0;
  const { peal, http, lobby } = await overHttp(t, { ticket: () => `t${(count += 1)}` });
  lobby.publish(1);
  await calmed();
  const tickets = [...http.streams, http.post].map(({ url }) => url.searchParams.get('ticket'));
  assert.deepEqual(tickets, ['t1', 't2', 't3']);
  peal.close();
});

test('a new token opens a new stream that continues from the old one', async (t) => {
  const { peal, http, clock } = await overHttp(t, { token: 'a.b.1' });
  http.stream.say(message(6));
  await calmed();
  await peal.setToken('a.b.2');
  await clock.pass(20);
  assert.equal(http.stream.headers.Authorization, 'Bearer a.b.2');
  assert.equal(http.stream.url.searchParams.get('last_event_id'), 'lobby*E.6');
});

// Channels. ----------------------------------------------------------------------

test('changed channels open one new stream, and nothing is lost or duplicated', async (t) => {
  const { peal, http, events, clock } = await overHttp(t);
  const before = http.stream;
  http.stream.say(message(6));
  await calmed();
  const [a, b] = [peal.subscribe('a'), peal.subscribe('b', { since: { epoch: 'F', offset: 2 } })];
  a.unsubscribe();
  await clock.pass(20);
  assert.equal(before.signal.aborted, true);
  assert.deepEqual(http.stream.url.searchParams.getAll('channel'), ['lobby', 'b']);
  assert.equal(http.stream.url.searchParams.get('last_event_id'), 'lobby*E.6~b*F.2');
  before.say(message(99));
  http.stream.open();
  http.stream.say({ ...SUBSCRIBED, offset: 7, recovered: true });
  http.stream.say(message(6));
  http.stream.say(message(7));
  http.stream.say({ ...SUBSCRIBED, channel: 'b', epoch: 'F', offset: 2, recovered: true });
  http.stream.say(message(1, 'a'));
  await calmed();
  assert.deepEqual([offsetsOf(events), events.length, b.state, a.state], [[6, 7], 2, 'subscribed', 'ended']);
});

test('channels without history report a gap at each new stream, and open no stream for it', async (t) => {
  const { peal, http, events, clock } = await overHttp(t);
  peal.subscribe('other');
  await clock.pass(20);
  http.stream.open();
  http.stream.say({ ...SUBSCRIBED, offset: 9 });
  http.stream.say({ ...SUBSCRIBED, channel: 'other' });
  await calmed();
  http.stream.say(message(10));
  await calmed();
  await clock.pass(1_000);
  assert.deepEqual(events.map(([type, { reason, offset }]) => reason ?? `${type} ${offset}`), ['subscribed 9', 'unrecovered', 'message 10']);
  assert.equal(http.streams.length, 3);
});

test('a stream does not answer requests made after it was opened', async (t) => {
  const { peal, http, clock } = await overHttp(t);
  peal.subscribe('b');
  await clock.pass(20);
  const late = http.stream;
  const back = peal.subscribe('a', { since: { epoch: 'F', offset: 2 } });
  const told = [];
  for (const type of ['message', 'gap']) back.on(type, ({ offset, reason }) => told.push(offset ?? reason));
  late.open();
  late.say({ ...SUBSCRIBED, channel: 'a', epoch: 'F', offset: 4, recovered: true });
  late.say(message(5, 'a'));
  await calmed();
  assert.equal(back.state, 'waiting');
  await clock.pass(20);
  assert.match(http.stream.url.searchParams.get('last_event_id'), /a\*F\.2/);
  http.stream.open();
  http.stream.say({ ...SUBSCRIBED, channel: 'a', epoch: 'F', offset: 5, recovered: true });
  for (const offset of [3, 4, 5]) http.stream.say(message(offset, 'a'));
  await calmed();
  assert.deepEqual([back.state, told], ['subscribed', [3, 4, 5]]);
});

test('a refused channel is an error of its subscription, and not part of the next stream', async (t) => {
  const { peal, http, clock } = await overHttp(t);
  const secret = peal.subscribe('secret');
  const refused = assert.rejects(secret.ready(), { code: 'forbidden' });
  await clock.pass(20);
  http.stream.open();
  http.stream.say({ type: 'error', code: 'forbidden', message: 'no', channel: 'secret' });
  await refused;
  secret.on('error', () => {});
  peal.subscribe('more');
  await clock.pass(20);
  assert.deepEqual(http.stream.url.searchParams.getAll('channel'), ['lobby', 'more']);
});

test('members are requested again when the stream changes', async (t) => {
  const { peal, http, lobby, clock } = await overHttp(t);
  const seen = [];
  lobby.presence.on('sync', ({ members }) => seen.push(members.map(({ client }) => client).join()));
  await calmed();
  http.post.answer({ type: 'presence', channel: 'lobby', id: http.post.frames[0].id, clients: [{ client: 'bob', connections: 1 }] });
  await calmed();
  peal.subscribe('other');
  await clock.pass(20);
  http.stream.open();
  http.stream.say({ ...SUBSCRIBED, recovered: true });
  await calmed();
  http.post.answer({ type: 'presence', channel: 'lobby', id: http.post.frames[0].id, clients: [{ client: 'carol', connections: 1 }] });
  await calmed();
  assert.deepEqual(seen, ['bob', 'carol']);
});

// Requests. ----------------------------------------------------------------------

test('requests are sent one at a time in order, and those made meanwhile in one list', async (t) => {
  const { peal, http } = await overHttp(t);
  const done = [1, 2, 3, 4, 5, 6].map((payload) => peal.publish('lobby', payload));
  await calmed();
  const payloads = () => http.posts.map(({ frames }) => frames.map(({ payload }) => payload));
  assert.deepEqual(payloads(), [[1, 2, 3]], 'a burst of 4, of which the subscribe took one');
  const answer = () => http.post.answer(...http.post.frames.map(({ id }) => ({ type: 'broadcastResult', channel: 'lobby', offset: id, id })).reverse());
  answer();
  await calmed();
  assert.ok((await done[0]).offset && (await done[1]).offset);
  assert.equal(http.post.url.href, 'http://server.test/client/alice');
  peal.close();
  assert.deepEqual(payloads(), [[1, 2, 3]], 'the rest waits for its turn');
  for (const left of done.slice(3)) await assert.rejects(left, { code: 'closed' });
});

test('the largest message fits into a request, including its brackets', async (t) => {
  const { peal, http } = await overHttp(t);
  assert.equal(peal.hello.limits.message_bytes, 998);
  let most = 0; // bytes of a payload
  for (let size = 980; !most; size -= 1) {
    const sent = peal.publish('lobby', 'x'.repeat(size));
    await calmed();
    if (http.posts.length) most = size;
    else await assert.rejects(sent, { code: 'too_big' });
    sent.catch(() => {});
  }
  assert.equal(JSON.stringify(http.post.frames).length, 1000);
});

test('a request without an answer is rejected as disconnected, and missed messages are recovered', async (t) => {
  const { peal, http, lobby, clock } = await overHttp(t);
  const lost = assert.rejects(lobby.publish(1), { code: 'disconnected' });
  await calmed();
  http.post.fail();
  await lost;
  assert.equal(peal.state, 'waiting');
  await clock.pass(clock.next);
  await calmed();
  http.stream.open();
  http.stream.greet();
  await calmed();
  await clock.pass(20);
  assert.equal(http.stream.url.searchParams.get('last_event_id'), 'lobby*E.5');
});

test('too many requests and a close event close with the code of a WebSocket', async (t) => {
  for (const [act, code] of [
    [({ post }) => post.refuse(429, { type: 'close', code: 4529, reason: 'rate limit' }), 4529],
    [({ stream }) => stream.say({ type: 'close', code: 4508, reason: 'slow' }), 4508],
    [({ stream }) => stream.end(), 1006],
  ]) {
    const { http, lobby, states } = await overHttp(t);
    lobby.publish(1);
    await calmed();
    act(http);
    await calmed();
    assert.deepEqual([states.at(-1).state, states.at(-1).code], ['waiting', code]);
  }
});

test('a silent stream is dropped', async (t) => {
  const { http, clock, states } = await overHttp(t);
  await clock.pass(50_000);
  http.stream.write(': ping\n\n');
  await calmed();
  await clock.pass(50_000);
  assert.equal(states.at(-1).state, 'open');
  await clock.pass(10_000);
  assert.equal(states.find(({ state }) => state === 'waiting')?.reason, 'the stream is silent');
});

test('events in pieces, and several in one piece', async (t) => {
  const { http, events } = await overHttp(t);
  const text = [6, 7].map((offset) => `event: broadcast\nid: x\ndata: ${JSON.stringify({ ...message(offset), payload: 'ü' })}\n\n`).join('');
  for (const byte of Buffer.from(text)) http.stream.write(Uint8Array.of(byte));
  http.stream.write(text.replaceAll('"offset":6', '"offset":8').replaceAll('"offset":7', '"offset":9'));
  await calmed();
  assert.deepEqual(offsetsOf(events), [6, 7, 8, 9]);
  assert.equal(events[0][1].payload, 'ü');
});

test('close() leaves no timer, no stream and no request', async (t) => {
  const { peal, http, clock, lobby } = await overHttp(t);
  lobby.publish(1);
  peal.subscribe('other');
  await calmed();
  peal.close();
  assert.deepEqual([clock.pending, http.stream.signal.aborted, http.post.signal.aborted], [0, true, true]);
});

// The real server. ---------------------------------------------------------------

/** An nginx in front of `port` that blocks upgrades, as some proxies do. @returns its address */
async function refusingProxy(t, port) {
  const folder = mkdtempSync(join(tmpdir(), 'peal-nginx-'));
  const mine = await freePort();
  writeFileSync(join(folder, 'nginx.conf'), `
    daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr warn;
    events { worker_connections 64; }
    http {
      access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
      fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
      server {
        listen 127.0.0.1:${mine};
        location / { proxy_pass http://127.0.0.1:${port}; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host; }
      }
    }`);
  const child = spawn('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr'], { stdio: 'ignore' });
  t.after(async () => {
    const gone = once(child, 'exit');
    child.kill();
    await gone;
    rmSync(folder, { recursive: true });
  });
  for (let left = 100; left; left -= 1) {
    if (await fetch(`http://127.0.0.1:${mine}/health`).then(({ ok }) => ok, () => false)) return `http://127.0.0.1:${mine}`;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('nginx does not start');
}

const hasNginx = (() => {
  try {
    execFileSync('nginx', ['-v'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

test('in Chromium behind an nginx that blocks upgrades: receives, publishes, and recovers across a restart', { timeout: 40_000, skip: !hasNginx }, async (t) => {
  const server = await PealServer.start(t);
  const url = await refusingProxy(t, server.port);
  const posted = await fetch(`${server.url}/client/x`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '[{"type":"ping"}]' });
  if (posted.status === 404) {
    t.skip('this server has no POST /client');
    return;
  }
  const browser = await Browser.launch();
  t.after(() => browser.close());
  const page = await browser.page(t, `${url}/peal.js`);
  const result = await page.evaluate(async () => {
    const { Peal } = await import('/peal.js');
    const [alice, bob] = ['alice', 'bob'].map((client) => new Peal({ client, backoffBase: 20, backoffCap: 100 }));
    const heard = [];
    const told = [];
    const lobby = alice.subscribe('lobby');
    lobby.on('message', ({ from, payload }) => heard.push(`${from} ${payload}`));
    lobby.on('gap', () => told.push('gap'));
    alice.connect();
    bob.connect();
    await lobby.ready();
    for (let i = 0; i < 5; i += 1) bob.publish('lobby', i);
    await alice.publish('lobby', 'x');
    const other = await alice.subscribe('other').ready(); // opens a new stream
    const results = await Promise.all([5, 6, 7].map((i) => bob.publish('lobby', i)));
    await other.publish('y');
    const members = (await lobby.presence.get()).map(({ client }) => client);
    const refused = await alice.publish('lobby', 'z'.repeat(70_000)).catch(({ code }) => code);
    window.clients = { alice, bob, heard, told };
    return { offsets: results.map(({ offset }) => offset), members, refused };
  });
  assert.deepEqual(result, { offsets: [7, 8, 9], members: ['alice'], refused: 'too_big' });
  await page.waitForFunction(() => window.clients.heard.length === 9);
  const heard = await page.evaluate(() => window.clients.heard);
  assert.deepEqual(heard.filter((line) => line.startsWith('bob')), [0, 1, 2, 3, 4, 5, 6, 7].map((i) => `bob ${i}`));
  await server.kill();
  await page.waitForFunction(() => window.clients.alice.state === 'waiting');
  await server.start();
  await page.evaluate(async () => {
    await Promise.all([window.clients.alice.ready(), window.clients.bob.ready()]);
    await window.clients.alice.subscribe('lobby').ready();
    await window.clients.bob.publish('lobby', 'again');
  });
  await page.waitForFunction(() => window.clients.heard.at(-1) === 'bob again');
  assert.deepEqual(await page.evaluate(() => window.clients.told), ['gap'], 'the history was lost with the server');
});
