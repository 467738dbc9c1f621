import { parseUsers } from '@mqtt-stack/core/users'
import { describe, expect, it } from 'vitest'
import { readKeys, scramKeys } from './keys.ts'
import type { UsersByMethod } from './scram-users.ts'
import { readScramUsers } from './scram-users.ts'

const SALT = Buffer.alloc(16).toString('base64')
const KEY = Buffer.alloc(32).toString('base64')
const read = (text: string): UsersByMethod => readScramUsers(parseUsers(Buffer.from(text), 'users'), 'users')

/** Keys whose server key begins with this byte. */
const keysAt = (byte: number): string =>
  `$scram-sha-256$i=4096$${SALT}$${KEY}$${Buffer.alloc(32, byte).toString('base64')}`

describe('keys', () => {
  it('are made of a password, with 15000 iterations and another salt each time', async () => {
    const keys = await scramKeys('secret', 'SCRAM-SHA-512')
    expect(keys).toMatch(/^\$scram-sha-512\$i=15000\$[\w+/]{22}==\$[\w+/]{86}==\$[\w+/]{86}==$/)
    expect(await scramKeys('secret', 'SCRAM-SHA-512')).not.toBe(keys)
    expect(readKeys(keys)).toMatchObject({ method: 'SCRAM-SHA-512', iterations: 15_000 })
  })

  it.each([4_095, 1_000_001])('are not made with %i iterations', async (iterations) => {
    await expect(scramKeys('secret', 'SCRAM-SHA-256', iterations)).rejects.toThrow(
      `scramKeys: the keys would have ${iterations} iterations, which is not from 4096 to 1000000`,
    )
  })

  it.each([
    ['$scram-sha-1$x', 'are not of the form $scram-sha-256$i=15000$SALT$STOREDKEY$SERVERKEY'],
    [
      `$scram-sha-256$i=4096$${SALT}$${KEY}`,
      'are not of the form $scram-sha-256$i=15000$SALT$STOREDKEY$SERVERKEY',
    ],
    [
      `$scram-sha-256$i=4096$$${KEY}$${KEY}`,
      'are not of the form $scram-sha-256$i=15000$SALT$STOREDKEY$SERVERKEY',
    ],
    [
      `$scram-sha-512$i=4096$${SALT}$${KEY}$${KEY}`,
      'are not of the form $scram-sha-256$i=15000$SALT$STOREDKEY$SERVERKEY',
    ],
    [
      `$scram-sha-256$i=4095$${SALT}$${KEY}$${KEY}`,
      'have 4095 iterations, which is not from 4096 to 1000000',
    ],
    [
      `$scram-sha-256$i=1000001$${SALT}$${KEY}$${KEY}`,
      'have 1000001 iterations, which is not from 4096 to 1000000',
    ],
  ])('that cannot be used are an error: %s', (field, problem) => {
    const message = `users:2: the keys of "joe" ${problem}: mqtt-stack passwd users joe --scram`
    expect(() => read(`# ours\njoe:$6$x$y::${field}`)).toThrow(
      expect.objectContaining({ code: 'FILE_INVALID', message }),
    )
  })
})

describe('users', () => {
  it('have keys for each method once, and names that are told apart', () => {
    expect(() => read(`joe:$6$x$y::${keysAt(1)}:${keysAt(2)}`)).toThrow(
      'users:1: "joe" has keys for SCRAM-SHA-256 twice: mqtt-stack passwd users joe --scram',
    )
    expect(() => read(`Ren\u00e9:$6$x$y::${keysAt(1)}\nRene\u0301:$6$x$y::${keysAt(2)}`)).toThrow(
      'users:2: "Rene\u0301" is the same name to SCRAM as that of line 1: rename one of the two',
    )
  })

  it('stand in for names that are not in the file, and for few others when one comes', () => {
    const line = (i: number): string => `user-${i}:$6$x$y::${keysAt(i)}`
    const [some, more] = [200, 201].map((count) =>
      read(Array.from({ length: count }, (_, i) => line(i)).join('\n')),
    )
    const names = Array.from({ length: 1_000 }, (_, i) => `stranger-${i}`)
    const salts = (users: UsersByMethod): string[] =>
      names.map((name) => users['SCRAM-SHA-256'].madeUp(name).salt.toString('hex'))
    const [before, after] = [salts(some), salts(more)]
    expect(new Set(before).size).toBe(names.length)
    expect(salts(some)).toEqual(before)
    expect(before.filter((salt, i) => salt !== after[i]).length).toBeLessThan(20)
  })
})
