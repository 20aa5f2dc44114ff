/** web/vendor/ contains the published files, unmodified. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

const FOLDER = new URL('../../web/vendor/uplot/', import.meta.url);

test('uPlot is its stated version, byte for byte', async () => {
  const page = await readFile(new URL('README.md', FOLDER), 'utf8');
  const said = [...page.matchAll(/^\| `([^`]+)` \| `([0-9a-f]{64})` \|$/gm)];
  assert.equal(said.length, 3);
  for (const [, name, hash] of said) {
    const content = await readFile(new URL(name, FOLDER));
    assert.equal(createHash('sha256').update(content).digest('hex'), hash, name);
    const published = await readFile(new URL(`node_modules/uplot/${name === 'LICENSE' ? '' : 'dist/'}${name}`, import.meta.url));
    assert.ok(content.equals(published), `${name} is another one than npm has`);
  }
  const { version } = JSON.parse(await readFile(new URL('node_modules/uplot/package.json', import.meta.url), 'utf8'));
  assert.match(page, new RegExp(`uPlot ${version.replaceAll('.', '\\.')},`));
});
