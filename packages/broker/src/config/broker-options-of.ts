/** From a configuration to what `createBroker` is told. */
import type { MiddlewareLike } from '@mqtt-stack/core'
import { isStackError } from '@mqtt-stack/core'
import type { BrokerOptions } from '../broker-options.ts'
import type { ReadRule } from '../check/read-rule.ts'
import { ADMIN_EXTRA, METRICS_EXTRA, TRACING_EXTRA } from '../extras.ts'
import { isProvider } from '../listeners/check-providers.ts'
import { resolveListener } from '../listeners/options.ts'
import type { Place, Use } from '../order.ts'
import { isPlaced, ORDER } from '../order.ts'
import { nodeOfWorker } from '../workers.ts'
import { checkListenerNames, checkProviderNames, listenerNames } from './check-names.ts'
import { listenersOf } from './config-listeners.ts'
import type { AclValue, Options } from './config-value.ts'
import { conformPart } from './conform.ts'
import type { JsonSchema } from './json-schema.ts'
import type { LoadedConfig } from './load-config.ts'
import { configSchema } from './load-config.ts'
import { makeSection, makeUse } from './load-section.ts'
import { tableOf } from './make-schema.ts'
import type { Path } from './parsed.ts'
import { nameOf } from './parsed.ts'
import { ConfigError } from './problem.ts'
import { problemAt } from './problem-at.ts'
import type { ProviderName, Section } from './sections.ts'
import { ACL, ANONYMOUS, LIMITS, LMDB, PROVIDERS, REDIS } from './sections.ts'

/** Providers and rules stand behind it, limits before it: who is refused costs no password hash. */
const BEHIND: Place = 'authentication'

/** What a configuration is made into. */
export interface Made {
  readonly options: BrokerOptions
  /** The middlewares of `use`. */
  readonly own: readonly MiddlewareLike[]
}

/**
 * Loads and makes what the configuration names; nothing is opened.
 * @throws ConfigError naming the section and its line.
 */
export async function brokerOptionsOf(config: LoadedConfig, more: MakeOptions = {}): Promise<BrokerOptions> {
  return (await makeAll(config, more)).options
}

export interface MakeOptions {
  /** Web servers may be attached later, with names of their own: rules may be for them. */
  readonly attaches?: boolean
}

/** As {@link brokerOptionsOf}. */
export async function makeAll(config: LoadedConfig, { attaches = false }: MakeOptions = {}): Promise<Made> {
  const { value } = config
  const listeners = listenersOf(config)
  for (const [i, one] of (listeners ?? []).entries())
    tryAt(config, ['listeners', i], () => resolveListener(one))
  const backend = await backendOf(config)
  const sections = await sectionsOf(config, attaches ? undefined : listenerNames(config))
  const uses = await usesOf(config)
  const use = [...sections, ...uses]
  const own = uses.map(middlewareOf)
  checkProviderNames(config, own)
  if (!attaches) checkListenerNames(config, aclOf(sections)?.rules)
  checkRules(config, use, own)
  const places = ORDER.filter((place) => place !== 'backend' && value[place] !== undefined)
  const anonymous = value.auth?.anonymous
  const extras = await extrasOf(config)
  const options = {
    ...(listeners !== undefined && { listeners }),
    ...(anonymous !== undefined && { allowAnonymous: anonymous }),
    ...(value.stack !== undefined && { stack: value.stack }),
    ...(value.log !== undefined && { log: value.log }),
    ...Object.fromEntries(places.map((place) => [place, value[place as Exclude<Place, 'backend'>]])),
    ...(backend !== undefined && { backend }),
    ...extras,
    use,
  }
  return { options, own }
}

/** Those of {@link ADMIN_EXTRA} and its like that have a section, by their options of `createBroker`. */
async function extrasOf(config: LoadedConfig): Promise<BrokerOptions> {
  const made: Record<string, MiddlewareLike> = {}
  for (const { option, section, complete } of [ADMIN_EXTRA, METRICS_EXTRA, TRACING_EXTRA]) {
    const options = config.value[option]
    if (options !== undefined) made[option] = await sectionOf(config, section, complete(options))
  }
  return made
}

function middlewareOf(use: Use): MiddlewareLike {
  return isPlaced(use) ? use.middleware : use
}

/** The package that has the class may not be there. */
function aclOf(made: readonly Use[]): { readonly rules?: readonly ReadRule[] } | undefined {
  return made.map(middlewareOf).find(({ name }) => name === ACL.class) as
    | { readonly rules?: readonly ReadRule[] }
    | undefined
}

