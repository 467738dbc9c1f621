import { fileURLToPath } from 'node:url'
import type { ViteUserConfig } from 'vitest/config'
import { defineConfig } from 'vitest/config'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** `npm run fuzz`: everything, each file in a process of its own, one after the other. */
const config: ViteUserConfig = defineConfig({
  root,
  resolve: {
    alias: [
      {
        find: /^@mqtt-stack\/([^/]+)\/([^/]+)$/,
        replacement: `${root}packages/$1/src/$2/index.ts`,
      },
      { find: /^@mqtt-stack\/([^/]+)$/, replacement: `${root}packages/$1/src/index.ts` },
    ],
  },
  test: {
    include: ['packages/fuzz/src/*.fuzz.ts'],
    globalSetup: `${root}test/temporary.ts`,
    pool: 'forks',
    execArgv: ['--expose-gc'],
    fileParallelism: false,
    testTimeout: 3_600_000,
    reporters: ['default', fileURLToPath(new URL('report.ts', import.meta.url))],
  },
})

export default config
