import type { TestStack } from '@mqtt-stack/testing'
import { settle } from '@mqtt-stack/testing'
import { onTestFinished } from 'vitest'

/** More than the steps in which a stack stops. */
const STEPS = 20

/** Stops the stack when the test is over, whatever is still under way; a store that the test has killed never answers. */
export function stopAtEnd({ stack, clock }: Pick<TestStack, 'stack' | 'clock'>): void {
  onTestFinished(async () => {
    const stopped = stack.stop().catch((error: { code?: unknown }) => {
      if (error.code !== 'HANDLER_STALLED') throw error
    })
    let over = false
    const told = stopped.finally(() => {
      over = true
    })
    await settle()
    // One middleware after the other may wait for what never answers.
    for (let i = 0; i < STEPS && !over; i++) await clock.advance(stack.config.stallTimeout)
    await told
  })
}
