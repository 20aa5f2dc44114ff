/** The npm package of web/: packed, installed elsewhere, used from Node. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

import ts from 'typescript';
import WebSocket from 'ws';

import { PealServer } from './support/peal_server.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const KEY = '0123456789abcdef0123456789abcdef';
const SECRET = 'a-secret-of-32-bytes-at-the-least';

let folder; // of an application that has the package installed
let packed; // what npm says about the tarball
let client; // the installed module

/** Without a word to any registry. */
function npm(args, cwd) {
  const quiet = ['--offline', '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];
  return execFileSync('npm', [...args, ...quiet], { cwd, encoding: 'utf8' });
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'peal-package-'));
  writeFileSync(join(folder, 'package.json'), '{"private": true, "type": "module"}');
  [packed] = JSON.parse(npm(['pack', '--json', '--pack-destination', folder], join(ROOT, 'web')));
  npm(['install', join(folder, packed.filename)], folder);
  const resolve = createRequire(join(folder, 'index.js')).resolve;
  client = await import(pathToFileURL(resolve('peal-client')));
});
after(() => folder && rmSync(folder, { recursive: true }));

/** The types as an application in `folder` sees them. */
function compile() {
  const use = join(folder, 'client_use.ts');
  copyFileSync(join(ROOT, 'tests/web/support/client_use.ts'), use);
  return ts.createProgram([use], {
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: [],
  });
}

const publicNames = (names) => [...names].filter((name) => !/^(_|constructor$|prototype$)/.test(name)).sort();

/** Methods and getters, those it inherits too. */
function membersOf(prototype) {
  if (prototype === Object.prototype) return [];
  return [...Object.getOwnPropertyNames(prototype), ...membersOf(Object.getPrototypeOf(prototype))];
}

function eventOf(emitter, type) {
  return new Promise((resolve) => {
    const end = emitter.on(type, (event) => {
      end();
      resolve(event);
    });
  });
}

function connected(t, options) {
  const peal = new client.Peal({ WebSocket, ...options });
  t.after(() => peal.close());
  peal.connect();
  return peal;
}

test('the package holds the client, its types, manual and licence, and the version of the server', () => {
  assert.deepEqual(packed.files.map(({ path }) => path).sort(), [
    'LICENSE', 'README.md', 'package.json', 'peal-pusher.js', 'peal.d.ts', 'peal.js',
  ]);
  const [, version] = /project\(peal VERSION (\S+)/.exec(readFileSync(join(ROOT, 'CMakeLists.txt'), 'utf8'));
  assert.equal(packed.version, version);
  const licence = readFileSync(join(folder, 'node_modules/peal-client/LICENSE'), 'utf8');
  assert.equal(licence, readFileSync(join(ROOT, 'LICENSE'), 'utf8'));
});

test('an application compiles against the types, and its mistakes do not', () => {
  const wrong = ts.getPreEmitDiagnostics(compile());
  assert.equal(wrong.length, 0, ts.formatDiagnostics(wrong, {
    getCanonicalFileName: (name) => name,
    getCurrentDirectory: () => folder,
    getNewLine: () => '\n',
  }));
});

test('the types name what peal.js exports, nothing less and nothing more', () => {
  const program = compile();
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(join(folder, 'node_modules/peal-client/peal.d.ts'));
  const declared = checker.getExportsOfModule(checker.getSymbolAtLocation(file))
    .filter(({ flags }) => flags & (ts.SymbolFlags.Class | ts.SymbolFlags.Function));
  assert.deepEqual(declared.map(({ name }) => name).sort(), Object.keys(client).sort());

  const typesOf = (name) => {
    const symbol = declared.find((one) => one.name === name);
    return checker.getDeclaredTypeOfSymbol(symbol).getProperties().map((property) => property.name);
  };
  assert.deepEqual(publicNames(typesOf('Subscription')), publicNames(new Set(membersOf(client.Subscription.prototype))));
  assert.deepEqual(publicNames(typesOf('Peal')), publicNames(membersOf(client.Peal.prototype)));
});

test('the types name every error of the server', () => {
  const types = readFileSync(join(ROOT, 'web/peal.d.ts'), 'utf8');
  const faults = readFileSync(join(ROOT, 'server/messaging/fault.c'), 'utf8');
  const codes = [...faults.matchAll(/\{"([a-z_]+)",/g)].map(([, code]) => code);
  assert.ok(codes.length > 10);
  for (const code of codes) if (code !== 'none') assert.match(types, new RegExp(`'${code}'`));
});

test('from Node: publish, presence, history, direct and close', async (t) => {
  const server = await PealServer.start(t);
  const alice = connected(t, { client: 'alice', url: server.url });
  const bob = connected(t, { client: 'bob', url: server.url });
  const lobby = alice.subscribe('lobby');
  await eventOf(lobby, 'subscribed');
  const told = eventOf(lobby, 'message');
  const { offset } = await bob.publish('lobby', { text: 'hello' });
  assert.deepEqual([offset, (await told).from, (await told).payload], [1, 'bob', { text: 'hello' }]);
  assert.deepEqual(await bob.presence('lobby'), [{ client: 'alice', connections: 1 }]);
  assert.equal((await lobby.history()).messages[0].payload.text, 'hello');
  const direct = eventOf(alice, 'direct');
  assert.equal((await bob.direct('alice', 'psst')).connectionCount, 1);
  assert.deepEqual(await direct, { type: 'direct', from: 'bob', payload: 'psst' });
  alice.close();
  assert.equal(alice.state, 'closed');
  await assert.rejects(alice.publish('lobby'), { name: 'PealError', code: 'closed' });
});

test('from Node: a ticket lets in, and one that is used does not', async (t) => {
  const server = await PealServer.start(t, { PEAL_API_KEY: KEY, PEAL_AUTH_SECRET: SECRET });
  const answer = await fetch(`${server.url}/api/tickets`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${KEY}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ client: 'alice', caps: [{ channels: ['lobby'], allow: ['sub'] }] }),
  });
  const { ticket } = await answer.json();
  const alice = connected(t, { client: 'alice', url: server.url, ticket: () => ticket });
  await eventOf(alice.subscribe('lobby'), 'subscribed');
  await assert.rejects(alice.publish('lobby', 'x'), { name: 'PealError', code: 'forbidden' });
  const again = connected(t, { client: 'alice', url: server.url, ticket: () => ticket, backoffBase: 10 });
  const { code, final } = await new Promise((resolve) => {
    again.on('state', (event) => event.state === 'closed' && resolve(event));
  });
  assert.deepEqual([code, final], [4401, true]);
});

test('a client can be made where there is no WebSocket and no page; connect() says what to give', () => {
  const none = globalThis.WebSocket;
  delete globalThis.WebSocket;
  try {
    assert.throws(() => new client.Peal({ client: 'a', url: 'http://b' }).connect(), /options\.WebSocket/);
    assert.throws(() => new client.Peal({ client: 'a', WebSocket }).connect(), /options\.url/);
    new client.Peal({ client: 'a' }).subscribe('lobby').unsubscribe();
  } finally {
    if (none) globalThis.WebSocket = none;
  }
});
