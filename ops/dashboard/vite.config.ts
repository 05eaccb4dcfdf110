// One page, one script, one sheet: everything local, nothing inline, so that the strictest content security policy holds.
import { defineConfig } from 'vite';

export default defineConfig({
  root: 'src',
  build: {
    outDir: '../dist',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: false,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1_000,
  },
  server: { port: 4281, proxy: { '/api': 'http://127.0.0.1:4280' } },
});
