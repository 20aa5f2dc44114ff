/** What axe reports for every page in each state, width and colour scheme. */

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { Browser } from './support/browser.js';
import { Crowd } from './support/crowd.js';
import { Dashboard, KEY } from './support/dashboard.js';
import { faultsOf, STILL } from './support/looks.js';
import { PealServer } from './support/peal_server.js';
import { Wire } from './support/wire.js';

const SECRET = 'a-secret-of-the-tests-with-32-bytes-and-more';
const LONG_NAME = 'a.client-with-a-name-that-is-far-longer-than-most-names-are@example.com';

let browser;
before(async () => {
  browser = await Browser.launch();
});
after(() => browser?.close());

/** A page with the function that checks its current state. */
const browserTest = (name, run) => test(name, { timeout: 120_000 }, async (t) => {
  const faults = [];
  await run(t, async (page, state) => faults.push(...(await faultsOf(page, state))));
  assert.deepEqual(faults, []);
});

/** A lobby with several participants, as `alice` sees it over a wire. */
async function chatAtWork(t) {
  const server = await PealServer.start(t);
  const wire = await Wire.to(t, server.port);
  const channels = ['lobby', 'releases', 'a-channel-with-a-long-name'];
  const alice = await browser.chat(t, wire.url, { name: 'alice', channels, ...STILL });
  await alice.reaches('open');
  const others = [];
  for (const name of ['bob', 'carol', LONG_NAME]) {
    others.push(await browser.chat(t, server.url, { name, channels }));
    await others.at(-1).reaches('open');
  }
  for (const [i, text] of ['good morning', 'שלום לכולם', 'x'.repeat(300)].entries()) {
    await others[i].say(text);
    await alice.sees(text);
  }
  await alice.say('a longer sentence of my own, so long that it has to wrap at every width. '.repeat(4).trim());
  await others[0].page.click('[data-channel="releases"]');
  await others[0].say('version 1 is tagged, see https://example.com/');
  await alice.page.locator('[data-channel="releases"] .badge').waitFor();
  await alice.seesPerson(LONG_NAME);
  return { server, wire, alice };
}

// Each check is mostly axe, which is CPU-bound, so they run one at a time.
describe('axe finds nothing', { concurrency: 1 }, () => {
  browserTest('on the chat page, empty', async (t, check) => {
    const server = await PealServer.start(t);
    const { page } = await (await browser.chat(t, server.url, { name: 'alice', ...STILL })).reaches('open');
    await check(page, 'chat-empty');
    await page.click('#me');
    await check(page, 'chat-name');
  });

  browserTest('on the chat page in use, and disconnected', async (t, check) => {
    const { wire, alice } = await chatAtWork(t);
    const { page } = alice;
    await check(page, 'chat-connected');
    await page.setViewportSize({ width: 390, height: 800 });
    await page.click('#here-toggle');
    await check(page, 'chat-here');
    wire.cut();
    await page.locator('#state').getByText(/Reconnecting/).waitFor();
    await page.locator('#notice:visible').waitFor();
    await check(page, 'chat-reconnecting');
  });

  browserTest('on the chat page that asks for a token', async (t, check) => {
    const server = await PealServer.start(t, { PEAL_AUTH_SECRET: SECRET });
    const { page } = await browser.chat(t, server.url, { name: 'nobody', ...STILL });
    await page.locator('#token-dialog[open]').waitFor();
    await check(page, 'chat-token');
    await page.fill('#token', 'nonsense');
    await page.click('#token-dialog [type=submit]');
    await page.locator('#token-wrong').getByText('not a valid token').waitFor();
    await check(page, 'chat-token-wrong');
    await page.keyboard.press('Escape');
    await check(page, 'chat-closed');
  });

  browserTest('on the chat page with accounts', async (t, check) => {
    const state = await mkdtemp(join(tmpdir(), 'peal-state-'));
    t.after(() => rm(state, { recursive: true, force: true, maxRetries: 5 }));
    const server = await PealServer.start(t, { XDG_STATE_HOME: state });
    const { page } = await browser.chat(t, server.url, { name: 'ann', ...STILL });
    await page.click('#account');
    await check(page, 'chat-sign-in');
    await page.getByRole('button', { name: 'Create an account' }).click();
    for (const [name, value] of Object.entries({ name: 'ann', email: 'ann@example.com', password: 'iloveyou' })) {
      await page.fill(`#account-${name}`, value);
    }
    await page.click('#account-dialog [type=submit]');
    await page.locator('#account-dialog .wrong:not(:empty)').waitFor();
    await check(page, 'chat-sign-up-wrong');
  });

  browserTest('on the dashboard, signed out', async (t, check) => {
    const server = await PealServer.start(t, { PEAL_API_KEY: KEY });
    const dashboard = await Dashboard.open(t, browser, server.url, STILL);
    const { page } = dashboard;
    await check(page, 'dashboard-sign-in');
    await dashboard.signIn('no-key-that-anybody-knows');
    await page.locator('#sign-in-wrong:not(:empty)').waitFor();
    await check(page, 'dashboard-sign-in-wrong');
  });

  browserTest('on the dashboard in use, with its dialogs, and disconnected', async (t, check) => {
    const server = await PealServer.start(t, { PEAL_API_KEY: KEY });
    const dashboard = await Dashboard.signedIn(t, browser, server.url, STILL);
    const { page } = dashboard;
    const crowd = new Crowd(t, server);
    await crowd.joinAll(20, (i) => `user-${100 + i}`, (i) => ['lobby', 'orders', 'prices:eur'][i % 3]);
    const many = await crowd.join('many', 'lobby');
    for (let i = 0; i < 11; i += 1) many.send(JSON.stringify({ type: 'subscribe', channel: `orders:warehouse-${i}` }));
    await crowd.join(LONG_NAME, 'a-channel-with-a-long-name-'.repeat(5));
    crowd.talk(await crowd.join('noisy', 'prices:eur'), 'prices:eur', 40);
    await dashboard.seesFirst('connections', 'noisy');
    await page.waitForTimeout(4000);
    await check(page, 'dashboard');
    await page.click('#publish-any');
    await check(page, 'dashboard-publish');
    await page.keyboard.press('Escape');
    await dashboard.row('channels', 'prices:eur').getByRole('button').first().click();
    await page.locator('#inside-messages li').first().waitFor();
    await check(page, 'dashboard-inside');
    await page.keyboard.press('Escape');
    await dashboard.row('connections', 'many').getByRole('button').first().click();
    await check(page, 'dashboard-disconnect');
    await page.keyboard.press('Escape');
    await server.kill();
    await dashboard.reaches('waiting');
    await check(page, 'dashboard-waiting');
  });

  browserTest('on the page of the HTTP API', async (t, check) => {
    const server = await PealServer.start(t);
    const page = await browser.page(t, `${server.url}/api.html`, STILL);
    await page.waitForSelector('main[aria-busy="false"]');
    await check(page, 'api');
  });
});
