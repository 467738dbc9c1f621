/** The algorithms that tokens may be signed with, and the key that each wants. */
import { StackError } from '@mqtt-stack/core'

/** A shared secret of at least so many bytes (RFC 7518, 3.2), or a public key. */
export type Wanted =
  | { readonly key: 'secret'; readonly bytes: number }
  | { readonly key: 'rsa' | 'ed25519' }
  | { readonly key: 'ec'; readonly curve: string; readonly curveName: string }

const RSA: Wanted = { key: 'rsa' }
const ED25519: Wanted = { key: 'ed25519' }

/** By their names in JWS (RFC 7518, RFC 8037, RFC 9864). `none` is not among them. */
export type Algorithm =
  | 'HS256'
  | 'HS384'
  | 'HS512'
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA'
  | 'Ed25519'

export const ALGORITHMS: Readonly<Record<Algorithm, Wanted>> = {
  HS256: { key: 'secret', bytes: 32 },
  HS384: { key: 'secret', bytes: 48 },
  HS512: { key: 'secret', bytes: 64 },
  RS256: RSA,
  RS384: RSA,
  RS512: RSA,
  PS256: RSA,
  PS384: RSA,
  PS512: RSA,
  ES256: { key: 'ec', curve: 'prime256v1', curveName: 'P-256' },
  ES384: { key: 'ec', curve: 'secp384r1', curveName: 'P-384' },
  ES512: { key: 'ec', curve: 'secp521r1', curveName: 'P-521' },
  EdDSA: ED25519,
  Ed25519: ED25519,
}

/** Whether they sign with a shared secret: all of them, or none. */
export function areSymmetric(algorithms: readonly Algorithm[]): boolean {
  return isSymmetric(algorithms[0])
}

/**
 * Checks the option `algorithms`.
 * @throws StackError `OPTION_INVALID` for what is no list, unknown, or wants secrets beside public keys: whoever has the
 *   public key could sign with it as if it were the secret.
 */
export function checkAlgorithms(owner: string, value: unknown): readonly Algorithm[] {
  const known = Object.keys(ALGORITHMS)
  if (!Array.isArray(value) || value.length === 0)
    throw invalid(`${owner}: option "algorithms" must be a list of some of ${known.join(', ')}`)
  for (const one of value) {
    if (known.includes(one)) continue
    throw invalid(
      `${owner}: option "algorithms" has ${JSON.stringify(one)}, which is none of ${known.join(', ')}`,
    )
  }
  const algorithms = value as Algorithm[]
  const secret = algorithms.find(isSymmetric)
  const open = algorithms.find((one) => !isSymmetric(one))
  if (secret !== undefined && open !== undefined) {
    throw invalid(
      `${owner}: option "algorithms" mixes ${secret}, which wants a shared secret, with ${open}, which wants a public key: name one kind, and make another ${owner} for the other`,
    )
  }
  return algorithms
}

function isSymmetric(algorithm: Algorithm): boolean {
  return ALGORITHMS[algorithm].key === 'secret'
}

function invalid(message: string): StackError {
  return new StackError('OPTION_INVALID', message)
}
