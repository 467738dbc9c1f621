/** Telling of a connection that was closed before it was accepted. */

import type { Client } from '../contract/index.ts'
import { ReasonCode } from '../packets/index.ts'

/**
 * Executes clientRefused for a client that the broker closes before it accepted it: with a reason, or because what came
 * over its stream was wrong. One that leaves by itself was not refused.
 * @param cause The error behind it.
 */
export function tellRefused(client: Client, cause: Error | undefined): void {
  const { listener, reasonCode, stack } = client
  const wrong = cause !== undefined && !isLost(cause)
  if (reasonCode === undefined && client.reason === undefined && !wrong) return
  const reason = client.reason ?? cause?.message ?? ''
  const code = reasonCode ?? ReasonCode.UNSPECIFIED_ERROR
  stack.tell('clientRefused', { client, listener, reasonCode: code, reason, cause })
}

/** Whether an error says no more than that the other side is gone: what the operating system tells of a connection. */
export function isLost(error: Error): boolean {
  return 'syscall' in error || (error as NodeJS.ErrnoException).code === 'ERR_STREAM_PREMATURE_CLOSE'
}
