// What has to be loaded until a page can be used, gzipped, against its budget. Fails the build when it is over.
// Also writes the .gz and .br files that the server sends.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const budgets = [
  { what: 'app shell', manifest: 'dist/.vite/manifest.json', entries: ['index.html'], kB: 220 },
  { what: 'Configuration tab', manifest: 'dist/.vite/manifest.json', entries: ['index.html', 'src/pages/connections/ConnectionPage.tsx', 'src/pages/connections/Configuration.tsx'], kB: 300 },
  // Until a customer can use it, in the language with the longest words.
  { what: 'configuration page', manifest: 'dist/.vite/configure.json', entries: ['configure.html', 'src/configuration/FieldCombobox.tsx', 'src/i18n/ja.json'], kB: 150 },
];

function gzipped(file) {
  return gzipSync(readFileSync(file), { level: 9 }).length;
}

/** The files that `entries` load statically, themselves included. */
function filesOf(manifest, entries) {
  const seen = new Set();
  const files = new Set();
  const visit = (name) => {
    const chunk = manifest[name];
    if (!chunk) throw new Error(`${name} is not in the manifest`);
    if (seen.has(name)) return;
    seen.add(name);
    for (const file of [chunk.file, ...(chunk.css ?? [])]) files.add(file);
    (chunk.imports ?? []).forEach(visit);
  };
  entries.forEach(visit);
  return [...files];
}

let over = false;
for (const { what, manifest: path, entries, kB } of budgets) {
  const manifest = JSON.parse(readFileSync(path, 'utf8'));
  const folder = path.replace(/\.vite\/\w+\.json$/, '');
  const size = filesOf(manifest, entries).reduce((sum, file) => sum + gzipped(folder + file), 0) / 1000;
  console.log(`${what.padEnd(24)}${size.toFixed(1).padStart(7)} kB of ${kB}`);
  over ||= size > kB;
}
for (const folder of ['dist']) {
  for (const name of readdirSync(folder, { recursive: true })) {
    if (!/\.(js|css|svg|json)$/.test(name)) continue;
    const bytes = readFileSync(`${folder}/${name}`);
    writeFileSync(`${folder}/${name}.gz`, gzipSync(bytes, { level: 9 }));
    writeFileSync(`${folder}/${name}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
  }
}
if (over) {
  console.error('Over budget: load what is not needed at first later.');
  process.exit(1);
}
