/** Whether a token may be believed. */
import type { Clock } from '@mqtt-stack/core'
import { ReasonCode } from '@mqtt-stack/core'
import type { JWTPayload, ProtectedHeaderParameters } from 'jose'
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify } from 'jose'
import type { Algorithm } from './algorithms.ts'
import { ALGORITHMS } from './algorithms.ts'
import { KeysUnavailable } from './key-source.ts'
import type { FindKey } from './keys.ts'
import type { Verdict } from './verdict.ts'
import { refused } from './verdict.ts'

/** Three parts of base64url; the signature is missing where the algorithm is `none`. */
const SHAPE = /^[\w-]+\.[\w-]+\.[\w-]*$/
/** The longest token, in characters. */
const LONGEST = 16_384

export interface Expectations {
  readonly algorithms: readonly Algorithm[]
  readonly issuer: readonly string[] | undefined
  readonly audience: readonly string[] | undefined
  /** In seconds. */
  readonly clockTolerance: number
  readonly requireExpiry: boolean
}

/** The claims of a token that may be believed, or why it may not. */
export type Believed = { readonly outcome: 'believed'; readonly claims: JWTPayload }

/** Never rejects for what a client sent. */
export async function verifyToken(
  token: string,
  expected: Expectations,
  find: FindKey,
  clock: Clock,
): Promise<Believed | Verdict> {
  if (!SHAPE.test(token)) return { outcome: 'unknown' }
  if (token.length > LONGEST)
    return { outcome: 'unknown', reason: `the token is longer than ${LONGEST} characters` }
  const parts = readParts(token)
  if (parts === undefined) return { outcome: 'unknown' }
  const { algorithms, issuer, audience, clockTolerance, requireExpiry } = expected
  if (issuer !== undefined && !issuer.includes(parts.claims.iss as string))
    return { outcome: 'unknown', reason: 'the token is of another issuer' }
  const { alg } = parts.header
  if (!algorithms.includes(alg as Algorithm))
    return refused(`the token is signed with ${nameOf(alg)}, not with ${algorithms.join(' or ')}`)
  try {
    const { payload } = await jwtVerify(token, find, {
      algorithms: [...algorithms],
      clockTolerance,
      currentDate: new Date(clock.wall()),
      ...(issuer !== undefined && { issuer: [...issuer] }),
      ...(audience !== undefined && { audience: [...audience] }),
      ...(requireExpiry && { requiredClaims: ['exp'] }),
    })
    return { outcome: 'believed', claims: payload }
  } catch (error) {
    return explain(error)
  }
}

/** Header and claims, not yet to be believed; undefined for what is no token, as a password. */
function readParts(token: string): { header: ProtectedHeaderParameters; claims: JWTPayload } | undefined {
  try {
    return { header: decodeProtectedHeader(token), claims: decodeJwt(token) }
  } catch {
    return undefined
  }
}

/** The name of an algorithm is what a client sent: only known ones are repeated. */
function nameOf(alg: unknown): string {
  return alg === 'none' || Object.hasOwn(ALGORITHMS, String(alg)) ? String(alg) : 'an unknown algorithm'
}

function explain(error: unknown): Verdict {
  if (error instanceof KeysUnavailable) return refused(error.message, ReasonCode.SERVER_UNAVAILABLE)
  if (error instanceof errors.JWTExpired) return refused('the token has expired')
  if (error instanceof errors.JWTClaimValidationFailed) return refused(explainClaim(error))
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return refused('the signature of the token is wrong')
  if (error instanceof errors.JWKSNoMatchingKey)
    return refused('no key is known that the token is signed with')
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return refused('the token does not say which of several keys it is signed with (kid)')
  return refused('the token is malformed')
}

function explainClaim({ claim, reason }: InstanceType<typeof errors.JWTClaimValidationFailed>): string {
  if (reason === 'missing' && claim === 'exp') return 'the token has no expiry (claim "exp")'
  if (reason === 'missing') return `the token has no claim "${claim}"`
  if (reason === 'invalid') return `the claim "${claim}" of the token is no time`
  if (claim === 'nbf') return 'the token is not valid yet'
  return claim === 'aud' ? 'the token is for another audience' : `the claim "${claim}" of the token is wrong`
}
