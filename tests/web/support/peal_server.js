/** The real server, started on a free port of loopback and ended by its process id. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const BINARY = process.env.PEAL_BINARY ?? `${ROOT}build/peal`;

/** Prevents the caller's environment from affecting the tests. */
const neutral = () => Object.entries(process.env).filter(([name]) => !name.startsWith('PEAL_'));

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

export class PealServer {
  #child;
  #environment;
  output = ''; // of the last lines, shown by a failing test

  constructor(port, environment) {
    this.port = port;
    this.#environment = environment;
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts a server for test `t`, and stops it when the test ends. */
  static async start(t, environment = {}) {
    const server = new PealServer(await freePort(), environment);
    t.after(() => server.kill());
    await server.start();
    return server;
  }

  async start() {
    // only tests with a separate folder use accounts
    this.#child = spawn(BINARY, ['--dev', '--port', String(this.port)], {
      cwd: ROOT,
      env: { ...Object.fromEntries(neutral()), XDG_STATE_HOME: '/proc/none', ...this.#environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const keep = (chunk) => (this.output = (this.output + chunk).slice(-4000));
    this.#child.stdout.on('data', keep);
    this.#child.stderr.on('data', keep);
    this.#child.on('error', keep);
    await this.#healthy();
  }

  async #healthy() {
    for (let tries = 0; tries < 100; tries += 1) {
      const answer = await fetch(`${this.url}/health`).catch(() => null);
      if (answer?.ok) return;
      if (this.#child.exitCode !== null) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`the server does not start: ${this.output}`);
  }

  /** @returns {Promise<number | null>} its exit code; null if a signal ended it */
  async kill(signal = 'SIGKILL') {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    child.kill(signal);
    const [code] = await once(child, 'exit');
    return code;
  }
}
