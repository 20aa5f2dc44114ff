/**
 * peal.js in random sequences of what may happen, against what web/README.md
 * promises. PEAL_SEED repeats a run, PEAL_SEQUENCES makes it longer.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { settled } from './support/fake_clock.js';
import { FakeService } from './support/fake_service.js';
import { setUp } from './support/peal_setup.js';

const SEQUENCES = Number(process.env.PEAL_SEQUENCES ?? 2_000);
const FIRST_SEED = Number(process.env.PEAL_SEED ?? Math.floor(Math.random() * 2 ** 31));
const STEPS = 60;
const CHANNELS = ['a', 'b', 'c'];
const CODES = [1006, 1006, 1012, 4401, 4403, 4508, 4529];

/** Integers below a bound, the same ones for the same seed. */
function randomOf(seed) {
  let state = seed;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}

/** What one subscription has heard, held against the promises. */
class Witness {
  #last = null; // {epoch, offset} of the last message

  constructor(sequence, subscription) {
    const hear = (type, act = () => {}) => subscription.on(type, (event) => {
      sequence.note(`${type} ${subscription.channel}`);
      if (this.hasLeft) assert.fail(`${type} after unsubscribe()`);
      const told = `${type} ${subscription.channel} ${event.payload ?? ''}`;
      if (type !== 'unsubscribed') sequence.assertOpen(told);
      act(event);
      sequence.meddle(['message', 'gap'].includes(type) ? told : undefined);
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
  }

  #owes = false; // a gap, after a subscribed that did not recover
  hasLeft = false;

  #message(payload) {
    const [epoch, offset] = payload.split('/').map(Number);
    assert.ok(!this.#owes, 'a loss was not told');
    if (this.#last) assert.deepEqual([epoch, offset], [this.#last.epoch, this.#last.offset + 1]);
    this.#last = { epoch, offset };
  }
}

class Sequence {
  #random;
  #log = [];
  #promises = 0;
  #isClosed = true; // close() was called, or it is closed, and connect() not since
  #depth = 0;
  #told = ''; // the message or gap whose listener acts
  #toldAtClose = '';
  #isOver = false; // listeners rest
  #witnesses = [];

  constructor(seed) {
    this.#random = randomOf(seed);
    this.service = new FakeService(this.#random);
    const all = setUp({
      idlePing: 25_000, token: (why) => this.#token(why), backoffBase: 500, debug: (...line) => this.note(JSON.stringify(line)),
    });
    Object.assign(this, all);
    this.clock.random = () => this.#random(1000) / 1000;
    this.peal.on('state', ({ state, delay }) => {
      this.note(`state ${state} ${delay ?? ''}`);
      if (state === 'closed') this.#isClosed = true;
      else if (this.#isClosed) assert.fail(`${state} after close()`);
      this.meddle();
    });
    this.peal.on('error', () => this.meddle());
  }

  get log() {
    return this.#log.join('\n');
  }

  note(line) {
    this.#log.push(line);
  }

  /** A message or a gap that one subscription is told is told to all of the channel. */
  assertOpen(told) {
    if (!this.#isClosed || told === this.#toldAtClose) return;
    assert.fail(`${told} after close()`);
  }

  /** What a listener does. */
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
      const run = this.#pick([
        () => this.#act(), () => this.#act(), () => this.#server(), () => this.#server(), () => this.#server(),
        () => this.#server(), () => this.#network(), () => this.clock.pass(this.#pick([0, 10, 300, 2_000, 11_000, 40_000])),
      ]);
      await run();
      if (this.#random(2)) await settled();
    }
    this.note('the end');
    this.#isOver = true;
    this.#close();
    await this.clock.pass(0);
    assert.equal(this.clock.pending, 0, 'no timer is left');
    assert.equal(this.#promises, 0, 'every promise is settled');
    await this.clock.pass(100_000);
  }

  #pick(list) {
    return list[this.#random(list.length)];
  }

  #close() {
    if (!this.#isClosed) this.#toldAtClose = this.#told;
    this.#isClosed = true;
    this.peal.close();
  }

  /** What an application may do. */
  #act() {
    const channel = this.#pick(CHANNELS);
    const witness = this.#pick(this.#witnesses.length ? this.#witnesses : [null]);
    const act = this.#pick([
      () => this.#connect(), () => this.#connect(), () => this.#connect(), () => this.#close(),
      () => this.#subscribe(channel), () => this.#subscribe(channel), () => this.#subscribe(channel),
      () => this.#watch(witness?.subscription.unsubscribe()), () => this.#watch(this.peal.publish(channel, 1)),
      () => this.#watch(this.peal.publish(channel, 1)), () => this.#watch(this.peal.ping()),
      () => this.#watch(this.peal.presence(channel)), () => witness && this.#watch(witness.subscription.ready()),
    ]);
    this.note(`> ${act}`);
    act();
  }

  #connect() {
    this.#isClosed = false;
    this.peal.connect();
  }

  #subscribe(channel) {
    this.#witnesses.push(new Witness(this, this.peal.subscribe(channel)));
  }

  #watch(promise) {
    if (!promise || this.#random(2)) return; // left alone
    this.#promises += 1;
    const end = () => (this.#promises -= 1);
    promise.then(end, end);
  }

  #token() {
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
    ]);
    act();
  }

  #open(socket) {
    socket.open();
    if (this.#random(4)) socket.greet();
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

test(`${SEQUENCES} random sequences from seed ${FIRST_SEED} on`, async (t) => {
  const unhandled = [];
  const note = (error) => unhandled.push(error);
  process.on('unhandledRejection', note);
  globalThis.reportError = note;
  t.after(() => {
    process.off('unhandledRejection', note);
    delete globalThis.reportError;
  });
  t.mock.method(console, 'warn', () => {});
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEQUENCES; seed += 1) {
    const sequence = new Sequence(seed);
    try {
      await sequence.run();
      await settled();
      assert.deepEqual(unhandled, []);
    } catch (error) {
      throw new Error(`PEAL_SEED=${seed} PEAL_SEQUENCES=1:\n${sequence.log}`, { cause: error });
    }
  }
});
