import type { KeyObject } from 'node:crypto'
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { broker5 } from '../../../test/rig/broker.ts'
import { jwk, KEYS, pem, SECRET, token } from '../../../test/support/tokens.ts'
import { createCertificate } from '../../benchmark/src/brokers/certificate.ts'
import type { JwtAuthOptions } from './index.ts'
import { ALGORITHMS, JwtAuth } from './index.ts'

const { rsa, p256, ed25519 } = KEYS
const known = Object.keys(ALGORITHMS).join(', ')

/** What making it with wrong options is answered. */
function complaint(options: unknown): string {
  try {
    new JwtAuth(options as JwtAuthOptions)
  } catch (error) {
    expect(error).toMatchObject({ name: 'StackError' })
    return (error as Error).message
  }
  throw new Error('nothing was wrong')
}

describe('options', () => {
  test.each<[string, unknown, string]>([
    ['no algorithms', { key: SECRET }, 'option "algorithms" is required: '],
    [
      'one that is no list',
      { algorithms: 'HS256', key: SECRET },
      `option "algorithms" must be a list of some of ${known}`,
    ],
    [
      'an empty list',
      { algorithms: [], key: SECRET },
      `option "algorithms" must be a list of some of ${known}`,
    ],
    [
      'none',
      { algorithms: ['none'], key: SECRET },
      `option "algorithms" has "none", which is none of ${known}`,
    ],
    [
      'secrets beside public keys',
      { algorithms: ['HS256', 'RS256'], key: SECRET },
      'option "algorithms" mixes HS256, which wants a shared secret, with RS256, which wants a public key: name one kind, and make another JwtAuth for the other',
    ],
    [
      'no key',
      { algorithms: ['HS256'] },
      'give exactly one of the options "key", "keyFile" and "jwksUrl", not 0',
    ],
    [
      'two keys',
      { algorithms: ['HS256'], key: SECRET, keyFile: 'x' },
      'give exactly one of the options "key", "keyFile" and "jwksUrl", not 2',
    ],
    [
      'an issuer that is none',
      { algorithms: ['HS256'], key: SECRET, issuer: [] },
      'option "issuer" must be a name or a list of names, not []',
    ],
    [
      'an audience that is none',
      { algorithms: ['HS256'], key: SECRET, audience: 7 },
      'option "audience" must be a name or a list of names, not 7',
    ],
    [
      'a URL that is none',
      { algorithms: ['RS256'], jwksUrl: 'keys' },
      'option "jwksUrl" must be a URL that begins with https://',
    ],
    [
      'a URL without TLS',
      { algorithms: ['RS256'], jwksUrl: 'http://keys.example/jwks' },
      'option "jwksUrl" begins with http://, so that whoever sits between can make tokens: use https://, or say "allowHttp"',
    ],
    [
      'a URL with a password',
      { algorithms: ['RS256'], jwksUrl: 'https://a:b@keys.example/jwks' },
      'option "jwksUrl" must not hold a user name or password',
    ],
    [
      'a URL for secrets',
      { algorithms: ['HS256'], jwksUrl: 'https://keys.example/jwks' },
      'option "jwksUrl" hands out public keys, but HS256 wants a shared secret',
    ],
  ])('%s', (_what, options, message) => {
    expect(complaint(options).startsWith(`JwtAuth: ${message}`)).toBe(true)
    if (!message.endsWith(': ')) expect(complaint(options)).toBe(`JwtAuth: ${message}`)
  })

  test.each(['http://127.0.0.1:8080/jwks', 'http://[::1]/jwks', 'http://localhost/jwks'])(
    '%s needs no TLS',
    (jwksUrl) => {
      expect(new JwtAuth({ algorithms: ['RS256'], jwksUrl }).name).toBe('JwtAuth')
    },
  )

  test('http:// may be allowed', () => {
    const jwksUrl = 'http://keycloak:8080/jwks'
    expect(new JwtAuth({ algorithms: ['RS256'], jwksUrl, allowHttp: true }).name).toBe('JwtAuth')
  })
})

