/** The npm package of web/: packed, installed elsewhere, used from Node. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire, SourceMap } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import vm from 'node:vm';
import { gzipSync } from 'node:zlib';

import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import ts from 'typescript';
import WebSocket from 'ws';

import { Browser } from './support/browser.js';
import { settled } from './support/fake_clock.js';
import { fakeSockets } from './support/fake_socket.js';
import { PealServer } from './support/peal_server.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const KEY = '0123456789abcdef0123456789abcdef';
const SECRET = 'a-secret-of-32-bytes-at-the-least';

/** Size limits of the files a page loads, in bytes. server/DECISIONS.md has the breakdown. */
const BUDGETS = {
  'peal.min.js': { minified: 25_700, compressed: 9_430 },
  'peal-fallback.js': { minified: 4_200, compressed: 2_000 },
  'peal.all.min.js': { minified: 30_050, compressed: 11_080 },
};
const SOURCES = {
  'peal.min.js': ['peal.js'],
  'peal-fallback.js': ['peal-fallback.js'],
  'peal.all.min.js': ['peal-fallback.js', 'peal.js'],
  'peal.cjs': ['peal-fallback.js', 'peal.js'],
};

let folder; // an application with the package installed
let packed; // npm's description of the tarball
let installed; // its path
let client; // the installed module

/** Without contacting a registry. */
function npm(args, cwd) {
  const quiet = ['--offline', '--foreground-scripts=false', '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];
  return execFileSync('npm', [...args, ...quiet], { cwd, encoding: 'utf8' });
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'peal-package-'));
  writeFileSync(join(folder, 'package.json'), '{"private": true, "type": "module"}');
  [packed] = JSON.parse(npm(['pack', '--json', '--pack-destination', folder], join(ROOT, 'web')));
  npm(['install', join(folder, packed.filename)], folder);
  const resolve = createRequire(join(folder, 'index.js')).resolve;
  installed = join(folder, 'node_modules/peal-client');
  assert.equal(resolve('peal-client'), join(installed, 'dist/peal.cjs'));
  client = await import(pathToFileURL(join(installed, 'peal.js')));
});
after(() => folder && rmSync(folder, { recursive: true }));

/** Application code: the manual's examples, and a file of correct and incorrect uses. */
function applicationFiles() {
  const manual = readFileSync(join(ROOT, 'web/README.md'), 'utf8');
  const examples = [...manual.matchAll(/```[jt]s\n([^]*?)```/g)].map(([, code]) => code.replace("'./peal.js'", "'peal-client'"))
    .filter((code) => !code.includes("'peal-client/")); // the bindings have their own test
  assert.ok(examples.length > 5);
  const files = examples.map((code, index) => {
    const imports = code.includes('import ') ? '' : "import { Peal } from 'peal-client';\n";
    const path = join(folder, `example_${index}.ts`);
    writeFileSync(path, `${imports}${code}`);
    return path;
  });
  for (const name of ['client_use.ts', 'example_names.d.ts']) {
    copyFileSync(join(ROOT, 'tests/web/support', name), join(folder, name));
    files.unshift(join(folder, name));
  }
  return files;
}

/** The types as seen by an application in `folder`. */
function compile(files) {
  return ts.createProgram(files, {
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

/** Methods and getters, including inherited ones. */
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
    'LICENSE', 'README.md', 'bindings/stores.js',
    'dist/peal-fallback.js', 'dist/peal-fallback.js.map', 'dist/peal-pusher.cjs', 'dist/peal-pusher.cjs.map', 'dist/peal-pusher.d.cts',
    'dist/peal.all.min.js', 'dist/peal.all.min.js.map', 'dist/peal.cjs', 'dist/peal.cjs.map', 'dist/peal.d.cts', 'dist/peal.min.js', 'dist/peal.min.js.map',
    'dist/react.cjs', 'dist/react.cjs.map', 'dist/react.d.cts', 'dist/vue.cjs', 'dist/vue.cjs.map', 'dist/vue.d.cts',
    'package.json', 'peal-fallback.js', 'peal-pusher.d.ts', 'peal-pusher.js', 'peal.d.ts', 'peal.js',
    'react/index.d.ts', 'react/index.js', 'vue/index.d.ts', 'vue/index.js',
  ]);
  const [, version] = /project\(peal VERSION (\S+)/.exec(readFileSync(join(ROOT, 'CMakeLists.txt'), 'utf8'));
  assert.equal(packed.version, version);
  const licence = readFileSync(join(folder, 'node_modules/peal-client/LICENSE'), 'utf8');
  assert.equal(licence, readFileSync(join(ROOT, 'LICENSE'), 'utf8'));
});

