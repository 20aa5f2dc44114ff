/** peal-client/react and peal-client/vue: the packed package, built by Vite, in Chromium with the
 * real server. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

import ts from 'typescript';
import { build, createServer } from 'vite';

import { Browser } from './support/browser.js';
import { PealServer, freePort } from './support/peal_server.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MODULES = join(ROOT, 'tests/web/node_modules');
const KEY = '0123456789abcdef0123456789abcdef';
const BINDINGS = ['react', 'vue'];

let folder; // an application with all packages
let dev; // Vite, serving the pages of support/bindings
let browser;

/** Links the npm packages of the tests, and unpacks the package of web/. */
function installPackages() {
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '@vitejs'), { recursive: true });
  for (const name of ['react', 'react-dom', 'vue', 'vite', '@types', '@vitejs/plugin-react', '@vitejs/plugin-vue']) {
    symlinkSync(join(MODULES, name), join(modules, name));
  }
  const options = { cwd: join(ROOT, 'web'), encoding: 'utf8' };
  const [{ filename }] = JSON.parse(execFileSync('npm', [
    'pack', '--json', '--offline', '--foreground-scripts=false', '--loglevel=error', '--pack-destination', folder], options));
  mkdirSync(join(modules, 'peal-client'));
  execFileSync('tar', ['xzf', join(folder, filename), '-C', join(modules, 'peal-client'), '--strip-components=1']);
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'peal-bindings-'));
  installPackages();
  cpSync(join(ROOT, 'tests/web/support/bindings'), join(folder, 'pages'), { recursive: true });
  for (const name of BINDINGS) cpSync(join(ROOT, 'web/examples', name), join(folder, name), { recursive: true });
  const plugins = await Promise.all(BINDINGS.map(async (name) => (await import(`@vitejs/plugin-${name}`)).default({ babel: { compact: false } })));
  dev = await createServer({
    root: join(folder, 'pages'),
    configFile: false,
    logLevel: 'error',
    cacheDir: join(folder, 'cache'),
    plugins,
    optimizeDeps: { include: ['react', 'react-dom/client', 'react/jsx-dev-runtime', 'vue', 'peal-client/react', 'peal-client/vue'] },
    server: { host: '127.0.0.1', port: await freePort() },
  });
  [browser] = await Promise.all([Browser.launch(), dev.listen()]);
  await Promise.all(['page_react.jsx', 'Room.jsx', 'page_vue.js', 'Room.vue'].map((file) => dev.warmupRequest(`/${file}`)));
});
after(async () => {
  await browser?.close();
  await dev?.close();
  if (folder) rmSync(folder, { recursive: true });
});

