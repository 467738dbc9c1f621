import { VirtualClock } from '@mqtt-stack/testing'
import { expect, test } from 'vitest'
import { SECRET, token } from '../../../test/support/tokens.ts'
import { readKey } from './keys.ts'
import type { Expectations } from './verify.ts'
import { verifyToken } from './verify.ts'

const expected: Expectations = {
  algorithms: ['HS256'],
  issuer: undefined,
  audience: undefined,
  clockTolerance: 0,
  requireExpiry: true,
}
const find = readKey(SECRET, { algorithms: ['HS256'], encoding: 'text', what: 'the key' })
const good = token()

async function outcomeOf(text: string): Promise<string> {
  return (await verifyToken(text, expected, find, new VirtualClock())).outcome
}

test('a token is believed', async () => {
  expect(await outcomeOf(good)).toBe('believed')
})

test('no beginning of it is, nor what is longer', async () => {
  for (let length = 0; length < good.length; length++)
    expect(await outcomeOf(good.slice(0, length))).not.toBe('believed')
  for (const more of ['A', '.', '.A', '=', '\n', '\0'])
    expect(await outcomeOf(good + more)).not.toBe('believed')
})

test('nothing is that differs from it in one character', async () => {
  // The last character has bits that base64url does not use.
  for (let at = 0; at < good.length - 1; at++)
    for (const other of ['A', 'z', '_', '.', '=', '\xff']) {
      if (good[at] === other) continue
      const changed = good.slice(0, at) + other + good.slice(at + 1)
      expect([changed, await outcomeOf(changed)]).not.toEqual([changed, 'believed'])
    }
})

test('what is no JSON object, or nested deeply, throws nothing', async () => {
  const parts = ['null', '[]', '7', '"x"', '{', '{"alg":7}', '{"alg":"HS256"}', '['.repeat(5_000), '\xff\xfe']
  const written = parts.map((part) => Buffer.from(part, 'latin1').toString('base64url'))
  for (const header of written)
    for (const claims of written) expect(await outcomeOf(`${header}.${claims}.AAAA`)).not.toBe('believed')
})

test('what is very long is not looked at', async () => {
  expect(await outcomeOf(token({ more: 'x'.repeat(20_000) }))).toBe('unknown')
})
