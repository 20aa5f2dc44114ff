/** Every appearance of a page: its widths, light and dark, and the faults axe reports. */

import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const OUT = fileURLToPath(new URL('../out/', import.meta.url));

export const WIDTHS = [390, 820, 1280];
export const HEIGHT = 800;
export const SCHEMES = ['light', 'dark'];

/** For browser.page(): stops all motion for screenshots. */
export const STILL = { viewport: { width: WIDTHS.at(-1), height: HEIGHT }, reducedMotion: 'reduce' };

/** Runs `act(width)` at each width, in one page. */
export async function atEachWidth(page, act) {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: HEIGHT });
    await act(width);
  }
}

/** Bypasses the content policy, like a debugger. */
async function putAxeInto(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: await readFile(AXE, 'utf8') });
  await session.detach();
}

/**
 * Saves a screenshot of each appearance as out/NAME-WIDTH-SCHEME.png.
 * @returns {Promise<string[]>} axe's findings, each with its appearance and place
 */
export async function faultsOf(page, name) {
  await mkdir(OUT, { recursive: true });
  await putAxeInto(page);
  const faults = [];
  for (const colorScheme of SCHEMES) {
    await page.emulateMedia({ colorScheme });
    await atEachWidth(page, async (width) => {
      await page.screenshot({ path: `${OUT}${name}-${width}-${colorScheme}.png`, fullPage: true });
      const found = await page.evaluate(async () => {
        const { violations } = await window.axe.run(document, { resultTypes: ['violations'] });
        return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => (
          `${id}: ${target.join(' ')}: ${failureSummary.replaceAll(/\s+/g, ' ')}`)));
      });
      faults.push(...found.map((fault) => `${name}, ${width} px, ${colorScheme}: ${fault}`));
    });
  }
  return faults;
}
