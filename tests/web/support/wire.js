/**
 * A connection between one page and the server that can be cut: open sockets
 * break without a close frame, and new ones fail until it is mended.
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

  /** Like a phone that changes its network: open sockets receive nothing more, and are not
   * notified. */
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
