/** How the chat page looks and behaves at each width, in a real browser. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';

import { colourOf } from '../../web/chat-names.js';
import { Browser, ChatPage, PHONE } from './support/browser.js';
import { contrast, distance } from './support/colour.js';
import { atEachWidth, STILL } from './support/looks.js';
import { PealServer } from './support/peal_server.js';
import { signToken } from './support/token.js';
import { Wire } from './support/wire.js';

const SECRET = 'a-secret-of-the-tests-with-32-bytes-and-more';
const LONG_NAME = 'a.client-with-a-name-that-is-far-longer-than-most-names-are@example.com';

let browser;
before(async () => {
  browser = await Browser.launch();
});
after(() => browser?.close());

const browserTest = (name, run) => test(name, { timeout: 25_000 }, run);

async function chat(t, options) {
  const server = await PealServer.start(t);
  const alice = await browser.chat(t, server.url, { name: 'alice', ...STILL, ...options });
  return { server, alice: await alice.reaches('open') };
}

const nameOf = (page) => page.locator('.me-name').innerText();

test('twelve people have twelve distinct colours, dark enough for white letters', async () => {
  const css = await readFile(new URL('../../web/chat.css', import.meta.url), 'utf8');
  const palette = [...css.matchAll(/data-colour="(\d+)"\] \{ background: (#\w{6})/g)].map(([, , colour]) => colour);
  const names = ['alice', 'carol', 'bob', 'dave', 'erin', 'frank', 'grace', 'heidi', 'ivan', 'judy', 'mallory', 'niaj'];
  assert.equal(palette.length, names.length);
  assert.equal(new Set(names.map(colourOf)).size, names.length);
  assert.equal(colourOf('alice'), colourOf('alice'));
  assert.ok(palette[colourOf('one more than there are colours')]);
  palette.forEach((colour, i) => {
    assert.ok(contrast(colour, '#ffffff') >= 4.5, colour);
    for (const other of palette.slice(0, i)) assert.ok(distance(colour, other) >= 20, `${colour} and ${other}`);
  });
  assert.ok(distance(palette[colourOf('alice')], palette[colourOf('carol')]) >= 40);
});

describe('the chat page', { concurrency: 2 }, () => {
  browserTest('shows the whole title while it reconnects', async (t) => {
    const server = await PealServer.start(t);
    const wire = await Wire.to(t, server.port);
    const { page } = await (await browser.chat(t, wire.url, { name: 'alice', ...STILL })).reaches('open');
    wire.cut();
    await page.locator('#state').getByText(/Reconnecting/).waitFor();
    await atEachWidth(page, async (width) => {
      const [needed, had] = await page.locator('#title').evaluate((title) => [title.scrollWidth, title.clientWidth]);
      assert.ok(needed <= had, `${needed} px of title in ${had} px, at ${width} px`);
      const out = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.equal(out, 0, `at ${width} px`);
    });
  });

  browserTest('closes the list of people on Escape and on a tap elsewhere', async (t) => {
    const { alice } = await chat(t, PHONE);
    const { page } = alice;
    const list = page.locator('#here-list');
    await page.tap('#here-toggle');
    await list.waitFor({ state: 'visible' });
    await page.keyboard.press('Escape');
    await list.waitFor({ state: 'hidden' });
    assert.equal(await alice.focused(), 'here-toggle');
    assert.equal(await page.getAttribute('#here-toggle', 'aria-expanded'), 'false');
    await page.tap('#here-toggle');
    await list.tap();
    assert.ok(await list.isVisible(), 'a tap inside leaves it open');
    await page.touchscreen.tap(20, 500);
    await list.waitFor({ state: 'hidden' });
    await page.tap('#here-toggle');
    await page.tap('#here-toggle');
    assert.ok(await list.isHidden(), 'the button closes it too');
  });

  browserTest('shows the time right after the name, even a long one', async (t) => {
    const { server, alice } = await chat(t);
    const other = await (await browser.chat(t, server.url, { name: LONG_NAME })).reaches('open');
    await other.say('hello');
    await alice.sees('hello');
    await atEachWidth(alice.page, async (width) => {
      const gap = await alice.log.locator('.meta').evaluate((meta) => {
        const range = document.createRange();
        range.selectNodeContents(meta.querySelector('b'));
        const name = [...range.getClientRects()].at(-1); // the name's last line
        const time = meta.querySelector('time').getBoundingClientRect();
        return time.top > name.bottom - 4 ? time.left - meta.getBoundingClientRect().left : time.left - name.right;
      });
      assert.ok(gap >= 0 && gap < 20, `${gap} px at ${width} px`);
    });
  });

  browserTest('leaves room beside a long message, so that its author is clear', async (t) => {
    const { alice } = await chat(t);
    await alice.say('a message of many words. '.repeat(30).trim());
    await alice.log.locator('.msg:not(.pending)').waitFor();
    await atEachWidth(alice.page, async (width) => {
      const [bubble, row] = await alice.log.locator('.own').evaluate((own) => (
        [own.querySelector('.text').offsetWidth, own.offsetWidth]));
      assert.ok(bubble <= row * 0.9, `${bubble} of ${row} px at ${width} px`);
    });
  });

  browserTest('shows Hebrew right to left, and English next to it left to right', async (t) => {
    const { alice } = await chat(t);
    for (const text of ['שלום עולם', 'hello']) {
      await alice.say(text);
      await alice.sees(text);
    }
    const directions = await alice.log.locator('.text').evaluateAll((all) => all.map((one) => getComputedStyle(one).direction));
    assert.deepEqual(directions, ['rtl', 'ltr']);
    for (const name of ['.meta b', '#text', '#name']) {
      assert.equal(await alice.page.locator(name).first().getAttribute('dir'), 'auto', name);
    }
  });

  browserTest('picks another name in a duplicated window, and keeps its own across a reload', async (t) => {
    const { alice: { page } } = await chat(t);
    const name = await nameOf(page);
    const opened = page.waitForEvent('popup');
    await page.evaluate(() => void window.open(location.href)); // copies the session storage, like duplicating a tab
    const copy = await opened;
    await copy.waitForSelector('body[data-state="open"]');
    assert.notEqual(await nameOf(copy), name);
    await page.reload();
    await page.waitForSelector('body[data-state="open"]');
    assert.equal(await nameOf(page), name);
  });

  browserTest('keeps the name of its token in a duplicated window', async (t) => {
    const server = await PealServer.start(t, { PEAL_AUTH_SECRET: SECRET });
    const { page } = await browser.chat(t, server.url, STILL);
    await page.locator('#token-dialog[open]').waitFor();
    const asks = await page.locator('#token-dialog').innerText();
    assert.match(asks, /requires a token/);
    assert.doesNotMatch(asks, /header/i);
    await page.fill('#token', signToken(SECRET, 'alice', 600));
    await page.click('#token-dialog [type=submit]');
    await page.waitForSelector('body[data-state="open"]');
    const opened = page.waitForEvent('popup');
    await page.evaluate(() => void window.open(location.href));
    const copy = await (new ChatPage(await opened)).reaches('open');
    assert.equal(await nameOf(copy.page), 'alice');
  });

  browserTest('says that the rate limit closed the connection', async (t) => {
    const server = await PealServer.start(t);
    const { page } = await browser.chat(t, server.url, { name: 'alice', ...STILL });
    await page.waitForSelector('body[data-state="open"]');
    let sockets = 0;
    await page.routeWebSocket(/\/ws\//, (socket) => {
      if ((sockets += 1) === 1) setTimeout(() => socket.close({ code: 4529, reason: 'rate limit' }), 100);
      else socket.connectToServer();
    });
    await page.reload();
    await page.locator('#notice-text', { hasText: 'too many messages' }).waitFor();
    await page.click('#notice-retry');
    await page.waitForSelector('body[data-state="open"]');
    assert.ok(await page.locator('#notice').isHidden());
  });
});

test('no page had an error or violated the content policy', () => {
  assert.deepEqual(browser.complaints, []);
});
