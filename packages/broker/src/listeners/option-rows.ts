/** What listeners have in common: options and their rows in the tables. */
import type { TlsOptions as NodeTlsOptions } from 'node:tls'
import type { ListenerLimits, OptionSpec, OptionsSpec } from '@mqtt-stack/core'
import type { Origins } from './origins.ts'
import type { PemSource } from './pem.ts'

/** The versions of TLS that are safe to speak. */
export type TlsVersion = 'TLSv1.2' | 'TLSv1.3'

const TLS_VERSIONS: readonly TlsVersion[] = ['TLSv1.2', 'TLSv1.3']
const LIST_OF_TEXT = { type: 'array', items: { type: 'string', minLength: 1 } } as const
const PROXIES = {
  type: 'object',
  properties: { from: { ...LIST_OF_TEXT, minItems: 1 } },
  required: ['from'],
  additionalProperties: false,
} as const

const NAMED_CERTIFICATES = {
  type: 'array',
  items: {
    type: 'object',
    properties: {
      names: LIST_OF_TEXT,
      cert: { type: 'string', format: 'path' },
      key: { type: 'string', format: 'path' },
      passphrase: { type: 'string' },
    },
    required: ['names', 'cert', 'key'],
    additionalProperties: false,
  },
} as const

/** Of every listener. */
export interface CommonOptions {
  name?: string
  providers?: readonly string[]
  backlog?: number
  maxConnections?: number
  /** Options of `@mqtt-stack/rate-limit` that its table allows for one listener. */
  limits?: ListenerLimits['options']
}

/** Who may say for whom a connection is made. */
export interface TrustedProxies {
  /** Addresses and networks, such as `10.0.0.1`, `10.0.0.0/8` and `2001:db8::/32`. */
  from: readonly string[]
}

/** Of those on a port. */
export interface PortOptions extends CommonOptions {
  port?: number
  host?: string
  proxy?: TrustedProxies
  proxyTimeout?: number
}

/** A certificate for those who ask for one of these names (SNI). */
export interface NamedCertificate {
  /** Names of the server; `*.example.com` stands for each name with one more label. */
  readonly names: readonly string[]
  /** Certificate chain, PEM. */
  readonly cert: PemSource
  /** Private key, PEM. */
  readonly key: PemSource
  /** Of the key. */
  readonly passphrase?: string
}

/** Of those with TLS. */
export interface CertificateOptions {
  cert: PemSource
  key: PemSource
  passphrase?: string
  certificates?: readonly NamedCertificate[]
  ca?: PemSource
  crl?: PemSource
  clientCertificate?: 'required' | 'optional'
  handshakeTimeout?: number
  minVersion?: TlsVersion
  maxVersion?: TlsVersion
  ciphers?: string
  sessionTickets?: boolean
  tls?: NodeTlsOptions
}

/** Of TLS without HTTP. */
export interface AlpnOptions {
  alpn?: readonly string[]
}

/** Of WebSocket. */
export interface UpgradeOptions {
  path?: string
  origins?: Origins
  forwardedFor?: TrustedProxies
  maxPayload?: number
  upgradeTimeout?: number
}

export const COMMON: OptionsSpec<CommonOptions> = {
  name: {
    kind: 'string',
    optional: true,
    doc: 'What you call the listener: middlewares see it as `client.listener.name`, and the log tells it.',
  },
  providers: {
    kind: 'any',
    optional: true,
    schema: LIST_OF_TEXT,
    doc: 'Names of the middlewares that are asked who clients of this listener are, such as `PasswordAuth`; by default all.',
  },
  backlog: { kind: 'number', default: 511, min: 1, doc: 'Connections that may wait to be accepted.' },
  maxConnections: {
    kind: 'number',
    default: 65_536,
    min: 1,
    doc: 'Connections at a time; more are closed at once.',
  },
  limits: {
    kind: 'any',
    optional: true,
    schema: { type: 'object' },
    doc: 'Limits of this listener in place of those of the whole broker: options of [rate-limit](../rate-limit/README.md#limits-of-one-listener), which has to be there.',
  },
}

export const PROXY_TIMEOUT: OptionSpec = {
  kind: 'number',
  default: 5_000,
  min: 1,
  unit: 'ms',
  doc: 'A connection whose PROXY header is not complete in so long is closed.',
}

