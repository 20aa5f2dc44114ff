/**
 * Builds what the npm package has beside peal.js: `npm pack` runs it. All of it
 * is made from peal.js by esbuild, which stands in tests/web.
 *
 *   node build.js [FOLDER]   into dist/, or another folder
 */

import { copyFileSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('.', import.meta.url));

const BUILDS = {
  'peal.cjs': { format: 'cjs', target: 'es2022', platform: 'node' }, // node: its exports can be imported by name
  // for <script src>: the exports are members of PealClient
  'peal.min.js': { format: 'iife', globalName: 'PealClient', target: 'es2022', minify: true, mangleProps: /^_[a-z]/ },
};

function findEsbuild() {
  try {
    return createRequire(join(HERE, '../tests/web/package.json'))('esbuild');
  } catch {
    throw new Error('esbuild is missing: run npm ci in tests/web');
  }
}

const folder = process.argv[2] ?? join(HERE, 'dist');
mkdirSync(folder, { recursive: true });
for (const [name, how] of Object.entries(BUILDS)) {
  findEsbuild().buildSync({
    entryPoints: [join(HERE, 'peal.js')],
    outfile: join(folder, name),
    bundle: true,
    sourcemap: true,
    logLevel: 'warning',
    ...how,
  });
}
copyFileSync(join(HERE, 'peal.d.ts'), join(folder, 'peal.d.cts'));
