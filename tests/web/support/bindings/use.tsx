/** Code that must compile against the types of the bindings. */

import { ref } from 'vue';

import { Peal } from 'peal-client';
import * as react from 'peal-client/react';
import * as vue from 'peal-client/vue';

const peal = new Peal({ client: 'a', url: 'http://b' });

export function Page() {
  const { state, delay } = react.useConnection();
  const { messages, publish } = react.useChannel<{ text: string }>('room', { onMessage: ({ payload }) => payload.text });
  const { members } = react.usePresence(null, { every: 1000 });
  publish({ text: 'x' }, { event: 'e' }).then(({ offset }) => offset + 1);
  publish({ text: 'x' }, { volatile: true }).then((result) => result?.offset);
  // @ts-expect-error the payload has another type
  publish({ text: 1 });
  const listed: string[] = [...messages.map(({ key, payload }) => key + payload.text), ...members.map(({ client }) => client)];
  return react.PealProvider({ peal, children: [state === 'open', (delay ?? 0) + 1, ...listed] });
}

interface Channels {
  room: { payload: string };
}
react.PealProvider({ peal: new Peal<Channels>({ client: 'a' }) });
// @ts-expect-error one of the two
react.PealProvider({});
react.PealProvider({ options: { client: 'a', token: () => 'x' } });

vue.providePeal(peal).publish('room', 1);
vue.providePeal({ client: 'a' });
const { messages } = vue.useChannel<number>(ref('room'), { history: 10 });
export const sum: number = messages.value.reduce((total, { payload }) => total + payload, 0);
export const names: string[] = vue.usePresence(() => null).members.value.map(({ client }) => client);
// @ts-expect-error no such state
export const isOpen: boolean = vue.useConnection().state.value === 'opened';
