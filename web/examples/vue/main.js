import { createApp } from 'vue';

import Room from './Room.vue';

createApp(Room, { channel: 'lobby' }).mount('#app');
