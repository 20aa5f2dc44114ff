/**
 * Builds the files that the npm package has in addition to its ES modules,
 * using the esbuild and terser of tests/web. `npm pack` runs it.
 *
 *   node build.js [FOLDER]   default: dist/
 */

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const HERE = fileURLToPath(new URL('.', import.meta.url));

const CJS = { format: 'cjs', platform: 'node', external: ['peal-client', 'react', 'vue'] }; // node: makes named imports possible

/**
 * Members to shorten: names in peal.js that begin with `_`, and internal fields
 * of requests.
 */
const MANGLED = /^(_[a-z].*|bound|urgent|sent|isCounted|unhook|giveUp)$/;

const MINIFIED = { format: 'esm', minify: true, mangleProps: MANGLED };

/**
 * For <script src>, which cannot export: the exports become members of
 * PealClient.
 */
const SCRIPT = { ...MINIFIED, banner: { js: 'var PealClient;(()=>{' }, footer: { js: '})();' } };

const BUILDS = {
  'peal.cjs': { from: 'peal.js', ...CJS },
  'react.cjs': { from: 'react/index.js', ...CJS },
  'vue.cjs': { from: 'vue/index.js', ...CJS },
  'peal-pusher.cjs': { from: 'peal-pusher.js', ...CJS },
  'peal.min.js': { from: 'peal.js', ...SCRIPT, external: ['./peal-fallback.js'] }, // loads peal-fallback.js from its own folder
  'peal-fallback.js': { from: 'peal-fallback.js', ...MINIFIED },
  'peal.all.min.js': { from: 'peal.js', ...SCRIPT }, // both in one file
};

/** The types for `require`: the same content with another extension. */
const TYPES = { 'peal.d.cts': 'peal.d.ts', 'react.d.cts': 'react/index.d.ts', 'vue.d.cts': 'vue/index.d.ts', 'peal-pusher.d.cts': 'peal-pusher.d.ts' };

async function load(name) {
  try {
    return await import(pathToFileURL(createRequire(join(HERE, '../tests/web/package.json')).resolve(name)));
  } catch {
    throw new Error(`${name} is missing: run npm ci in tests/web`);
  }
}

/**
 * Minifies esbuild's output again. In a script, esbuild's export helpers and
 * its replacement for import() would add 900 bytes. It therefore builds a
 * module, and this function turns the module's exports into members.
 */
async function minifyAgain(path, isScript) {
  let code = readFileSync(path, 'utf8');
  if (isScript) {
    code = code.replace(/\bexport\{([^}]+)\};?\n/, (all, names) => `PealClient={${names.replace(/([\w$]+) as (\w+)/g, '$2:$1')}}\n`);
    if (!code.includes('PealClient={')) throw new Error(`${path}: no exports found`);
  }
  const map = readFileSync(`${path}.map`, 'utf8');
  const again = await minify(code, {
    ecma: 2022,
    module: !isScript,
    compress: { ecma: 2022, passes: 3 },
    sourceMap: { content: map, includeSources: true, url: `${basename(path)}.map` },
  });
  writeFileSync(path, again.code);
  writeFileSync(`${path}.map`, again.map);
}

const { buildSync } = await load('esbuild');
const { minify } = await load('terser');
const folder = process.argv[2] ?? join(HERE, 'dist');
mkdirSync(folder, { recursive: true });
for (const [name, { from, ...how }] of Object.entries(BUILDS)) {
  const outfile = join(folder, name);
  buildSync({
    entryPoints: [join(HERE, from)],
    outfile,
    bundle: true,
    target: 'es2022',
    sourcemap: true,
    logLevel: 'warning',
    ...how,
  });
  if (how.minify) await minifyAgain(outfile, 'banner' in how);
}
for (const [name, from] of Object.entries(TYPES)) copyFileSync(join(HERE, from), join(folder, name));
