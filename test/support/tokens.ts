/** Makes JSON Web Tokens, with node:crypto alone: whoever checks them uses something else. */
import type { KeyObject } from 'node:crypto'
import { constants, createHmac, generateKeyPairSync, sign } from 'node:crypto'

/** Where a virtual clock begins, in seconds since 1970. */
export const NOW: number = Date.UTC(2026, 0, 1) / 1_000

/** A secret that is long enough for every algorithm. */
export const SECRET = 'a secret that only the maker of tokens and the broker know, not you'

/** A key of each kind; the private ones sign. */
export const KEYS = {
  rsa: generateKeyPairSync('rsa', { modulusLength: 2_048 }),
  otherRsa: generateKeyPairSync('rsa', { modulusLength: 2_048 }),
  p256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  p384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  p521: generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  ed25519: generateKeyPairSync('ed25519'),
}

export type Claims = Readonly<Record<string, unknown>>

export interface TokenOptions {
  readonly alg?: string
  /** A secret for HS, a private key for the others. */
  readonly key?: string | KeyObject
  readonly kid?: string
  /** Further fields of the header. */
  readonly header?: Claims
}

/** The public key as people write it down. */
export function pem(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }) as string
}

/** A key as a service hands it out. */
export function jwk(key: KeyObject, kid: string, more: Claims = {}): Claims {
  return { ...key.export({ format: 'jwk' }), kid, use: 'sig', ...more }
}

/** A token for alice that is good for an hour, unless the claims say otherwise. */
export function token(claims: Claims = {}, options: TokenOptions = {}): string {
  const { alg = 'HS256', key = SECRET, kid, header } = options
  const signed = [
    { alg, typ: 'JWT', ...(kid !== undefined && { kid }), ...header },
    { sub: 'alice', exp: NOW + 3_600, ...claims },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${signed}.${signature(alg, Buffer.from(signed), key).toString('base64url')}`
}

function signature(alg: string, data: Buffer, key: string | KeyObject): Buffer {
  const digest = `sha${alg.slice(2)}`
  if (alg.startsWith('HS')) return createHmac(digest, key).update(data).digest()
  if (alg.startsWith('RS')) return sign(digest, data, key)
  if (alg.startsWith('ES')) return sign(digest, data, { key: key as KeyObject, dsaEncoding: 'ieee-p1363' })
  if (alg.startsWith('Ed')) return sign(null, data, key)
  if (!alg.startsWith('PS')) return Buffer.alloc(0)
  const padding = constants.RSA_PKCS1_PSS_PADDING
  return sign(digest, data, {
    key: key as KeyObject,
    padding,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  })
}
