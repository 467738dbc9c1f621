/** What becomes of errors that no caller waits for. */
import type { Client, Stack } from '../contract/index.ts'
import { blameOf } from '../errors/index.ts'
import type { Packet } from '../packets/index.ts'
import { isProtocolError, ReasonCode } from '../packets/index.ts'

/** Gives an error to `errorHandler`, or to the default one; ends the connection where the errorHandler fails itself. */
export function handleError(
  stack: Stack,
  error: Error,
  client: Client | undefined,
  packet: Packet | undefined,
): void {
  const { errorHandler } = stack.config
  try {
    if (errorHandler === undefined) logAndClose(stack, error, client)
    else errorHandler(error, client, packet)
  } catch (failure) {
    stack.log.event('error-handler.failed', {}, failure as Error)
    client?.close(ReasonCode.UNSPECIFIED_ERROR)
  }
}

/** Logs whose error it is. */
export function logFailure(stack: Stack, error: Error, client: Client | undefined): void {
  const { message: cause } = error
  const clientId = client?.id || undefined
  const { middleware, callback } = blameOf(error) ?? {}
  // What a client did wrong is told with its end as well: by clientRefused, or by clientDisconnected.
  if (isProtocolError(error)) stack.log.event('client.broke-protocol', { clientId: clientId ?? '', cause })
  else if (middleware === undefined || callback === undefined)
    stack.log.event('stack.failed', { clientId, cause }, error)
  else stack.log.event('handler.failed', { middleware, callback, clientId, cause }, error)
}

/** The default: logs whose error it is and ends that connection. */
function logAndClose(stack: Stack, error: Error, client: Client | undefined): void {
  logFailure(stack, error, client)
  const reasonCode = isProtocolError(error) ? error.reasonCode : ReasonCode.UNSPECIFIED_ERROR
  if (client !== undefined) stack.closeClient(client, reasonCode, error.message, error)
}
