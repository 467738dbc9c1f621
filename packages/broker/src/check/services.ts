/** Where operators and Prometheus are answered over HTTP, and whom. */
import { isLoopback } from '@mqtt-stack/core'
import type { ConfigValue, Options } from '../config/config-value.ts'
import type { JsonSchema } from '../config/json-schema.ts'

/** One listener of HTTP. */
export interface Service {
  readonly url: string
  /** The section that opens it. */
  readonly section: 'admin' | 'metrics'
  /** The option that names the place. */
  readonly option: 'listen' | 'open'
  /** Who reaches it is of this machine. */
  readonly local: boolean
  /** Who may ask for what, a line each. */
  readonly who: readonly string[]
}

interface Token {
  readonly role: string
  readonly name?: string
}

/** @param schema Of configurations: it has the defaults. */
export function servicesOf({ admin, metrics }: ConfigValue, { properties = {} }: JsonSchema): Service[] {
  const said = (section: Service['section'], options: Options, option: string): string =>
    String(options[option] ?? properties[section]?.properties?.[option]?.default ?? '')
  const found: Service[] = []
  if (admin !== undefined) {
    found.push(
      serviceAt(
        said('admin', admin, 'listen'),
        'admin',
        'listen',
        holders(admin.tokens as Token[] | undefined),
      ),
    )
    const open = said('admin', admin, 'open')
    if (open !== '')
      found.push(
        serviceAt(open, 'admin', 'open', ['everybody, without a token: /healthz, /readyz and /metrics']),
      )
  }
  const listen = metrics === undefined ? '' : said('metrics', metrics, 'listen')
  if (listen !== '')
    found.push(serviceAt(listen, 'metrics', 'listen', ['everybody, without a token: /metrics']))
  return found
}

function serviceAt(
  place: string,
  section: Service['section'],
  option: Service['option'],
  who: readonly string[],
): Service {
  const [, named] = /^(.+):\d+$/.exec(place) ?? []
  const host = named ?? '127.0.0.1'
  const local = host === 'localhost' || isLoopback(host.replace(/[[\]]/g, ''))
  return { url: `http://${named === undefined ? `${host}:${place}` : place}`, section, option, local, who }
}

/** Tokens have no more to show than their names. */
function holders(tokens: readonly Token[] = []): string[] {
  if (tokens.length === 0)
    return ['whoever has the token that is made at each start and printed once: operate']
  return tokens.map(
    ({ role, name }, i) =>
      `whoever has ${name === undefined ? `token ${i + 1}` : `the token of ${name}`}: ${role}`,
  )
}