const backend = async (server, path, body) => {
  const response = await fetch(server.url + path, {
    method: 'POST',
    headers: { Authorization: `Bearer ${KEY}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  assert.ok(response.ok, await response.text());
};

/** The page of support/bindings and the messages of its client: `sent` counts them by type. */
async function open(t, name) {
  const server = await PealServer.start(t, {
    PEAL_API_KEY: KEY,
    PEAL_CHANNELS: '[{"match":"*","history_size":100,"presence":true,"join_leave":true}]',
  });
  const page = await browser.page(t, 'about:blank');
  const sent = {};
  const sockets = [];
  page.on('websocket', (socket) => {
    if (!socket.url().includes('/ws/')) return; // Vite opens its own WebSocket
    sockets.push(socket);
    socket.on('framesent', ({ payload }) => {
      const { type } = JSON.parse(payload);
      sent[type] = (sent[type] ?? 0) + 1;
    });
  });
  const { port } = dev.httpServer.address();
  await page.goto(`http://127.0.0.1:${port}/${name}.html?server=${encodeURIComponent(server.url)}`);
  await page.waitForSelector('#state', { timeout: 40_000 }); // Vite prepares imports first
  await shows(page, '#state', 'open subscribed');
  const say = (payload, channel = 'room') => backend(server, '/api/publish', { channel, payload });
  return { server, page, sent, sockets, say };
}

const shows = (page, selector, text) => page.waitForFunction(
  ([where, wanted]) => document.querySelector(where)?.innerText.trim() === wanted, [selector, text]);

const listed = (page) => page.locator('li').allTextContents();

/** Edits a file of the page, like a developer. */
function edit(name, from, to) {
  const file = join(folder, 'pages', name);
  const text = readFileSync(file, 'utf8');
  assert.ok(text.includes(from));
  writeFileSync(file, text.replace(from, to));
}

for (const name of BINDINGS) {
  test(`${name}: the twenty-line example builds and chats`, { timeout: 60_000 }, async (t) => {
    const root = join(folder, name);
    await build({ root, logLevel: 'error' });
    const server = await PealServer.start(t, { PEAL_WEB_ROOT: join(root, 'dist') });
    const alice = await browser.page(t, `${server.url}/?name=alice`);
    await alice.waitForFunction(() => document.querySelector('[role=status]')?.innerText === 'open, here: alice');
    await alice.getByLabel('Message').fill('hello');
    await alice.getByLabel('Message').press('Enter');
    await alice.getByText('alice: hello').waitFor();
    const bob = await browser.page(t, `${server.url}/?name=bob`);
    await bob.getByText('alice: hello').waitFor(); // from the history
    assert.deepEqual(await listed(alice), ['alice: hello']);
    assert.deepEqual(browser.complaints, []);
    const lines = readdirSync(join(ROOT, 'web/examples', name)).filter((file) => /\.(jsx|vue)$/.test(file))
      .map((file) => readFileSync(join(ROOT, 'web/examples', name, file), 'utf8').trim().split('\n').length);
    assert.ok(lines[0] <= 24, `${lines}`);
  });

  test(`${name}: one connection and subscription, each message once, none after unmounting`, { timeout: 60_000 }, async (t) => {
    const { server, page, sent, sockets, say } = await open(t, name);
    await shows(page, '#members', 'alice');
    for (const payload of [1, 2, 3, 4, 5, 6, 7]) await say(payload);
    await page.getByText('7').waitFor();
    assert.deepEqual(await listed(page), ['3', '4', '5', '6', '7']); // `keep`
    await page.click('#publish');
    await page.getByText('own', { exact: true }).waitFor();
    assert.deepEqual(await page.evaluate(() => window.heard), [1, 2, 3, 4, 5, 6, 7, 'own'].map((said) => ['room', said]));
    assert.deepEqual([sockets.length, sent.subscribe, sent.unsubscribe], [1, 1, undefined]);

    // another channel shows no messages of the former one
    await page.evaluate(() => window.show({ channel: 'hall' }));
    await shows(page, '#state', 'open subscribed');
    await say('late');
    await say('new', 'hall');
    await page.getByText('new', { exact: true }).waitFor();
    assert.deepEqual(await listed(page), ['new']);
    assert.deepEqual([sockets.length, sent.subscribe, sent.unsubscribe], [1, 2, 1]);
    await page.evaluate(() => window.show({ channel: 'no way' }));
    await shows(page, '#state', 'open failed bad_channel');

    // shown again, it resumes
    await page.evaluate(() => window.show({ hasRoom: false }));
    await page.locator('main').waitFor({ state: 'detached' });
    await page.evaluate(() => window.show({ hasRoom: true, channel: 'room' }));
    await shows(page, '#members', 'alice');
    await server.kill();
    await page.waitForFunction(() => /^(waiting|connecting) waiting/.test(document.querySelector('#state').innerText));
    await server.start();
    await shows(page, '#state', 'open subscribed');
    await shows(page, '#members', 'alice');
    assert.deepEqual(browser.complaints, []);
  });

  test(`${name}: an edit of a component keeps its connection`, { timeout: 60_000 }, async (t) => {
    const { page, sockets, say } = await open(t, name);
    const file = { react: 'Room.jsx', vue: 'Room.vue' }[name];
    await say('before');
    await page.getByText('before').waitFor();
    await page.getByRole('button', { name: '0' }).click();
    edit(file, '<h1>first</h1>', '<h1>second</h1>');
    await page.getByText('second').waitFor();
    await say('after');
    await page.getByText('after').waitFor();
    assert.deepEqual(await listed(page), ['before', 'after']);
    assert.equal(await page.getByRole('button', { name: '1' }).count(), 1, 'the page was not loaded again');
    assert.equal(sockets.length, 1);
    assert.deepEqual(await page.evaluate(() => window.heard), [['room', 'before'], ['room', 'after']]);
    edit(file, '<h1>second</h1>', '<h1>first</h1>');
    assert.deepEqual(browser.complaints, []);
  });
}

test('react: a suspended component keeps its messages and loses none', { timeout: 60_000 }, async (t) => {
  const { page, sent, say } = await open(t, 'react');
  await say(1);
  await page.getByText('1', { exact: true }).waitFor();
  await page.evaluate(() => window.sleep('sleep'));
  await page.waitForSelector('#fallback', { state: 'attached' });
  await say(2);
  await page.evaluate(() => window.wake());
  await page.waitForSelector('#awake', { state: 'attached' });
  await page.getByText('2', { exact: true }).waitFor();
  assert.deepEqual(await listed(page), ['1', '2']);
  assert.deepEqual([sent.subscribe, sent.unsubscribe], [1, undefined]);

  // it subscribes only when it is shown
  await page.evaluate(() => window.sleep('nap'));
  await say(3);
  await page.getByText('3', { exact: true }).waitFor();
  assert.equal(sent.subscribe, 1);
  await page.evaluate(() => window.wake());
  await shows(page, '#nap', 'subscribed');
  assert.equal(sent.subscribe, 2);
});

test('react: a hidden component leaves its channel and recovers when shown', { timeout: 60_000 }, async (t) => {
  const { page, sent, say } = await open(t, 'react');
  await say(1);
  await page.getByText('1', { exact: true }).waitFor();
  await page.evaluate(() => window.show({ isHidden: true }));
  await page.locator('main').waitFor({ state: 'hidden' });
  await say(2);
  await page.evaluate(() => window.show({ isHidden: false }));
  await page.getByText('2', { exact: true }).waitFor();
  await say(3);
  await page.getByText('3', { exact: true }).waitFor();
  assert.deepEqual(await listed(page), ['1', '2', '3']);
  assert.deepEqual([sent.subscribe, sent.unsubscribe], [2, 1]);
});

test('react: a new client opens a connection and closes the former one', { timeout: 60_000 }, async (t) => {
  const { page, sockets } = await open(t, 'react');
  await page.evaluate(() => window.show({ client: 'bob' }));
  await shows(page, '#members', 'bob');
  assert.equal(sockets.length, 2);
  assert.ok(sockets[0].isClosed());
});

/** The globals of a server, without a browser. */
const load = (name) => import(pathToFileURL(join(folder, 'node_modules', name)));
const OFFLINE = { client: 'a', url: 'http://127.0.0.1:1' };

test('react: server-side rendering opens no connection', async () => {
  const [{ createElement }, { renderToString }, bindings, { Peal }] = await Promise.all([
    load('react/index.js'), load('react-dom/server.node.js'), load('peal-client/react/index.js'), load('peal-client/peal.js')]);
  const Room = () => `${bindings.useConnection().state} ${bindings.useChannel('room').state}`;
  const peal = new Peal(OFFLINE);
  for (const given of [{ options: OFFLINE }, { peal }]) {
    assert.equal(renderToString(createElement(bindings.PealProvider, given, createElement(Room))), 'idle waiting');
  }
  assert.equal(peal.state, 'idle');
  assert.throws(() => renderToString(createElement(Room)), /no <PealProvider>/);
  assert.throws(() => renderToString(createElement(bindings.PealProvider)), /`peal`, or `options`/);
});

test('vue: server-side rendering opens no connection', async () => {
  const [{ createSSRApp, h }, { renderToString }, bindings, { Peal }] = await Promise.all([
    load('vue/index.mjs'), load('vue/server-renderer/index.mjs'), load('peal-client/vue/index.js'), load('peal-client/peal.js')]);
  const Room = {
    setup() {
      const { state } = bindings.useConnection();
      const channel = bindings.useChannel('room');
      return () => `${state.value} ${channel.state.value}`;
    },
  };
  const peal = new Peal(OFFLINE);
  for (const given of [{ options: OFFLINE }, { peal }]) {
    const html = await renderToString(createSSRApp(() => h(bindings.PealProvider, given, () => h(Room))));
    assert.match(html, /idle waiting/);
  }
  assert.equal(peal.state, 'idle');
  const alone = createSSRApp(Room);
  alone.config.warnHandler = () => {};
  await assert.rejects(async () => renderToString(alone), /has provided a Peal/);
});

test('correct uses compile against the types, mistakes do not', () => {
  cpSync(join(ROOT, 'tests/web/support/bindings/use.tsx'), join(folder, 'use.tsx'));
  writeFileSync(join(folder, 'package.json'), '{"private": true, "type": "module"}');
  const program = ts.createProgram([join(folder, 'use.tsx')], {
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    jsx: ts.JsxEmit.ReactJSX,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: [],
    skipLibCheck: true,
  });
  const wrong = ts.getPreEmitDiagnostics(program);
  assert.equal(wrong.length, 0, ts.formatDiagnostics(wrong, {
    getCanonicalFileName: (name) => name,
    getCurrentDirectory: () => folder,
    getNewLine: () => '\n',
  }));
});