/** @param usual The port by default. */
export const port = (usual: number): OptionsSpec<PortOptions> => ({
  port: { kind: 'number', default: usual, max: 65_535, doc: 'Port; 0: a free one.' },
  host: { kind: 'string', default: '127.0.0.1', doc: 'Address to bind to; `0.0.0.0` or `::` for all.' },
  ...COMMON,
  proxy: {
    kind: 'any',
    optional: true,
    schema: PROXIES,
    doc: "Proxies that begin each connection with a PROXY header (version 1 or 2), as `{ from: ['10.0.0.0/8'] }`; connections from elsewhere are refused.",
  },
  proxyTimeout: PROXY_TIMEOUT,
})

export const CERTIFICATE: OptionsSpec<CertificateOptions> = {
  cert: {
    kind: 'any',
    format: 'path',
    doc: 'Certificate chain, PEM: the text, or `{ file }`, which is read again when it changes, as with all that follow.',
  },
  key: { kind: 'any', format: 'path', doc: 'Private key, PEM, or `{ file }`.' },
  passphrase: { kind: 'string', optional: true, doc: 'Passphrase of the key.' },
  certificates: {
    kind: 'any',
    optional: true,
    schema: NAMED_CERTIFICATES,
    doc: 'Certificates for those who ask for a server by name (SNI): a list of `{ names, cert, key, passphrase }`; all others see `cert`.',
  },
  ca: {
    kind: 'any',
    format: 'path',
    optional: true,
    doc: 'Certificates of authorities, PEM, or `{ file }`: clients must have a certificate that one of them signed.',
  },
  crl: {
    kind: 'any',
    format: 'path',
    optional: true,
    doc: 'Revocation lists of all these authorities, PEM, or `{ file }`: a certificate on them is refused, and a client that is connected with it is closed.',
  },
  clientCertificate: {
    kind: 'string',
    default: 'required',
    choices: ['required', 'optional'],
    doc: 'With `ca`: whether a client without a certificate is refused, or left to other providers (`optional`).',
  },
  handshakeTimeout: {
    kind: 'number',
    default: 10_000,
    min: 1,
    unit: 'ms',
    doc: 'A client whose TLS handshake is not complete in so long is closed.',
  },
  minVersion: {
    kind: 'string',
    default: 'TLSv1.2',
    choices: TLS_VERSIONS,
    doc: 'Oldest TLS that is spoken.',
  },
  maxVersion: {
    kind: 'string',
    default: 'TLSv1.3',
    choices: TLS_VERSIONS,
    doc: 'Newest TLS that is spoken.',
  },
  ciphers: {
    kind: 'string',
    optional: true,
    doc: 'Ciphers that are allowed, as OpenSSL names them, with colons in between; by default those of Node.',
  },
  sessionTickets: {
    kind: 'boolean',
    default: true,
    doc: 'A client may go on with an earlier TLS session, without a whole handshake.',
  },
  tls: {
    kind: 'any',
    schema: { type: 'object' },
    optional: true,
    doc: 'More options of `tls.createServer`; they win.',
  },
}

export const ALPN: OptionsSpec<AlpnOptions> = {
  alpn: {
    kind: 'any',
    default: ['mqtt'],
    schema: LIST_OF_TEXT,
    doc: 'Protocol names (ALPN) that a client may offer. One that offers others alone is refused, one that offers none is not.',
  },
}

export const UPGRADE: OptionsSpec<UpgradeOptions> = {
  path: { kind: 'string', optional: true, doc: 'The only path that is served; any by default.' },
  origins: {
    kind: 'any',
    optional: true,
    schema: { anyOf: [{ const: '*' }, LIST_OF_TEXT] },
    doc: 'Origins such as `https://app.example.com` whose pages may connect, or `*` for all; pages of the same host always may.',
  },
  forwardedFor: {
    kind: 'any',
    optional: true,
    schema: PROXIES,
    doc: "Web servers and load balancers whose `X-Forwarded-For` says where a client is, as `{ from: ['10.0.0.0/8'] }`; from elsewhere it is not believed.",
  },
  maxPayload: {
    kind: 'number',
    optional: true,
    min: 64,
    unit: 'bytes',
    doc: 'Largest WebSocket message; by default 64 KiB more than the stack’s `packetLimit`.',
  },
  upgradeTimeout: {
    kind: 'number',
    default: 10_000,
    min: 1,
    unit: 'ms',
    doc: 'A WebSocket client that has not sent its HTTP request for so long is closed.',
  },
}
