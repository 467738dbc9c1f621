/** From a configuration to what `createBroker` is told. */
import type { MiddlewareLike } from '@mqtt-stack/core'
import { StackError } from '@mqtt-stack/core'
import type { BrokerOptions } from '../broker-options.ts'
import type { Place, Use } from '../order.ts'
import { ORDER } from '../order.ts'
import { listenersOf } from './config-listeners.ts'
import type { LoadedConfig } from './load-config.ts'
import { makeSection, makeUse } from './load-section.ts'
import type { Path } from './parsed.ts'
import { nameOf } from './parsed.ts'
import { ConfigError } from './problem.ts'
import type { ProviderName, Section } from './sections.ts'
import { ACL, ANONYMOUS, LIMITS, LMDB, PROVIDERS } from './sections.ts'

/** Where the middlewares of sections stand. */
const BEHIND: Place = 'authentication'

/**
 * Loads and makes what the configuration names; nothing is opened.
 * @throws ConfigError naming the section and its line.
 */
export async function brokerOptionsOf(config: LoadedConfig): Promise<BrokerOptions> {
  const { value } = config
  const listeners = listenersOf(config)
  const backend = await backendOf(config)
  const use = [...(await sectionsOf(config)), ...(await usesOf(config))]
  const places = ORDER.filter((place) => place !== 'backend' && value[place] !== undefined)
  const anonymous = value.auth?.anonymous
  return {
    ...(listeners !== undefined && { listeners }),
    ...(anonymous !== undefined && { allowAnonymous: anonymous }),
    ...(value.stack !== undefined && { stack: value.stack }),
    ...Object.fromEntries(places.map((place) => [place, value[place as Exclude<Place, 'backend'>]])),
    ...(backend !== undefined && { backend }),
    use,
  }
}

async function backendOf(config: LoadedConfig): Promise<BrokerOptions['backend']> {
  const { memory, lmdb } = config.value.store ?? {}
  return lmdb === undefined ? memory : await sectionOf(config, LMDB, lmdb)
}

/** Providers in the order of the file, rules and limits. */
async function sectionsOf(config: LoadedConfig): Promise<Use[]> {
  const { auth = {}, acl, limits } = config.value
  const made: Use[] = []
  if (limits !== undefined)
    made.push({ middleware: await sectionOf(config, LIMITS, limits), before: 'connection' })
  for (const name of Object.keys(auth)) {
    if (name === ANONYMOUS) continue
    const middleware = await sectionOf(
      config,
      PROVIDERS[name as ProviderName],
      auth[name as ProviderName] ?? {},
    )
    made.push({ middleware, after: BEHIND })
  }
  if (acl !== undefined) made.push({ middleware: await sectionOf(config, ACL, acl), after: 'authorize' })
  return made
}

async function usesOf(config: LoadedConfig): Promise<Use[]> {
  const made: Use[] = []
  for (const [i, entry] of (config.value.use ?? []).entries()) {
    const { before, after } = entry
    const path = ['use', i]
    if (before !== undefined && after !== undefined)
      throw problem(config, path, new Error('"before" and "after" exclude each other: leave one out'))
    const middleware = await makeUse(entry, config.parsed.file).catch((error: Error) => {
      throw problem(config, path, error)
    })
    if (before !== undefined) made.push({ middleware, before })
    else if (after !== undefined) made.push({ middleware, after })
    else made.push(middleware)
  }
  return made
}

function sectionOf(config: LoadedConfig, section: Section, options: object): Promise<MiddlewareLike> {
  return makeSection(section, options).catch((error: Error) => {
    throw problem(config, section.path, error)
  })
}

/** What a middleware refuses, with the line of the option that it names, or of the section. */
function problem({ parsed }: LoadedConfig, path: Path, error: Error): ConfigError {
  const option = error instanceof StackError ? /option "([^"]+)"/.exec(error.message)?.[1] : undefined
  const where = parsed.atKey(option === undefined ? path : [...path, option])
  return new ConfigError([{ where, message: `${nameOf(path)}: ${error.message}` }], error)
}
