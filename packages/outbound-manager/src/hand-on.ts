import type { Stack } from '@mqtt-stack/core'
import type { WaitingQueue } from './waiting-queue.ts'
import type { Window } from './window.ts'

/**
 * What a client leaves behind of shared subscriptions goes to others: what was sent and not acknowledged first. QoS 2
 * that was sent does not, for nobody knows whether it came.
 */
export function handOn(
  stack: Stack,
  clientId: string,
  window: Window,
  queue: WaitingQueue | undefined,
): void {
  const inflight = window.entries().sort((a, b) => a.sequence - b.sequence)
  const sent = inflight.filter(({ qos }) => qos === 1).map(({ shared }) => shared)
  for (const message of [...sent, ...(queue?.takeShared() ?? [])]) {
    if (message?.share === undefined) continue
    const { share, packet, qos, expiresAt, publisher } = message
    stack.execute('handOnMessage', { clientId, share, packet, qos, expiresAt, publisher })
  }
}
