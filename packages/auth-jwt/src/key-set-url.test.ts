import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Broker5 } from '../../../test/rig/broker.ts'
import { broker5 } from '../../../test/rig/broker.ts'
import { jwk, KEYS, NOW, token } from '../../../test/support/tokens.ts'
import { createCertificate } from '../../benchmark/src/brokers/certificate.ts'
import type { JwtAuthOptions } from './index.ts'
import { JwtAuth } from './index.ts'

const { rsa, otherRsa, p256 } = KEYS

type Answer = (request: IncomingMessage, response: ServerResponse) => void

interface Service {
  readonly url: string
  /** How often it was asked. */
  asked: number
  /** Each of them answers one request; the last one all further requests. */
  answers: Answer[]
  /** Resolves when it is asked next. */
  next(): Promise<unknown>
}

/** A service that hands out keys. */
async function service(...answers: Answer[]): Promise<Service> {
  const server = createServer((request, response) => {
    made.asked++
    const answer = made.answers.length > 1 ? made.answers.shift() : made.answers[0]
    answer?.(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  const made: Service = {
    url: `http://127.0.0.1:${port}/jwks`,
    asked: 0,
    answers,
    next: () => once(server, 'request'),
  }
  return made
}

function keys(...set: unknown[]): Answer {
  return (_request, response) => void response.end(JSON.stringify({ keys: set }))
}

function says(status: number, body = '', headers: Record<string, string> = {}): Answer {
  return (_request, response) => void response.writeHead(status, headers).end(body)
}

interface Setup extends Broker5 {
  /** The reason code and words that a client with this token is answered. */
  tries(token: string): Promise<unknown[]>
}

async function setup({ url }: Pick<Service, 'url'>, options: Partial<JwtAuthOptions> = {}): Promise<Setup> {
  const auth = new JwtAuth({ algorithms: ['RS256', 'ES256'], jwksUrl: url, ...options })
  const rig = broker5({ use: [{ middleware: auth, after: 'authentication' }], authorize: false })
  await rig.broker.start()
  return {
    ...rig,
    async tries(password) {
      const client = rig.open({ patience: 10_000 })
      const { reasonCode, properties } = await client.connect({ username: 'x', password })
      return [reasonCode, properties?.reasonString]
    },
  }
}

const OLD = token({ exp: NOW + 86_400 }, { alg: 'RS256', key: rsa.privateKey, kid: 'old' })
const NEW = token({ exp: NOW + 86_400 }, { alg: 'RS256', key: otherRsa.privateKey, kid: 'new' })
const CURVE = token({ exp: NOW + 86_400 }, { alg: 'ES256', key: p256.privateKey, kid: 'curve' })
const IN = [0, undefined]
const UNKNOWN = [0x86, 'no key is known that the token is signed with']

describe('keys by URL', () => {
  test('are fetched once for many tokens', async () => {
    const at = await service(keys(jwk(rsa.publicKey, 'old'), jwk(p256.publicKey, 'curve')))
    const { tries } = await setup(at)
    expect(await Promise.all([OLD, CURVE, OLD, OLD, CURVE].map(tries))).toEqual([IN, IN, IN, IN, IN])
    expect(at.asked).toBe(1)
  })

  test('are found by kid, and by algorithm', async () => {
    const at = await service(keys(jwk(rsa.publicKey, 'old'), jwk(otherRsa.publicKey, 'new')))
    const { tries } = await setup(at)
    const noKid = token({}, { alg: 'RS256', key: rsa.privateKey })
    const wrongKid = token({}, { alg: 'RS256', key: rsa.privateKey, kid: 'new' })
    expect(await tries(noKid)).toEqual([
      0x86,
      'the token does not say which of several keys it is signed with (kid)',
    ])
    expect(await tries(wrongKid)).toEqual([0x86, 'the signature of the token is wrong'])
    expect(await tries(CURVE)).toEqual(UNKNOWN)
  })

  test('that are new are fetched when a token names one, but not at each token', async () => {
    const at = await service(keys(jwk(rsa.publicKey, 'old')))
    const { tries, seconds } = await setup(at)
    expect(await tries(OLD)).toEqual(IN)
    at.answers = [keys(jwk(otherRsa.publicKey, 'new'))]
    expect(await tries(NEW)).toEqual(UNKNOWN)
    expect(at.asked).toBe(1)
    await seconds(30)
    expect(await tries(NEW)).toEqual(IN)
    expect(await tries(OLD)).toEqual(UNKNOWN)
    expect(at.asked).toBe(2)
  })

  test('that are gone count no longer than their age', async () => {
    const at = await service(keys(jwk(rsa.publicKey, 'old')))
    const { tries, clock } = await setup(at)
    expect(await tries(OLD)).toEqual(IN)
    at.answers = [keys(jwk(otherRsa.publicKey, 'new'))]
    await clock.leap(299_999)
    expect([await tries(OLD), at.asked]).toEqual([IN, 1])
    await clock.leap(300_001)
    expect([await tries(OLD), at.asked]).toEqual([UNKNOWN, 2])
  })

  test('are fetched behind a token when half their age is over', async () => {
    const at = await service(keys(jwk(rsa.publicKey, 'old')))
    const { tries, clock } = await setup(at)
    expect(await tries(OLD)).toEqual(IN)
    await clock.leap(300_000)
    const asked = at.next()
    expect(await tries(OLD)).toEqual(IN)
    await asked
    expect(at.asked).toBe(2)
  })

  test('a service that is down refuses nobody until they are too old, and is told once', async () => {
    const at = await service(keys(jwk(rsa.publicKey, 'old')))
    const { tries, clock, logger } = await setup(at)
    expect(await tries(OLD)).toEqual(IN)
    at.answers = [says(503)]
    await clock.leap(599_000)
    expect(await tries(OLD)).toEqual(IN)
    await clock.leap(2_000)
    const down = [0x88, `the keys of ${at.url} cannot be had`]
    expect(await tries(OLD)).toEqual(down)
    await clock.leap(2_000)
    expect(await tries(OLD)).toEqual(down)
    at.answers = [keys(jwk(rsa.publicKey, 'old'))]
    await clock.leap(2_000)
    expect(await tries(OLD)).toEqual(IN)
    expect(logger.errors).toEqual([`JwtAuth: the keys of ${at.url} cannot be fetched: it answered 503`])
    expect(logger.lines.map(({ message }) => message)).toContain(
      `JwtAuth: the keys of ${at.url} are there again`,
    )
  })
})

describe('a service that fails lets nobody in', () => {
  test.each<[string, Answer, string]>([
    ['an error', says(500), 'it answered 500'],
    ['another address', says(302, '', { location: 'https://evil.example/' }), 'it answered 302'],
    ['no JSON', says(200, '<html>'), 'it answered what is no JSON'],
    [
      'no key set',
      says(200, '{"key":1}'),
      'its answer is no JWK Set: "keys" must be a list of at most 100 keys',
    ],
    ['null', says(200, 'null'), 'its answer is no JWK Set: "keys" must be a list of at most 100 keys'],
    [
      'a secret',
      keys({ kty: 'oct', k: 'c2VjcmV0', kid: 'old' }),
      'its answer holds a private or secret key: give public ones alone',
    ],
    ['too much', says(200, ' '.repeat(300_000)), 'it answered more than 262144 bytes'],
    ['nothing, and hangs up', (_request, response) => response.destroy(), 'ECONNRESET'],
  ])('%s', async (_what, answer, why) => {
    const at = await service(answer)
    const { tries, logger } = await setup({ url: `${at.url}?secret=1` })
    expect(await tries(OLD)).toEqual([0x88, `the keys of ${at.url} cannot be had`])
    expect(logger.errors).toEqual([`JwtAuth: the keys of ${at.url} cannot be fetched: ${why}`])
  })

  test('nobody there', async () => {
    const { tries, logger } = await setup({ url: 'http://127.0.0.1:1/jwks' })
    expect(await tries(OLD)).toEqual([0x88, 'the keys of http://127.0.0.1:1/jwks cannot be had'])
    expect(logger.errors[0]).toMatch(
      /^JwtAuth: the keys of http:\/\/127\.0\.0\.1:1\/jwks cannot be fetched: \S/,
    )
  })

  test('a certificate that nobody vouches for', async () => {
    const server = createSecureServer(
      createCertificate('localhost'),
      (_request, response) => void response.end('{}'),
    )
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const url = `https://localhost:${(server.address() as AddressInfo).port}/jwks`
    const { tries, logger } = await setup({ url })
    expect(await tries(OLD)).toEqual([0x88, `the keys of ${url} cannot be had`])
    expect(logger.errors).toEqual([
      `JwtAuth: the keys of ${url} cannot be fetched: DEPTH_ZERO_SELF_SIGNED_CERT`,
    ])
  })

  test('no answer in time', async () => {
    const at = await service(() => {})
    const asked = at.next()
    const { tries, seconds, logger } = await setup(at)
    await asked
    const answer = tries(OLD)
    await seconds(5)
    expect(await answer).toEqual([0x88, `the keys of ${at.url} cannot be had`])
    expect(logger.errors).toEqual([
      `JwtAuth: the keys of ${at.url} cannot be fetched: it did not answer within 5000 ms`,
    ])
  })

  test('is not asked again at once', async () => {
    const at = await service(says(500))
    const { tries, seconds } = await setup(at)
    await tries(OLD)
    await Promise.all([OLD, OLD, NEW].map(tries))
    expect(at.asked).toBe(1)
    await seconds(1)
    await Promise.all([OLD, OLD, NEW].map(tries))
    expect(at.asked).toBe(2)
  })

  test('and does not hold up the end of the broker', async () => {
    const at = await service(() => {})
    const asked = at.next()
    const { broker, logger } = await setup(at)
    await asked
    await broker.close()
    expect(logger.errors).toEqual([])
  })
})
