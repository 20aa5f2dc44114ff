/** Pusher's own clients and library, set up for the real server, and the application that signs for
 * them. */

import { createHmac } from 'node:crypto';
import { once as happens } from 'node:events';
import { createServer } from 'node:http';

import Pusher from 'pusher';
import PusherClient from 'pusher-js';

export const KEY = 'a-key-of-the-tests';
export const APP = { id: '1', key: 'app-key', secret: 'app-secret', client_events: true };
export const start = (app = {}) => ({ PEAL_API_KEY: KEY, PEAL_PUSHER_APPS: JSON.stringify([{ ...APP, ...app }]) });
export const START = start();

export const sign = (text) => `${APP.key}:${createHmac('sha256', APP.secret).update(text).digest('hex')}`;

/** The response of an application's endpoint. */
export function authorize({ socketId, channelName }, callback, user) {
  if (!channelName.startsWith('presence-')) {
    callback(null, { auth: sign(`${socketId}:${channelName}`) });
    return;
  }
  const data = JSON.stringify(user);
  callback(null, { auth: sign(`${socketId}:${channelName}:${data}`), channel_data: data });
}

export const optionsOf = (server) => ({
  wsHost: '127.0.0.1',
  wsPort: server.port,
  forceTLS: false,
  enabledTransports: ['ws'],
  disableStats: true,
  cluster: '',
});

export function clientOf(t, server, { user = {}, ...options } = {}) {
  const client = new PusherClient(APP.key, {
    ...optionsOf(server),
    channelAuthorization: { customHandler: (asked, callback) => authorize(asked, callback, user) },
    ...options,
  });
  t.after(() => client.disconnect());
  return client;
}

export const backendOf = (server, options = {}) => new Pusher({
  appId: APP.id, key: APP.key, secret: APP.secret, host: '127.0.0.1', port: server.port, useTLS: false, ...options,
});

export const once = (emitter, event) => new Promise((resolve) => {
  const listener = (data, metadata) => {
    emitter.unbind(event, listener);
    resolve([data, metadata]);
  };
  emitter.bind(event, listener);
});

export const subscribed = (channel) => once(channel, 'pusher:subscription_succeeded');

/** An application over HTTP; `answer(body, headers)` returns its response. */
export async function applicationOf(t, answer) {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const said = answer(body, request.headers);
    response.writeHead(said ? 200 : 403, { 'Content-Type': 'application/json' }).end(JSON.stringify(said ?? {}));
  }).listen(0, '127.0.0.1');
  await happens(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}/`;
}
