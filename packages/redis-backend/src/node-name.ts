import { randomBytes } from 'node:crypto'

/** What a node may be called. */
export const NODE_NAME: RegExp = /^[A-Za-z0-9._-]{1,64}$/

/** What is behind the `n-` of a node that nobody has named. */
export function randomName(): string {
  return BigInt(`0x${randomBytes(8).toString('hex')}`)
    .toString(36)
    .padStart(8, '0')
    .slice(-8)
}
