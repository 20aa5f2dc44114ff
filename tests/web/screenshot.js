/** Makes web/demo.png, a chat of two people, for README.md. */

import { fileURLToPath } from 'node:url';

import { Browser } from './support/browser.js';
import { PealServer } from './support/peal_server.js';
import { Wire } from './support/wire.js';

const cleanUps = [];
const t = { after: (run) => cleanUps.unshift(run) };
try {
  const server = await PealServer.start(t);
  const browser = await Browser.launch();
  t.after(() => browser.close());
  const look = { viewport: { width: 1100, height: 660 } };
  const channels = ['lobby', 'releases', 'random'];
  const wire = await Wire.to(t, server.port);
  const mira = await browser.chat(t, wire.url, { name: 'mira', channels, ...look });
  const jonas = await browser.chat(t, server.url, { name: 'jonas', channels, ...look });
  await browser.chat(t, server.url, { name: 'sunny-wren', channels });
  await mira.reaches('open');
  await jonas.reaches('open');
  const says = async (page, text) => {
    await page.say(text);
    await page.sees(text);
  };
  await says(mira, 'Good morning! Who else is here?');
  await says(jonas, 'Me, and a wren that does not say much.');
  await says(mira, 'I will pull my cable out now. Keep talking!');
  await jonas.sees('I will pull my cable out now. Keep talking!');
  wire.cut();
  await mira.reaches('waiting');
  await says(jonas, 'You are gone from the list already.');
  await says(jonas, 'I wonder if you will ever read this 😄');
  wire.mend();
  await mira.seesMark('recovered');
  await says(mira, 'Every word of it, and in the right order.');
  await jonas.sees('Every word of it, and in the right order.');
  await jonas.page.click('[data-channel="releases"]');
  await jonas.say('Version 1 is tagged.');
  await mira.page.locator('[data-channel="releases"] .badge').waitFor();
  await mira.seesPerson('sunny-wren');
  await mira.page.screenshot({ path: fileURLToPath(new URL('../../web/demo.png', import.meta.url)) });
} finally {
  for (const run of cleanUps) await run();
}
