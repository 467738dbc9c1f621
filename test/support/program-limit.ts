/** The runner's limit for tests that start programs. Whoever imports this, or `needs` or `spawned`, has it for the whole file. */
import { vi } from 'vitest'

/**
 * In ms. It ends a test that hangs, and measures nothing: such a test waits for what a program says or does, by itself or by
 * `expect.poll`, and how long programs take to start is up to what else the machine does. At a load of 25 over two cores
 * a broker of two workers listens after 20 s.
 */
export const PROGRAM_LIMIT = 300_000

vi.setConfig({
  testTimeout: PROGRAM_LIMIT,
  hookTimeout: PROGRAM_LIMIT,
  // Before the runner gives up, so that the failure says what did not come about.
  expect: { poll: { timeout: PROGRAM_LIMIT - 10_000 } },
})
