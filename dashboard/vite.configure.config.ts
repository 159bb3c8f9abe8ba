// The end customers' page: the same components as the dashboard, on Preact, as it has to be there at once on any line.
// It is built into the same folder, with a manifest of its own; no file of the dashboard is touched.
import tailwind from '@tailwindcss/vite';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { catalogues } from './src/i18n/compiled.ts';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [catalogues(), tailwind()],
  resolve: {
    alias: [
      { find: /^react-dom\/client$/, replacement: 'preact/compat/client' },
      { find: /^react-dom$/, replacement: 'preact/compat' },
      { find: /^react\/jsx-(dev-)?runtime$/, replacement: 'preact/jsx-runtime' },
      { find: /^react$/, replacement: 'preact/compat' },
      { find: /^markdown-to-jsx(\/react)?$/, replacement: at('./src/stubs/markdown.tsx') },
      // Parts of rjsf that nothing here uses.
      { find: /^\.\/(LayoutGridField|LayoutMultiSchemaField|LayoutHeaderField|FileWidget|AltDateWidget|AltDateTimeWidget)(\.js)?$/, replacement: at('./src/stubs/rjsfUnused.ts') },
      { find: /^fast-uri$/, replacement: at('./src/stubs/fastUri.ts') },
      { find: /^@rjsf\/validator-ajv8$/, replacement: at('./src/configuration/formValidator.ts') },
    ],
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: 'dist',
    emptyOutDir: false,
    copyPublicDir: false,
    manifest: '.vite/configure.json',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    rolldownOptions: { input: at('./configure.html') },
  },
});
