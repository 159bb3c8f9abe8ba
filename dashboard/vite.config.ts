// The dashboard. The end customers' page is a build of its own: vite.configure.config.ts.
import react from '@vitejs/plugin-react';
import tailwind from '@tailwindcss/vite';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { catalogues } from './src/i18n/compiled.ts';

/** Where `npm run dev` sends what is not the dashboard itself. */
const server = process.env.BESPOKE_HOST ?? 'http://127.0.0.1:3003';
const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [catalogues(), react(), tailwind()],
  // The server replaces it by a fresh nonce in each HTML response.
  html: { cspNonce: '__CSP_NONCE__' },
  resolve: {
    alias: [
      // rjsf renders descriptions as Markdown through innerHTML-free but heavy code; ours are plain text.
      { find: /^markdown-to-jsx(\/react)?$/, replacement: at('./src/stubs/markdown.tsx') },
      // Parts of rjsf that nothing here uses.
      { find: /^\.\/(LayoutGridField|LayoutMultiSchemaField|LayoutHeaderField|FileWidget|AltDateWidget|AltDateTimeWidget)(\.js)?$/, replacement: at('./src/stubs/rjsfUnused.ts') },
      { find: /^fast-uri$/, replacement: at('./src/stubs/fastUri.ts') },
      { find: /^@rjsf\/validator-ajv8$/, replacement: at('./src/configuration/formValidator.ts') },
    ],
  },
  build: {
    manifest: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    chunkSizeWarningLimit: 700,
  },
  server: {
    proxy: {
      // Everything that is neither a page nor a module of ours is the API.
      '^/(?!app|setup|invite|sign-in|assets|src|@|node_modules|index.html|theme.js|favicon).*': {
        target: server,
        // The server takes a cookie from its own origin only.
        configure: (proxy) => proxy.on('proxyReq', (request) => request.setHeader('origin', server)),
      },
    },
  },
});
