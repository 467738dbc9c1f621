import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const here = fileURLToPath(new URL('.', import.meta.url))

/**
 * Tests that go through a whole broker, by the rigs that make one; those of the memory backend are about what it does itself.
 */
function ofBrokers(): string[] {
  const packages = readdirSync(`${here}packages`).filter((name) => name !== 'memory-backend')
  return packages.flatMap((name) => {
    const src = `packages/${name}/src/`
    return readdirSync(here + src, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.test.ts'))
      .map((file) => src + file)
      .filter((file) => /test\/rig\/broker\.ts'/.test(readFileSync(here + file, 'utf8')))
  })
}

export default defineConfig({
  resolve: {
    // Tests run on the sources: no build is needed and a stack trace shows TypeScript.
    alias: [
      { find: /^@mqtt-stack\/([^/]+)\/([^/]+)$/, replacement: `${here}packages/$1/src/$2/index.ts` },
      { find: /^@mqtt-stack\/([^/]+)$/, replacement: `${here}packages/$1/src/index.ts` },
    ],
  },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'all',
          include: [
            'packages/*/src/**/*.test.ts',
            'scripts/**/*.test.ts',
            'test/**/*.test.ts',
            'packages/conformance/page/**/*.test.ts',
            'examples/**/*.test.ts',
            'docs/**/*.test.ts',
          ],
          provide: { commit: 0 },
        },
      },
      // Once more, where nothing is applied before a commit of 20 ms.
      {
        extends: true,
        test: { name: 'slow disk', include: ofBrokers(), provide: { commit: 20 } },
      },
    ],
    globalSetup: `${here}test/temporary.ts`,
    // Many wait for processes of their own: one at a time they would take twice as long.
    maxWorkers: 2,
    // Tests that start programs have more: test/support/program-limit.ts.
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // What is waited for has no limit but the test's; a failure says what did not come about.
    expect: { poll: { timeout: 15_000 } },
    reporters: ['default', './scripts/test-report.mjs'],
  },
})
