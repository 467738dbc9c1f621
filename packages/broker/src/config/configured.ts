/** A broker of a configuration, which may be read again while it runs. */
import { isDeepStrictEqual } from 'node:util'
import { Anonymous } from '../anonymous.ts'
import type { Broker, Reloaded, Source } from '../broker.ts'
import type { BrokerOptions } from '../broker-options.ts'
import { weaknessesOf } from '../check/weaknesses.ts'
import { anonymousFor, makeBroker } from '../create-broker.ts'
import type { ListenerOptions } from '../listeners/options.ts'
import type { LogOptions } from '../log-options.ts'
import { lineFormatOf } from '../log-options.ts'
import type { Kept } from './apply-part.ts'
import { applyPart, madeOf } from './apply-part.ts'
import { brokerOptionsOf, makeAll } from './broker-options-of.ts'
import { checkTogether, tryListeners } from './check-together.ts'
import type { LoadedConfig } from './load-config.ts'
import { loadConfig } from './load-config.ts'
import { nameOf } from './parsed.ts'
import type { Part } from './parts.ts'
import { makerOf, partsOf } from './parts.ts'
import { ConfigError } from './problem.ts'
import { problemAt } from './problem-at.ts'

export interface ConfiguredOptions {
  /** Where `${NAME}` is looked up; the process's by default. */
  readonly env?: Readonly<NodeJS.ProcessEnv>
  /** They win over the file, and stay when it is read again. */
  readonly options?: BrokerOptions
  /** Web servers may be attached later: see `makeAll`. */
  readonly attaches?: boolean
}

/** What listens where a configuration says nothing. */
const USUAL: readonly ListenerOptions[] = [{ transport: 'tcp' }]

/** At the start an empty file means the defaults. */
const EMPTIED = 'holds no setting any more, as a file that is being written: write one into it'

const NOT_OURS = 'the logger that runs is another one than the broker’s own'

/** @throws ConfigError with the line of what is wrong. */
export async function configuredBroker(config: LoadedConfig, more: ConfiguredOptions = {}): Promise<Broker> {
  const made = await makeAll(config, more)
  const broker = makeBroker(
    { ...made.options, ...more.options, log: logOf(made.options, more.options) },
    new Configuration(config, more),
  )
  checkTogether(config, broker.stack, made.own)
  if (more.options?.listeners === undefined) await tryListeners(config, made.options.listeners, broker.stack)
  // As a start would, and before a store is opened: what is wrong is told with its line.
  await weaknessesOf(config, broker.stack.middlewares)
  return broker
}

/** How the log is to be: what code says wins, and a logger that was given writes as it does. */
function logOf(file: BrokerOptions, given: BrokerOptions = {}): LogOptions {
  const { format, ...log } = { ...file.log, ...given.log }
  const logger = given.stack?.logger
  const isOurs = logger === undefined || logger.format !== undefined
  return isOurs && format !== undefined ? { ...log, format } : log
}

class Configuration implements Source {
  readonly #file: string
  readonly #more: ConfiguredOptions
  /** What holds now, by the name of the part. */
  readonly #holding: Map<string, unknown>

  constructor({ parsed, value }: LoadedConfig, more: ConfiguredOptions) {
    this.#file = parsed.file
    this.#more = more
    this.#holding = new Map(partsOf(value).map(({ path, value }) => [nameOf(path), value]))
  }

