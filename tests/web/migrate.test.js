/** The diffs of protocols/migrate.md: runs the resulting code, each with a separate server. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

import { PealServer } from './support/peal_server.js';
import { signToken } from './support/token.js';

const SECRET = 'a-secret-of-the-tests-with-32-bytes-and-more';
const KEY = 'a-key-of-the-migration';
const CLIENT = new URL('../../web/peal.js', import.meta.url).href;
const page = await readFile(new URL('../../protocols/migrate.md', import.meta.url), 'utf8');

/** The result of each diff of this kind, with the server's address. */
const results = (kind) =>
  [...page.matchAll(new RegExp(`\`\`\`diff ${kind}\n([^]*?)\`\`\``, 'g'))].map(([, diff]) =>
    diff
      .split('\n')
      .filter((line) => !line.startsWith('-'))
      .map((line) => line.slice(1))
      .join('\n'),
  );

async function start(t) {
  const folder = await mkdtemp(join(tmpdir(), 'peal-migrate-'));
  t.after(() => rm(folder, { recursive: true }));
  const server = await PealServer.start(t, { PEAL_AUTH_SECRET: SECRET, PEAL_API_KEY: KEY });
  const place = async (name, code) => {
    await writeFile(join(folder, name), code.replaceAll('http://127.0.0.1:8080', server.url));
    return join(folder, name);
  };
  return { place, server };
}

/** The client as a module, with what a page provides. */
async function runClient(t, place, code) {
  const texts = [];
  globalThis.migrated = { token: signToken(SECRET, 'alice', 600), show: (from, text) => texts.push(`${from}: ${text}`) };
  const around = `import WebSocket from '${import.meta.resolve('ws')}';\nconst { token, show } = globalThis.migrated;\n`;
  const file = await place('client.mjs', around + code.replace("'peal-client'", `'${CLIENT}'`) + '\nexport { peal };\n');
  const { peal, say } = await import(pathToFileURL(file));
  t.after(() => peal.close());
  await peal.ready();
  await say('hello');
  return async (text) => {
    for (let left = 100; !texts.includes(text); left -= 1) {
      assert.ok(left, `${text} in ${texts}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
}

const clients = results('client');
const backends = results('backend');

test('every guide has its diffs', () => {
  assert.deepEqual([clients.length, backends.length, results('python').length], [3, 3, 1]);
});

for (const [index, code] of clients.entries()) {
  test(`client and backend ${index + 1}`, { timeout: 20_000 }, async (t) => {
    const { place } = await start(t);
    const sees = await runClient(t, place, code);
    await sees('alice: hello');
    process.env.PEAL_API_KEY = KEY;
    const { announce } = await import(pathToFileURL(await place('backend.mjs', backends[index])));
    assert.equal((await announce('soon')).status, 200);
    await sees('system: soon');
  });
}

/** A fake of the parts of FastAPI that the example uses; calls the functions directly. */
const FASTAPI = `class FastAPI:
    def post(self, path):
        return lambda function: function
`;

test('FastAPI', { timeout: 20_000 }, async (t) => {
  const { place } = await start(t);
  const sees = await runClient(t, place, clients[2]);
  await place('fastapi.py', FASTAPI);
  const code = `${results('python')[0]}\nprint(announce("from python")["offset"], len(ticket()["ticket"]))\n`;
  const { stdout } = await promisify(execFile)('/usr/bin/python3', [await place('main.py', code)], {
    env: { ...process.env, PEAL_API_KEY: KEY },
  });
  assert.equal(stdout, '2 32\n');
  await sees('system: from python');
});
