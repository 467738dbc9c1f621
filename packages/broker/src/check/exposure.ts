/** What a configuration lets whom do, listener by listener. */
import type { MiddlewareLike } from '@mqtt-stack/core'
import { isLoopback } from '@mqtt-stack/core'
import type { AuthValue, ConfigValue, ListenerValue } from '../config/config-value.ts'
import type { ProviderName } from '../config/sections.ts'
import { ANONYMOUS } from '../config/sections.ts'
import { isProvider } from '../listeners/check-providers.ts'
import { parseListenUrl } from '../listeners/listen-url.ts'

/** One listener. */
export interface Exposure {
  readonly url: string
  readonly name: string | undefined
  /** Who comes by it is of this machine. */
  readonly local: boolean
  /** Nobody outside of this machine can read what goes over it. */
  readonly loopback: boolean
  readonly secure: boolean
  /** Clients without a name: all, those of this machine, or none. */
  readonly anonymous: boolean | 'local'
  /** Whoever has a certificate of the authorities alone. */
  readonly needsCertificate: boolean
  /** A client can show one that counts. */
  readonly takesCertificates: boolean
  /** The sections of `auth` that are asked. */
  readonly providers: readonly ProviderName[]
  /** The middlewares of `use` that are asked. */
  readonly others: readonly string[]
  /** Nothing is asked: a client may present any name. */
  readonly anyName: boolean
}

/** The listeners of a configuration that names none. */
const USUAL: readonly ListenerValue[] = [{ listen: 'mqtt://127.0.0.1:1883' }]

/**
 * @param value Its listeners have addresses.
 * @param own The middlewares of `use`.
 */
export function exposuresOf(value: ConfigValue, own: readonly MiddlewareLike[] = []): Exposure[] {
  const others = own.filter(isProvider).map(({ name }) => name)
  return (value.listeners ?? USUAL).map((one) => exposureOf(one, value.auth ?? {}, others))
}

function exposureOf(listener: ListenerValue, auth: AuthValue, own: readonly string[]): Exposure {
  const { transport, host = '' } = parseListenUrl(listener.listen)
  const { proxy, forwardedFor, behindProxy, providers: asked, ca, name } = listener
  const proxied = proxy !== undefined || forwardedFor !== undefined || behindProxy === true
  const known = (Object.keys(auth) as string[]).filter((one) => one !== ANONYMOUS) as ProviderName[]
  const isAsked = (one: string): boolean => asked?.includes(one) ?? true
  const usual = known.length + own.length > 0 ? false : 'local'
  const secure = transport === 'tls' || transport === 'wss'
  const loopback = transport === 'unix' || isLoopback(host) || host === 'localhost'
  const anonymous = isAsked(ANONYMOUS) ? (auth.anonymous ?? usual) : false
  return {
    url: listener.listen,
    name,
    local: !proxied && loopback,
    loopback,
    secure,
    anonymous,
    needsCertificate: ca !== undefined && listener.clientCertificate !== 'optional',
    // A PROXY header (version 2) may tell of one, too.
    takesCertificates: (secure && ca !== undefined) || proxy !== undefined || behindProxy === true,
    providers: known.filter(isAsked),
    others: own.filter(isAsked),
    anyName: known.length + own.length === 0 && anonymous === true,
  }
}

/** Who may connect, a line each; empty where nobody may. */
export function whoConnects(exposure: Exposure, auth: AuthValue = {}): string[] {
  const { anonymous, local, providers, others, needsCertificate, takesCertificates, anyName } = exposure
  const among = needsCertificate ? ', with a certificate of the authorities' : ''
  const able = providers.filter((name) => name !== 'certificate' || takesCertificates)
  const known = able.map((name) => KNOWN[name](auth[name] ?? {}))
  const lines = known.filter((one) => one !== undefined).map((one) => `${one}${among}`)
  for (const name of others) lines.push(`whom ${name} lets in${among}`)
  if (anonymous === true) lines.push(`everybody${anyName ? ', under any name' : ' without a name'}${among}`)
  if (anonymous === 'local')
    lines.push(`clients without a name${local ? '' : ' of this machine alone'}${among}`)
  return lines
}

const fileOf = ({ file }: { readonly file?: unknown }): string => (file === undefined ? '' : ` of ${file}`)

const KNOWN: Readonly<
  Record<ProviderName, (options: Readonly<Record<string, unknown>>) => string | undefined>
> = {
  password: (options) => `users${fileOf(options)}, by password`,
  scram: (options) => `users${fileOf(options)}, by SCRAM (5.0)`,
  jwt: () => 'whoever has a token that is signed (jwt)',
  http: ({ authenticate: url }) => (url === undefined ? undefined : `whom ${url} lets in`),
  certificate: () => 'whoever has a certificate that names a user',
}
