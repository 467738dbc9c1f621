/** Why the certificate of a client does not hold, in words. */

const UNKNOWN_AUTHORITY = 'no authority in "ca" has signed it, or the client does not send those in between'

const WORDS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'it has run out, and is to be renewed',
  CERT_NOT_YET_VALID: 'it is not valid yet: look at the clock of this machine, and of whoever signed it',
  CERT_REVOKED: 'it has been revoked',
  CRL_HAS_EXPIRED: 'the revocation list of its authority (option "crl") has run out, and is to be renewed',
  CRL_NOT_YET_VALID: 'the revocation list of its authority (option "crl") is not valid yet',
  UNABLE_TO_GET_CRL: 'option "crl" has no revocation list of its authority',
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  INVALID_PURPOSE: 'it is not made for clients',
  CERT_UNTRUSTED: 'it is not made for clients',
}

/** @param code As OpenSSL names it; Node gives it as `authorizationError`. */
export function certificateProblem(code: unknown): string {
  const name = code instanceof Error ? ((code as NodeJS.ErrnoException).code ?? code.message) : String(code)
  const words = WORDS[name]
  return words === undefined ? `does not hold (${name})` : `does not hold: ${words} (${name})`
}
