/** Certificate revocation lists (RFC 5280, 5): which certificates their authorities have taken back. */
import type { Buffer } from 'node:buffer'
import type { X509Certificate } from 'node:crypto'
import { verify } from 'node:crypto'
import type { Element } from './der.ts'
import { elementsOf, GENERALIZED_TIME, INTEGER, SEQUENCE, timeOf, UTC_TIME, within } from './der.ts'
import { blocksOf, bytesOf } from './pem.ts'

/** One authority's list. */
export interface RevocationList {
  /** PEM. */
  readonly text: string
  /** The authority's name, see {@link nameOf}. */
  readonly issuer: string
  /** {@link keyOf} each certificate on it. */
  readonly revoked: readonly string[]
  /** When the next list is due, in ms since 1970; OpenSSL takes a list no longer than that. */
  readonly until: number | undefined
  /** Whether the authority signed it; undefined where that cannot be said here. */
  signedBy(authority: X509Certificate): boolean | undefined
}

/** Digests of the signatures that are checked here, by object identifier (hex); null: the key says. */
const DIGESTS: Readonly<Record<string, string | null>> = {
  '2a864886f70d01010b': 'sha256',
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
  '2b6570': null,
}

/**
 * All lists in a PEM text.
 * @throws Error where there is none, or one cannot be read.
 */
export function readRevocationLists(pem: string): RevocationList[] {
  const blocks = blocksOf(pem, 'X509 CRL')
  if (blocks.length === 0) throw new Error('no revocation list in it')
  return blocks.map(readList)
}

/** What a certificate is called on a list: its authority's name and its serial number. */
export function keyOf(certificate: Buffer): string {
  const [{ bytes }] = within(certificate)
  const [first, ...rest] = within(bytes)
  // The version may be left out.
  const [serial, , issuer] = first.tag === INTEGER ? [first, ...rest] : rest
  return `${nameOf(issuer)}#${serial.content.toString('hex')}`
}

/** The subject's name of a certificate, as {@link RevocationList.issuer} has it. */
export function subjectOf(certificate: Buffer): string {
  const [{ bytes }] = within(certificate)
  const fields = within(bytes)
  return nameOf(fields[fields[0].tag === INTEGER ? 4 : 5])
}

/** Names are compared without regard to case, spaces around and the kind of string, as OpenSSL does. */
function nameOf({ content }: Element): string {
  const attributes = [...elementsOf(content)].flatMap((set) => [...elementsOf(set.content)])
  return attributes
    .map(({ content: pair }) => {
      const [type, value] = elementsOf(pair)
      const text = value.content.toString().trim().replaceAll(/\s+/g, ' ').toLowerCase()
      return `${type.content.toString('hex')}=${JSON.stringify(text)}`
    })
    .join()
}

function readList(text: string): RevocationList {
  const [body, algorithm, signature] = within(bytesOf(text))
  const fields = within(body.bytes)
  // The version may be left out.
  if (fields[0].tag === INTEGER) fields.shift()
  const [, issuer, , ...rest] = fields
  const next = rest.find(({ tag }) => tag === UTC_TIME || tag === GENERALIZED_TIME)
  const entries = rest.find(({ tag }) => tag === SEQUENCE)
  const name = nameOf(issuer)
  const revoked: string[] = []
  if (entries !== undefined)
    for (const { content } of elementsOf(entries.content)) {
      const [serial] = elementsOf(content)
      revoked.push(`${name}#${serial.content.toString('hex')}`)
    }
  return {
    text,
    issuer: name,
    revoked,
    until: next && timeOf(next),
    signedBy({ publicKey }) {
      const [identifier] = elementsOf(algorithm.content)
      const digest = DIGESTS[identifier.content.toString('hex')]
      // Its first byte counts unused bits: there are none.
      return digest === undefined
        ? undefined
        : verify(digest, body.bytes, publicKey, signature.content.subarray(1))
    },
  }
}
