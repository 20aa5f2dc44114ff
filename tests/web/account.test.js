/** Accounts on the chat page: signing up, in and out, names, and silent renewal. */

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { Browser } from './support/browser.js';
import { PealServer } from './support/peal_server.js';

const PASSWORD = 'correct horse battery';
const CHEAP = { PEAL_ACCOUNTS_HASH_MEMORY_KIB: '19456', PEAL_ACCOUNTS_HASH_PASSES: '2' };

let browser;
before(async () => {
  browser = await Browser.launch();
});
after(() => browser?.close());

const browserTest = (name, run) => test(name, { timeout: 60_000 }, run);

/** A server with accounts in a separate folder. */
async function startServer(t, environment = {}) {
  const state = await mkdtemp(join(tmpdir(), 'peal-state-'));
  const url = environment.PEAL_AUTH_SECRET && { PEAL_ACCOUNTS_URL: `sqlite://${state}/accounts.db` };
  const server = await PealServer.start(t, { ...CHEAP, XDG_STATE_HOME: state, ...url, ...environment });
  t.after(() => rm(state, { recursive: true, force: true, maxRetries: 5 }));
  return server;
}

const dialog = '#account-dialog';

async function enter(page, fields) {
  for (const [name, value] of Object.entries(fields)) await page.page.fill(`#account-${name}`, value);
  await page.page.click(`${dialog} [type=submit]`);
}

/** A page whose user has just signed up. */
async function signedUp(t, server, name) {
  const page = await browser.chat(t, server.url);
  await page.page.click('#account');
  await page.page.getByRole('button', { name: 'Create an account' }).click();
  await enter(page, { name, email: `${name}@example.com`, password: PASSWORD });
  await page.page.waitForSelector(`${dialog}[open]`, { state: 'detached' });
  await page.page.locator('#me .me-name').getByText(name, { exact: true }).waitFor();
  await page.reaches('open');
  return page;
}

const buttonSays = (page, text) => page.page.locator('#account').getByText(text, { exact: true }).waitFor();

describe('accounts in the browser', { concurrency: 2 }, () => {
  browserTest('two users sign up, chat, and see each other by name', async (t) => {
    const server = await startServer(t);
    const ann = await signedUp(t, server, 'Ann');
    const ben = await signedUp(t, server, 'Ben');
    await ann.say('hello ben');
    await ben.sees('hello ben');
    await ben.log.locator('.meta b').getByText('Ann', { exact: true }).waitFor();
    await ben.seesPerson('Ann');
    await ann.seesPerson('Ben');
    await buttonSays(ann, 'Sign out');
  });

  browserTest('a user signs out, becomes a guest, and signs in again', async (t) => {
    const server = await startServer(t);
    const page = await signedUp(t, server, 'Ann');
    await page.page.click('#account');
    await buttonSays(page, 'Sign in');
    await page.reaches('open');
    assert.notEqual(await page.page.innerText('#me .me-name'), 'Ann');
    await page.page.click('#account');
    await enter(page, { email: 'Ann@example.com', password: 'not the password' });
    await page.page.locator(`${dialog} .wrong`).getByText('Incorrect email or password').waitFor();
    await enter(page, { password: PASSWORD });
    await buttonSays(page, 'Sign out');
    await page.page.locator('#me .me-name').getByText('Ann', { exact: true }).waitFor();
  });

  browserTest('a reload keeps the user signed in', async (t) => {
    const server = await startServer(t);
    const page = await signedUp(t, server, 'Ann');
    for (let i = 0; i < 2; i += 1) {
      await page.page.reload();
      await page.page.locator('#me .me-name').getByText('Ann', { exact: true }).waitFor();
      await page.reaches('open');
    }
  });

  browserTest('the token is renewed silently', async (t) => {
    const server = await startServer(t, { PEAL_ACCOUNTS_TOKEN_SECONDS: '30' });
    const page = await signedUp(t, server, 'Ann');
    let renewed = 0;
    page.page.on('request', (request) => {
      if (new URL(request.url()).pathname === '/token') renewed += 1;
    });
    // an open connection gets a fresh token before the old one expires
    await page.page.waitForRequest((request) => new URL(request.url()).pathname === '/token', { timeout: 35_000 });
    await page.say('still here');
    await page.sees('still here');
    assert.ok(renewed >= 1);
    assert.equal(await page.log.locator('.mark.gap').count(), 0);
  });

  browserTest('a server that requires accounts shows the sign-in form', async (t) => {
    const server = await startServer(t, { PEAL_AUTH_SECRET: 'a-secret-of-the-tests-with-32-bytes' });
    const page = await browser.chat(t, server.url);
    await page.page.waitForSelector(`${dialog}[open]`);
    await page.page.getByRole('button', { name: 'Create an account' }).click();
    await enter(page, { name: 'Ann', email: 'ann@example.com', password: 'password1' });
    await page.page.locator(`${dialog} .wrong`).getByText('is too common').waitFor();
    await enter(page, { password: PASSWORD });
    await page.reaches('open');
    await page.say('in');
    await page.sees('in');
  });

  browserTest('without accounts there is no sign-in button', async (t) => {
    const server = await PealServer.start(t);
    const page = await browser.chat(t, server.url, { name: 'alice' });
    await page.reaches('open');
    assert.equal(await page.page.isVisible('#account'), false);
  });
});

test('no page had an error', () => {
  assert.deepEqual(browser.complaints.filter((text) => !/status of 40[013]/.test(text)), []);
});