describe('keys', () => {
  const small = generateKeyPairSync('rsa', { modulusLength: 1_024 }).publicKey
  const secp = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey
  const x25519 = generateKeyPairSync('x25519').publicKey
  const secret = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' })

  test.each<[string, string, unknown, string]>([
    [
      'a secret that can be guessed',
      'HS256',
      'secret',
      'is a secret of 6 bytes, but HS256 wants at least 32: "openssl rand -base64 32" makes one',
    ],
    [
      'one that is too short for the hash',
      'HS512',
      'x'.repeat(63),
      'is a secret of 63 bytes, but HS512 wants at least 64: "openssl rand -base64 64" makes one',
    ],
    [
      'a public key as a secret',
      'HS256',
      pem(rsa.publicKey),
      'is a key in PEM or JWK, but HS256 wants a shared secret',
    ],
    [
      'a secret as a public key',
      'RS256',
      SECRET,
      'is no public key: it must be PEM, a certificate, a JWK or a JWK Set',
    ],
    [
      'a private key',
      'RS256',
      secret,
      'is a private key: give the public one ("openssl pkey -pubout" makes it of that)',
    ],
    [
      'a private JWK',
      'RS256',
      JSON.stringify(rsa.privateKey.export({ format: 'jwk' })),
      'holds a private or secret key: give public ones alone',
    ],
    [
      'a private JWK among others',
      'RS256',
      JSON.stringify({ keys: [jwk(rsa.publicKey, 'a'), jwk(rsa.privateKey, 'b')] }),
      'holds a private or secret key: give public ones alone',
    ],
    ['broken JSON', 'RS256', '{"kty":', 'is not JSON, though it begins with a brace'],
    [
      'a set that is none',
      'RS256',
      '{"keys":{}}',
      'is no JWK Set: "keys" must be a list of at most 100 keys',
    ],
    ['a set of what is no key', 'RS256', '{"keys":[7]}', 'is no JWK Set: a key must be an object'],
    [
      'a key of another kind',
      'RS256',
      pem(p256.publicKey),
      'is an EC key on the curve prime256v1, but RS256 wants an RSA key',
    ],
    [
      'a key of another curve',
      'ES256',
      pem(secp),
      'is an EC key on the curve secp256k1, but ES256 wants an EC key on the curve P-256',
    ],
    [
      'a key that does not sign',
      'EdDSA',
      pem(x25519),
      'is a key of the type x25519, but EdDSA wants an Ed25519 key',
    ],
    [
      'an RSA key that is too short',
      'RS256',
      pem(small),
      'is an RSA key of 1024 bits: at least 2048 are safe',
    ],
  ])('%s', (_what, algorithm, key, message) => {
    expect(complaint({ algorithms: [algorithm], key })).toBe(`JwtAuth: option "key" ${message}`)
  })

  test('what is not base64', () => {
    expect(complaint({ algorithms: ['HS256'], key: `${SECRET}!`, keyEncoding: 'base64' })).toBe(
      'JwtAuth: option "key" is not base64',
    )
  })

  test('PEM that is broken', () => {
    const broken = pem(rsa.publicKey).replace(/[A-Z]/g, 'A')
    expect(complaint({ algorithms: ['RS256'], key: broken })).toMatch(
      /^JwtAuth: option "key" is no public key: .+/,
    )
  })

  const certificate = createCertificate('localhost')

  test.each<[string, 'ES256' | 'EdDSA', string, KeyObject]>([
    ['a certificate', 'ES256', certificate.cert, createPrivateKey(certificate.key)],
    ['a JWK', 'EdDSA', JSON.stringify(jwk(ed25519.publicKey, 'a')), ed25519.privateKey],
    ['a JWK Set', 'EdDSA', JSON.stringify({ keys: [jwk(ed25519.publicKey, 'a')] }), ed25519.privateKey],
  ])('%s is a public key', async (_what, alg, key, privateKey) => {
    const { open } = withAuth({ algorithms: [alg], key })
    const password = token({}, { alg, key: privateKey, kid: 'a' })
    expect(await open({ patience: 10_000 }).connect({ username: 'x', password })).toMatchObject({
      reasonCode: 0,
    })
  })
})

describe('a key file', () => {
  function keyFile(contents: string): string {
    const folder = mkdtempSync(join(tmpdir(), 'jwt-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'key.pem')
    writeFileSync(path, contents)
    return path
  }

  test('that is not there keeps the broker from starting', async () => {
    const { broker } = withAuth({ algorithms: ['HS256'], keyFile: '/nowhere/key' })
    await expect(broker.start()).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      message: 'JwtAuth: key file "/nowhere/key" cannot be read: there is no such file',
    })
  })

  test('so does a folder, and a file with no key', async () => {
    await expect(withAuth({ algorithms: ['HS256'], keyFile: tmpdir() }).broker.start()).rejects.toThrow(
      `JwtAuth: key file "${tmpdir()}" cannot be read: it is a folder`,
    )
    const path = keyFile('short\n')
    await expect(withAuth({ algorithms: ['HS256'], keyFile: path }).broker.start()).rejects.toThrow(
      `JwtAuth: key file "${path}" is a secret of 5 bytes, but HS256 wants at least 32: "openssl rand -base64 32" makes one`,
    )
  })

  test('is read again when it changes; a broken one changes nothing', async () => {
    const path = keyFile(`${SECRET}\r\n`)
    const { broker, open, seconds, logger } = withAuth({ algorithms: ['HS256'], keyFile: path })
    await broker.start()
    const other = SECRET.toUpperCase()
    const codes = async (): Promise<unknown[]> =>
      Promise.all(
        [SECRET, other].map(async (key) => {
          const client = open({ patience: 10_000 })
          return (await client.connect({ username: 'x', password: token({}, { key }) })).reasonCode
        }),
      )
    const replace = async (contents: string): Promise<void> => {
      writeFileSync(`${path}.new`, contents)
      renameSync(`${path}.new`, path)
      await seconds(3)
    }
    expect(await codes()).toEqual([0, 0x86])
    await replace('short')
    expect(await codes()).toEqual([0, 0x86])
    await replace(other)
    expect(await codes()).toEqual([0x86, 0])
    rmSync(path)
    await seconds(3)
    expect(await codes()).toEqual([0x86, 0])
    expect(logger.errors).toEqual([
      `JwtAuth: key file "${path}" is a secret of 5 bytes, but HS256 wants at least 32: "openssl rand -base64 32" makes one; the key that was there before goes on`,
      `JwtAuth: key file "${path}" cannot be read: there is no such file; the key that was there before goes on`,
    ])
  })
})

function withAuth(options: JwtAuthOptions) {
  return broker5({ use: [{ middleware: new JwtAuth(options), after: 'authentication' }], authorize: false })
}
