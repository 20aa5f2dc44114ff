/**
 * Random sequences of events, checked against the guarantees of web/README.md.
 * PEAL_SEED repeats a run, PEAL_SEQUENCES makes it longer: 100000 sequences
 * take some minutes.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import '../../web/peal-fallback.js'; // makes the fallback available at once
import { settled } from './support/fake_clock.js';
import { FakeService } from './support/fake_service.js';
import { fakePeers } from './support/fake_sse.js';
import { setUp } from './support/peal_setup.js';

const SEQUENCES = Number(process.env.PEAL_SEQUENCES ?? 5_000);
const FIRST_SEED = Number(process.env.PEAL_SEED ?? Math.floor(Math.random() * 2 ** 31));
const STEPS = 60;
const CHANNELS = ['a', 'b', 'c'];
const CLIENTS = ['bob', 'carol'];
const CODES = [1000, 1006, 1006, 1012, 1013, 4401, 4403, 4508, 4529];
const HOST_EVENTS = [
  ['online'], ['offline'], ['pagehide', { persisted: true }], ['pageshow', { persisted: true }], ['pageshow', { persisted: false }], ['freeze'],
  ['resume'], ['visibilitychange', {}, true], ['visibilitychange', {}, false],
];

/** Random integers below a bound, reproducible by the seed. */
function randomOf(seed) {
  let state = seed;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}

/** The events of one subscription, checked against the guarantees. */
class Witness {
  #last = null; // {epoch, offset} of the last message

