// Bundles the sources to dist/, one module per name that the engine serves, and collects the licences of what is inside.
import { build } from 'esbuild';
import { readFile, writeFile } from 'node:fs/promises';

const result = await build({
  entryPoints: { prelude: 'src/prelude.js', buffer: 'src/modules/buffer.js', crypto: 'src/modules/crypto.js', url: 'src/modules/url.js', zod: 'src/modules/zod.js' },
  outdir: 'dist',
  bundle: true,
  format: 'esm',
  platform: 'neutral',
  target: 'es2023',
  mainFields: ['module', 'main'],
  // Comments and spaces only: names stay, so that stacks and error texts are readable.
  minifyWhitespace: true,
  minifySyntax: true,
  keepNames: false,
  legalComments: 'none',
  external: ['bespoke:native'],
  metafile: true,
  logLevel: 'warning',
});

const packages = new Set(Object.keys(result.metafile.inputs).flatMap((path) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1] ?? []));
const texts = await Promise.all([...packages].sort().map(async (name) => {
  const { version, license } = JSON.parse(await readFile(`node_modules/${name}/package.json`, 'utf8'));
  return `${name} ${version} (${license})\n\n${(await readFile(`node_modules/${name}/LICENSE`, 'utf8')).trim()}\n`;
}));
await writeFile('dist/LICENSES.txt', texts.join(`\n${'-'.repeat(80)}\n\n`));
