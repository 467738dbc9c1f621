import { isStackError } from '@mqtt-stack/core'
import { describe, expect, it } from 'vitest'
import { withoutUser, withUser } from './edit-users.ts'
import { formatUser, parseUsers } from './user.ts'

const FILE = Buffer.from(
  '# ours\nalice:$argon2id$v=19$m=64,t=1,p=1$c2FsdA$aGFzaA\n\nbob ü:$7$101$c2FsdA==$aGFzaA==:staff,night\ncarol:$6$s$h::$scram-sha-256$i=4096$s$k$k\n',
)

/** What comes of a file: its lines as they would be written, or the code of the error. */
function outcome(contents: Uint8Array): string[] | string {
  try {
    return [...parseUsers(contents, 'users').values()].map(formatUser)
  } catch (error) {
    if (!isStackError(error) || !error.message.startsWith('users:')) throw error
    return error.code
  }
}

/** Every single-byte change by these values, and every prefix. */
function* changes(): Generator<Buffer> {
  for (let at = 0; at < FILE.length; at++) {
    for (const byte of [0, 10, 13, 32, 35, 36, 44, 58, 0x7f, 0xc3, 0xff]) {
      const changed = Buffer.from(FILE)
      changed[at] = byte
      yield changed
    }
    yield FILE.subarray(0, at)
  }
}

describe('a file of users that is damaged', () => {
  it('is refused with a line, or read as it will be written: nobody is in it without a hash', () => {
    for (const changed of changes()) {
      const lines = outcome(changed)
      if (typeof lines === 'string') expect(lines).toBe('FILE_INVALID')
      else {
        for (const line of lines) expect(line).toMatch(/^[^:]+:\$/)
        expect(outcome(Buffer.from(lines.join('\n')))).toEqual(lines)
      }
    }
  })

  it('is changed as a whole, or not at all', () => {
    const dave = { name: 'dave', hash: '$6$s$h', groups: [], keys: [] }
    for (const changed of changes()) {
      if (typeof outcome(changed) === 'string') continue
      const text = changed.toString()
      const added = withUser(text, 'users', dave)
      expect([...parseUsers(Buffer.from(added), 'users').keys()].at(-1)).toBe('dave')
      const before = outcome(Buffer.from(text))
      expect(outcome(Buffer.from(withoutUser(added, 'users', 'dave') as string))).toEqual(before)
    }
  })
})