  constructor(sequence, subscription) {
    const hear = (type, act = () => {}) => subscription.on(type, (event) => {
      sequence.note(`${type} ${subscription.channel}`);
      if (this.hasLeft) assert.fail(`${type} after unsubscribe()`);
      const told = `${type} ${subscription.channel} ${event.payload ?? ''}`;
      if (type !== 'unsubscribed') sequence.assertOpen(told);
      act(event);
      sequence.meddle(sequence.toldBy(type, told));
    });
    this.subscription = subscription;
    hear('subscribed', ({ recovered }) => {
      if (!recovered && this.#last) this.#owes = true;
    });
    hear('gap', () => {
      this.#owes = false;
      this.#last = null;
    });
    hear('message', ({ payload }) => this.#message(payload));
    hear('recovered');
    hear('error');
    hear('unsubscribed', () => (this.hasLeft = true));
    // its signal may have been aborted before subscribe() returned
    if (subscription.state === 'ended') this.hasLeft = true;
    subscription.onAny((type, { payload = '' }) => sequence.meddle(sequence.toldBy(type, `${type} ${subscription.channel} ${payload}`)));
  }

  /** Follows the members. */
  watch(sequence) {
    const { presence, channel } = this.subscription;
    for (const type of ['join', 'leave', 'sync', 'error']) {
      presence.on(type, () => {
        if (this.hasLeft) assert.fail(`${type} of members after unsubscribe()`);
        sequence.assertOpen(`${type} of members`);
        sequence.note(`members ${type} ${channel}: ${presence.members.map(({ client }) => client)}`);
        sequence.meddle();
      });
    }
    this.isWatching = true;
  }

  /** Reads in a loop; checks it against a listener. @returns a promise of its end */
  async read(until, isClosed) {
    if (isClosed) return; // the loop would end at once
    const heard = [];
    const read = [];
    this.subscription.on('message', ({ payload }) => heard.push(payload));
    try {
      for await (const { payload } of this.subscription) {
        read.push(payload);
        assert.equal(payload, heard[read.length - 1], 'a loop reads what a listener receives');
        if (read.length === until) return;
      }
      assert.deepEqual(read, heard, 'a loop misses nothing');
    } catch (error) {
      if (error.name === 'AssertionError') throw error;
    }
  }

  isWatching = false;

  #owes = false; // a gap must follow a `subscribed` that did not recover
  hasLeft = false;

  #message(payload) {
    const [epoch, offset] = payload.split('/').map(Number);
    assert.ok(!this.#owes, 'a loss was not reported');
    if (this.#last) assert.deepEqual([epoch, offset], [this.#last.epoch, this.#last.offset + 1]);
    this.#last = { epoch, offset };
  }
}

class Sequence {
  #random;
  #log = [];
  #promises = 0;
  #isClosed = true; // closed, and connect() was not called since
  #depth = 0;
  #told = ''; // the message or gap being delivered to listeners
  #toldAtClose = '';
  #lastTold = ''; // the last message or gap delivered in this step
  #isOver = false; // listeners do nothing more
  #witnesses = [];
  #host = new EventTarget();
  #loops = [];
  #directs = 0;
  #controllers = [];

  constructor(seed, transport) {
    this.#random = randomOf(seed);
    this.service = new FakeService(this.#random);
    const all = setUp({
      idlePing: 25_000, token: (why) => this.#token(why), backoffBase: 500, debug: (...line) => this.#debug(line), transport,
    });
    Object.assign(this, all);
    if (transport === 'sse') this.sockets = fakePeers(this.service);
    this.clock.random = () => this.#random(1000) / 1000;
    this.peal.on('state', ({ state, delay }) => {
      this.note(`state ${state} ${delay ?? ''}`);
      if (state === 'closed') this.#isClosed = true;
      else if (this.#isClosed) assert.fail(`${state} after close()`);
      this.meddle();
    });
    this.peal.on('error', () => {
      this.assertOpen('error');
      this.meddle();
    });
    for (const type of ['direct', 'event:call']) {
      this.peal.on(type, ({ payload }) => {
        const told = `direct ${payload}`; // delivered under both names even after close(), or it would be lost
        this.assertOpen(told);
        this.meddle(told);
      });
    }
    globalThis.addEventListener = this.#host.addEventListener.bind(this.#host);
    globalThis.removeEventListener = this.#host.removeEventListener.bind(this.#host);
  }

  #debug(line) {
    this.note(JSON.stringify(line));
    if (this.#random(8) === 0) this.meddle();
  }

  /** A lifecycle or network event of the browser. */
  #happen([type, details, hidden]) {
    this.note(`host ${type}`);
    globalThis.document = { hidden };
    this.#host.dispatchEvent(Object.assign(new Event(type), details));
  }

  get log() {
    return this.#log.join('\n');
  }

  note(line) {
    this.#log.push(line);
  }

  /** After close(), only the message or gap being delivered may reach further subscriptions of its
   * channel. */
  assertOpen(told) {
    if (!this.#isClosed || told === this.#toldAtClose) return;
    assert.fail(`${told} after close()`);
  }

  /** Returns the event under delivery while a listener acts. A late subscription
   * gets `subscribed` just before it. */
  toldBy(type, told) {
    if (type === 'subscribed') return this.#told || this.#lastTold;
    if (!['message', 'gap'].includes(type)) return undefined;
    this.#lastTold = told;
    return told;
  }

  /** Lets a listener act at random. */
  meddle(told = this.#told) {
    if (this.#isOver || this.#depth > 3 || this.#random(4)) return;
    const before = this.#told;
    this.#told = told;
    this.#depth += 1;
    this.#act();
    this.#depth -= 1;
    this.#told = before;
  }

  async run() {
    for (let step = 0; step < STEPS; step += 1) {
      this.#lastTold = '';
      const run = this.#pick([
        () => this.#act(), () => this.#act(), () => this.#server(), () => this.#server(), () => this.#server(),
        () => this.#server(), () => this.#network(), () => this.#happen(this.#pick(HOST_EVENTS)),
        () => this.clock.pass(this.#pick([0, 10, 300, 2_000, 11_000, 40_000])),
      ]);
      await run();
      if (this.#random(2)) await settled();
    }
    this.#isOver = true;
    await this.#mend();
    this.note('the end');
    this.#close();
    await Promise.all(this.#loops);
    this.#controllers.forEach((controller) => controller.abort());
    await this.clock.pass(0);
    assert.equal(this.clock.pending, 0, 'no timer is left');
    assert.equal(this.#promises, 0, 'every promise is settled');
    await this.clock.pass(100_000);
  }

  /** Without further failures, everything still subscribed catches up. */
  async #mend() {
    this.note('nothing fails any more');
    this.service.isCalm = true;
    this.#connect();
    const lives = () => this.#witnesses.filter(({ hasLeft }) => !hasLeft);
    const isWell = ({ subscription, isWatching }) => subscription.state === 'subscribed' && (!isWatching || subscription.presence.isSynced);
    for (let left = 120; !(this.peal.state === 'open' && this.sockets.last.readyState === 1 && lives().every(isWell)); left -= 1) {
      assert.ok(left, 'it does not reconnect');
      if (this.peal.state === 'closed') this.#connect(); // a last refusal was under way
      const socket = this.sockets.last;
      if (socket?.readyState === 0) this.#open(socket, true);
      if (socket) this.#answerAll(socket);
      await this.clock.pass(1_000);
    }
    for (const channel of CHANNELS) this.service.publish(channel, [this.sockets.last]);
    for (let turns = 0; turns < 5; turns += 1) await settled(); // a stream needs several turns
    for (const { subscription, isWatching } of lives()) {
      assert.deepEqual(subscription.position, this.service.positionOf(subscription.channel), `${subscription.channel} caught up`);
      const members = subscription.presence.members.map(({ client }) => client).sort();
      if (isWatching) assert.deepEqual(members, [...this.service.others(subscription.channel)].sort());
    }
  }

  #pick(list) {
    return list[this.#random(list.length)];
  }

  #close() {
    if (!this.#isClosed) this.#toldAtClose = this.#told;
    this.#isClosed = true;
    this.peal.close();
  }

  /** A random action of the application. */
  #act() {
    const channel = this.#pick(CHANNELS);
    const witness = this.#pick(this.#witnesses.length ? this.#witnesses : [null]);
    const { signal } = this.#pick([{}, this.#controller()]);
    const act = this.#pick([
      () => this.#connect(), () => this.#connect(), () => this.#connect(), () => this.#close(),
      () => this.#subscribe(channel), () => this.#subscribe(channel), () => this.#subscribe(channel, signal),
      () => this.#watch(witness?.subscription.unsubscribe()), () => this.#watch(this.peal.publish(channel, 1, { signal })),
      () => this.#watch(this.peal.publish(channel, 1, { volatile: true, event: 'a' })), () => this.#watch(this.peal.ping({ signal })),
      () => this.#watch(this.peal.presence(channel, { signal })), () => this.#watch(witness?.subscription.ready({ signal })),
      () => this.#watch(this.peal.ready({ signal })), () => this.#watch(this.peal.history(channel, { signal })),
      () => this.#watch(this.peal.direct('bob', 1, { signal })), () => this.#watch(this.peal.echo(1, { signal })),
      () => this.#watch(this.peal.setToken(this.#pick(['a.b.e', () => this.#token()]))), () => this.#watch(witness?.subscription.presence.sync()),
      () => witness?.watch(this), () => witness && this.#read(witness),
      () => this.#pick(this.#controllers.concat(new AbortController())).abort(),
      () => this.peal.once(this.#pick(['state', 'error']), () => this.meddle()),
    ]);
    this.note(`> ${act}`);
    act();
  }

  #connect() {
    this.#isClosed = false;
    this.peal.connect();
  }

  #read(witness) {
    const end = witness.read(this.#pick([1, 3, Infinity]), this.peal.state === 'closed');
    end.catch(() => {}); // until the sequence ends
    this.#loops.push(end);
  }

  #controller() {
    const controller = new AbortController();
    this.#controllers.push(controller);
    return controller;
  }

  #subscribe(channel, signal) {
    const witness = new Witness(this, this.peal.subscribe(channel, { signal }));
    this.#witnesses.push(witness);
    if (this.#random(3) === 0) witness.watch(this);
  }

  #watch(promise) {
    if (!promise || this.#random(2)) return; // never settled
    this.#promises += 1;
    const end = () => (this.#promises -= 1);
    promise.then(end, end);
  }

  #token() {
    if (this.service.isCalm) return 'a.b.f';
    return this.#pick([
      () => 'a.b.c', () => Promise.resolve(`a.b.${this.#random(1000)}`), () => Promise.reject(new Error('away')),
      () => new Promise(() => {}), () => '<html>', () => {
        throw new Error('broken');
      }, () => {
        this.meddle();
        return 'a.b.d';
      },
    ])();
  }

  #server() {
    const socket = this.sockets.last;
    if (!socket) return;
    const act = this.#pick([
      () => socket.readyState === 0 && this.#open(socket), () => socket.readyState === 0 && this.#open(socket),
      () => this.#answerAll(socket), () => this.#answerAll(socket), () => this.service.handle(socket),
      () => this.service.publish(this.#pick(CHANNELS), [socket]), () => this.service.publish(this.#pick(CHANNELS), [socket]),
      () => this.#random(3) === 0 && socket.readyState === 1 && this.service.takeAway(this.#pick(CHANNELS), socket),
      () => this.service.move(this.#pick(CHANNELS), this.#pick(CLIENTS), socket), () => this.service.lose(this.#pick(CHANNELS)),
      () => this.service.gap(this.#pick(CHANNELS), socket), () => this.#nonsense(socket), () => this.#late(this.#pick(this.sockets.all)),
    ]);
    act();
  }

  #open(socket, greets = this.#random(4)) {
    socket.open();
    if (greets) socket.greet();
  }

