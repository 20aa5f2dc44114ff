/** Runs the JavaScript examples of README.md, web/README.md, protocols/websocket.md and
 * protocols/sse.md unchanged, on the page served by the server. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { Browser } from './support/browser.js';
import { PealServer } from './support/peal_server.js';
import { signToken } from './support/token.js';

const SECRET = 'a-secret-of-the-tests-with-32-bytes-and-more';

let browser;
before(async () => {
  browser = await Browser.launch();
});
after(() => browser?.close());

/** The first JavaScript block below a heading. */
async function example(heading, page = 'web/README.md', number = 0) {
  const text = await readFile(new URL(`../../${page}`, import.meta.url), 'utf8');
  const section = text.split(`\n## ${heading}\n`)[1].split('\n## ')[0];
  return [...section.matchAll(/```js\n([^]*?)```/g)][number][1];
}

/** Runs it as a module of the page, with `routes` as further files, until it logs `last`. */
async function run(t, server, code, last, routes = {}) {
  const page = await browser.page(t, server.url);
  const said = [];
  page.on('console', (message) => said.push(message.text()));
  await page.route('**/example.js', (route) => route.fulfill({ body: code, contentType: 'text/javascript' }));
  for (const [path, answer] of Object.entries(routes)) await page.route(path, async (route) => route.fulfill(await answer()));
  await page.evaluate(() => import('/example.js'));
  for (let left = 200; !said.some((line) => line.startsWith(last)); left -= 1) {
    assert.ok(left, said.join('\n'));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return said;
}

test('the lines of README.md', { timeout: 20_000 }, async (t) => {
  const server = await PealServer.start(t);
  const said = await run(t, server, await example('Use it in your own page', 'README.md'), 'alice');
  assert.deepEqual(said.slice(0, 2), ['connecting', 'open']);
});

test('ten lines that connect, receive and publish', { timeout: 20_000 }, async (t) => {
  const server = await PealServer.start(t);
  const said = await run(t, server, await example('peal.js in ten lines'), 'alice:');
  assert.deepEqual(said.slice(0, 2), ['connecting', 'open']);
});

test('a token from the application, and its endpoint failing first', { timeout: 20_000 }, async (t) => {
  const server = await PealServer.start(t, { PEAL_AUTH_SECRET: SECRET });
  const code = `import { Peal } from './peal.js';
${await example('Tokens')}
peal.on('state', ({ state }) => console.log(state));
peal.connect();`;
  const answers = [{ status: 502, body: '<html>Bad Gateway</html>' }];
  const good = () => ({ body: `${signToken(SECRET, 'alice', 600)}\n`, contentType: 'text/plain' });
  const said = await run(t, server, code, 'open', { '**/my/token': () => answers.shift() ?? good() });
  assert.ok(said.some((line) => line.includes('/my/token: 502')), said.join('\n'));
});

const WIRE = 'protocols/websocket.md';

test('a plain WebSocket, in echo and in a channel', { timeout: 20_000 }, async (t) => {
  const server = await PealServer.start(t);
  await run(t, server, await example('Try it', WIRE), 'Echo: hello');
  const code = (await example('Try it', WIRE, 1)).replace('JSON.parse(data)', 'data');
  const said = await run(t, server, code, '{"type":"broadcast"');
  assert.match(said.join('\n'), /"payload":"hello"/);
});

test('a plain WebSocket with a token', { timeout: 20_000 }, async (t) => {
  const server = await PealServer.start(t, { PEAL_AUTH_SECRET: SECRET });
  const code = `const token = '${signToken(SECRET, 'alice', 600)}';
${await example('Let clients in', WIRE)}
chat.onopen = () => console.log(chat.protocol);`;
  await run(t, server, code, 'broadcast');
});

test('without peal.js', { timeout: 20_000 }, async (t) => {
  const server = await PealServer.start(t);
  const code = await example('Without peal.js');
  await run(t, server, code.replace('127.0.0.1:8080', `127.0.0.1:${server.port}`), 'alice: hello');
});

test('an EventSource', { timeout: 20_000 }, async (t) => {
  const server = await PealServer.start(t, { PEAL_API_KEY: 'a-key-of-the-examples' });
  const text = await readFile(new URL('../../protocols/sse.md', import.meta.url), 'utf8');
  const [, code] = /```js\n([^]*?)```/.exec(text);
  const own = code.replace('https://events.example.com', server.url);
  const ask = `const show = ({ payload }) => console.log(payload);
${own}
source.addEventListener('subscribed', () => fetch('/hello')); // the test publishes`;
  const publish = async () => {
    await fetch(`${server.url}/api/publish`, {
      method: 'POST',
      headers: { authorization: 'Bearer a-key-of-the-examples', 'content-type': 'application/json' },
      body: JSON.stringify({ channel: 'news', payload: 'hello' }),
    });
    return { body: '' };
  };
  await run(t, server, ask, 'hello', { '**/hello': publish });
});
