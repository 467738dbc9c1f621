/** Keys of a service whose certificate is of a company's own authority. */
import { describe, expect, test } from 'vitest'
import { broker5 } from '../../../test/rig/broker.ts'
import { secureService } from '../../../test/support/secure-service.ts'
import { jwk, KEYS, token } from '../../../test/support/tokens.ts'
import { JwtAuth } from './index.ts'

const TOKEN = token({}, { alg: 'RS256', key: KEYS.rsa.privateKey, kid: 'one' })

/** What a token gets, and what the log says. */
async function tries(origin: string, caFile?: string) {
  const jwt = new JwtAuth({ algorithms: ['RS256'], jwksUrl: `${origin}/jwks`, caFile })
  const { open, logger } = broker5({ use: [{ middleware: jwt, after: 'authentication' }], authorize: false })
  const { reasonCode } = await open({ patience: 10_000 }).connect({ username: 'joe', password: TOKEN })
  const errors = logger.lines.filter(({ level }) => level === 'error').map(({ message }) => message)
  return { reasonCode, errors }
}

describe('keys of a service with a certificate that Node does not know', () => {
  test('are believed where a file has its authority, and not without', async () => {
    const { origin, caFile, otherFile } = await secureService({ keys: [jwk(KEYS.rsa.publicKey, 'one')] })
    const why = `JwtAuth: the keys of ${origin}/jwks cannot be fetched: UNABLE_TO_VERIFY_LEAF_SIGNATURE`
    expect(await tries(origin, caFile)).toEqual({ reasonCode: 0, errors: [] })
    expect(await tries(origin)).toEqual({ reasonCode: 0x88, errors: [why] })
    expect(await tries(origin, otherFile)).toEqual({ reasonCode: 0x88, errors: [why] })
  })
})

test.each([
  [
    { jwksUrl: 'https://a/b', caFile: '/no/such' },
    'JwtAuth: the file of option "caFile" (/no/such) cannot be read: there is no such file',
  ],
  [
    { key: 'x'.repeat(64), algorithms: ['HS256' as const], caFile: '/no/such' },
    'JwtAuth: option "caFile" is for "jwksUrl", which is not given: leave it out',
  ],
])('%j is an error', (options, message) => {
  expect(() => new JwtAuth({ algorithms: ['RS256'], ...options })).toThrow(message)
})
