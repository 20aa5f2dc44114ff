/**
 * Builds what the npm package has beside its ES modules: `npm pack` runs it.
 * All of it is made from them by esbuild, which stands in tests/web.
 *
 *   node build.js [FOLDER]   into dist/, or another folder
 */

import { copyFileSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('.', import.meta.url));

const CJS = { format: 'cjs', platform: 'node', external: ['peal-client', 'react', 'vue'] }; // node: the exports can be imported by name

const BUILDS = {
  'peal.cjs': { from: 'peal.js', ...CJS },
  'react.cjs': { from: 'react/index.js', ...CJS },
  'vue.cjs': { from: 'vue/index.js', ...CJS },
  'peal-pusher.cjs': { from: 'peal-pusher.js', ...CJS },
  // for <script src>: the exports are members of PealClient
  'peal.min.js': { from: 'peal.js', format: 'iife', globalName: 'PealClient', minify: true, mangleProps: /^_[a-z]/ },
};

/** The types are the same for `require`, under a name that says so. */
const TYPES = { 'peal.d.cts': 'peal.d.ts', 'react.d.cts': 'react/index.d.ts', 'vue.d.cts': 'vue/index.d.ts', 'peal-pusher.d.cts': 'peal-pusher.d.ts' };

function findEsbuild() {
  try {
    return createRequire(join(HERE, '../tests/web/package.json'))('esbuild');
  } catch {
    throw new Error('esbuild is missing: run npm ci in tests/web');
  }
}

const folder = process.argv[2] ?? join(HERE, 'dist');
mkdirSync(folder, { recursive: true });
for (const [name, { from, ...how }] of Object.entries(BUILDS)) {
  findEsbuild().buildSync({
    entryPoints: [join(HERE, from)],
    outfile: join(folder, name),
    bundle: true,
    target: 'es2022',
    sourcemap: true,
    logLevel: 'warning',
    ...how,
  });
}
for (const [name, from] of Object.entries(TYPES)) copyFileSync(join(HERE, from), join(folder, name));
