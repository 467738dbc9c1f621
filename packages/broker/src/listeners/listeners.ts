/** The listeners of a broker, which may change while it runs. */
import { isDeepStrictEqual } from 'node:util'
import type { Stack } from '@mqtt-stack/core'
import type { Address } from './address.ts'
import type { BrokerListener } from './broker-listener.ts'
import type { Certificates } from './certificates.ts'
import { makeListener } from './make-listener.ts'
import type { ListenerConfig } from './options.ts'

interface Open {
  readonly config: ListenerConfig
  readonly listener: BrokerListener
  readonly address: Address
}

type Made = Omit<Open, 'address'>

export class Listeners {
  readonly #stack: Stack
  #open: readonly Open[] = []
  #addresses: readonly Address[] = []
  /** They take no new connections any more, and have some left. */
  readonly #retired = new Set<BrokerListener>()

  constructor(stack: Stack) {
    this.#stack = stack
  }

  /** In the order of their configurations. */
  get addresses(): readonly Address[] {
    return this.#addresses
  }

  /** What they were told. */
  get configs(): readonly ListenerConfig[] {
    return this.#open.map(({ config }) => config)
  }

  get certificates(): readonly Certificates[] {
    return this.#open.map(({ listener }) => listener.certificates).filter((one) => one !== undefined)
  }

  /**
   * Opens these and no others: what is open with the same options stays, what is to be there no more takes no new
   * connections. Whoever is connected stays so.
   * @throws StackError `LISTEN_FAILED`; then what was open is open.
   */
  async use(configs: readonly ListenerConfig[]): Promise<void> {
    const kept = new Map<ListenerConfig, Open>()
    for (const config of configs) {
      const same = this.#open.find((one) => isDeepStrictEqual(one.config, config) && !isIn(kept, one))
      if (same !== undefined) kept.set(config, same)
    }
    const gone = this.#open.filter((one) => !isIn(kept, one))
    // All are made before one is opened: a certificate that cannot be used is found before anything listens.
    const made = await this.#make(configs.filter((config) => !kept.has(config)))
    const moved = gone.filter((one) => made.some(({ config }) => sharePlace(one, config)))
    for (const { listener } of moved) listener.shut()
    const opened = await this.#openAll(made).catch(async (error: Error) => {
      await this.#bringBack(moved)
      throw error
    })
    for (const { listener } of gone) this.#retire(listener)
    const all = [...kept.values(), ...opened]
    this.#hold(
      configs.map((config) => all.find((one) => one === kept.get(config) || one.config === config) as Open),
    )
  }

  /** No new connections. */
  shut(): void {
    for (const { listener } of this.#open) listener.shut()
  }

  /** Waits until all connections are gone. */
  async close(): Promise<void> {
    const all = [...this.#open.map(({ listener }) => listener), ...this.#retired]
    this.#hold([])
    await Promise.all(all.map((listener) => listener.close()))
  }

  async #make(configs: readonly ListenerConfig[]): Promise<readonly Made[]> {
    const made: Made[] = []
    try {
      for (const config of configs) made.push({ config, listener: makeListener(config, this.#stack) })
      return made
    } catch (error) {
      await closeAll(made)
      throw error
    }
  }

  /** All, or none. */
  async #openAll(made: readonly Made[]): Promise<readonly Open[]> {
    const opened = await Promise.allSettled(made.map(({ listener }) => listener.open()))
    const failed = opened.find((result) => result.status === 'rejected')
    if (failed !== undefined) {
      await closeAll(made)
      throw failed.reason
    }
    return made.flatMap((one, i) => {
      const result = opened[i]
      return result.status === 'fulfilled' ? [{ ...one, address: result.value }] : []
    })
  }

  /** What made room for others that could not be opened: at the ports that it had. */
  async #bringBack(moved: readonly Open[]): Promise<void> {
    const made = await this.#make(
      moved.map(({ config, address }) => ({ ...config, port: address.port }) as ListenerConfig),
    )
    const opened = await this.#openAll(made)
    for (const { listener } of moved) this.#retire(listener)
    const back = new Map(moved.map((one, i) => [one, { ...opened[i], config: one.config }]))
    this.#hold(this.#open.map((one) => back.get(one) ?? one))
  }

  #hold(open: readonly Open[]): void {
    this.#open = open
    this.#addresses = open.map(({ address }) => address)
  }

  #retire(listener: BrokerListener): void {
    this.#retired.add(listener)
    void listener.retire().then(() => this.#retired.delete(listener))
  }
}

function isIn(kept: ReadonlyMap<ListenerConfig, Open>, one: Open): boolean {
  return [...kept.values()].includes(one)
}

/** Whether one has to go before the other can be opened. */
function sharePlace({ address }: Open, config: ListenerConfig): boolean {
  if (config.transport === 'unix') return address.path === config.path
  return address.port === config.port
}

async function closeAll(made: readonly Made[]): Promise<void> {
  await Promise.all(made.map(({ listener }) => listener.close()))
}
