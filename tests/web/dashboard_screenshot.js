/** Makes web/dashboard.png: the dashboard of a busy service, for web/README.md. */

import { fileURLToPath } from 'node:url';

import { Browser } from './support/browser.js';
import { Crowd } from './support/crowd.js';
import { Dashboard, KEY } from './support/dashboard.js';
import { PealServer } from './support/peal_server.js';

const ROOMS = ['lobby', 'orders', 'prices:eur', 'prices:usd', 'support', 'chat:team', 'chat:all', 'devices'];

const cleanUps = [];
const t = { after: (run) => cleanUps.unshift(run) };
try {
  const server = await PealServer.start(t, { PEAL_API_KEY: KEY });
  const crowd = new Crowd(t, server);
  const browser = await Browser.launch();
  t.after(() => browser.close());
  const dashboard = await Dashboard.signedIn(t, browser, server.url, { viewport: { width: 1280, height: 900 } });
  await crowd.joinAll(120, (i) => `user-${100 + i}`, (i) => ROOMS[i % ROOMS.length]);
  const busy = async (client, room, perSecond) => crowd.talk(await crowd.join(client, room), room, perSecond);
  await busy('price-feed', 'prices:eur', 40);
  await busy('shop', 'orders', 12);
  await dashboard.page.waitForTimeout(8000);
  await crowd.joinAll(60, (i) => `late-${i}`, (i) => ROOMS[i % 3]);
  await busy('runaway-script', 'chat:all', 90);
  await dashboard.page.waitForTimeout(12_000);
  await dashboard.seesFirst('connections', 'runaway-script');
  await dashboard.page.screenshot({ path: fileURLToPath(new URL('../../web/dashboard.png', import.meta.url)) });
} finally {
  for (const run of cleanUps) await run();
}
