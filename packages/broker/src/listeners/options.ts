/** What each listener can be told, and the tables by which it is checked. */
import type { OptionsSpec, Resolved } from '@mqtt-stack/core'
import { resolveOptions, StackError } from '@mqtt-stack/core'
import { checkListener } from './check-options.ts'
import type {
  AlpnOptions,
  CertificateOptions,
  CommonOptions,
  PortOptions,
  UpgradeOptions,
} from './option-rows.ts'
import { ALPN, CERTIFICATE, COMMON, PROXY_TIMEOUT, port, UPGRADE } from './option-rows.ts'

export interface TcpListenerOptions extends PortOptions {
  transport?: 'tcp'
}

export interface TlsListenerOptions extends PortOptions, CertificateOptions, AlpnOptions {
  transport: 'tls'
}

export interface WsListenerOptions extends PortOptions, UpgradeOptions {
  transport: 'ws'
}

export interface WssListenerOptions extends PortOptions, UpgradeOptions, CertificateOptions {
  transport: 'wss'
}

export interface UnixListenerOptions extends CommonOptions {
  transport: 'unix'
  path: string
  behindProxy?: boolean
  proxyTimeout?: number
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
  tls: { ...transport('tls'), ...port(8883), ...CERTIFICATE, ...ALPN },
  ws: { ...transport('ws'), ...port(8083), ...UPGRADE },
  wss: { ...transport('wss'), ...port(8084), ...UPGRADE, ...CERTIFICATE },
  unix: {
    ...transport('unix'),
    path: { kind: 'string', format: 'path', doc: 'The socket file; a stale one is replaced.' },
    behindProxy: {
      kind: 'boolean',
      default: false,
      doc: 'Each connection begins with a PROXY header (version 1 or 2); whoever may open the file is believed.',
    },
    proxyTimeout: PROXY_TIMEOUT,
    ...COMMON,
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
  checkListener(`${name} listener`, config)
  return config
}

/**
 * As {@link resolveListener}, of all listeners of a broker.
 * @throws StackError `OPTION_INVALID`, too, where two have one name: rules and limits by it would be about either.
 */
export function resolveListeners(all: readonly ListenerOptions[]): ListenerConfig[] {
  const configs = all.map((one) => resolveListener(one))
  const names = configs.map(({ name }) => name).filter((name) => name !== undefined)
  const twice = names.find((name, i) => names.indexOf(name) < i)
  if (twice === undefined) return configs
  throw new StackError('OPTION_INVALID', `two listeners are called "${twice}": give each a name of its own`)
}
