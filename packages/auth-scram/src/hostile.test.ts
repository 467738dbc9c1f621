import { parseUsers } from '@mqtt-stack/core/users'
import { expect, it } from 'vitest'
import { ScramClient } from '../../../test/support/scram-client.ts'
import { begin, finish } from './exchange.ts'
import { readKeys, scramKeys } from './keys.ts'
import { readScramUsers } from './scram-users.ts'

const BYTES = [0, 9, 10, 32, 43, 44, 61, 92, 110, 112, 0x7f, 0xc3, 0xff]

/** Every prefix, and every change of a byte to one of those above. */
function* changesOf(message: Buffer): Generator<Buffer> {
  for (let at = 0; at < message.length; at++) {
    yield message.subarray(0, at)
    for (const byte of BYTES) {
      const changed = Buffer.from(message)
      changed[at] = byte
      if (!changed.equals(message)) yield changed
    }
  }
}

it('messages that are damaged prove nothing, and are no error', async () => {
  const keys = await scramKeys('secret', 'SCRAM-SHA-256', 4_096)
  const text = Buffer.from(`joe:$6$x$y::${keys}`)
  const users = readScramUsers(parseUsers(text, 'users'), 'users')['SCRAM-SHA-256']
  const client = new ScramClient('joe', 'secret', 'their-nonce')
  const begun = begin(users, client.first(), 'our-nonce')
  if (begun === undefined) throw new Error('it was not begun')
  const final = client.final(begun.data)
  expect(finish(users, begun, final)?.found.user.name).toBe('joe')
  for (const first of changesOf(client.first())) {
    const other = begin(users, first, 'our-nonce')
    if (other !== undefined) expect(finish(users, other, final)).toBeUndefined()
  }
  // The last character of base 64 before its padding has bits that mean nothing.
  const meaning = (bytes: Buffer): string =>
    bytes.toString().replace(/p=(.*)$/, (_, p) => Buffer.from(p, 'base64').toString('hex'))
  for (const changed of changesOf(final)) {
    if (meaning(changed) !== meaning(final)) expect(finish(users, begun, changed)).toBeUndefined()
  }
})

it('keys that are damaged are refused, or are keys', async () => {
  for (const changed of changesOf(Buffer.from(await scramKeys('secret', 'SCRAM-SHA-256', 4_096)))) {
    const keys = readKeys(changed.toString('latin1'))
    if (typeof keys !== 'string') expect([keys.storedKey.length, keys.serverKey.length]).toEqual([32, 32])
  }
})
