/** Makes web/demo.png: two people chatting, as the README shows it. */

import { fileURLToPath } from 'node:url';

import { Browser } from './support/browser.js';
import { PealServer } from './support/peal_server.js';

const TALK = [
  ['mira', 'Good morning! Is the new gateway up?'],
  ['jonas', 'Since ten minutes ago. I pulled the plug on it twice to be sure.'],
  ['jonas', 'Nobody noticed: every page came back by itself and fetched what it had missed.'],
  ['mira', 'So that is why my list says “Back again” 😄'],
  ['mira', 'How many clients was that?'],
  ['jonas', 'Twelve thousand, all on one small machine.'],
];

const cleanUps = [];
const t = { after: (run) => cleanUps.unshift(run) };
try {
  const server = await PealServer.start(t);
  const browser = await Browser.launch();
  t.after(() => browser.close());
  const look = { viewport: { width: 1100, height: 660 } };
  const channels = ['lobby', 'releases', 'random'];
  const mira = await browser.chat(t, server.url, { name: 'mira', channels, ...look });
  const jonas = await browser.chat(t, server.url, { name: 'jonas', channels, ...look });
  await browser.chat(t, server.url, { name: 'sunny-wren', channels });
  await mira.reaches('open');
  await jonas.reaches('open');
  const pages = { mira, jonas };
  for (const [who, text] of TALK) {
    await pages[who].say(text);
    await mira.sees(text);
  }
  await jonas.page.click('[data-channel="releases"]');
  await jonas.say('Version 1 is tagged.');
  await mira.page.locator('[data-channel="releases"] .badge').waitFor();
  await mira.seesPerson('sunny-wren');
  await mira.page.screenshot({ path: fileURLToPath(new URL('../../web/demo.png', import.meta.url)) });
} finally {
  for (const run of cleanUps) await run();
}
