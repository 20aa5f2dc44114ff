/** Redis Cluster nodes for a test, ended with it. */

import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { freePort } from './peal_server.js';

const SLOTS = 16384;
const run = promisify(execFile);

/** @returns the output of redis-cli, or '' if it fails */
async function ask(port, ...words) {
  const { stdout } = await run('redis-cli', ['-p', String(port), ...words.map(String)]).catch(() => ({ stdout: '' }));
  return stdout;
}

async function until(isSo, what) {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`waited in vain for ${what}`);
}

/** @returns {Promise<{port: number, bus: number, child: import('node:child_process').ChildProcess}>} */
export async function startRedis(t) {
  const folder = await mkdtemp(join(tmpdir(), 'peal-redis-'));
  const [port, bus] = [await freePort(), await freePort()];
  const child = spawn('redis-server', ['--port', port, '--bind', '127.0.0.1', '--save', '', '--dir', folder,
    '--cluster-enabled', 'yes', '--cluster-port', bus].map(String), { stdio: 'ignore' });
  t.after(async () => {
    child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });
  await until(async () => (await ask(port, 'PING')).startsWith('PONG'), 'redis-server');
  return { port, bus, child };
}

/** Masters with equal shares of the slots. */
export async function joinCluster(nodes) {
  const share = SLOTS / nodes.length;
  await Promise.all(nodes.map(({ port }, i) => ask(port, 'CLUSTER', 'ADDSLOTSRANGE', i * share, (i + 1) * share - 1)));
  await Promise.all(nodes.map(({ port }, i) => ask(port, 'CLUSTER', 'SET-CONFIG-EPOCH', i + 1)));
  for (const { port, bus } of nodes.slice(1)) await ask(nodes[0].port, 'CLUSTER', 'MEET', '127.0.0.1', port, bus);
  await until(async () => (await Promise.all(nodes.map(({ port }) => ask(port, 'CLUSTER', 'INFO'))))
    .every((info) => info.includes('cluster_state:ok') && info.includes(`cluster_size:${nodes.length}`)), 'the cluster');
}
