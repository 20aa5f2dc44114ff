/** The page of the HTTP API in a real browser, against the real server. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
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

test('the page shows every path with its method, and its script keeps to the content policy', async (t) => {
  const { server, page } = await shown(t);
  const { paths } = await (await fetch(`${server.url}/openapi.json`)).json();
  const every = Object.entries(paths).filter(([path]) => path.startsWith('/api/')).flatMap(([path, methods]) => (
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`)));
  for (const where of ['nav li', 'section:not(#authentication) h2']) {
    assert.deepEqual(await page.locator(where).allTextContents(), every, where);
  }
  assert.equal(await page.locator('[role="alert"]').count(), 0);
  await page.click('a[href="#publish"]');
  assert.match(await page.locator('#publish').innerText(), /idempotency_key[\s\S]*429/);
  assert.deepEqual(browser.complaints, []);
});

test('the page says how to authenticate, and leads back', async (t) => {
  const { page, server } = await shown(t);
  const text = await page.locator('main').innerText();
  assert.match(text, /Authorization: Bearer/);
  assert.match(text, /PEAL_API_KEY/);
  assert.match(text, /Content-Length or Transfer-Encoding: chunked/);
  await page.click('header a');
  await page.locator('#compose').waitFor();
  assert.equal(new URL(page.url()).origin, server.url);
});

test('no table names a field twice, and headers are not among the members of the body', async (t) => {
  const { page } = await shown(t);
  const tables = await page.locator('table').evaluateAll((all) => all.map((table) => (
    [table.previousSibling.textContent, [...table.querySelectorAll('th')].map((head) => head.textContent)])));
  for (const [title, names] of tables) assert.equal(new Set(names).size, names.length, `${title}: ${names}`);
  const where = (name) => new Set(tables.filter(([, names]) => names.includes(name)).map(([title]) => title));
  assert.deepEqual(where('traceparent'), new Set(['Headers', 'Body, as JSON']));
  assert.deepEqual(where('payload'), new Set(['Body, as JSON']));
});

test('every command of the page works when it is pasted', async (t) => {
  const { server, page } = await shown(t, { PEAL_API_KEY: KEY });
  await new Crowd(t, server).join('alice', 'lobby');
  const commands = await page.locator('pre code').filter({ hasText: 'curl' }).allTextContents();
  assert.equal(commands.length, await page.locator('nav li').count());
  const run = promisify(execFile);
  await Promise.all(commands.map(async (command) => {
    const shell = ['-c', `${command} -sS -w '\\n%{http_code}'`];
    const { stdout } = await run('bash', shell, { env: { ...process.env, PEAL_API_KEY: KEY } });
    assert.match(stdout, /\n200$/, `${command}\n${stdout}`);
  }));
});
