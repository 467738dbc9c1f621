/** A file of rules with any damage: it is read, or the one error names the line. */
import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { decodeText, makeRules } from './read-file.ts'
import { Rights } from './rights.ts'

const OURS = `# the house
allow publish,subscribe devices/%c/# user alice
deny publish plant/# group "night shift"
allow subscribe news/+ address 10.0.0.0/8
allow will gone/%u qos 1
`
const MOSQUITTOS = `user roger
topic read foo/bar/#
topic deny foo/no
pattern write state/%c
pattern readwrite %u/#
`

/** What becomes of these bytes: the error's message, or whether a stranger may publish to a topic of others. */
function outcome(bytes: Uint8Array): string | boolean {
  const subject = {
    user: 'eve',
    clientId: 'e',
    groups: [],
    away: false,
    address: undefined,
    listener: undefined,
  }
  try {
    const rights = new Rights(makeRules([], decodeText('rules.acl', bytes)), subject)
    return rights.publish('publish', 'plant/1', 0, false).allowed
  } catch (error) {
    expect(error).toMatchObject({ code: 'FILE_INVALID' })
    return (error as Error).message
  }
}

describe.each([
  ['of ours', OURS],
  ['of Mosquitto', MOSQUITTOS],
])('a file %s', (_what, text) => {
  const whole = Buffer.from(text)

  it('is read, or is an error that names it, wherever a byte is changed', () => {
    for (let at = 0; at < whole.length; at++) {
      for (const byte of [0x00, 0x0a, 0x20, 0x22, 0x23, 0x2b, 0x41, 0x80, 0xff, whole[at] ^ 1]) {
        const changed = Buffer.from(whole)
        changed[at] = byte
        const found = outcome(changed)
        if (typeof found === 'string') expect(found).toMatch(/^acl: (cannot read )?rules\.acl[:, ]/)
        else
          expect([text.slice(Math.max(0, at - 9), at + 9), byte, found]).toEqual([
            expect.anything(),
            byte,
            false,
          ])
      }
    }
  })

  it('is read, or is an error that names it, wherever it is cut off', () => {
    for (let length = 0; length < whole.length; length++) {
      const found = outcome(whole.subarray(0, length))
      if (typeof found === 'string') expect(found).toContain('rules.acl')
      else expect(found).toBe(false)
    }
  })
})
