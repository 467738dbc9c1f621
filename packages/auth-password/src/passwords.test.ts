import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseUsers } from '@mqtt-stack/core/users'
import { describe, expect, it, onTestFinished } from 'vitest'
import { loadArgon2, readArgon2 } from './argon2.ts'
import { hashPassword, Passwords } from './passwords.ts'

const SALT = Buffer.from('saltsalt').toString('base64')
const KEY = Buffer.alloc(64).toString('base64')

const read = (lines: string): Promise<Passwords> =>
  Passwords.of(parseUsers(Buffer.from(lines), 'users'), 'users')

async function verify(hash: string, password: string): Promise<boolean | undefined> {
  const passwords = await read(`alice:${hash}`)
  return passwords.find('alice')?.hash.verify(Buffer.from(password))
}

/** As @node-rs/argon2 where it has no binary. */
const notThere = (): Promise<never> => Promise.reject(new Error('no binary for this machine'))

describe('what is kept of a password', () => {
  it('is argon2id with 19 MiB and two passes', async () => {
    const hash = await hashPassword('pässword')
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]+\$[\w+/]+$/)
    expect([await verify(hash, 'pässword'), await verify(hash, 'password')]).toEqual([true, false])
  })

  it('is scrypt where argon2 cannot be loaded', async () => {
    const hash = await hashPassword('pässword', notThere)
    expect(hash).toMatch(/^\$scrypt\$ln=14,r=8,p=5\$[\w+/]+\$[\w+/]+$/)
    expect([await verify(hash, 'pässword'), await verify(hash, 'password')]).toEqual([true, false])
  })

  it('is another one each time', async () => {
    expect(await hashPassword('secret')).not.toBe(await hashPassword('secret'))
  })

  it('may be from elsewhere', async () => {
    // RFC 7914, section 12, and the reference implementation of argon2.
    const scrypt = `$scrypt$ln=10,r=8,p=16$TmFDbA$${Buffer.from(
      'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640',
      'hex',
    ).toString('base64')}`
    expect([await verify(scrypt, 'password'), await verify(scrypt, 'Password')]).toEqual([true, false])
    const argon2id = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
    expect([await verify(argon2id, 'password'), await verify(argon2id, 'Password')]).toEqual([true, false])
  })

  it.each(['sha512', 'sha512-pbkdf2'])('may be what mosquitto_passwd writes: %s', async (kind) => {
    const folder = mkdtempSync(join(tmpdir(), 'passwords-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'users')
    const write = (...args: string[]): Buffer =>
      execFileSync('mosquitto_passwd', ['-H', kind, ...args], { stdio: 'pipe' })
    write('-c', '-b', path, 'alice', 'pässword')
    write('-b', path, 'bob', 'secret')
    const passwords = await Passwords.of(parseUsers(readFileSync(path), path), path)
    for (const [name, password, valid] of [
      ['alice', 'pässword', true],
      ['alice', 'secret', false],
      ['alice', '', false],
      ['bob', 'secret', true],
    ] as const) {
      expect(await passwords.find(name)?.hash.verify(Buffer.from(password))).toBe(valid)
    }
  })
})

describe('a hash that cannot be used', () => {
  it.each([
    ['$1$abc', 'is of no kind that is known ($argon2id$, $scrypt$, $7$ and $6$)'],
    ['$6$', 'is not of the form $6$SALT$HASH'],
    [`$6$${SALT}$short`, 'is not of the form $6$SALT$HASH'],
    [`$6$not base 64$${KEY}`, 'is not of the form $6$SALT$HASH'],
    [`$7$${SALT}$${KEY}`, 'is not of the form $7$ITERATIONS$SALT$HASH'],
    [`$7$0$${SALT}$${KEY}`, 'wants 0 iterations, which is not from 1 to 10000000'],
    [`$7$10000001$${SALT}$${KEY}`, 'wants 10000001 iterations, which is not from 1 to 10000000'],
    [`$scrypt$ln=14$${SALT}$${KEY}`, 'is not of the form $scrypt$ln=14,r=8,p=5$SALT$HASH'],
    [`$scrypt$ln=22,r=8,p=1$${SALT}$${KEY}`, 'wants more than 256 MiB or 64 passes, or nothing'],
    [`$scrypt$ln=14,r=8,p=65$${SALT}$${KEY}`, 'wants more than 256 MiB or 64 passes, or nothing'],
    [`$scrypt$ln=14,r=8,p=0$${SALT}$${KEY}`, 'wants more than 256 MiB or 64 passes, or nothing'],
    [`$argon2id$m=64$${SALT}$${KEY}`, 'is not of the form $argon2id$v=19$m=19456,t=2,p=1$SALT$HASH'],
    [
      `$argon2id$v=19$m=1048577,t=1,p=1$${SALT}$${KEY}`,
      'wants more than 1 GiB, 64 passes or 16 lanes, or nothing',
    ],
    [
      `$argon2id$v=19$m=1024,t=0,p=1$${SALT}$${KEY}`,
      'wants more than 1 GiB, 64 passes or 16 lanes, or nothing',
    ],
  ])('is an error: %s', async (hash, problem) => {
    const message = `users:2: the hash of "alice" ${problem}: mqtt-stack passwd users alice`
    await expect(read(`# ours\nalice:${hash}`)).rejects.toMatchObject({ code: 'FILE_INVALID', message })
  })

  it('is one of argon2 where argon2 cannot be loaded', async () => {
    const argon2 = await loadArgon2(notThere)
    expect(readArgon2(await hashPassword('secret'), argon2)).toBe(
      'needs the package @node-rs/argon2, which cannot be loaded here',
    )
  })
})

describe('a user who is not in the file', () => {
  const lines = Array.from({ length: 50 }, (_, i) => `user-${i}:$7$${i + 1}$${SALT}$${KEY}`)

  it('takes as long as one who is: the same one each time', async () => {
    const passwords = await read(lines.join('\n'))
    const names = Array.from({ length: 200 }, (_, i) => `stranger-${i}`)
    const first = names.map((name) => passwords.standIn(name)?.user.name)
    expect(names.map((name) => passwords.standIn(name)?.user.name)).toEqual(first)
    expect(new Set(first).size).toBeGreaterThan(25)
    expect(names.map((name) => passwords.find(name))).toEqual(names.map(() => undefined))
  })

  it('is compared with nobody in an empty file', async () => {
    expect((await read('')).standIn('alice')).toBeUndefined()
  })
})
