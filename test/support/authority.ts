/** Authorities of X.509 (RFC 5280) for tests: they sign certificates and revoke them, without a program for it. */
import type { KeyObject } from 'node:crypto'
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import {
  COMMON_NAME,
  DAY_MS,
  der,
  ECDSA_SHA256,
  pem,
  sequence,
  utcTime,
  VERSION_3,
} from '../../packages/benchmark/src/brokers/certificate.ts'

/** 2.5.4.10 and 2.5.4.11. */
const ORGANIZATION = der(0x06, Buffer.of(0x55, 4, 10))
const UNIT = der(0x06, Buffer.of(0x55, 4, 11))
const ATTRIBUTES = { CN: COMMON_NAME, O: ORGANIZATION, OU: UNIT } as const
/** Tags of GeneralName. */
const ALTERNATIVES = { email: 0x81, dns: 0x82, uri: 0x86 } as const
/** 2.5.29.17 and 2.5.29.19. */
const ALTERNATIVE_NAME = der(0x06, Buffer.of(0x55, 0x1d, 17))
const BASIC_CONSTRAINTS = der(0x06, Buffer.of(0x55, 0x1d, 19))
const IS_AUTHORITY = der(0x01, Buffer.of(0xff))

type Attribute = keyof typeof ATTRIBUTES

/** What a certificate says of its owner, in its order. */
export interface Wanted {
  readonly subject?: readonly (readonly [Attribute, string])[]
  readonly san?: readonly (readonly [keyof typeof ALTERNATIVES, string])[]
  /** When it holds; by default since yesterday, for 90 days. */
  readonly term?: Term
}

/** PEM, with the serial number of the certificate. */
export interface Issued {
  readonly cert: string
  readonly key: string
  readonly serial: Buffer
}

/** When a certificate or a revocation list is from, and until when it holds; a list by default from a minute ago for a day. */
export interface Term {
  readonly from?: number
  readonly until?: number
}

export class Authority {
  /** Its own certificate, PEM. */
  readonly cert: string
  /** The serial number of that. */
  readonly serial: Buffer = newSerial()
  readonly #name: Buffer
  readonly #keys: { readonly privateKey: KeyObject; readonly publicKey: KeyObject }

  /** @param parent Signs its certificate; without one it does so itself. */
  constructor(name: string, parent?: Authority) {
    this.#keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    this.#name = nameOf([['CN', name]])
    const extension = sequence(BASIC_CONSTRAINTS, IS_AUTHORITY, der(0x04, sequence(IS_AUTHORITY)))
    this.cert = (parent ?? this).#certify(this.serial, this.#name, this.#keys.publicKey, [extension])
  }

  /** A certificate with a key of its own, valid for 90 days. */
  issue({ subject = [], san = [], term }: Wanted): Issued {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const names = san.map(([kind, text]) => der(ALTERNATIVES[kind], Buffer.from(text)))
    const extensions = names.length === 0 ? [] : [sequence(ALTERNATIVE_NAME, der(0x04, sequence(...names)))]
    const serial = newSerial()
    return {
      cert: this.#certify(serial, nameOf(subject), publicKey, extensions, term),
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      serial,
    }
  }

  /** A certificate for a common name. */
  client(name: string): Issued {
    return this.issue({ subject: [['CN', name]] })
  }

  /** The list of what it has revoked, PEM. */
  revocations(revoked: readonly { readonly serial: Buffer }[], term: Term = {}): string {
    const { from = Date.now() - 60_000, until = Date.now() + DAY_MS } = term
    const entries = revoked.map(({ serial }) => sequence(serial, utcTime(from)))
    const version = der(0x02, Buffer.of(1))
    const list = entries.length === 0 ? [] : [sequence(...entries)]
    return pem(
      'X509 CRL',
      this.#sign(sequence(version, ECDSA_SHA256, this.#name, utcTime(from), utcTime(until), ...list)),
    )
  }

  #certify(
    serial: Buffer,
    subject: Buffer,
    key: KeyObject,
    extensions: readonly Buffer[],
    { from = Date.now() - DAY_MS, until = Date.now() + 90 * DAY_MS }: Term = {},
  ): string {
    const validity = sequence(utcTime(from), utcTime(until))
    const info = key.export({ type: 'spki', format: 'der' })
    const parts = [VERSION_3, serial, ECDSA_SHA256, this.#name, validity, subject, info]
    if (extensions.length > 0) parts.push(der(0xa3, sequence(...extensions)))
    return pem('CERTIFICATE', this.#sign(sequence(...parts)))
  }

  #sign(body: Buffer): Buffer {
    const signature = sign('sha256', body, this.#keys.privateKey)
    return sequence(body, ECDSA_SHA256, der(0x03, Buffer.concat([Buffer.of(0), signature])))
  }
}

function newSerial(): Buffer {
  return der(0x02, Buffer.concat([Buffer.of(1), randomBytes(8)]))
}

function nameOf(attributes: readonly (readonly [Attribute, string])[]): Buffer {
  return sequence(
    ...attributes.map(([attribute, text]) =>
      der(0x31, sequence(ATTRIBUTES[attribute], der(0x0c, Buffer.from(text)))),
    ),
  )
}
