import { describe, expect, it } from 'vitest'
import { withoutUser, withUser } from './edit-users.ts'
import { formatUser, parseUsers, parseUsersInTurns } from './user.ts'

const parse = (text: string | Uint8Array): ReturnType<typeof parseUsers> =>
  parseUsers(Buffer.from(text as string), 'users')

describe('a file of users', () => {
  it('has names with hashes, and after them groups and keys of SCRAM', () => {
    const users = parse(
      '# ours\n\nalice:$7$101$c2FsdA==$aGFzaA==\r\nbob:$6$s$h:staff,night,staff\ncarol:$6$s$h::$scram-sha-256$k:$scram-sha-512$k',
    )
    expect([...users.values()]).toEqual([
      { name: 'alice', hash: '$7$101$c2FsdA==$aGFzaA==', groups: [], keys: [], line: 3 },
      { name: 'bob', hash: '$6$s$h', groups: ['staff', 'night'], keys: [], line: 4 },
      { name: 'carol', hash: '$6$s$h', groups: [], keys: ['$scram-sha-256$k', '$scram-sha-512$k'], line: 5 },
    ])
  })

  it('may be empty, and may begin with a byte order mark', () => {
    expect(parse('').size).toBe(0)
    expect([...parse('\ufeffälice ü:$6$s$h\n').keys()]).toEqual(['älice ü'])
  })

  it.each([
    ['alice', 'users:1: has no ":": write it with mqtt-stack passwd users NAME'],
    ['# x\n:$6$s$h', 'users:2: the user name before ":" is empty: write another one there'],
    [
      ' alice:$6$s$h',
      'users:1: the user name before ":" begins or ends with a space: write another one there',
    ],
    [
      'a\u0007:$6$s$h',
      'users:1: the user name before ":" holds a control character: write another one there',
    ],
    ['alice:', 'users:1: "alice" has no password: mqtt-stack passwd users alice'],
    ['alice::staff', 'users:1: "alice" has no password: mqtt-stack passwd users alice'],
    ['alice:secret', 'users:1: the password of "alice" is not hashed: mqtt-stack passwd users alice'],
    [
      'alice:$6$s$h\nbob:$6$s$h\nalice:$6$s$h',
      'users:3: names the user "alice" a second time, after line 1: remove one of the two lines',
    ],
    ['alice:$6$s$h:a,,b', 'users:1: a group in the third field is empty: write them as in staff,night'],
    [
      'alice:$6$s$h:a, b',
      'users:1: a group in the third field begins or ends with a space: write them as in staff,night',
    ],
    [
      'alice:$6$s$h:a:$scram-sha-256$k:more',
      'users:1: field 5 does not begin with "$scram-": behind name, hash and groups there are keys of SCRAM alone',
    ],
    [
      Buffer.from('alice:$6$s$h\nb\xfcb:$6$s$h', 'latin1'),
      'users:2: is not UTF-8: save the file in that encoding',
    ],
  ])('with a bad line is refused: %s', (text, message) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'FILE_INVALID', message }))
  })

  it('that is long leaves others their turn', async () => {
    const text = Array.from({ length: 2_000 }, (_, i) => `user-${i}:$6$s$h`).join('\n')
    let turns = 0
    let reading = true
    const count = (): void => {
      turns++
      if (reading) setImmediate(count)
    }
    setImmediate(count)
    const users = await parseUsersInTurns(Buffer.from(text), 'users')
    reading = false
    expect(turns).toBeGreaterThanOrEqual(4)
    expect([...users]).toEqual([...parse(text)])
    await expect(parseUsersInTurns(Buffer.from(`${text}\nuser-0:$6$s$h`), 'users')).rejects.toThrow(
      'users:2001: names the user "user-0" a second time, after line 1: remove one of the two lines',
    )
  })

  it('is written as it is read', () => {
    const lines = ['alice:$6$s$h', 'bob:$6$s$h:staff,night', 'carol:$6$s$h::$scram-sha-256$k']
    expect([...parse(lines.join('\n')).values()].map(formatUser)).toEqual(lines)
  })
})

describe('a change of it', () => {
  const text = '# ours\nalice:$6$s$h\n\nbob:$6$s$h'
  const user = (name: string): Parameters<typeof withUser>[2] => ({
    name,
    hash: '$6$new$h',
    groups: [],
    keys: [],
  })

  it('replaces the line of a user, and leaves all others as they are', () => {
    expect(withUser(text, 'users', user('alice'))).toBe('# ours\nalice:$6$new$h\n\nbob:$6$s$h\n')
  })

  it('adds a user at the end', () => {
    expect(withUser(text, 'users', user('carol'))).toBe(`${text}\ncarol:$6$new$h\n`)
    expect(withUser('', 'users', user('carol'))).toBe('carol:$6$new$h\n')
  })

  it('removes a user', () => {
    expect(withoutUser(text, 'users', 'alice')).toBe('# ours\n\nbob:$6$s$h\n')
    expect(withoutUser('bob:$6$s$h\n', 'users', 'bob')).toBe('')
    expect(withoutUser(text, 'users', 'carol')).toBeUndefined()
  })

  it('of a file with a bad line is none', () => {
    const wrong = expect.objectContaining({ code: 'FILE_INVALID' })
    expect(() => withUser('alice', 'users', user('bob'))).toThrow(wrong)
    expect(() => withoutUser('alice', 'users', 'bob')).toThrow(wrong)
  })
})
