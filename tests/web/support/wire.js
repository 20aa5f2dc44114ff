/**
 * The wire between one page and the server, which can be cut: what is open
 * breaks without a close frame, and nothing new gets through until mended.
 */

import { once } from 'node:events';
import { connect, createServer } from 'node:net';

export class Wire {
  #listener;
  #sockets = new Set();
  #cut = false;

  /** @param t the test that it ends with */
  static async to(t, port) {
    const wire = new Wire();
    wire.#listener = createServer((page) => wire.#join(page, port));
    wire.#listener.listen(0, '127.0.0.1');
    await once(wire.#listener, 'listening');
    t.after(() => {
      wire.cut();
      wire.#listener.close();
    });
    return wire;
  }

  get url() {
    return `http://127.0.0.1:${this.#listener.address().port}`;
  }

  cut() {
    this.#cut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** As when a phone changes its network: what is open hears nothing any more, and is told nothing. */
  deaden() {
    for (const socket of this.#sockets) {
      socket.unpipe();
      socket.removeAllListeners('close');
      socket.pause();
    }
  }

  mend() {
    this.#cut = false;
  }

  #join(page, port) {
    if (this.#cut) {
      page.destroy();
      return;
    }
    const server = connect(port, '127.0.0.1');
    for (const [from, to] of [[page, server], [server, page]]) {
      this.#sockets.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
  }
}
