/** What each listener can be told, and the tables by which it is checked. */
import type { TlsOptions as NodeTlsOptions } from 'node:tls'
import type { OptionsSpec, Resolved } from '@mqtt-stack/core'
import { resolveOptions, StackError } from '@mqtt-stack/core'

interface PortOptions {
  port?: number
  host?: string
  backlog?: number
  maxConnections?: number
}

interface CertificateOptions {
  cert: string | Uint8Array
  key: string | Uint8Array
  passphrase?: string
  ca?: string | Uint8Array
  handshakeTimeout?: number
  tls?: NodeTlsOptions
}

interface UpgradeOptions {
  path?: string
  maxPayload?: number
  upgradeTimeout?: number
}

export interface TcpListenerOptions extends PortOptions {
  transport?: 'tcp'
}

export interface TlsListenerOptions extends PortOptions, CertificateOptions {
  transport: 'tls'
}

export interface WsListenerOptions extends PortOptions, UpgradeOptions {
  transport: 'ws'
}

export interface WssListenerOptions extends PortOptions, UpgradeOptions, CertificateOptions {
  transport: 'wss'
}

export interface UnixListenerOptions {
  transport: 'unix'
  path: string
  backlog?: number
  maxConnections?: number
}

/** One listener; without `transport` it is plain TCP. */
export type ListenerOptions =
  | TcpListenerOptions
  | TlsListenerOptions
  | WsListenerOptions
  | WssListenerOptions
  | UnixListenerOptions

/** Listener options after defaults. */
export type ListenerConfig =
  | Resolved<TcpListenerOptions>
  | Resolved<TlsListenerOptions>
  | Resolved<WsListenerOptions>
  | Resolved<WssListenerOptions>
  | Resolved<UnixListenerOptions>

const LIMITS: Pick<OptionsSpec<PortOptions>, 'backlog' | 'maxConnections'> = {
  backlog: { kind: 'number', default: 511, min: 1, doc: 'Connections that may wait to be accepted.' },
  maxConnections: {
    kind: 'number',
    default: 65_536,
    min: 1,
    doc: 'Connections at a time; more are closed at once.',
  },
}

const port = (usual: number): OptionsSpec<PortOptions> => ({
  port: { kind: 'number', default: usual, max: 65_535, doc: 'Port; 0: a free one.' },
  host: { kind: 'string', default: '127.0.0.1', doc: 'Address to bind to; `0.0.0.0` or `::` for all.' },
  ...LIMITS,
})

const CERTIFICATE: OptionsSpec<CertificateOptions> = {
  cert: { kind: 'any', format: 'path', doc: 'Certificate chain, PEM.' },
  key: { kind: 'any', format: 'path', doc: 'Private key, PEM.' },
  passphrase: { kind: 'string', optional: true, doc: 'Passphrase of the key.' },
  ca: {
    kind: 'any',
    format: 'path',
    optional: true,
    doc: 'Certificates of authorities, PEM: clients must have a certificate that one of them signed.',
  },
  handshakeTimeout: {
    kind: 'number',
    default: 10_000,
    min: 1,
    unit: 'ms',
    doc: 'A client whose TLS handshake is not complete in so long is closed.',
  },
  tls: {
    kind: 'any',
    schema: { type: 'object' },
    optional: true,
    doc: 'More options of `tls.createServer`; they win.',
  },
}

const UPGRADE: OptionsSpec<UpgradeOptions> = {
  path: { kind: 'string', optional: true, doc: 'The only path that is served; any by default.' },
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

const transport = <Name extends string>(
  name: Name,
): { transport: OptionsSpec<{ transport: Name }>['transport'] } => ({
  transport: { kind: 'string', choices: [name], default: name, doc: `\`${name}\`` },
})

/** The table of each transport's options. */
export const LISTENER_OPTIONS: {
  readonly tcp: OptionsSpec<TcpListenerOptions>
  readonly tls: OptionsSpec<TlsListenerOptions>
  readonly ws: OptionsSpec<WsListenerOptions>
  readonly wss: OptionsSpec<WssListenerOptions>
  readonly unix: OptionsSpec<UnixListenerOptions>
} = {
  tcp: { ...transport('tcp'), ...port(1883) },
  tls: { ...transport('tls'), ...port(8883), ...CERTIFICATE },
  ws: { ...transport('ws'), ...port(8083), ...UPGRADE },
  wss: { ...transport('wss'), ...port(8084), ...UPGRADE, ...CERTIFICATE },
  unix: {
    ...transport('unix'),
    path: { kind: 'string', format: 'path', doc: 'The socket file; a stale one is replaced.' },
    ...LIMITS,
  },
}

/**
 * Checks one listener's options and fills in what is missing.
 * @throws StackError `OPTION_UNKNOWN`, `OPTION_MISSING` or `OPTION_INVALID`, naming listener and option.
 */
export function resolveListener(options: ListenerOptions): ListenerConfig {
  const { transport: name = 'tcp' } = options
  if (!Object.hasOwn(LISTENER_OPTIONS, name)) {
    const known = Object.keys(LISTENER_OPTIONS).join(', ')
    throw new StackError(
      'OPTION_INVALID',
      `listener: option "transport" must be one of ${known}, not ${JSON.stringify(name)}`,
    )
  }
  const spec = LISTENER_OPTIONS[name] as OptionsSpec<ListenerOptions>
  const config = resolveOptions(`${name} listener`, options, spec) as ListenerConfig
  if ('port' in config && !Number.isInteger(config.port)) {
    throw new StackError(
      'OPTION_INVALID',
      `${name} listener: option "port" must be a whole number, not ${config.port}`,
    )
  }
  return config
}
