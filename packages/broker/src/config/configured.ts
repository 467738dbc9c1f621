/** A broker of a configuration, which may be read again while it runs. */
import { isDeepStrictEqual } from 'node:util'
import type { MiddlewareLike } from '@mqtt-stack/core'
import type { Broker, Reloaded, Source } from '../broker.ts'
import type { BrokerOptions } from '../broker-options.ts'
import { makeBroker } from '../create-broker.ts'
import type { ListenerOptions } from '../listeners/options.ts'
import type { LogLevel } from '../logger.ts'
import { isPlaced } from '../order.ts'
import { brokerOptionsOf } from './broker-options-of.ts'
import type { LoadedConfig } from './load-config.ts'
import { loadConfig } from './load-config.ts'
import type { Path } from './parsed.ts'
import { nameOf } from './parsed.ts'
import type { Part } from './parts.ts'
import { isPlace, makerOf, partsOf } from './parts.ts'

export interface ConfiguredOptions {
  /** Where `${NAME}` is looked up; the process's by default. */
  readonly env?: Readonly<NodeJS.ProcessEnv>
  /** They win over the file, and stay when it is read again. */
  readonly options?: BrokerOptions
  /** Is told the level of the log when it has changed. */
  readonly onLogLevel?: (level: LogLevel) => void
}

/** What listens where a configuration says nothing. */
const USUAL: readonly ListenerOptions[] = [{ transport: 'tcp' }]

/** @throws ConfigError with the line of what is wrong. */
export async function configuredBroker(config: LoadedConfig, more: ConfiguredOptions = {}): Promise<Broker> {
  const options = { ...(await brokerOptionsOf(config)), ...more.options }
  return makeBroker(options, new Configuration(config, more))
}

/** A middleware that takes other options while it runs. */
interface Changeable extends MiddlewareLike {
  readonly config?: object
  /** Takes all of them, and answers when they hold. */
  replace?(options: object): Promise<unknown>
  /** Answers the names of those that it does not take. */
  reconfigure?(options: object): readonly string[]
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
    const made = { ...(await brokerOptionsOf(next)), ...options }
    // Nothing is applied of a configuration that could not be started.
    makeBroker(made)
    const applied: string[] = []
    const kept: string[] = []
    for (const { path, value } of this.#changed(next)) {
      const name = nameOf(path)
      const left = await this.#apply(path, value, made, broker)
      if (left === undefined) continue
      if (!left.includes(name)) this.#hold(name, value, left)
      if (left.length === 0) applied.push(name)
      else kept.push(...left.map((one) => `${next.parsed.atKey(path)}: ${one}`))
    }
    return { applied, kept }
  }

  /** Notes what holds from now on: all of the value but the options that are left. */
  #hold(name: string, value: unknown, left: readonly string[]): void {
    const before = (this.#holding.get(name) ?? {}) as Readonly<Record<string, unknown>>
    if (left.length === 0) this.#holding.set(name, value)
    else {
      const names = left.map((one) => one.slice(name.length + 1))
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
  async #apply(
    path: Path,
    value: unknown,
    made: BrokerOptions,
    broker: Broker,
  ): Promise<readonly string[] | undefined> {
    const name = nameOf(path)
    if (name === 'listeners') {
      if (this.#more.options?.listeners !== undefined) return undefined
      await broker.relisten(made.listeners ?? USUAL)
      return []
    }
    if (name === 'log.level') {
      this.#more.onLogLevel?.((value as LogLevel | undefined) ?? 'info')
      return []
    }
    const maker = makerOf(path)
    const running = broker.stack.middlewares.find((one) => one.name === maker) as Changeable | undefined
    // A place without options has its defaults; a section that is gone is another broker.
    const gone = value === undefined && !isPlace(path)
    if (running === undefined || value === false || gone) return [name]
    const options = optionsFor(running, value, made)
    if (running.replace !== undefined) {
      await running.replace(options)
      return []
    }
    const left = running.reconfigure?.(options) ?? ['']
    return left.map((option) => (option === '' ? name : `${name}.${option}`))
  }
}

/** As the new configuration has them: those of a section with what was made of it. */
function optionsFor({ name }: MiddlewareLike, value: unknown, { use = [] }: BrokerOptions): object {
  const all = use.map((one) => (isPlaced(one) ? one.middleware : one))
  const made = all.find((one) => one.name === name) as Changeable | undefined
  return made?.config ?? (value as object | undefined) ?? {}
}
