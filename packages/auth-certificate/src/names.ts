/** The names that are in a certificate. */
import { X509Certificate } from 'node:crypto'
import type { PeerCertificate } from 'node:tls'

/** Where a name may be, with what it is called in messages. */
export const NAME_SOURCES = {
  cn: 'common name (CN)',
  subject: 'subject',
  email: 'email address (SAN)',
  dns: 'DNS name (SAN)',
  uri: 'URI (SAN)',
} as const

export type NameSource = keyof typeof NAME_SOURCES

/** What Node writes before each alternative name. */
const KINDS: Readonly<Record<string, NameSource>> = { email: 'email', DNS: 'dns', URI: 'uri' }
/** `kind:name`, and the name in quotes, as JSON, where it has characters that could be taken for the next entry's. */
const ALTERNATIVE = /([^:,]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/gy
/** Control characters and halves of surrogate pairs: no string of MQTT has them. */
const UNUSABLE = /[\p{Cc}\p{Cs}]/u
/** The longest string of MQTT, in bytes. */
const LONGEST = 65_535

/** Undefined where there is none, or none that can be a user name. Of several the first. */
export function nameOf(certificate: Partial<PeerCertificate>, source: NameSource): string | undefined {
  const name = find(certificate, source)
  if (name === undefined || name === '' || UNUSABLE.test(name)) return undefined
  return Buffer.byteLength(name) > LONGEST ? undefined : name
}

/** The organizational units of the subject that can be the name of a group. */
export function unitsOf({ subject }: Partial<PeerCertificate>): string[] {
  return all(subject?.OU).filter((unit) => unit !== '' && !UNUSABLE.test(unit))
}

function find(certificate: Partial<PeerCertificate>, source: NameSource): string | undefined {
  if (source === 'cn') return all(certificate.subject?.CN)[0]
  if (source === 'subject') return subjectOf(certificate)
  return alternativesOf(certificate).find(([kind]) => kind === source)?.[1]
}

/** Node's types know of one, and Node gives an array of several. */
function all(value: string | string[] | undefined): string[] {
  return value === undefined ? [] : [value].flat()
}

/** `CN=device,O=acme`: the last attribute first, special characters escaped. */
function subjectOf({ raw }: Partial<PeerCertificate>): string | undefined {
  if (raw === undefined) return undefined
  // One attribute a line; a line's end within a value is escaped. Node has `undefined` for an empty subject.
  const { subject } = new X509Certificate(raw) as { subject: string | undefined }
  return subject?.split('\n').reverse().join(',')
}

function alternativesOf({
  subjectaltname = '',
}: Partial<PeerCertificate>): [NameSource | undefined, string][] {
  return [...subjectaltname.matchAll(ALTERNATIVE)].map(([, kind, text]) => [
    KINDS[kind],
    text.startsWith('"') ? JSON.parse(text) : text,
  ])
}