  async reload(broker: Broker): Promise<Reloaded> {
    const { env, options = {} } = this.#more
    const next = await loadConfig(this.#file, env)
    if (Object.keys(next.value).length === 0 && this.#holding.size > 0)
      throw new ConfigError([{ where: this.#file, message: EMPTIED }])
    const made = { ...(await brokerOptionsOf(next, this.#more)), ...options }
    // Nothing is applied of a configuration that could not be started; how the log is written least of all.
    makeBroker({ ...made, log: {} })
    const changed = this.#changed(next)
    await lookAt(changed, next, made, broker)
    const applied: string[] = []
    const kept: string[] = []
    // Before the listeners, which may name it.
    const restore = this.#letIn(next, broker)
    for (const part of changed) {
      const left = await this.#apply(part, made, broker).catch((error: Error) => {
        // Of those parts the listeners come first, and what follows was looked at.
        restore()
        throw problemOf(error, next, part)
      })
      if (left === undefined) continue
      const name = nameOf(part.path)
      if (!left.some((one) => one.name === name)) this.#hold(name, part.value, left)
      if (left.length === 0) applied.push(name)
      const where = next.parsed.atKey(part.path)
      for (const one of left) kept.push(`${where}: ${one.name}: ${one.reason}`)
    }
    // Who says what clients may do may be others now.
    this.#letIn(next, broker)
    return { applied, kept }
  }

  /**
   * Clients whom nobody knows: where they are let in from now on, beside the providers that run.
   * @returns What takes it back.
   */
  #letIn({ value }: LoadedConfig, { stack }: Broker): () => void {
    const anonymous = stack.middlewares.find((one) => one instanceof Anonymous)
    const allowed = this.#more.options?.allowAnonymous ?? value.auth?.anonymous
    const before = anonymous?.config
    const now = anonymousFor(stack.middlewares, allowed)
    if (before === undefined || isDeepStrictEqual(before, now)) return () => {}
    anonymous?.reconfigure(now)
    return () => anonymous?.reconfigure(before)
  }

  /** Notes what holds from now on: all of the value but the options that are left. */
  #hold(name: string, value: unknown, left: readonly Kept[]): void {
    const before = (this.#holding.get(name) ?? {}) as Readonly<Record<string, unknown>>
    if (left.length === 0) this.#holding.set(name, value)
    else {
      const names = left.map((one) => one.name.slice(name.length + 1))
      const entries = Object.entries((value ?? {}) as object).filter(([key]) => !names.includes(key))
      const old = Object.entries(before).filter(([key]) => names.includes(key))
      this.#holding.set(name, Object.fromEntries([...entries, ...old]))
    }
  }

  /** Parts that differ from what holds, those that are there no more too; listeners first, which may fail to open. */
  #changed({ value }: LoadedConfig): Part[] {
    const parts = partsOf(value)
    const gone = [...this.#holding.keys()].filter((name) => !parts.some(({ path }) => nameOf(path) === name))
    const all = [...parts, ...gone.map((name) => ({ path: name.split('.'), value: undefined }))]
    const changed = all.filter(
      ({ path, value }) => !isDeepStrictEqual(value, this.#holding.get(nameOf(path))),
    )
    return changed.sort((a, b) => Number(b.path[0] === 'listeners') - Number(a.path[0] === 'listeners'))
  }

  /** Names what is left for the next start; nothing where flags say what holds. */
  async #apply(part: Part, made: BrokerOptions, broker: Broker): Promise<readonly Kept[] | undefined> {
    const { options } = this.#more
    switch (nameOf(part.path)) {
      case 'listeners':
        if (options?.listeners !== undefined) return undefined
        await broker.relisten(made.listeners ?? USUAL)
        return []
      case 'log.level':
        if (options?.log?.level !== undefined) return undefined
        broker.log.level = (part.value as LogOptions['level']) ?? 'info'
        return []
      case 'log.format':
        if (options?.log?.format !== undefined) return undefined
        if (broker.log.format === undefined) return [{ name: 'log.format', reason: NOT_OURS }]
        broker.log.format = lineFormatOf((part.value as LogOptions['format']) ?? 'auto')
        return []
      case 'auth.anonymous':
        return options?.allowAnonymous === undefined ? [] : undefined
      default:
        return applyPart(part, made, broker)
    }
  }
}

/**
 * Looks at what those would need that are to take over other options, before any of them does.
 * @throws ConfigError with the line of the part.
 */
async function lookAt(
  changed: readonly Part[],
  config: LoadedConfig,
  made: BrokerOptions,
  { stack }: Broker,
): Promise<void> {
  for (const part of changed) {
    const maker = makerOf(part.path)
    const runs = stack.middlewares.some(({ name }) => name === maker)
    if (maker === undefined || !runs) continue
    try {
      await madeOf(maker, made)?.check?.()
    } catch (error) {
      throw problemAt(config, part.path, error as Error)
    }
  }
}

/** What listeners say is known to all; of others the line is told. */
function problemOf(error: Error, config: LoadedConfig, { path }: Part): Error {
  return path[0] === 'listeners' ? error : problemAt(config, path, error)
}
