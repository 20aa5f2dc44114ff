/** Clients of the server, quiet and talking ones. */

import WebSocket from 'ws';

export class Crowd {
  #sockets = [];
  #timers = [];

  /** @param t the test that it ends with */
  constructor(t, server) {
    this.url = server.url.replace('http', 'ws');
    t.after(() => this.leave());
  }

  /** A client that has joined a channel. */
  async join(client, channel) {
    const socket = new WebSocket(`${this.url}/ws/${encodeURIComponent(client)}?channel=${encodeURIComponent(channel)}`, ['broadcast']);
    socket.closed = new Promise((resolve) => socket.on('close', (code, reason) => resolve({ code, reason: String(reason) })));
    this.#sockets.push(socket);
    await new Promise((resolve, reject) => {
      socket.once('message', resolve);
      socket.once('error', reject);
    });
    return socket;
  }

  joinAll(count, client, channel) {
    return Promise.all(Array.from({ length: count }, (_, i) => this.join(client(i), channel(i))));
  }

  /** Publishes to its channel this many times per second. */
  talk(socket, channel, perSecond, payload = 'x'.repeat(100)) {
    const text = JSON.stringify({ type: 'broadcast', channel, payload });
    let due = 0;
    this.#timers.push(setInterval(() => {
      for (due += perSecond / 20; due >= 1; due -= 1) socket.send(text);
    }, 50));
  }

  leave() {
    for (const timer of this.#timers) clearInterval(timer);
    for (const socket of this.#sockets) socket.terminate();
  }
}
