/** The keys that signatures are checked with, out of what a person wrote down. */
import type { KeyObject } from 'node:crypto'
import { createPublicKey } from 'node:crypto'
import { isStackError, StackError } from '@mqtt-stack/core'
import type { JSONWebKeySet, JWTVerifyGetKey } from 'jose'
import { createLocalJWKSet } from 'jose'
import type { Algorithm } from './algorithms.ts'
import { ALGORITHMS, areSymmetric } from './algorithms.ts'

/** The key for a token's protected header. */
export type FindKey = (...token: Parameters<JWTVerifyGetKey>) => ReturnType<JWTVerifyGetKey>

/** The shortest RSA key that counts, in bits (RFC 7518, 3.3). */
const RSA_BITS = 2_048
/** The most keys that a set may have. */
const MOST_KEYS = 100

/** What keys are read for. */
export interface KeyUse {
  readonly algorithms: readonly Algorithm[]
  readonly encoding: 'text' | 'base64'
  /** What begins an error: `JwtAuth: option "key"`. */
  readonly what: string
}

/**
 * Reads a shared secret or, for the other algorithms, a public key.
 * @throws StackError `OPTION_INVALID`, which holds nothing of the key.
 */
export function readKey(text: string, use: KeyUse): FindKey {
  return areSymmetric(use.algorithms) ? readSecret(text, use) : readPublicKey(text, use)
}

function readSecret(text: string, { algorithms, encoding, what }: KeyUse): FindKey {
  if (/-----BEGIN /.test(text) || isJson(text))
    throw invalid(`${what} is a key in PEM or JWK, but ${algorithms[0]} wants a shared secret`)
  if (encoding === 'base64' && !/^[\w+/-]+={0,2}$/.test(text)) throw invalid(`${what} is not base64`)
  const secret = Buffer.from(text, encoding === 'base64' ? 'base64' : 'utf8')
  for (const algorithm of algorithms) {
    const wanted = ALGORITHMS[algorithm]
    if (wanted.key === 'secret' && secret.length < wanted.bytes) {
      throw invalid(
        `${what} is a secret of ${secret.length} bytes, but ${algorithm} wants at least ${wanted.bytes}: "openssl rand -base64 ${wanted.bytes}" makes one`,
      )
    }
  }
  return async () => secret
}

function readPublicKey(text: string, use: KeyUse): FindKey {
  const { what } = use
  if (isJson(text)) return readJson(text, use)
  if (text.includes('PRIVATE KEY-----'))
    throw invalid(`${what} is a private key: give the public one ("openssl pkey -pubout" makes it of that)`)
  if (!/-----BEGIN /.test(text)) {
    throw invalid(`${what} is no public key: it must be PEM, a certificate, a JWK or a JWK Set`)
  }
  try {
    return only(createPublicKey(text), use)
  } catch (error) {
    if (isStackError(error)) throw error
    throw invalid(`${what} is no public key: ${(error as Error).message}`)
  }
}

function readJson(text: string, use: KeyUse): FindKey {
  const { what } = use
  let json: Readonly<Record<string, unknown>>
  try {
    json = JSON.parse(text)
  } catch {
    throw invalid(`${what} is not JSON, though it begins with a brace`)
  }
  if ('keys' in json) return readKeySet(json, what)
  checkPublic(json, what)
  try {
    return only(createPublicKey({ key: json, format: 'jwk' }), use)
  } catch (error) {
    if (isStackError(error)) throw error
    throw invalid(`${what} is no JWK: ${(error as Error).message}`)
  }
}

/**
 * The keys of a JWK Set, which are found by a token's `kid` and algorithm.
 * @throws StackError `OPTION_INVALID` for what is none, or holds a secret or private key.
 */
export function readKeySet(json: unknown, what: string): FindKey {
  const { keys } = (json ?? {}) as { keys?: unknown }
  if (!Array.isArray(keys) || keys.length > MOST_KEYS)
    throw invalid(`${what} is no JWK Set: "keys" must be a list of at most ${MOST_KEYS} keys`)
  for (const key of keys) checkPublic(key, what)
  const find = createLocalJWKSet(json as JSONWebKeySet)
  return (header, token) => find(header, token)
}

function checkPublic(jwk: unknown, what: string): void {
  if (typeof jwk !== 'object' || jwk === null) throw invalid(`${what} is no JWK Set: a key must be an object`)
  if ('d' in jwk || 'k' in jwk) throw invalid(`${what} holds a private or secret key: give public ones alone`)
}

/** One key for all tokens, which must fit all algorithms. */
function only(key: KeyObject, { algorithms, what }: KeyUse): FindKey {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details = {} } = key
  for (const algorithm of algorithms) {
    const wanted = ALGORITHMS[algorithm]
    const fits = wanted.key === type && (wanted.key !== 'ec' || wanted.curve === details.namedCurve)
    if (!fits) throw invalid(`${what} is ${nameOf(key)}, but ${algorithm} wants ${inWords(algorithm)}`)
  }
  const { modulusLength } = details
  if (modulusLength !== undefined && modulusLength < RSA_BITS)
    throw invalid(`${what} is an RSA key of ${modulusLength} bits: at least ${RSA_BITS} are safe`)
  return async () => key
}

function nameOf({ asymmetricKeyType: type, asymmetricKeyDetails: details = {} }: KeyObject): string {
  if (type === 'rsa') return 'an RSA key'
  return type === 'ec' ? `an EC key on the curve ${details.namedCurve}` : `a key of the type ${type}`
}

function inWords(algorithm: Algorithm): string {
  const wanted = ALGORITHMS[algorithm]
  if (wanted.key === 'ec') return `an EC key on the curve ${wanted.curveName}`
  return wanted.key === 'rsa' ? 'an RSA key' : 'an Ed25519 key'
}

function isJson(text: string): boolean {
  return text.trimStart().startsWith('{')
}

function invalid(message: string): StackError {
  return new StackError('OPTION_INVALID', message)
}