test('an application and the examples of the manual compile against the types, and mistakes do not', () => {
  const wrong = ts.getPreEmitDiagnostics(compile(applicationFiles()));
  assert.equal(wrong.length, 0, ts.formatDiagnostics(wrong, {
    getCanonicalFileName: (name) => name,
    getCurrentDirectory: () => folder,
    getNewLine: () => '\n',
  }));
});

test('the types name exactly what peal.js exports', () => {
  const program = compile([join(folder, 'node_modules/peal-client/peal.d.ts')]);
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

test('publint finds no problems in the package, and attw none in its types', async () => {
  const { messages, pkg } = await publint({ pkgDir: installed, pack: false, strict: true });
  assert.deepEqual(messages.map((message) => formatMessage(message, pkg)), []);
  const attw = fileURLToPath(new URL('node_modules/@arethetypeswrong/cli/dist/index.js', import.meta.url));
  execFileSync(process.execPath, [attw, join(folder, packed.filename), '--format', 'ascii'], { encoding: 'utf8' }); // exits with 1 if it finds errors
});

test('the minified files keep within their budgets', () => {
  for (const [name, most] of Object.entries(BUDGETS)) {
    const file = readFileSync(join(installed, 'dist', name));
    const size = { minified: file.length, compressed: gzipSync(file, { level: 9 }).length };
    for (const [what, limit] of Object.entries(most)) assert.ok(size[what] <= limit, `${name}: ${size[what]} of ${limit} bytes ${what}`);
  }
});

test('source maps contain the sources and locate errors in minified files', async () => {
  for (const [name, sources] of Object.entries(SOURCES)) {
    const map = JSON.parse(readFileSync(join(installed, `dist/${name}.map`), 'utf8'));
    assert.deepEqual(map.sourcesContent.sort(), sources.map((source) => readFileSync(join(ROOT, 'web', source), 'utf8')).sort());
    assert.match(readFileSync(join(installed, 'dist', name), 'utf8'), new RegExp(`//# sourceMappingURL=${name.replaceAll('.', '\\.')}\\.map\\s*$`));
  }
  const path = join(installed, 'dist/peal.min.js');
  const text = readFileSync(path, 'utf8');
  const before = text.slice(0, text.indexOf('options.client is required')).split('\n');
  const map = new SourceMap(JSON.parse(readFileSync(`${path}.map`, 'utf8')));
  const { originalLine } = map.findEntry(before.length - 1, before.at(-1).length);
  assert.match(readFileSync(join(ROOT, 'web/peal.js'), 'utf8').split('\n')[originalLine], /options\.client is required/);
});

test('in Chromium, a script tag loads the fallback only when it is needed', { timeout: 20_000 }, async (t) => {
  const server = await PealServer.start(t);
  const browser = await Browser.launch();
  t.after(() => browser.close());
  for (const [name, loaded] of [['peal.min.js', ['peal-fallback.js', 'peal.min.js']], ['peal.all.min.js', ['peal.all.min.js']]]) {
    const page = await browser.page(t, `${server.url}/health`);
    const asked = [];
    await page.route('**/scripts/*', (route) => {
      asked.push(route.request().url().split('/').pop());
      route.fulfill({ path: join(installed, 'dist', asked.at(-1)) });
    });
    await page.addScriptTag({ url: `${server.url}/scripts/${name}` });
    const echoOver = (transport) => page.evaluate(async (how) => {
      const peal = new window.PealClient.Peal({ client: 'alice', transport: how });
      peal.connect();
      const payload = await peal.echo(how);
      peal.close();
      return payload;
    }, transport);
    assert.equal(await echoOver('websocket'), 'websocket');
    assert.deepEqual(asked, [name]);
    assert.equal(await echoOver('sse'), 'sse');
    assert.deepEqual(asked.sort(), loaded);
  }
});

test('with only the globals of React Native: receives, requests, aborts a request, and reconnects', async () => {
  const sockets = fakeSockets();
  class NativeUrl { // can be read but not changed, like React Native's own
    constructor(text) {
      this.href = text;
    }

    set search(value) {
      throw new Error('not implemented');
    }
  }
  const context = vm.createContext({ setTimeout, clearTimeout, console, WebSocket: sockets, URL: NativeUrl, navigator: { product: 'ReactNative' } });
  vm.runInContext(readFileSync(join(installed, 'dist/peal.min.js'), 'utf8'), context);
  context.options = { client: 'alice', url: 'https://server.test/chat?a=1', backoffBase: 1 };
  const peal = vm.runInContext('new PealClient.Peal(options)', context);
  const heard = [];
  const lobby = peal.subscribe('lobby');
  lobby.on('message', ({ payload }) => heard.push(payload));
  peal.connect();
  await settled();
  assert.equal(sockets.last.url, 'wss://server.test/chat/ws/alice?a=1&channel=&hello=1');
  sockets.last.open();
  sockets.last.greet();
  sockets.last.answerSubscribe({ epoch: 'E', offset: 0, recovered: false });
  sockets.last.say({ type: 'broadcast', channel: 'lobby', payload: 1, offset: 1 });
  const signal = { aborted: false, listeners: [], addEventListener: (type, act) => signal.listeners.push(act), removeEventListener: () => {} };
  const asked = lobby.publish(2, { signal });
  signal.aborted = true;
  for (const act of signal.listeners) act();
  await assert.rejects(asked, { code: 'aborted' });
  const { length } = sockets.all;
  sockets.last.onerror({});
  sockets.last.onclose({}); // contains neither code nor reason
  while (sockets.all.length === length) await new Promise((resolve) => setTimeout(resolve, 2));
  sockets.last.open();
  sockets.last.greet();
  sockets.last.answerSubscribe({ epoch: 'E', offset: 2, recovered: true, messages: [{ type: 'broadcast', channel: 'lobby', payload: 2, offset: 2 }] });
  await settled();
  peal.close();
  assert.deepEqual(heard, [1, 2]);
});

for (const name of ['peal.cjs', 'peal.min.js', 'peal.all.min.js']) {
  test(`${name} passes the random sequences too`, { timeout: 20_000 }, () => {
    const path = join(installed, 'dist', name);
    let address = pathToFileURL(path).href;
    if (name !== 'peal.cjs') { // a script defines a global and exports nothing
      const script = join(installed, 'dist/script.js'); // includes the fallback, available at once
      address = pathToFileURL(script).href;
      writeFileSync(script, `import './peal-fallback.js';\n${readFileSync(path, 'utf8')}\nexport const { Peal } = PealClient;`);
    }
    const env = { ...process.env, PEAL_CLIENT: address, PEAL_SEQUENCES: '100' };
    delete env.NODE_TEST_CONTEXT; // otherwise the inner run would report to the outer one
    const said = execFileSync(process.execPath, ['--test-reporter=tap', 'peal_random.test.js'], { cwd: join(ROOT, 'tests/web'), env, encoding: 'utf8' });
    assert.match(said, /^# fail 0$/m);
  });
}

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

test('from Node: a ticket is accepted once', async (t) => {
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

test('a client can be created without WebSocket and page; connect() says what to provide', () => {
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
