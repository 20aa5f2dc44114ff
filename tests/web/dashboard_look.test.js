/** The dashboard's appearance at each width, in a real browser. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Browser } from './support/browser.js';
import { Crowd } from './support/crowd.js';
import { Dashboard, KEY } from './support/dashboard.js';
import { atEachWidth, HEIGHT, STILL } from './support/looks.js';
import { PealServer } from './support/peal_server.js';

const FEW = ['orders', 'prices:eur', 'lobby', 'support', 'chat:team'];

let browser;
before(async () => {
  browser = await Browser.launch();
});
after(() => browser?.close());

const browserTest = (name, run) => test(name, { timeout: 40_000 }, run);

async function start(t) {
  const server = await PealServer.start(t, { PEAL_API_KEY: KEY });
  const crowd = new Crowd(t, server);
  return { server, crowd, dashboard: await Dashboard.signedIn(t, browser, server.url, STILL) };
}

async function publish(server, channel) {
  const response = await fetch(`${server.url}/api/publish`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${KEY}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ channel, payload: 1 }),
  });
  assert.equal(response.status, 200);
}

/** For each plot: the distances of its drawing from the left and right edges, in px. */
const margins = (page) => page.locator('.plot canvas').evaluateAll((all) => all.map((canvas) => {
  const { width, height } = canvas;
  const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
  const isInked = (x) => Array.from({ length: height }, (_, y) => data[(y * width + x) * 4 + 3]).some(Boolean);
  const inked = Array.from({ length: width }, (_, x) => x).filter(isInked);
  return [inked[0], width - 1 - inked.at(-1)].map((px) => px / devicePixelRatio);
}));

/** For each row of plots: the different heights of their tops. */
const levels = (page) => page.locator('figure').evaluateAll((figures) => {
  const rows = Map.groupBy(figures, (figure) => figure.offsetTop);
  return [...rows.values()].map((row) => new Set(row.map((figure) => figure.querySelector('.plot').offsetTop)).size);
});

/** Scroll containers whose content is wider than they are. */
const cutOff = (page) => page.locator('.scroll').evaluateAll((all) => all
  .filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.querySelector('table').id));

/** Headings that are not right-aligned with their numbers. */
const shifted = (page) => page.evaluate(() => {
  const endOf = (node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    return range.getBoundingClientRect().right;
  };
  return [...document.querySelectorAll('table')].flatMap((table) => [...table.querySelectorAll('thead th.number')]
    .map((head) => {
      const cell = table.querySelector('tbody tr:not(.empty)')?.cells[head.cellIndex];
      const text = (head.querySelector('button') ?? head).firstChild;
      return cell && Math.abs(endOf(text) - endOf(cell)) > 1 ? `${table.id}: ${head.textContent}` : '';
    }).filter(Boolean));
});

describe('the dashboard', { concurrency: 2 }, () => {
  browserTest('aligns its plots, none of them cut off or far from the edge', async (t) => {
    const { dashboard: { page }, crowd } = await start(t);
    crowd.talk(await crowd.join('noisy', 'lobby'), 'lobby', 40);
    await page.waitForTimeout(6000);
    await atEachWidth(page, async (width) => {
      await page.waitForTimeout(1500); // waits for the next numbers, at the new width
      for (const [left, right] of await margins(page)) {
        assert.ok(left < 16 && right > 0, `${left} px to the left, ${right} px to the right, at ${width} px`);
      }
      assert.deepEqual(new Set(await levels(page)), new Set([1]), `at ${width} px`);
    });
  });

  browserTest('aligns headings with their numbers, and cuts off no table on a desktop', async (t) => {
    const { dashboard, crowd, server } = await start(t);
    const { page } = dashboard;
    const few = await crowd.join('few', FEW[0]);
    for (const channel of FEW.slice(1)) few.send(JSON.stringify({ type: 'subscribe', channel }));
    await crowd.join('gone', 'lobby').then((socket) => socket.terminate());
    await publish(server, 'archive');
    await publish(server, 'old-news');
    await dashboard.row('connections', 'few').getByText('support').waitFor();
    await page.locator('#drops td', { hasText: 'connection_lost' }).waitFor();
    await page.locator('#channels-note', { hasText: /^5 channels with subscribers; 2 more with only a history$/ }).waitFor();
    await atEachWidth(page, async (width) => {
      assert.deepEqual(await shifted(page), [], `at ${width} px`);
      const lines = await dashboard.row('connections', 'few').evaluate((row) => {
        const { paddingTop, lineHeight } = getComputedStyle(row.cells[3]);
        return (row.cells[3].clientHeight - 2 * parseFloat(paddingTop)) / parseFloat(lineHeight);
      });
      if (width === 1280) {
        assert.deepEqual(await cutOff(page), []);
        assert.ok(lines < 2.5, `its channels take ${lines} lines`);
      }
    });
  });

  browserTest('shows its tables near the top on a phone, and breaks no words', async (t) => {
    const { dashboard, crowd } = await start(t);
    const { page } = dashboard;
    await crowd.join('gone', 'lobby').then((socket) => socket.terminate());
    const why = page.locator('#drops td', { hasText: 'connection_lost' });
    await why.waitFor();
    await page.setViewportSize({ width: 390, height: HEIGHT });
    const top = await page.locator('#channels-title').evaluate((title) => title.getBoundingClientRect().top + scrollY);
    assert.ok(top < HEIGHT, `${top} px down`);
    const rects = await why.evaluate((cell) => {
      const range = document.createRange();
      range.selectNodeContents(cell);
      return range.getClientRects().length;
    });
    assert.equal(rects, 1, 'connection_lost stands in one line');
  });

  browserTest('does not offer to disconnect itself, and counts in correct English', async (t) => {
    const { dashboard, crowd } = await start(t);
    const { page } = dashboard;
    await crowd.join('alice', 'lobby');
    await dashboard.row('connections', 'alice').getByRole('button', { name: 'Disconnect alice' }).click();
    const own = dashboard.row('connections', 'dashboard-');
    assert.equal(await own.getByRole('button', { includeHidden: true }).and(page.locator(':visible')).count(), 0);
    assert.match(await own.innerText(), /this page$/);
    await page.click('#disconnect [type=submit]');
    await page.getByText('alice is disconnected: 1 connection closed on this instance.').waitFor();
    assert.ok(await page.locator('#disconnect [type=submit]').isHidden());
    assert.equal(await dashboard.focused({ ring: false }), 'Close');
    await page.keyboard.press('Escape');
    await crowd.join('bob', 'lobby');
    await dashboard.row('connections', 'bob').getByRole('button', { name: 'Disconnect bob' }).click();
    assert.ok(await page.locator('#disconnect [type=submit]').isEnabled(), 'the next one can be disconnected');
  });
});
