/** The dashboard in a real browser, with the real server. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import { Browser, PHONE } from './support/browser.js';
import { Crowd } from './support/crowd.js';
import { Dashboard, KEY } from './support/dashboard.js';
import { PealServer } from './support/peal_server.js';
import { joinCluster, startRedis } from './support/redis_node.js';

const WEAK_KEY = 'a-key-that-may-publish-and-no-more';
const KEYS = JSON.stringify([{
  name: 'weak',
  hash: `sha256:${createHash('sha256').update(WEAK_KEY).digest('hex')}`,
  scopes: ['publish', 'tickets'],
}]);

let browser;
before(async () => {
  browser = await Browser.launch();
});
after(() => {
  // refusals by the server are tested below; content policy violations always fail
  assert.deepEqual(browser.complaints.filter((text) => !/ status of 40[013] /.test(text)), []);
  return browser.close();
});

const browserTest = (name, run) => test(name, { timeout: 30_000 }, run);

async function start(t, environment = {}) {
  const server = await PealServer.start(t, { PEAL_API_KEY: KEY, PEAL_API_KEYS: KEYS, ...environment });
  return { server, crowd: new Crowd(t, server) };
}

describe('the dashboard', { concurrency: 2 }, () => {
  browserTest('asks for a key, and explains why one is refused', async (t) => {
    const { server } = await start(t);
    const dashboard = await Dashboard.open(t, browser, server.url);
    const { page } = dashboard;
    for (const [key, text] of [['no-key-that-anybody-knows', /Unknown API key/], [WEAK_KEY, /scope admin/]]) {
      await dashboard.signIn(key);
      await page.locator('#sign-in-wrong', { hasText: text }).waitFor();
      assert.equal(await page.locator('#board').isVisible(), false);
      assert.equal(await dashboard.focused(), 'API key');
    }
    await dashboard.signIn();
    await dashboard.reaches('live');
    assert.equal(await page.locator('#sign-in').isVisible(), false);
    assert.match(await page.locator('#whose').innerText(), /from one instance: .+:\d+, version/);
    assert.ok(!page.url().includes(KEY));
    const own = page.locator('#instances tbody tr');
    assert.match(await own.innerText(), new RegExp(`:${server.port} \\(this one\\)`));
    assert.match(await page.locator('#redis').innerText(), /alone, without Redis/);
    assert.equal(await page.locator('#nodes').isVisible(), false);
  });

  browserTest('stores the key where the user chose, and deletes it', async (t) => {
    const { server } = await start(t);
    const dashboard = await Dashboard.signedIn(t, browser, server.url);
    const { page } = dashboard;
    const kept = () => page.evaluate(() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }, document.cookie]));
    assert.ok(!(await kept()).includes(KEY));
    await page.reload();
    await page.locator('#sign-in').waitFor();
    await page.check('#remember');
    await dashboard.signIn();
    await dashboard.reaches('live');
    await page.reload();
    await dashboard.reaches('live');
    await page.click('#sign-out');
    await dashboard.reaches('signed-out');
    assert.ok(!(await kept()).includes(KEY));
    await page.reload();
    await page.locator('#sign-in').waitFor();
  });

  browserTest('updates numbers and plots', async (t) => {
    const { server, crowd } = await start(t);
    const dashboard = await Dashboard.signedIn(t, browser, server.url);
    const picture = await dashboard.picture('Messages per second');
    const [alice] = [await crowd.join('alice', 'lobby'), await crowd.join('bob', 'lobby')];
    crowd.talk(alice, 'lobby', 60);
    await dashboard.page.waitForFunction(() => {
      const [, out] = document.querySelectorAll('[data-plot="Messages per second"] b');
      return Number(out.textContent) > 100; // two subscribers, plus responses
    });
    assert.notEqual(await dashboard.picture('Messages per second'), picture);
    assert.equal(await dashboard.value('Connections', 'open'), '3');
    assert.match(await dashboard.value('Latency', 'this page'), /^[\d.]+ ms$/);
    assert.match(await dashboard.value('Latency', '99 %'), /^[\d.]+ ms$/);
    assert.match(await dashboard.value('Busiest thread', 'of a core'), /^[\d.]+ %$/);
    assert.match(await dashboard.value('Memory', 'resident'), / MB$/);
    assert.match(await dashboard.value('Bytes per second', 'out'), /KB$/);
  });

  browserTest('shows within five seconds which channel and which client cause load', async (t) => {
    const { server, crowd } = await start(t);
    await crowd.joinAll(300, (i) => `quiet-${i}`, (i) => `room-${i % 100}`);
    const noisy = await crowd.join('noisy', 'noise');
    await crowd.join('listener', 'noise');
    const dashboard = await Dashboard.signedIn(t, browser, server.url);
    crowd.talk(noisy, 'noise', 80);
    await Promise.all([dashboard.seesFirst('channels', 'noise', 5000), dashboard.seesFirst('connections', 'noisy', 5000)]);
    assert.match(await dashboard.row('connections', 'noisy').innerText(), /127\.0\.0\.1\s+broadcast\s+noise/);
    assert.match(await dashboard.page.locator('#connections-note').innerText(), /^50 of 303 connections shown$/);
  });

  browserTest('finds a client among many, and sorts by any column', async (t) => {
    const { server, crowd } = await start(t);
    await crowd.joinAll(80, (i) => `client-${i}`, (i) => `room:${i % 7}`);
    await crowd.join('needle', 'haystack');
    const dashboard = await Dashboard.signedIn(t, browser, server.url);
    await dashboard.page.fill('#connections-search', 'haystack');
    await dashboard.page.locator('#connections-note', { hasText: '1 of 1 connection shown' }).waitFor();
    assert.deepEqual(await dashboard.names('connections'), ['needle']);
    await dashboard.page.fill('#channels-search', 'nothing has this');
    await dashboard.page.getByText('No channel name contains this.').waitFor();
    await dashboard.page.fill('#connections-search', '🙂'.repeat(80)); // more bytes than a search may have
    await dashboard.page.getByText('No connection matches.').waitFor();
    await dashboard.page.fill('#channels-search', '');
    await dashboard.page.click('#channels thead button:has-text("Subscribers")');
    await dashboard.seesFirst('channels', 'room:0');
    assert.equal(await dashboard.page.locator('#channels th[aria-sort="descending"]').textContent(), 'Subscribers▾');
  });

  browserTest('publishes, inspects a channel, and disconnects a client', async (t) => {
    const { server, crowd } = await start(t);
    const alice = await crowd.join('alice', 'lobby');
    const dashboard = await Dashboard.signedIn(t, browser, server.url);
    const { page } = dashboard;
    await dashboard.row('channels', 'lobby').getByRole('button', { name: 'Publish to lobby' }).click();
    await page.fill('#publish-payload', '{"text": ');
    await page.click('#publish [type=submit]');
    await page.locator('#publish-result.wrong', { hasText: 'not JSON' }).waitFor();
    const heard = new Promise((resolve) => alice.on('message', (data) => resolve(JSON.parse(data))));
    await page.fill('#publish-payload', '{"text": "from the dashboard"}');
    await page.click('#publish [type=submit]');
    await page.getByText('Published to lobby, with offset 1.').waitFor();
    assert.deepEqual((await heard).payload, { text: 'from the dashboard' });
    await page.click('#publish [data-close]');

    await dashboard.row('channels', 'lobby').getByRole('button', { name: 'Inspect lobby' }).click();
    await page.locator('#inside-messages', { hasText: 'from the dashboard' }).waitFor();
    assert.equal(await page.locator('#inside-members').innerText(), 'alice');
    await page.keyboard.press('Escape');

    await dashboard.row('connections', 'alice').getByRole('button', { name: 'Disconnect alice' }).click();
    assert.equal(await dashboard.focused({ ring: false }), 'Cancel'); // not accidentally
    await page.fill('#disconnect-reason', 'too loud');
    await page.click('#disconnect [type=submit]');
    await page.getByText('alice is disconnected: 1 connection closed on this instance.').waitFor();
    assert.deepEqual(await alice.closed, { code: 4403, reason: 'too loud' });
    await page.click('#disconnect [data-close]');
    await dashboard.row('connections', 'alice').waitFor({ state: 'detached' });
    const drop = dashboard.page.locator('#drops tr', { hasText: 'disconnected' });
    assert.match(await drop.innerText(), /^closed with 4403\s+disconnected\s+1\s+1$/);
  });

  browserTest('shows any client id unchanged, and finds and disconnects its client', async (t) => {
    const { server, crowd } = await start(t);
    const ids = ['auth0|5f7c', '<b onclick="window.hacked = 1">&amp;', 'DOMAIN\\user', 'josé', '\u202enimda', '*', '%2F/..', 'a b'];
    const sockets = await Promise.all(ids.map((id) => crowd.join(id, 'lobby')));
    const dashboard = await Dashboard.signedIn(t, browser, server.url);
    const { page } = dashboard;
    const shown = async () => page.locator('#connections tbody th').allTextContents();
    await page.waitForFunction((count) => document.querySelectorAll('#connections tbody th').length === count, ids.length + 1);
    assert.deepEqual((await shown()).filter((id) => !id.startsWith('dashboard-')).sort(), [...ids].sort());
    await page.fill('#connections-search', '<b ');
    await page.locator('#connections-note', { hasText: '1 of 1' }).waitFor();
    assert.deepEqual(await shown(), [ids[1]]);
    await page.locator('#connections tbody button').click();
    await page.locator('dialog[open]', { hasText: ids[1] }).waitFor();
    await page.click('dialog[open] [type=submit]');
    assert.equal((await sockets[1].closed).code, 4403);
    await page.click('dialog[open] [data-close]');
    await dashboard.row('channels', 'lobby').getByRole('button', { name: 'Inspect lobby' }).click();
    await page.locator('#inside-members', { hasText: 'auth0|5f7c' }).waitFor();
    const members = await page.locator('#inside-members').textContent();
    for (const id of ids) if (id !== ids[1]) assert.ok(members.includes(id), `${id} in ${members}`);
    assert.equal(await page.evaluate(() => window.hacked), undefined);
  });

  browserTest('shows hostile texts as plain text', async (t) => {
    const { server, crowd } = await start(t);
    await crowd.join('eve', 'lobby');
    const dashboard = await Dashboard.signedIn(t, browser, server.url);
    const { page } = dashboard;
    const hostile = '<img src=x onerror="window.hacked = 1"><script>window.hacked = 2</script>';
    await page.click('#publish-any');
    await page.fill('#publish-channel', 'lobby');
    await page.fill('#publish-payload', JSON.stringify({ text: hostile }));
    await page.click('#publish [type=submit]');
    await page.getByText('Published to lobby').waitFor();
    await page.fill('#publish-channel', hostile);
    await page.click('#publish [type=submit]');
    await page.locator('#publish-result.wrong').waitFor();
    await page.click('#publish [data-close]');
    await dashboard.row('channels', 'lobby').getByRole('button', { name: 'Inspect' }).click();
    await page.locator('#inside-messages', { hasText: 'onerror' }).waitFor();
    await page.click('#inside [data-close]');
    // names that no valid server accepts: tests the page's own handling
    await page.evaluate(async (text) => {
      const { Table } = await import('/dashboard/table.js');
      const table = document.body.appendChild(document.createElement('table'));
      table.id = 'hostile';
      const buttons = [{ name: text, label: () => text, run: () => {} }];
      new Table(table, { caption: text, keyOf: ({ name }) => name, columns: [{ name: text, text: ({ name }) => name }, { name: text, buttons }] })
        .fill([{ name: text }], text);
    }, hostile);
    assert.equal(await page.locator('#hostile tbody th').innerText(), hostile);
    assert.equal(await page.locator('main img, dialog img, #hostile img, #hostile script').count(), 0);
    assert.equal(await page.evaluate(() => window.hacked), undefined);
  });

  browserTest('is light or dark, by system setting or choice', async (t) => {
    const { server } = await start(t);
    const dashboard = await Dashboard.signedIn(t, browser, server.url, { colorScheme: 'light' });
    const { page } = dashboard;
    const looks = () => page.evaluate(() => {
      const { backgroundColor, color } = getComputedStyle(document.body);
      const sum = (text) => text.match(/\d+/g).slice(0, 3).reduce((a, b) => a + Number(b), 0);
      return sum(backgroundColor) < sum(color) ? 'dark' : 'light';
    });
    assert.equal(await looks(), 'light');
    const picture = await dashboard.picture('Memory');
    await page.emulateMedia({ colorScheme: 'dark' });
    assert.equal(await looks(), 'dark');
    await page.waitForTimeout(50);
    assert.notEqual(await dashboard.picture('Memory'), picture);
    await page.selectOption('#theme', 'light');
    assert.equal(await looks(), 'light');
    await page.reload();
    assert.equal(await looks(), 'light');
    await page.emulateMedia({ colorScheme: 'light' });
    await page.selectOption('#theme', 'dark');
    assert.equal(await looks(), 'dark');
  });

  browserTest('can be used with only the keyboard', async (t) => {
    const { server, crowd } = await start(t);
    const alice = await crowd.join('alice', 'lobby');
    const dashboard = await Dashboard.open(t, browser, server.url);
    const { keyboard } = dashboard.page;
    assert.equal(await dashboard.focused(), 'API key');
    await keyboard.type(KEY);
    await keyboard.press('Enter');
    await dashboard.reaches('live');
    await dashboard.row('connections', 'alice').waitFor();
    await dashboard.tabTo('Skip to the connections');
    await keyboard.press('Enter');
    await dashboard.tabTo('Disconnect alice');
    await keyboard.press('Enter');
    assert.equal(await dashboard.focused(), 'Cancel');
    await keyboard.press('Escape');
    assert.equal(await dashboard.focused(), 'Disconnect alice');
    await keyboard.press('Enter');
    await dashboard.tabTo('Disconnect');
    await keyboard.press('Enter');
    assert.equal((await alice.closed).code, 4403);
  });

  browserTest('keeps the order of rows while one of them has the focus', async (t) => {
    const { server, crowd } = await start(t);
    const [first, second] = [await crowd.join('one', 'lobby'), await crowd.join('two', 'lobby')];
    const dashboard = await Dashboard.signedIn(t, browser, server.url);
    crowd.talk(first, 'lobby', 20);
    await dashboard.seesFirst('connections', 'one');
    const button = dashboard.row('connections', 'one').getByRole('button');
    await button.focus();
    crowd.talk(second, 'lobby', 70);
    await dashboard.page.waitForFunction(() => [...document.querySelectorAll('#connections tr')]
      .some((row) => row.textContent.startsWith('two') && Number(row.cells[5].textContent) > 40));
    assert.equal((await dashboard.names('connections'))[0], 'one');
    assert.equal(await dashboard.focused(), 'Disconnect one');
    await dashboard.page.locator('#connections-search').focus();
    await dashboard.seesFirst('connections', 'two');
  });

  browserTest('shows the Redis servers: role, state, slots and round trip', async (t) => {
    const nodes = await Promise.all([startRedis(t), startRedis(t)]);
    await joinCluster(nodes);
    const { server } = await start(t, { PEAL_REDIS_URL: `redis+cluster://127.0.0.1:${nodes[0].port}`, PEAL_REDIS_TIMEOUT_MS: '500' });
    const dashboard = await Dashboard.signedIn(t, browser, server.url);
    const { page } = dashboard;
    await page.locator('#nodes-note', { hasText: '2 servers, all up' }).waitFor();
    // a mean needs two snapshots with commands answered between them
    await page.waitForFunction(() => [...document.querySelectorAll('#nodes tbody tr')].every((row) => row.textContent.endsWith('ms')));
    const texts = await page.locator('#nodes tbody tr').allInnerTexts();
    assert.equal(texts.filter((text) => /\tmaster, with the common keys\tup\t8,192\t0\t[\d.]+ ms$/.test(text)).length, 1, texts);
    assert.equal(texts.filter((text) => /\tmaster\tup\t8,192\t0\t[\d.]+ ms$/.test(text)).length, 1, texts);
    assert.deepEqual((await dashboard.names('nodes')).sort(), nodes.map(({ port }) => `127.0.0.1:${port}`).sort());
    const other = texts.findIndex((text) => text.includes('\tmaster\t'));
    const port = Number((await dashboard.names('nodes'))[other].split(':')[1]);
    nodes.find((node) => node.port === port).child.kill('SIGKILL');
    await page.locator('#nodes-note', { hasText: '2 servers, 1 down' }).waitFor();
    assert.match(await dashboard.row('nodes', `:${port}`).innerText(), /\tmaster\tdown\t8,192\t/);
  });

  browserTest('reconnects after a restart, and signs out when the key is removed', async (t) => {
    const { server } = await start(t);
    const dashboard = await Dashboard.signedIn(t, browser, server.url);
    await server.kill();
    await dashboard.reaches('waiting');
    await server.start();
    await dashboard.reaches('live');
    await dashboard.row('connections', 'dashboard-').waitFor();
    await server.kill();
    await dashboard.reaches('waiting');
    const other = new PealServer(server.port, { PEAL_API_KEY: 'quite-another-key-than-before' });
    t.after(() => other.kill());
    await other.start();
    await dashboard.reaches('signed-out');
    assert.match(await dashboard.page.locator('#sign-in-wrong').innerText(), /Unknown API key/);
  });

  browserTest('fits a phone without horizontal scrolling', async (t) => {
    const { server, crowd } = await start(t);
    await crowd.join('a-client-with-a-long-name-'.repeat(4), 'a-channel-with-a-long-name-'.repeat(5));
    const dashboard = await Dashboard.signedIn(t, browser, server.url, PHONE);
    await dashboard.row('channels', 'a-channel').waitFor();
    const [wide, seen] = await dashboard.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(wide <= seen, `${wide} > ${seen}`);
  });

  browserTest('requests only from this server, and never /metrics', async (t) => {
    const { server } = await start(t);
    const dashboard = await Dashboard.open(t, browser, server.url);
    const asked = new Set();
    dashboard.page.on('request', (request) => asked.add(request.url()));
    await dashboard.page.reload();
    await dashboard.signIn();
    await dashboard.reaches('live');
    await dashboard.page.waitForTimeout(2500);
    for (const url of asked) {
      assert.ok(url.startsWith(`${server.url}/`) && !url.includes('metrics?') && !url.endsWith('/metrics'), url);
      assert.ok(!url.includes(KEY), url);
    }
    const calls = [...asked].filter((url) => url.includes('/api/'));
    assert.deepEqual(calls, [`${server.url}/api/dashboard`]);
  });
});