  /** Messages that a server should not send, or not now. */
  #nonsense(socket) {
    if (socket.readyState !== 1) return;
    const data = this.#pick([
      '{', '{"type":"new"}', '{"type":"pong","id":999999}', '{"type":"error","code":"forbidden","message":"","id":999999}',
      '{"type":"error","code":"bad_request","message":""}',
      JSON.stringify({ type: 'direct', from: 'bob', event: 'call', payload: (this.#directs += 1) }),
    ]);
    socket.onmessage({ data });
  }

  /** An abandoned socket receives again. */
  #late(socket) {
    if (socket.readyState !== 2) return;
    if (this.#random(2)) socket.say({ type: 'broadcast', channel: 'a', payload: '0/0', offset: 10_000 });
    else socket.drop(this.#pick(CODES));
  }

  #answerAll(socket) {
    while (this.service.handle(socket));
  }

  #network() {
    const socket = this.sockets.last;
    if (!socket || socket.readyState > 1) return;
    const kind = this.#random(6);
    if (kind === 0) this.service.forget();
    this.note(`network ${kind}`);
    if (kind === 1) socket.fail();
    else if (kind < 5) socket.drop(this.#pick(CODES));
  }
}

const { fetch } = globalThis;

/** Runs this many sequences. */
async function runAll(t, count, transport) {
  const unhandled = [];
  const note = (error) => unhandled.push(error);
  process.on('unhandledRejection', note);
  globalThis.reportError = note;
  t.after(() => {
    process.off('unhandledRejection', note);
    for (const name of ['reportError', 'addEventListener', 'removeEventListener', 'document']) delete globalThis[name];
    globalThis.fetch = fetch;
  });
  t.mock.method(console, 'warn', () => {});
  for (let seed = FIRST_SEED; seed < FIRST_SEED + count; seed += 1) {
    const sequence = new Sequence(seed, transport);
    try {
      await sequence.run();
      await settled();
      assert.deepEqual(unhandled, []);
    } catch (error) {
      throw new Error(`PEAL_SEED=${seed} PEAL_SEQUENCES=${transport === 'sse' ? 10 : 1}:\n${sequence.log}`, { cause: error });
    }
  }
}

test(`${SEQUENCES} random sequences, first seed ${FIRST_SEED}`, (t) => runAll(t, SEQUENCES, 'websocket'));

const OVER_HTTP = Math.ceil(SEQUENCES / 10); // each takes longer
test(`${OVER_HTTP} random sequences over SSE and HTTP`, (t) => runAll(t, OVER_HTTP, 'sse'));
