/** What a configuration lets whom do, listener by listener. */
import { isLoopback } from '@mqtt-stack/core'
import type { AuthValue, ConfigValue, ListenerValue } from '../config/config-value.ts'
import type { ProviderName } from '../config/sections.ts'
import { ANONYMOUS } from '../config/sections.ts'
import { parseListenUrl } from '../listeners/listen-url.ts'
import type { ReadRule } from './read-rule.ts'

/** One listener. */
export interface Exposure {
  readonly url: string
  /** Who can reach it. */
  readonly local: boolean
  readonly secure: boolean
  /** Clients without a name: all, those of this machine, or none. */
  readonly anonymous: boolean | 'local'
  /** Whoever has a certificate of the authorities alone. */
  readonly needsCertificate: boolean
  /** The sections of `auth` that are asked. */
  readonly providers: readonly ProviderName[]
  /** Nothing is asked: a client may present any name. */
  readonly anyName: boolean
}

/** The listeners of a configuration that names none. */
const USUAL: readonly ListenerValue[] = [{ listen: 'mqtt://127.0.0.1:1883' }]

/** @param value Its listeners have addresses. */
export function exposuresOf(value: ConfigValue): Exposure[] {
  return (value.listeners ?? USUAL).map((one) => exposureOf(one, value))
}

function exposureOf(listener: ListenerValue, value: ConfigValue): Exposure {
  const { auth = {}, use = [] } = value
  const { transport, host = '' } = parseListenUrl(listener.listen)
  const { proxy, forwardedFor, behindProxy } = listener
  const proxied = proxy !== undefined || forwardedFor !== undefined || behindProxy === true
  const known = (Object.keys(auth) as string[]).filter((name) => name !== ANONYMOUS) as ProviderName[]
  const asked = listener.providers
  const providers = known.filter((name) => asked?.includes(name) ?? true)
  const usual = known.length > 0 ? false : 'local'
  const anonymous = asked === undefined || asked.includes(ANONYMOUS) ? (auth.anonymous ?? usual) : false
  return {
    url: listener.listen,
    local: !proxied && (transport === 'unix' || isLoopback(host) || host === 'localhost'),
    secure: transport === 'tls' || transport === 'wss',
    anonymous,
    needsCertificate: listener.ca !== undefined && listener.clientCertificate !== 'optional',
    providers,
    // A middleware of another package may know users.
    anyName: known.length === 0 && use.length === 0 && anonymous === true,
  }
}

/** Who may connect, a line each; empty where nobody may. */
export function whoConnects(exposure: Exposure, auth: AuthValue = {}): string[] {
  const { anonymous, local, providers, needsCertificate, anyName } = exposure
  const among = needsCertificate ? ', with a certificate of the authorities' : ''
  const known = providers.map((name) => KNOWN[name](auth[name] ?? {}))
  const lines = known.filter((one) => one !== undefined).map((one) => `${one}${among}`)
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

/** What those who are connected may do, a line each. */
export function whatTheyMay(value: ConfigValue, rules: readonly ReadRule[], listener?: string): string[] {
  if (value.authorize === false) return ['everything (authorize: false)']
  const { auth: { http, jwt } = {}, use = [], acl } = value
  const others = [
    ...(http?.authorize === undefined ? [] : [`what ${http.authorize} allows`]),
    ...(jwt?.rightsClaim === undefined ? [] : [`what their token allows (claim ${jwt.rightsClaim})`]),
    ...(use.length === 0 ? [] : ['what the middlewares of "use" allow']),
  ]
  if (acl === undefined) return others.length === 0 ? ['everything'] : others
  const lines = rules.filter((rule) => concerns(rule, listener)).map(wordsOf)
  return [...lines, ...others, 'nothing else']
}

function concerns({ listeners }: ReadRule, name: string | undefined): boolean {
  return listeners === undefined || (name !== undefined && listeners.has(name))
}

function wordsOf({ allow, actions, topics, conditions }: ReadRule): string {
  const topic = topics.map(({ text }) => text).join(' ')
  return `${allow ? 'allow' : 'deny'} ${actions.join(',')} ${topic}${conditions}`
}
