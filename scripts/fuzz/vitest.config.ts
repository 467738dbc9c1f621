import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** `npm run fuzz`: everything, each file in a process of its own, one after the other. */
export default defineConfig({
  root,
  resolve: {
    alias: [
      { find: /^@mqtt-stack\/([^/]+)\/backend$/, replacement: `${root}packages/$1/src/backend/index.ts` },
      { find: /^@mqtt-stack\/([^/]+)$/, replacement: `${root}packages/$1/src/index.ts` },
    ],
  },
  test: {
    include: ['scripts/fuzz/*.fuzz.ts'],
    pool: 'forks',
    execArgv: ['--expose-gc'],
    fileParallelism: false,
    testTimeout: 3_600_000,
    reporters: ['default', fileURLToPath(new URL('report.ts', import.meta.url))],
  },
})
