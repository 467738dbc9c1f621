import { defineConfig } from 'vite'

export default defineConfig({
  root: import.meta.dirname,
  base: '/',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../dashboard',
    emptyOutDir: true,
    // Nothing inline: the page's policy lets in files of its own alone.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
})
