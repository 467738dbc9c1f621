/** What a broker can be told. */
import type { MiddlewareLike, OptionSpec, OptionsSpec, Resolved, StackOptions } from '@mqtt-stack/core'
import { resolveOptions, StackError } from '@mqtt-stack/core'
import type { AllowAnonymous } from './anonymous.ts'
import type { PlaceOptions } from './built-ins.ts'
import type { ListenerConfig, ListenerOptions } from './listeners/options.ts'
import { resolveListeners } from './listeners/options.ts'
import type { LogOptions } from './log-options.ts'
import type { Place, Use } from './order.ts'
import { ORDER } from './order.ts'

/** Options of a middleware that is loaded where there are some; `true`: with its defaults; or one that is made already. */
export type ExtraChoice = boolean | Readonly<Record<string, unknown>> | MiddlewareLike

export interface BrokerOptions extends PlaceOptions {
  listeners?: readonly ListenerOptions[]
  use?: readonly Use[]
  allowAnonymous?: AllowAnonymous
  stack?: StackOptions
  admin?: ExtraChoice
  metrics?: ExtraChoice
  tracing?: ExtraChoice
  log?: LogOptions
}

function placeOption(place: Place): OptionSpec {
  const kebab = place.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  const name = place === 'backend' ? 'memory-backend' : kebab
  return { kind: 'any', optional: true, doc: `Options of ${name}, a middleware instead of it, or \`false\`.` }
}

/** The table of the broker's own options. */
export const BROKER_OPTIONS: OptionsSpec<BrokerOptions> = {
  listeners: {
    kind: 'any',
    default: [{ transport: 'tcp' }],
    doc: 'What `listen()` opens; by default TCP on 127.0.0.1:1883.',
  },
  use: {
    kind: 'any',
    default: [],
    doc: 'Your middlewares, behind inboundManager or where `before` or `after` says.',
  },
  allowAnonymous: {
    kind: 'any',
    optional: true,
    choices: [true, false, 'local'],
    doc: 'Clients whom nobody has to know: everywhere, nowhere, or from this machine alone (`local`); by default `local`, and `false` when a middleware of yours answers authenticateConnection or authenticateExchange.',
  },
  stack: { kind: 'any', default: {}, doc: 'Options of the stack: see core.' },
  admin: {
    kind: 'any',
    default: false,
    doc: 'The API for operators: options of admin, `true` for its defaults, or one that is made already. Its package is loaded where it is wanted.',
  },
  metrics: {
    kind: 'any',
    default: false,
    doc: 'What is counted, for Prometheus, OpenTelemetry and `$SYS`: options of metrics, `true` for its defaults, or one that is made already. Its package is loaded where it is wanted.',
  },
  log: {
    kind: 'any',
    default: {},
    doc: '`level`: how much is logged, `error`, `warn`, `info` or `debug`. `format`: `lines`, `json` or `auto`, on standard output in place of `stack.logger`. Both may be set later: `broker.log.level`, `broker.log.format`.',
  },
  tracing: {
    kind: 'any',
    optional: true,
    doc: 'Who looks on: live traces, why a message did not come, spans. Options of tracing, `true` for its defaults, or one that is made already; by default it is there where admin is. Its package is loaded where it is wanted.',
  },
  ...(Object.fromEntries(ORDER.map((place) => [place, placeOption(place)])) as Record<Place, OptionSpec>),
}

/** Broker options after defaults. */
export interface BrokerConfig extends Omit<Resolved<BrokerOptions>, 'listeners'> {
  readonly listeners: readonly ListenerConfig[]
}

/**
 * Checks the broker's own options and its listeners'; those of middlewares are checked where they are made.
 * @throws StackError `OPTION_UNKNOWN`, `OPTION_MISSING` or `OPTION_INVALID`, naming the option.
 */
export function resolveBroker(options: BrokerOptions): BrokerConfig {
  const config = resolveOptions('createBroker', options, BROKER_OPTIONS)
  const { listeners, use } = config
  if (!Array.isArray(listeners)) throw notAList('listeners')
  if (!Array.isArray(use)) throw notAList('use')
  for (const entry of use) checkPlace(entry)
  return { ...config, listeners: resolveListeners(listeners) }
}

function notAList(option: string): StackError {
  return new StackError('OPTION_INVALID', `createBroker: option "${option}" must be an array`)
}

function checkPlace(entry: Use): void {
  const { before, after } = (entry ?? {}) as { before?: unknown; after?: unknown }
  for (const wanted of [before, after]) {
    if (wanted === undefined || ORDER.includes(wanted as Place)) continue
    const known = ORDER.join(', ')
    throw new StackError(
      'OPTION_INVALID',
      `createBroker: option "use" places a middleware at "${wanted}" (known: ${known})`,
    )
  }
}
