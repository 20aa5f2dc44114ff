/** Runs the commands of README.md's "Try it" unchanged: from a checkout to a message
 *  published by a backend and shown in a browser. The second command opens the
 *  default browser; here that is Chromium. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { Browser, ChatPage } from './support/browser.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PORT = 8080; // the number in README.md
const BUILD_SECONDS = 400; // the first start builds

/** The commands of the section "Try it". */
async function commands() {
  const text = await readFile(join(ROOT, 'README.md'), 'utf8');
  const [section] = /^## Try it\n[^]*?^## /m.exec(text);
  const blocks = [...section.matchAll(/```sh\n([^]*?)```/g)].map(([, block]) => block.trimEnd());
  return blocks.join('\n').replaceAll(/\\\n\s*/g, '').split('\n');
}

async function until(condition, seconds, what) {
  for (let left = seconds * 10; left > 0; left -= 1) {
    const found = await condition();
    if (found) return found;
    await sleep(100);
  }
  throw new Error(`waited ${seconds} s for ${what()}`);
}

async function portIsTaken() {
  const socket = connect(PORT, '127.0.0.1');
  const [error] = await Promise.race([once(socket, 'connect'), once(socket, 'error')]).catch((e) => [e]);
  socket.destroy();
  return !error;
}

/** An interactive shell on a machine with a browser. */
async function shell(t) {
  const folder = await mkdtemp(join(tmpdir(), 'peal-quick-start-'));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'xdg-open'), `#!/bin/sh\necho "opened $1"\n`);
  await chmod(join(folder, 'xdg-open'), 0o755);
  const rest = Object.entries(process.env).filter(([name]) => !name.startsWith('PEAL_'));
  const child = spawn('bash', [], {
    cwd: ROOT,
    env: { ...Object.fromEntries(rest), PATH: `${folder}:${process.env.PATH}` },
  });
  const typed = { output: '', type: (line) => child.stdin.write(`${line}\n`) };
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => (typed.output += chunk));
  t.after(async () => {
    typed.type('kill %1; wait; exit');
    await once(child, 'close');
    assert.equal(await portIsTaken(), false, 'the server is still there');
  });
  typed.says = (pattern, seconds) =>
    until(() => pattern.exec(typed.output), seconds, () => `${pattern} in:\n${typed.output}`);
  return typed;
}

test('three commands', { timeout: (BUILD_SECONDS + 60) * 1000 }, async (t) => {
  assert.equal(await portIsTaken(), false, `something else listens on ${PORT}`);
  const lines = await commands();
  assert.equal(lines.length, 3);
  const browser = await Browser.launch();
  t.after(() => browser.close());
  const typed = await shell(t);

  typed.type(lines[0]);
  await typed.says(/ Open http:/, BUILD_SECONDS);
  typed.type(lines[1]);
  const [, url] = await typed.says(/^opened (http:\S+)$/m, 5);
  const chat = new ChatPage(await browser.page(t, url));
  await chat.reaches('open');
  assert.deepEqual(await chat.texts(), []);

  typed.type(lines[2]);
  await chat.sees('hello from a backend');
  await typed.says(/\{"channel":"lobby","epoch":"[0-9a-f]{16}","offset":1\}/, 5);
});