/** @throws ConfigError with the line of the part that cannot be made. */
export function tryAt<T>(config: LoadedConfig, path: Path, make: () => T): T {
  try {
    return make()
  } catch (error) {
    throw problemAt(config, path, error as Error)
  }
}

/** Those whom a provider lets in would be refused whatever they do. */
function checkRules(
  { value, parsed }: LoadedConfig,
  use: readonly Use[],
  own: readonly MiddlewareLike[],
): void {
  const { auth = {}, authorize } = value
  const bySection = Object.keys(auth).some((name) => name !== ANONYMOUS)
  const byOther = own.findIndex(isProvider)
  const ruled = use.some((one) => middlewareOf(one).authorizePacket !== undefined)
  if ((!bySection && byOther === -1) || ruled || authorize === false) return
  const path = bySection ? ['auth'] : ['use', byOther]
  const fix = 'add a section "acl", or allow everything with "authorize: false"'
  const message = `${nameOf(path)}: clients are asked who they are, and nothing says what they may do: ${fix}`
  throw new ConfigError([{ where: parsed.atKey(path), message }])
}

async function backendOf(config: LoadedConfig): Promise<BrokerOptions['backend']> {
  const { memory, lmdb, redis } = config.value.store ?? {}
  if (redis !== undefined) return sectionOf(config, REDIS, ofWorker(redis))
  return lmdb === undefined ? memory : await sectionOf(config, LMDB, lmdb)
}

/** Two processes of one configuration are two nodes. */
function ofWorker(redis: Options): Options {
  const { node = '' } = redis as { readonly node?: unknown }
  return typeof node === 'string' ? { ...redis, ...nodeOfWorker(node) } : redis
}

/**
 * Providers in the order of the file, rules and limits.
 * @param listeners Names that rules may be for; `undefined`: any.
 */
async function sectionsOf(config: LoadedConfig, listeners: readonly string[] | undefined): Promise<Use[]> {
  const { auth = {}, acl, limits } = config.value
  const made: Use[] = []
  if (limits !== undefined) made.push({ middleware: await sectionOf(config, LIMITS, limits), before: BEHIND })
  for (const name of Object.keys(auth)) {
    if (name === ANONYMOUS) continue
    const middleware = await sectionOf(
      config,
      PROVIDERS[name as ProviderName],
      auth[name as ProviderName] ?? {},
    )
    made.push({ middleware, after: BEHIND })
  }
  if (acl !== undefined) {
    const rules = { ...withLines(config, acl), ...(listeners !== undefined && { listeners }) }
    made.push({ middleware: await sectionOf(config, ACL, rules), after: BEHIND })
  }
  return made
}

/** Each rule with its line, for messages. */
function withLines({ parsed, rulePaths }: LoadedConfig, acl: AclValue): AclValue {
  if (acl.rules === undefined) return acl
  const lineOf = (i: number): string => parsed.at(rulePaths[i] ?? ACL.path).replace(/:\d+$/, '')
  return { ...acl, rules: acl.rules.map((rule, i) => Object.assign({}, rule, { source: lineOf(i) })) }
}

async function usesOf(config: LoadedConfig): Promise<Use[]> {
  const made: Use[] = []
  for (const [i, entry] of (config.value.use ?? []).entries()) {
    const { before, after } = entry
    const path = ['use', i]
    if (before !== undefined && after !== undefined)
      throw problemAt(config, path, new Error('"before" and "after" exclude each other: leave one out'))
    const middleware = await makeUse(entry, config.parsed.file).catch((error: Error) => {
      // What it refuses of its options is told with their line.
      throw problemAt(config, isStackError(error) ? [...path, 'options'] : path, error)
    })
    const { table } = middleware as { readonly table?: Parameters<typeof tableOf>[0] }
    if (table !== undefined && entry.options !== undefined)
      conformPart(config.parsed, entry.options, schemaOf(table), [...path, 'options'])
    if (before !== undefined) made.push({ middleware, before })
    else if (after !== undefined) made.push({ middleware, after })
    else made.push(middleware)
  }
  return made
}

/** Values that the rows of a table have a schema for; all else was checked by who took it. */
function schemaOf(table: Parameters<typeof tableOf>[0]): JsonSchema {
  const rows = Object.entries(table).filter(
    ([, row]) => row?.kind === 'any' && typeof row.schema === 'object',
  )
  return { ...tableOf(Object.fromEntries(rows)), additionalProperties: true, $defs: configSchema().$defs }
}

function sectionOf(config: LoadedConfig, section: Section, options: object): Promise<MiddlewareLike> {
  return makeSection(section, options).catch((error: Error) => {
    throw problemAt(config, section.path, error)
  })
}
