import type { TestStack } from '@mqtt-stack/testing'
import { onTestFinished } from 'vitest'

/** Stops the stack when the test is over, whatever is still under way; a store that the test has killed never answers. */
export function stopAtEnd({ stack, clock }: TestStack): void {
  onTestFinished(async () => {
    const stopped = stack.stop().catch((error: { code?: unknown }) => {
      if (error.code !== 'HANDLER_STALLED') throw error
    })
    await clock.advance(3 * stack.config.stallTimeout)
    await stopped
  })
}
