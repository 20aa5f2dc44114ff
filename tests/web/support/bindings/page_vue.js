/** A page whose parts a test shows and hides with `window.show({...})`. */

import { createApp, h, shallowRef } from 'vue';

import { PealProvider } from 'peal-client/vue';

import Room from './Room.vue';

const url = new URLSearchParams(location.search).get('server');
window.heard = [];
const shown = shallowRef({ channel: 'room', hasRoom: true });
window.show = (change) => {
  shown.value = { ...shown.value, ...change };
};

createApp(() => h(PealProvider, { options: { client: 'alice', url } }, () => (
  shown.value.hasRoom && h(Room, {
    channel: shown.value.channel,
    onMessage: ({ payload }) => window.heard.push([shown.value.channel, payload]),
  })
))).mount('#root');
