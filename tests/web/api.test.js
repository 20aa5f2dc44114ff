/** The HTTP API's page in a real browser, with the real server. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { Browser } from './support/browser.js';
import { Crowd } from './support/crowd.js';
import { PealServer } from './support/peal_server.js';

const KEY = '0123456789abcdef0123456789abcdef';

let browser;
before(async () => {
  browser = await Browser.launch();
});
after(() => browser?.close());

async function shown(t, environment = {}) {
  const server = await PealServer.start(t, environment);
  const page = await browser.page(t, `${server.url}/api.html`);
  await page.waitForSelector('main[aria-busy="false"]');
  return { server, page };
}

test('the page shows every path with its method, and its script complies with the content policy', async (t) => {
  const { server, page } = await shown(t);
  const { paths } = await (await fetch(`${server.url}/openapi.json`)).json();
  const every = Object.entries(paths).flatMap(([path, methods]) => (
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`)));
  for (const where of ['nav li', 'section:not(#authentication) h2']) {
    assert.deepEqual(await page.locator(where).allTextContents(), every, where);
  }
  const heights = await page.locator('nav .method').evaluateAll((all) => all.map((one) => one.offsetHeight));
  assert.equal(new Set(heights).size, 1, 'a method that is broken into two lines');
  assert.equal(await page.locator('[role="alert"]').count(), 0);
  await page.click('a[href="#publish"]');
  assert.match(await page.locator('#publish').innerText(), /idempotency_key[\s\S]*429/);
  assert.deepEqual(browser.complaints, []);
});

test('the page explains authentication and links back', async (t) => {
  const { page, server } = await shown(t);
  const text = await page.locator('main').innerText();
  assert.match(text, /Authorization: Bearer/);
  assert.match(text, /PEAL_API_KEY/);
  assert.match(text, /Content-Length or Transfer-Encoding: chunked/);
  await page.click('header a');
  await page.locator('#compose').waitFor();
  assert.equal(new URL(page.url()).origin, server.url);
});

test('no table names a field twice or lists headers as body members', async (t) => {
  const { page } = await shown(t);
  const tables = await page.locator('table').evaluateAll((all) => all.map((table) => (
    [table.previousSibling.textContent, [...table.querySelectorAll('th')].map((head) => head.textContent)])));
  for (const [title, names] of tables) assert.equal(new Set(names).size, names.length, `${title}: ${names}`);
  const where = (name) => new Set(tables.filter(([, names]) => names.includes(name)).map(([title]) => title));
  assert.deepEqual(where('traceparent'), new Set(['Headers', 'Body, as JSON']));
  assert.deepEqual(where('payload'), new Set(['Body, as JSON']));
});

/** The commands on the page, by operation name. */
async function commandsOf(page) {
  const found = await page.locator('section:not(#authentication)').evaluateAll((all) => all.map((section) => (
    [section.id, [...section.querySelectorAll('pre code')].find((code) => code.textContent.startsWith('curl')).textContent])));
  assert.equal(found.length, await page.locator('nav li').count());
  return Object.fromEntries(found);
}

/** @returns {Promise<[number, object | undefined]>} the status, and the body if there is one */
async function paste(command, environment) {
  const shell = ['-c', `${command} -sS -w '\\n%{http_code}'`];
  const { stdout } = await promisify(execFile)('bash', shell, { env: { ...process.env, ...environment } });
  const [, body, status] = stdout.match(/^([\s\S]*)\n(\d+)$/);
  return [Number(status), body ? JSON.parse(body) : undefined];
}

test('every command for backends works when pasted', async (t) => {
  const { server, page } = await shown(t, { PEAL_API_KEY: KEY });
  await new Crowd(t, server).join('alice', 'lobby');
  const { paths } = await (await fetch(`${server.url}/openapi.json`)).json();
  const backends = Object.entries(paths).filter(([path]) => path.startsWith('/api/'))
    .flatMap(([, methods]) => Object.values(methods).map((operation) => operation.operationId));
  const commands = await commandsOf(page);
  await Promise.all(backends.map(async (name) => {
    const [status] = await paste(commands[name], { PEAL_API_KEY: KEY });
    assert.equal(status, 200, commands[name]);
  }));
});

test('every command about users works when pasted, with the ids and tokens of earlier responses', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'peal-api-'));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const { page } = await shown(t, {
    PEAL_API_KEY: KEY,
    PEAL_ACCOUNTS_URL: `sqlite://${folder}/accounts.db`,
    PEAL_ACCOUNTS_HASH_MEMORY_KIB: '19456',
    PEAL_ACCOUNTS_HASH_PASSES: '2',
  });
  const commands = await commandsOf(page);
  const environment = { PEAL_API_KEY: KEY };
  const does = async (name, expected, change = (command) => command) => {
    const [status, body] = await paste(change(commands[name]), environment);
    assert.equal(status, expected, `${commands[name]}\n${JSON.stringify(body)}`);
    return body;
  };
  const { id } = await does('create_user', 201);
  const withId = (command) => command.replace(/users\/[0-9a-f-]+/, `users/${id}`);
  let login = await does('login', 200);
  const withToken = (command) => command.replace(/("refresh_token":")[^"]*/, `$1${login.refresh_token}`);
  environment.ACCESS_TOKEN = login.access_token;
  assert.equal((await does('list_users', 200)).length, 1);
  assert.equal((await does('me', 200)).id, (await does('get_user', 200, withId)).id);
  login = await does('refresh_token', 200, withToken);
  await does('logout', 204, withToken);
  await does('jwks', 200);
  await does('change_password', 204);
  await does('reset_password', 204, withId);
  await does('update_user', 200, withId);
  await does('delete_user', 204, withId);
});
