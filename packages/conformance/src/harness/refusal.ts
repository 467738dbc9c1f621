import type { Version } from '../wire/packet-types.ts'
import type { Received } from '../wire/packets.ts'
import { describe } from '../wire/packets.ts'
import { hex } from '../wire/reason-codes.ts'
import { ConformanceError, Remark } from './errors.ts'

/**
 * What was said before a connection was closed: one of these reason codes in 5.0, and nothing before it.
 * @param type Of the packet that says so.
 */
export function checkRefusal(
  version: Version,
  said: Received | undefined,
  type: 'connack' | 'disconnect',
  codes: readonly number[],
): void {
  if (version < 5) {
    if (said !== undefined) throw new ConformanceError(`${describe(said)} came before the close`)
    return
  }
  const wanted = codes.map(hex).join(' or ')
  if (said === undefined || !('code' in said)) {
    throw new Remark(`closed without a reason; ${type.toUpperCase()} with ${wanted} was due`)
  }
  if (!codes.includes(said.code)) throw new Remark(`said ${hex(said.code)}, not ${wanted}`)
}
