/** What a TLS listener shows and believes: read from where it is, and checked before anybody sees it. */
import { constants, X509Certificate } from 'node:crypto'
import type { SecureContext, SecureContextOptions } from 'node:tls'
import { createSecureContext } from 'node:tls'
import type { Resolved } from '@mqtt-stack/core'
import { StackError } from '@mqtt-stack/core'
import { Names } from './names.ts'
import type { TlsListenerOptions, WssListenerOptions } from './options.ts'
import type { PemSource } from './pem.ts'
import { blocksOf, bytesOf, fileOf, readPem } from './pem.ts'
import type { RevocationList } from './revocation.ts'
import { readRevocationLists, subjectOf } from './revocation.ts'

/** Options of a listener with TLS. */
export type Secured = Resolved<TlsListenerOptions> | Resolved<WssListenerOptions>

/** All of it, as it was read at one moment. */
export interface Credentials {
  /** For who asks for no name, or for one that is not known. */
  readonly options: SecureContextOptions
  /** By the name that a client asks for (SNI). */
  readonly byName: Names<SecureContext>
  readonly revocations: readonly RevocationList[]
  /** Of each certificate that is shown, in ms of the wall clock: until when it holds. */
  readonly ends: readonly number[]
}

/** The files that credentials come from, each once. */
export function filesOf({ cert, key, ca, crl, certificates = [] }: Secured): string[] {
  const sources = [cert, key, ca, crl, ...certificates.flatMap((one) => [one.cert, one.key])]
  return [...new Set(sources.map(fileOf).filter((file) => file !== undefined))]
}

/**
 * Reads everything, and checks that it belongs together.
 * @throws StackError `LISTEN_FAILED` naming the option, the file if it is one, and what is wrong with it.
 */
export function loadCredentials(config: Secured): Credentials {
  const { transport, tls } = config
  const read = new Reader(transport)
  const spoken = spokenBy(config, read)
  const authorities = readAuthorities(config, read)
  const revocations = readRevocations(config, read, authorities)
  const believed: SecureContextOptions = {
    ...spoken,
    ...(authorities.length > 0 && { ca: authorities }),
    ...(revocations.length > 0 && { crl: revocations.map(({ text }) => text) }),
  }
  const shown = readPair(config, read, '', { ...believed, ...tls })
  const byName = new Names<SecureContext>()
  const ends = [endOf(shown)]
  for (const [i, one] of (config.certificates ?? []).entries()) {
    // Whoever is asked for by name believes the same authorities: Node would take those of the system otherwise.
    const pair = readPair(one, read, `certificates[${i}].`, believed)
    ends.push(endOf(pair))
    byName.add(one.names, createSecureContext({ ...believed, ...tls, pfx: undefined, ...pair }))
  }
  return { options: { ...believed, ...shown }, byName, revocations, ends }
}

function endOf({ cert }: SecureContextOptions): number {
  return Date.parse(new X509Certificate(String(cert)).validTo)
}

/** Versions and ciphers. */
function spokenBy(config: Secured, read: Reader): SecureContextOptions {
  const { minVersion, maxVersion, ciphers, sessionTickets } = config
  const fix = 'name ciphers as OpenSSL does, with colons in between'
  read.check('the ciphers (option "ciphers")', fix, () => createSecureContext({ ciphers }))
  const tickets = sessionTickets ? {} : { secureOptions: constants.SSL_OP_NO_TICKET }
  return { minVersion, maxVersion, ciphers, ...tickets }
}

/** What OpenSSL says of an encrypted key, without a passphrase and with a wrong one. */
const LOCKED = /interrupted or cancelled|bad decrypt|bad password|cipherfinal/i

class Reader {
  readonly #transport: string

  constructor(transport: string) {
    this.#transport = transport
  }

  /** The text of an option, when `use` has nothing against it. */
  text<Value>(what: string, option: string, source: PemSource, use: (pem: string) => Value): Value {
    const file = fileOf(source)
    const from = file === undefined ? '' : `, ${file}`
    const fix = file === undefined ? 'give PEM text, or { file } of it' : 'name a file with PEM text'
    return this.check(`${what} (option "${option}"${from})`, fix, () => {
      const pem = readPem(source)
      // Node takes an empty one for none: nobody could connect.
      if (pem.trim() === '') throw new Error('it is empty')
      return use(pem)
    })
  }

  check<Value>(what: string, fix: string, use: () => Value): Value {
    try {
      return use()
    } catch (error) {
      const { message } = error as Error
      const better = LOCKED.test(message) ? 'it is encrypted: give its "passphrase", and the right one' : fix
      const text = `${this.#transport} listener: ${what} cannot be used: ${better} (${message})`
      throw new StackError('LISTEN_FAILED', text, { cause: error })
    }
  }
}

interface Pair {
  readonly cert: PemSource
  readonly key: PemSource
  readonly passphrase?: string | undefined
}

function readPair(
  { cert, key, passphrase }: Pair,
  read: Reader,
  path: string,
  more: SecureContextOptions | undefined,
): SecureContextOptions {
  const pair: SecureContextOptions = {
    cert: read.text('the certificate', `${path}cert`, cert, (pem) => {
      createSecureContext({ ...more, cert: pem })
      return pem
    }),
    key: read.text('the private key', `${path}key`, key, (pem) => {
      createSecureContext({ ...more, key: pem, passphrase })
      return pem
    }),
    passphrase,
  }
  const what = `the certificate with the private key (options "${path}cert" and "${path}key")`
  read.check(what, 'give the key that the certificate is for', () =>
    createSecureContext({ ...pair, ...more }),
  )
  return pair
}

/** Node passes over authorities that it cannot read: nobody would be let in, and nobody told why. */
function readAuthorities({ ca }: Secured, read: Reader): string[] {
  if (ca === undefined) return []
  return read.text('the list of authorities', 'ca', ca, (pem) => {
    const blocks = blocksOf(pem, 'CERTIFICATE')
    if (blocks.length === 0) throw new Error('no certificate in it')
    for (const block of blocks) new X509Certificate(block)
    return blocks
  })
}

/** OpenSSL refuses every client whose authority has no list: that is found here, where it can be named. */
function readRevocations({ crl }: Secured, read: Reader, authorities: readonly string[]): RevocationList[] {
  if (crl === undefined) return []
  return read.text('the revocation list', 'crl', crl, (pem) => {
    // OpenSSL is asked first: what it can read has the form that is taken for granted here.
    for (const block of blocksOf(pem, 'X509 CRL')) createSecureContext({ crl: block })
    const lists = readRevocationLists(pem)
    for (const authority of authorities)
      checkListed(new X509Certificate(authority), bytesOf(authority), lists)
    return lists
  })
}

function checkListed(authority: X509Certificate, bytes: Buffer, lists: readonly RevocationList[]): void {
  const subject = subjectOf(bytes)
  const own = lists.filter(({ issuer }) => issuer === subject)
  const name = authority.subject.replaceAll('\n', ', ')
  if (own.length === 0) throw new Error(`it has no list of the authority ${name}`)
  if (own.every((list) => list.signedBy(authority) === false))
    throw new Error(`the authority ${name} has not signed its list`)
}
