/** Typical application code, only for the compiler; it is never run. */

import { Peal, PealError, Subscription, adviceFor, expiryOf } from 'peal-client';
import type { Advice, PealOptions, Position } from 'peal-client';

interface Text {
  text: string;
}

declare const kept: Position;

const options: PealOptions = {
  client: 'alice',
  url: 'https://example.com',
  token: async ({ reason }) => (reason === 'refused' ? 'a' : 'b'),
  WebSocket,
};
const peal = new Peal(options);
new Peal({ client: 'alice', ticket: () => 'a' });

const stop: () => void = peal.on('state', (event) => {
  if (event.state === 'waiting') event.delay.toFixed();
  if (event.state === 'closed') event.final === true;
});
peal.on('direct', ({ from, payload }) => [from?.length, payload.anything]);

const most: number | undefined = peal.hello?.limits.message_bytes;

const lobby: Subscription<Text> = peal.subscribe<Text>('lobby', { since: kept });
lobby.on('message', ({ payload, offset }) => payload.text.repeat(offset));
lobby.on('gap', (gap) => (gap.reason === 'hole' ? gap.missing : gap.since.epoch));
const position: Position | undefined = lobby.position;

export async function use(): Promise<void> {
  const { offset } = await lobby.publish({ text: 'hello' });
  const [first] = await peal.presence('lobby');
  const { messages } = await lobby.history({ limit: offset + first.connections });
  messages[0].payload.text.trim();
  (await peal.echo(17)).toFixed();
  await peal.direct('bob', null).catch((error: PealError) => error.closeCode?.toFixed());
}

const advice: Advice = adviceFor(4401);
void [stop, position, most?.toFixed(), advice.again, advice.needsToken, advice.wait.toFixed(), expiryOf('').toFixed()];

// @ts-expect-error a client is required
new Peal({ url: 'https://example.com' });
// @ts-expect-error a token or a ticket, not both
new Peal({ client: 'alice', token: 'a', ticket: () => 'b' });
// @ts-expect-error a ticket is valid for one connection, so it must come from a function
new Peal({ client: 'alice', ticket: 'a' });
// @ts-expect-error no such event
lobby.on('massage', () => {});
// @ts-expect-error no such payload
lobby.publish({ txt: 'hello' });
// @ts-expect-error only made by subscribe()
new Subscription();

/** Settings that may be missing, as under exactOptionalPropertyTypes. */
declare const settings: { url: string | undefined; requestTimeout: number | undefined };
new Peal({ client: 'alice', ...settings, token: undefined, idlePing: undefined });

// Channels declared once. -----------------------------------------------------

interface Channels {
  lobby: { payload: Text; events: { typing: { active: boolean }; left: null } };
  [room: `room:${string}`]: { payload: { count: number } };
}

const typed = new Peal<Channels>({ client: 'alice' });
const hall = typed.subscribe('lobby', { signal: new AbortController().signal });
hall.on('event:typing', ({ event, payload }) => [event === 'typing', payload.active === true]);
hall.on('message', (message) => {
  if (message.event === 'typing') message.payload.active === true;
  else if (message.event === undefined) message.payload.text.trim();
});
hall.onAny((type, event) => [type.length, event]);
hall.presence.on('join', ({ client, info }) => [client.trim(), info?.name]);
hall.presence.once('sync', ({ members }) => members.map(({ connections }) => connections.toFixed()));
typed.subscribe('room:1').on('message', ({ payload }) => payload.count.toFixed());
lobby.on('event:anything', ({ payload }) => payload.goes);
peal.on('event:psst', ({ from, payload }) => [from?.length, payload.anything]);

export async function useDeclared(signal: AbortSignal): Promise<void> {
  const dropped = await hall.publish({ active: true }, { event: 'typing', volatile: true });
  if (dropped === null) return;
  (await hall.publish({ text: 'hello' }, { signal })).offset.toFixed();
  (await typed.publish('room:2', { count: 1 })).payload.count.toFixed();
  (await typed.publish('lobby', { active: false }, { event: 'typing' })).payload.active === true;
  (await typed.history('lobby', { signal })).messages[0].payload.text.trim();
  for await (const message of hall) if (message.event === undefined) message.payload.text.trim();
  await typed.setToken(async ({ reason }) => reason);
  (await (await typed.ready({ signal })).subscribe('lobby').ready()).presence.members.length.toFixed();
}

// @ts-expect-error no such channel
typed.subscribe('loby');
// @ts-expect-error no such event in this channel
hall.on('event:typin', () => {});
// @ts-expect-error another payload
hall.publish({ text: 'hello' }, { event: 'typing' });
// @ts-expect-error another payload
typed.publish('room:1', { text: 'hello' });
// @ts-expect-error it may have been dropped
hall.publish({ active: true }, { event: 'typing', volatile: true }).then(({ offset }) => offset);
// @ts-expect-error presence is an object
hall.presence();
