/**
 * How the page is built: one script, one style sheet, an icon, into dist, which the API worker serves.
 *
 * What always holds: nothing is inlined as a script or a style, for which the
 * Content-Security-Policy has no room; the dev server passes the API's paths on to a zdenergy that runs
 * on its usual port, or to the one that ZDENERGY_URL names.
 */
import { defineConfig } from 'vite';

const zdenergy = process.env.ZDENERGY_URL ?? 'http://127.0.0.1:5000';

export default defineConfig({
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: { target: 'es2022', modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
  server: {
    host: '127.0.0.1',
    proxy: Object.fromEntries(['/api', '/login', '/logout'].map((path) => [path, zdenergy])),
  },
});
