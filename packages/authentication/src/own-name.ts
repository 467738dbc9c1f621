import { createHash } from 'node:crypto'
import { withoutToken } from '@mqtt-stack/core'

/**
 * Who a client is of whom its provider says no more: its user name. A JSON Web Token is no name: whoever reads a list of
 * clients, or a store, could come in with it. What stands for it is the same for the same token, and tells nothing of it.
 */
export function ownName(username: string | undefined): string | undefined {
  if (username === undefined || withoutToken(username) === username) return username
  return `token:${createHash('sha256').update(username).digest('hex').slice(0, 32)}`
}
