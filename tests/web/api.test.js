/** The page of the HTTP API in a real browser, against the real server. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Browser } from './support/browser.js';
import { PealServer } from './support/peal_server.js';

let browser;
before(async () => {
  browser = await Browser.launch();
});
after(() => browser?.close());

test('the page shows every path, and its script keeps to the content policy', async (t) => {
  const server = await PealServer.start(t);
  const page = await browser.page(t, `${server.url}/api.html`);
  await page.waitForSelector('main[aria-busy="false"]');
  const { paths } = await (await fetch(`${server.url}/openapi.json`)).json();
  assert.deepEqual(await page.locator('section h2 code').allTextContents(), Object.keys(paths));
  assert.equal(await page.locator('[role="alert"]').count(), 0);
  await page.click('a[href="#publish"]');
  assert.match(await page.locator('#publish').innerText(), /idempotency_key[\s\S]*429/);
  assert.deepEqual(browser.complaints, []);
});
