/** Clients connected to a fake server, in the states where tests begin. */

import { FakeClock, settled } from './fake_clock.js';
import { fakeSockets } from './fake_socket.js';

/** PEAL_CLIENT: the address of another build of peal.js to test. */
const { Peal } = await import(process.env.PEAL_CLIENT ?? '../../../web/peal.js');

export const URL = 'http://server.test';

export function setUp(options = {}) {
  const clock = options.clock ?? new FakeClock();
  const sockets = fakeSockets();
  const peal = new Peal({ client: 'alice', url: URL, WebSocket: sockets, clock, idlePing: 0, transport: 'websocket', ...options });
  const states = [];
  peal.on('state', (event) => states.push(event));
  return { peal, clock, sockets, states };
}

export async function opened(options) {
  const all = setUp(options);
  all.peal.connect();
  await settled();
  all.sockets.last.open();
  return all;
}

/** Like opened(), with `lobby` subscribed at offset 5 of epoch E; also returns all its events. */
export async function subscribed(options) {
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

/** Passes the wait until the next socket exists, not yet open. */
export async function redialled({ sockets, clock }, code = 1006) {
  sockets.last.drop(code);
  const { length } = sockets.all;
  while (sockets.all.length === length && clock.pending) await clock.pass(clock.next);
}

export async function reconnected(all, code) {
  await redialled(all, code);
  all.sockets.last.open();
}

export const message = (offset, channel = 'lobby') => ({
  type: 'broadcast', channel, from: 'bob', payload: `m${offset}`, offset, time: offset,
});
export const offsetsOf = (events) => events.filter(([type]) => type === 'message').map(([, { offset }]) => offset);
export const typesOf = (events) => events.map(([type]) => type);

export function jwt(claims) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'HS256' })}.${part({ sub: 'alice', ...claims })}.c2ln`;
}
export const tokenFor = (clock, seconds) => jwt({ exp: Math.floor(clock.now() / 1000) + seconds });
