import { parseUsers } from '@mqtt-stack/core/users'
import { describe, expect, it } from 'vitest'
import { begin, finish } from './exchange.ts'
import type { ScramMethod } from './keys.ts'
import { scramKeys } from './keys.ts'
import type { ScramUsers } from './scram-users.ts'
import { readScramUsers } from './scram-users.ts'

async function usersOf(
  name: string,
  password: string,
  method: ScramMethod,
  salt: string,
): Promise<ScramUsers> {
  const keys = await scramKeys(password, method, 4_096, Buffer.from(salt, 'base64'))
  return readScramUsers(parseUsers(Buffer.from(`${name}:$6$x$y::${keys}`), 'users'), 'users')[method]
}

describe('an exchange', () => {
  it('is that of RFC 7677', async () => {
    const users = await usersOf('user', 'pencil', 'SCRAM-SHA-256', 'W22ZaJ0SNY7soEsUEjb6gQ==')
    const begun = begin(
      users,
      Buffer.from('n,,n=user,r=rOprNGfwEbeRWgbNEkqO'),
      '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
    )
    expect(String(begun?.data)).toBe(
      'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
    )
    const final =
      'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ='
    const proven = begun && finish(users, begun, Buffer.from(final))
    expect(String(proven?.data)).toBe('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=')
    expect(proven?.found.user.name).toBe('user')
  })

  it('finds a name however it was typed, and is that of the user in the file', async () => {
    // An e with an accent as one character in the file, and as two from the client, with a soft hyphen.
    const users = await usersOf('Ren\u00e9', 'x', 'SCRAM-SHA-256', 'c2FsdA==')
    const begun = begin(users, Buffer.from('n,,n=Re\u00adne\u0301,r=abc'), 'def')
    expect(begun?.name).toBe('Ren\u00e9')
    expect(users.find(begun?.name ?? '')).toBeDefined()
  })
})
