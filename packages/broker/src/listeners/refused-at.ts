import type { Listener, ReasonCode, Stack } from '@mqtt-stack/core'

/** Executes clientRefused for somebody whom a listener turned away before there was a client. */
export function refusedAt(
  stack: Stack,
  listener: Listener,
  reasonCode: ReasonCode,
  reason: string,
  cause?: Error,
): void {
  stack.tell('clientRefused', { client: undefined, listener, reasonCode, reason, cause })
}
