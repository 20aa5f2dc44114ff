/** The chat page and peal.js in a real browser, with the real server. */

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Browser, PHONE } from './support/browser.js';
import { PealServer } from './support/peal_server.js';
import { signToken } from './support/token.js';
import { Wire } from './support/wire.js';

const SECRET = 'a-secret-of-the-tests-with-32-bytes-and-more';
const OUT = fileURLToPath(new URL('out/', import.meta.url));

let browser;
before(async () => {
  browser = await Browser.launch();
});
after(() => browser?.close());

const browserTest = (name, run) => test(name, { timeout: 25_000 }, run);

/** Two pages in the lobby of a fresh server. */
async function twoPages(t) {
  const server = await PealServer.start(t);
  const alice = await browser.chat(t, server.url, { name: 'alice' });
  const bob = await browser.chat(t, server.url, { name: 'bob' });
  await alice.reaches('open');
  await bob.reaches('open');
  return { server, alice, bob };
}

// Each test has its own server and pages and mostly waits, so they may overlap.
describe('in the browser', { concurrency: 2 }, () => {
  browserTest('two pages chat, and each shows who is present', async (t) => {
    const { alice, bob } = await twoPages(t);
    await alice.say('hello bob');
    await bob.sees('hello bob');
    await bob.say('hello alice');
    await alice.sees('hello alice');
    assert.deepEqual(await alice.texts(), ['hello bob', 'hello alice']);
    for (const page of [alice, bob]) {
      await page.seesPerson('alice');
      await page.seesPerson('bob');
    }
    assert.equal(await alice.log.locator('.msg.own').count(), 1);
    assert.equal(await alice.log.locator('.pending').count(), 0);
    assert.match(await bob.log.locator('.meta').first().innerText(), /alice.*\d/s);
  });

  browserTest('a name may contain any characters', async (t) => {
    const server = await PealServer.start(t, { PEAL_AUTH_SECRET: SECRET });
    const names = ['josé <b>|%2F', '\u202enimda*'];
    const pages = [];
    for (const name of names) {
      const page = await browser.chat(t, server.url);
      await page.page.locator('#token').waitFor();
      await page.page.fill('#token', signToken(SECRET, name, 600));
      await page.page.click('#token-dialog [type=submit]');
      await page.reaches('open');
      assert.equal(await page.page.locator('.me-name').textContent(), name);
      pages.push(page);
    }
    await pages[0].say('hello');
    await pages[1].sees('hello');
    assert.ok((await pages[1].log.locator('.meta').first().textContent()).includes(names[0]));
    for (const name of names) await pages[0].seesPerson(name);
  });

  browserTest('typing is shown by the name in the token until the message arrives, without requests to other origins', async (t) => {
    const server = await PealServer.start(t, { PEAL_AUTH_SECRET: SECRET });
    const [ann, bob] = await Promise.all([['u1', 'Ann'], ['u2', 'Bob']].map(async ([client, name]) => {
      const page = await browser.chat(t, server.url);
      page.asked = new Set();
      page.page.on('request', (request) => page.asked.add(new URL(request.url()).origin));
      await page.page.locator('#token').waitFor();
      await page.page.fill('#token', signToken(SECRET, client, 600, { info: { name } }));
      await page.page.click('#token-dialog [type=submit]');
      return page.reaches('open');
    }));
    await bob.seesPerson('Ann');
    const typing = bob.page.locator('#typing');
    await ann.page.click('#text');
    await ann.page.locator('#text').pressSequentially('hel');
    await typing.getByText('Ann is writing …').waitFor();
    assert.equal(await typing.getAttribute('role'), 'status', 'read aloud');
    assert.equal(await ann.page.locator('#typing').textContent(), '', 'not shown to the writer');
    await ann.page.press('#text', 'Enter');
    await bob.sees('hel');
    assert.equal(await typing.textContent(), '');
    assert.equal(await bob.page.title(), 'lobby · Peal chat');
    const late = await browser.chat(t, server.url, { channels: ['lobby', 'dev'] });
    await late.page.locator('#token').waitFor();
    await late.page.fill('#token', signToken(SECRET, 'u3', 600));
    await late.page.click('#token-dialog [type=submit]');
    await late.sees('hel');
    assert.deepEqual(await late.texts(), ['hel'], 'not in the history');
    assert.deepEqual([...ann.asked, ...bob.asked].filter((origin) => new URL(origin).host !== new URL(server.url).host), []);
  });

  browserTest('a late visitor gets the history, and a name without being asked', async (t) => {
    const { server, alice } = await twoPages(t);
    for (const text of ['one', 'two', 'three']) await alice.say(text);
    await alice.sees('three');
    const late = await browser.chat(t, server.url);
    await late.sees('three');
    assert.deepEqual(await late.texts(), ['one', 'two', 'three']);
    assert.match(await late.page.locator('.me-name').innerText(), /^[a-z]+-[a-z]+$/);
  });

  browserTest('channels: unread counts, joining, leaving, all kept in the address', async (t) => {
    const server = await PealServer.start(t);
    const alice = await browser.chat(t, server.url, { name: 'alice', channels: ['lobby', 'dev'] });
    const bob = await browser.chat(t, server.url, { name: 'bob', channels: ['lobby'] });
    await bob.reaches('open');
    await alice.reaches('open');
    await bob.page.fill('#join-name', 'dev');
    await bob.page.press('#join-name', 'Enter');
    await bob.say('in dev');
    await alice.page.locator('[data-channel="dev"] .badge').waitFor();
    assert.match(await alice.page.title(), /^\(1\) lobby/);
    assert.deepEqual(await alice.texts(), []);
    await alice.page.click('[data-channel="dev"]');
    await alice.sees('in dev');
    assert.equal(await alice.page.locator('.badge').count(), 0);
    await alice.page.click('#leave');
    assert.equal(await alice.page.locator('#title').innerText(), 'lobby');
    assert.match(alice.page.url(), /#channel=lobby$/);
    assert.match(bob.page.url(), /#channel=lobby&channel=dev&show=dev$/);
  });

  browserTest('markup in a message is shown as text', async (t) => {
    const { alice, bob } = await twoPages(t);
    const attacks = [
      '<img src=x onerror="window.hit=1">',
      '<script>window.hit=1</script>',
      'javascript:window.hit=1',
      '"><svg onload=window.hit=1>',
    ];
    for (const attack of attacks) await bob.say(attack);
    await alice.sees(attacks.at(-1));
    assert.deepEqual(await alice.texts(), attacks);
    assert.equal(await alice.log.locator('img, script, svg, a').count(), 0);
    assert.equal(await alice.page.evaluate(() => window.hit), undefined);
    await bob.say('see https://example.com/a?b=1 there');
    const link = alice.log.locator('a');
    await link.waitFor();
    assert.equal(await link.getAttribute('href'), 'https://example.com/a?b=1');
    assert.equal(await link.getAttribute('rel'), 'noopener noreferrer');
  });

  browserTest('the content policy is strict, and the page needs no more', async (t) => {
    const server = await PealServer.start(t);
    const { headers } = await fetch(server.url);
    const policy = headers.get('content-security-policy') ?? '';
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy, /unsafe|\*/);
    const { page } = await browser.chat(t, server.url);
    const refused = page.waitForEvent('console', (message) => /Content Security Policy/.test(message.text()));
    await page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = 'window.hit = 1';
      document.head.append(script);
    });
    await refused;
    assert.equal(await page.evaluate(() => window.hit), undefined);
    browser.complaints = browser.complaints.filter((text) => !/inline script/.test(text));
  });

  browserTest('everything works by keyboard, with visible focus', async (t) => {
    const { alice, bob } = await twoPages(t);
    const { keyboard } = alice.page;
    await alice.tabBackTo('.skip[href="#text"]');
    const skip = alice.page.locator('.skip:focus');
    assert.ok((await skip.boundingBox()).y >= 0, 'the skip link comes into view');
    await keyboard.press('Enter');
    assert.equal(await alice.focused(), 'text');
    await keyboard.type('first line');
    await keyboard.press('Shift+Enter');
    await keyboard.type('second line');
    await keyboard.press('Enter');
    await bob.log.getByText('first line second line').waitFor();

    await alice.tabBackTo('#join-name');
    await keyboard.type('dev');
    await keyboard.press('Enter');
    assert.equal(await alice.page.locator('#title').innerText(), 'dev');
    assert.equal(await alice.focused(), 'text');
    await keyboard.press('Alt+ArrowUp');
    assert.equal(await alice.page.locator('#title').innerText(), 'lobby');

    await alice.tabBackTo('#me');
    await keyboard.press('Enter');
    assert.equal(await alice.focused(), 'name');
    await keyboard.press('Escape');
    await keyboard.press('Enter');
    await keyboard.type('carol');
    await keyboard.press('Enter');
    await alice.reaches('open');
    await alice.page.focus('#text');
    await keyboard.type('I am carol now');
    await keyboard.press('Enter');
    await bob.sees('I am carol now');
    await bob.seesPerson('carol');
    assert.equal(await alice.page.locator('.me-name').innerText(), 'carol');
  });

  browserTest('a phone shows the page without horizontal scrolling', async (t) => {
    const { server, alice } = await twoPages(t);
    const phone = await browser.chat(t, server.url, { name: 'wren', channels: ['lobby', 'dev', 'a-long-channel-name'], ...PHONE });
    await alice.say(`${'long'.repeat(60)} and a sentence that has to wrap on a small screen`);
    await phone.log.locator('.msg').waitFor();
    const wide = await phone.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.equal(wide, 0);
    const box = await phone.page.locator('#compose button').boundingBox();
    assert.ok(box.y + box.height <= 760 && box.x + box.width <= 390, 'the send button is in view');
    await phone.page.tap('#here-toggle');
    await phone.page.locator('#here-list').getByText('alice').waitFor({ state: 'visible' });
    await mkdir(OUT, { recursive: true });
    await phone.page.screenshot({ path: `${OUT}phone.png` });
  });

  browserTest('light and dark follow the system', async (t) => {
    const server = await PealServer.start(t);
    const shades = [];
    for (const colorScheme of ['light', 'dark']) {
      const { page } = await browser.chat(t, server.url, { colorScheme });
      const colour = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      shades.push(Number(colour.match(/\d+/)[0]));
      await mkdir(OUT, { recursive: true });
      await page.screenshot({ path: `${OUT}${colorScheme}.png` });
    }
    assert.ok(shades[0] > 200 && shades[1] < 60, `${shades}`);
  });

  browserTest('a disconnected page recovers exactly the missed messages, in order', async (t) => {
    const server = await PealServer.start(t);
    const wire = await Wire.to(t, server.port);
    const alice = await browser.chat(t, wire.url, { name: 'alice' });
    const bob = await browser.chat(t, server.url, { name: 'bob' });
    await alice.reaches('open');
    await bob.reaches('open');
    await bob.say('before');
    await alice.sees('before');
    wire.cut();
    await alice.reaches('waiting');
    const missed = Array.from({ length: 20 }, (_, i) => `missed ${i + 1}`);
    for (const text of missed) await bob.say(text);
    await bob.sees('missed 20');
    assert.deepEqual(await alice.texts(), ['before']);
    wire.mend();
    await alice.reaches('open');
    await alice.sees('missed 20');
    await bob.say('after');
    await alice.sees('after');
    await alice.seesMark('recovered');
    assert.deepEqual(await alice.texts(), ['before', ...missed, 'after']);
    assert.equal(await alice.log.locator('.mark.gap').count(), 0);
  });

  browserTest('a page does not wait for a dead connection when its network changes', async (t) => {
    const server = await PealServer.start(t);
    const wire = await Wire.to(t, server.port);
    const alice = await browser.chat(t, wire.url, { name: 'alice' });
    const bob = await browser.chat(t, server.url, { name: 'bob' });
    await alice.reaches('open');
    await bob.reaches('open');
    wire.deaden();
    await bob.say('said while alice is deaf');
    await bob.sees('said while alice is deaf');
    await alice.page.context().setOffline(true);
    await alice.page.context().setOffline(false);
    await alice.sees('said while alice is deaf'); // after 12 s instead of 35
  });

  browserTest('a frozen page leaves, and recovers missed messages when it resumes', async (t) => {
    const { alice, bob } = await twoPages(t);
    await bob.seesPerson('alice');
    // Chromium freezes only hidden pages, and headless pages are never hidden
    const tell = (type) => alice.page.evaluate((name) => document.dispatchEvent(new Event(name)), type);
    await tell('freeze');
    await bob.page.evaluate(() => document.dispatchEvent(new Event('visibilitychange'))); // checks the connection at once
    await bob.page.locator('#here-list .person-name').getByText('alice').waitFor({ state: 'detached' });
    await bob.say('are you there?');
    await tell('resume');
    await alice.sees('are you there?');
    await alice.page.getByText('Reconnected. 1 missed message fetched.').waitFor();
    assert.equal(await alice.log.locator('.gap').count(), 0);
  });

  browserTest('messages written while disconnected are sent after reconnecting', async (t) => {
    const server = await PealServer.start(t);
    const wire = await Wire.to(t, server.port);
    const alice = await browser.chat(t, wire.url, { name: 'alice' });
    const bob = await browser.chat(t, server.url, { name: 'bob' });
    await alice.reaches('open');
    await bob.reaches('open');
    wire.cut();
    await alice.reaches('waiting');
    await alice.say('written while away');
    await alice.log.locator('.pending').waitFor();
    wire.mend();
    await bob.sees('written while away');
    await alice.sees('written while away');
    assert.deepEqual(await alice.texts(), ['written while away']);
    assert.equal(await alice.log.locator('.pending').count(), 0);
  });

  browserTest('the server is killed and restarted: both pages reconnect and report a gap', async (t) => {
    const { server, alice, bob } = await twoPages(t);
    await alice.say('before the kill');
    await bob.sees('before the kill');
    await server.kill('SIGKILL');
    for (const page of [alice, bob]) {
      await page.reaches('waiting');
      await page.page.locator('#state').getByText(/Reconnecting/).waitFor();
    }
    await server.start();
    for (const page of [alice, bob]) {
      await page.reaches('open');
      await page.seesMark('gap');
    }
    await alice.say('after the kill');
    await bob.sees('after the kill');
    assert.deepEqual(await bob.texts(), ['before the kill', 'after the kill']);
    await bob.seesPerson('alice');
  });

  browserTest('the server shuts down gracefully (1012): the pages wait for the next one', async (t) => {
    const { server, alice } = await twoPages(t);
    const page = await browser.page(t, `${server.url}/peal.js`);
    const waiting = page.evaluate(async () => {
      const { Peal } = await import('/peal.js');
      const peal = new Peal({ client: 'carol' });
      const event = new Promise((resolve) => {
        peal.on('state', (event) => event.state === 'waiting' && resolve(event));
      });
      peal.connect();
      await peal.ping();
      document.title = 'ready';
      return event;
    });
    await page.waitForFunction(() => document.title === 'ready');
    assert.equal(await server.kill('SIGTERM'), 0);
    assert.equal((await waiting).code, 1012);
    await alice.reaches('waiting');
    await server.start();
    await alice.reaches('open');
  });

  browserTest('if a token is required, the page asks for it and uses its name', async (t) => {
    const server = await PealServer.start(t, { PEAL_AUTH_SECRET: SECRET });
    const { page } = await browser.chat(t, server.url, { name: 'nobody' });
    await page.locator('#token-dialog[open]').waitFor();
    await page.fill('#token', 'nonsense');
    await page.keyboard.press('Tab');
    await page.click('#token-dialog [type=submit]');
    await page.locator('#token-wrong').getByText('not a valid token').waitFor();
    await page.fill('#token', signToken('another secret, so a bad signature', 'alice', 600));
    await page.click('#token-dialog [type=submit]');
    await page.locator('#token-why').getByText('refused').waitFor();
    await page.fill('#token', signToken(SECRET, 'alice', 600));
    await page.click('#token-dialog [type=submit]');
    await page.waitForSelector('body[data-state="open"]');
    assert.equal(await page.locator('.me-name').innerText(), 'alice');
    await page.reload();
    await page.waitForSelector('body[data-state="open"]');
  });

  browserTest('peal.js: every request gets its answer', async (t) => {
    const server = await PealServer.start(t);
    const page = await browser.page(t, server.url);
    const seen = await page.evaluate(async () => {
      const { Peal } = await import('/peal.js');
      const alice = new Peal({ client: 'api-alice' });
      const bob = new Peal({ client: 'api-bob' });
      const got = [];
      bob.on('direct', ({ from, payload }) => got.push(['direct', from, payload]));
      const room = bob.subscribe('api');
      room.on('message', ({ from, payload, offset }) => got.push(['message', from, payload, offset]));
      const ready = new Promise((resolve) => room.on('subscribed', resolve));
      alice.connect();
      bob.connect();
      const { recovered, offset } = await ready;
      const published = await alice.publish('api', { n: 1 });
      const direct = await alice.direct('api-bob', 'psst');
      const nobody = await alice.direct('no-one', 1);
      const echo = await alice.echo([1, 'zwei', null]);
      const presence = await alice.presence('api');
      const history = await alice.history('api', { limit: 5 });
      const took = await alice.ping();
      const bad = await alice.publish('not a channel!', 1).catch((error) => ({ name: error.name, code: error.code }));
      // bob's earlier messages arrived after the second one: a worker answers its own sockets
      // before it reads posts of others
      await bob.ping();
      await bob.ping();
      await room.unsubscribe();
      const left = await alice.presence('api');
      alice.close();
      bob.close();
      return { recovered, offset, published, direct, nobody, echo, presence, history, took, bad, got, left };
    });
    assert.equal(seen.offset, 0);
    assert.equal(seen.published.offset, 1);
    assert.equal(seen.published.listenerCount, 1);
    assert.deepEqual(seen.published.payload, { n: 1 });
    assert.equal(seen.direct.connectionCount, 1);
    assert.equal(seen.nobody.connectionCount, 0);
    assert.deepEqual(seen.echo, [1, 'zwei', null]);
    assert.deepEqual(seen.presence, [{ client: 'api-bob', connections: 1 }]);
    assert.deepEqual(seen.history.messages.map(({ offset }) => offset), [1]);
    assert.equal(seen.bad.name, 'PealError');
    const got = Object.fromEntries(seen.got.map(([type, ...rest]) => [type, rest]));
    assert.equal(seen.got.length, 2);
    assert.deepEqual(got, { message: ['api-alice', { n: 1 }, 1], direct: ['api-alice', 'psst'] });
    assert.deepEqual(seen.left, []);
    assert.ok(seen.took >= 0 && seen.took < 5_000);
  });

  // A client that knows the limits respects them (limits.test.js). One that does not learns them
  // here.
  browserTest('peal.js: too big, too fast and too late end with the documented close codes', async (t) => {
    const settings = {
      PEAL_AUTH_SECRET: SECRET, PEAL_AUTH_LEEWAY_SECONDS: '0', PEAL_LIMITS_MESSAGES_PER_SECOND: '5',
    };
    const server = await PealServer.start(t, settings);
    const page = await browser.page(t, `${server.url}/peal.js`);
    const [good, short] = [signToken(SECRET, 'alice', 600), signToken(SECRET, 'alice', 2)];
    const seen = await page.evaluate(async ([good, short]) => {
      const { Peal } = await import('/peal.js');
      class Untold extends WebSocket {
        constructor(url, protocols) {
          super(url.replace('&hello=1', ''), protocols);
        }
      }
      const endOf = async (token, act) => {
        const peal = new Peal({ client: 'alice', token, WebSocket: Untold });
        const ended = new Promise((resolve) => {
          peal.on('state', (event) => ['waiting', 'closed'].includes(event.state) && resolve(event));
        });
        peal.connect();
        await Promise.race([act(peal), ended]);
        const { state, code, final, delay } = await ended;
        peal.close();
        return { state, code, final, delay };
      };
      const big = await endOf(good, (peal) => peal.publish('lobby', 'x'.repeat(70_000)).catch(() => {}));
      const fast = await endOf(good, (peal) =>
        Promise.all(Array.from({ length: 50 }, () => peal.ping().catch(() => {}))),
      );
      const late = await endOf(short, (peal) => peal.ping());
      return { big, fast, late };
    }, [good, short]);
    assert.deepEqual([seen.big.code, seen.big.state, seen.big.final], [1009, 'closed', true]);
    assert.deepEqual([seen.fast.code, seen.fast.state], [4529, 'waiting']);
    assert.ok(seen.fast.delay >= 5_000);
    assert.deepEqual([seen.late.code, seen.late.state, seen.late.final], [4401, 'closed', true]);
  });

  browserTest('peal.js: an explained refusal never opens the connection', async (t) => {
    const server = await PealServer.start(t, { PEAL_AUTH_SECRET: SECRET });
    const page = await browser.page(t, `${server.url}/peal.js`);
    const states = await page.evaluate(async () => {
      const { Peal } = await import('/peal.js');
      const peal = new Peal({ client: 'alice' });
      const states = [];
      peal.on('state', ({ state, code }) => states.push([state, code ?? 0]));
      peal.connect();
      await peal.ready().catch(({ closeCode }) => states.push(closeCode));
      return states;
    });
    assert.deepEqual(states, [['connecting', 0], ['closed', 4401], 4401]);
  });

  browserTest('peal.js: no channel is joined implicitly', async (t) => {
    const server = await PealServer.start(t);
    const page = await browser.page(t, `${server.url}/peal.js`);
    const people = await page.evaluate(async () => {
      const { Peal } = await import('/peal.js');
      const peal = new Peal({ client: 'quiet' });
      peal.connect();
      const people = await peal.presence('lobby');
      peal.close();
      return people;
    });
    assert.deepEqual(people, []);
  });

  browserTest('peal.js: a token is refreshed in time, on the same connection', async (t) => {
    const server = await PealServer.start(t, { PEAL_AUTH_SECRET: SECRET, PEAL_AUTH_LEEWAY_SECONDS: '0' });
    const page = await browser.page(t, `${server.url}/peal.js`);
    const asked = [];
    await page.exposeFunction('getToken', (reason) => {
      asked.push(reason);
      return signToken(SECRET, 'alice', 4);
    });
    const states = await page.evaluate(async () => {
      const { Peal } = await import('/peal.js');
      const peal = new Peal({ client: 'alice', token: ({ reason }) => window.getToken(reason) });
      const states = [];
      peal.on('state', ({ state, code }) => states.push(code ?? state));
      peal.on('error', ({ message }) => states.push(message));
      peal.connect();
      await new Promise((resolve) => setTimeout(resolve, 5_500));
      return states;
    });
    assert.deepEqual(states, ['connecting', 'open']);
    assert.equal(asked[0], 'connect');
    assert.ok(asked.length >= 2 && asked.slice(1).every((reason) => reason === 'refresh'), `${asked}`);
  });
});

test('no page had an error or violated the content policy', () => {
  assert.deepEqual(browser.complaints, []);
});
