/** peal.js in Node through an outage: with `ws`, and with the WebSockets of Node 20, 22 and 24. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { freePort, PealServer } from './support/peal_server.js';

const PROGRAM = fileURLToPath(new URL('support/outage.mjs', import.meta.url));
const CLIENT = new URL('../../web/peal.js', import.meta.url).href;
const nodeOf = (name) => fileURLToPath(new URL(`node_modules/${name}-${process.arch}/bin/node`, import.meta.url));
const NODE_22 = nodeOf('node-linux');
const WS = import.meta.resolve('ws');
const RUNS = [
  ['ws', [process.execPath], WS],
  ['ws in Node 22', [NODE_22], WS],
  ['the WebSocket of Node 22', [NODE_22], ''],
  ['the WebSocket of Node 24', [nodeOf('node-24-linux')], ''],
];
if (process.version.startsWith('v20.')) RUNS.push(['the WebSocket of Node 20', [process.execPath, '--experimental-websocket', '--no-warnings'], '']);

/** The program and its output. */
function run(t, [node, ...flags], url, ws) {
  const child = spawn(node, [...flags, PROGRAM, CLIENT, url, ws], { stdio: ['pipe', 'pipe', 'pipe'] });
  t.after(() => child.kill());
  const exited = once(child, 'exit');
  let told = '';
  let wrong = '';
  child.stdout.on('data', (chunk) => (told += chunk));
  child.stderr.on('data', (chunk) => (wrong += chunk));
  const count = (line) => told.split('\n').filter((one) => one === line).length;
  return {
    count,
    async until(line, times = 1) {
      for (let left = 200; count(line) < times; left -= 1) {
        if (!left || child.exitCode !== null) throw new Error(`waited for ${times} × ${line}:\n${told}\n${wrong}`);
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    },
    async end() {
      child.stdin.write('end\n');
      const [code] = await exited;
      assert.deepEqual([code, wrong], [0, '']);
      assert.equal(count('ended'), 1);
    },
  };
}

for (const [name, how, ws] of RUNS) {
  test(`${name}: survives a server that is down, starts, and restarts`, { timeout: 15_000 }, async (t) => {
    const server = new PealServer(await freePort(), {});
    t.after(() => server.kill());
    const program = run(t, how, server.url, ws);
    await program.until('waiting', 5); // each failed dial is noticed at once
    await server.start();
    await program.until('subscribed');
    await server.kill();
    const before = program.count('waiting');
    await program.until('waiting', before + 3);
    await server.start();
    await program.until('subscribed', 2);
    await program.end();
  });

  test(`${name}: survives responses that are not WebSocket handshakes`, { timeout: 15_000 }, async (t) => {
    const refusing = createServer((request, response) => response.writeHead(401).end());
    refusing.on('upgrade', (request, socket) => {
      socket.on('error', () => {}); // the client may close first
      socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n');
    });
    refusing.listen(0, '127.0.0.1');
    await once(refusing, 'listening');
    t.after(() => refusing.close());
    const program = run(t, how, `http://127.0.0.1:${refusing.address().port}`, ws);
    await program.until('waiting', 5);
    await program.end();
  });
}
