// Bundles the sources to dist/, one module per name that the engine serves, and collects the licences of what is inside.
import { build } from 'esbuild';
import { access, readFile, rm, writeFile } from 'node:fs/promises';
import { packLocales } from './locales.js';
import { builtins } from './modules.js';

const names = new Set(Object.keys(builtins).filter((name) => !name.startsWith('bespoke:')));

/** Packages that are only ways to something that is there already. */
const STAND_INS = {
  'abort-controller': 'module.exports = { AbortController: globalThis.AbortController, AbortSignal: globalThis.AbortSignal };',
  'safe-buffer': 'module.exports = require("buffer");',
  // `url` wants two functions of it, as Node's own `url` wants them of `querystring`.
  qs: 'const { parse, stringify } = require("querystring"); module.exports = { parse: (text) => parse(text), stringify: (values) => stringify(values) };',
};

/**
 * Built-in modules stay imports, so that there is one instance of each; CommonJS packages get them through a module that imports.
 * A name with a slash at its end means the npm package of that name where our own sources say it.
 */
const linkBuiltins = {
  name: 'builtins',
  setup(bundle) {
    bundle.onResolve({ filter: /^[a-z@]/ }, async ({ path, importer, kind, resolveDir, pluginData }) => {
      if (pluginData === 'npm') return undefined;
      const ours = !importer.includes('node_modules') && !Object.hasOwn(STAND_INS, importer.replace(/^.*:/, ''));
      if (ours && path.endsWith('/')) return bundle.resolve(path.slice(0, -1), { importer, kind, resolveDir, pluginData: 'npm' });
      const name = path.replace(/\/$/, '').replace(/^node:/, '');
      if (!ours && Object.hasOwn(STAND_INS, name)) return { path: name, namespace: 'stand-in' };
      if (!names.has(name)) return undefined;
      return kind === 'require-call' ? { path: name, namespace: 'link' } : { path: name, external: true };
    });
    bundle.onLoad({ filter: /.*/, namespace: 'link' }, ({ path }) => ({ contents: `export * from '${path}'; export { default } from '${path}';` }));
    bundle.onLoad({ filter: /node-inspect-extracted\/dist\/inspect\.js$/ }, async ({ path }) => ({ contents: withHeadlines(await readFile(path, 'utf8')) }));
    bundle.onLoad({ filter: /.*/, namespace: 'stand-in' }, ({ path }) => ({ contents: STAND_INS[path], resolveDir: 'src' }));
  },
};

/** V8 begins a stack with the error's name and message, which `inspect` relies on; QuickJS has the frames alone. */
function withHeadlines(code) {
  const read = 'if("string"==typeof n)return n;';
  if (code.split(read).length !== 2) throw new Error('node-inspect-extracted reads stacks in another way now');
  return code.replace(read, 'if("string"==typeof n)return/^\\s*at /.test(n)?Error.prototype.toString.call(e)+"\\n"+n.trimEnd():n;');
}

await rm('dist', { recursive: true, force: true });
const files = Object.values(builtins).filter((file) => file !== 'intl');
const settings = {
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
  plugins: [linkBuiltins],
  metafile: true,
  logLevel: 'warning',
};
const results = await Promise.all([
  build({ ...settings, entryPoints: { prelude: 'src/prelude.js', ...Object.fromEntries(files.map((file) => [file, `src/modules/${file}.js`])) } }),
  build({ ...settings, entryPoints: { intl: 'src/modules/intl.js' }, define: { Intl: 'intlObject' }, inject: ['src/intl/object.js'] }),
]);
const inputs = results.flatMap((result) => Object.keys(result.metafile.inputs));
await packLocales('dist/locales.bin');

const packages = new Set(inputs.flatMap((path) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1] ?? []));
const texts = await Promise.all([...packages].sort().map(async (name) => {
  const { version, license } = JSON.parse(await readFile(`node_modules/${name}/package.json`, 'utf8'));
  return `${name} ${version} (${license})\n\n${(await licence(name)).trim()}\n`;
}));
await writeFile('dist/LICENSES.txt', texts.join(`\n${'-'.repeat(80)}\n\n`));

async function licence(name) {
  for (const file of ['LICENSE', 'LICENSE.md', 'LICENSE-MIT.txt', 'License.txt']) {
    const path = `node_modules/${name}/${file}`;
    if (await access(path).then(() => true, () => false)) return readFile(path, 'utf8');
  }
  throw new Error(`the package ${name} has no licence file`);
}
