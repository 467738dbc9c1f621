/** The listeners of a broker, which may change while it runs. */
import { isDeepStrictEqual } from 'node:util'
import type { Stack } from '@mqtt-stack/core'
import type { NamedListener } from '../explain/listener-asked.ts'
import type { Address } from './address.ts'
import type { BrokerListener } from './broker-listener.ts'
import type { Certificates } from './certificates.ts'
import { makeListener } from './make-listener.ts'
import type { ListenerConfig } from './options.ts'
import type { OwnLimits } from './own-limits.ts'
import { keepLimits, ownLimitsOf } from './own-limits.ts'

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
  /** Of what is attached to servers of somebody else. */
  readonly #attached: () => readonly OwnLimits[]

  constructor(stack: Stack, attached: () => readonly OwnLimits[] = () => []) {
    this.#stack = stack
    this.#attached = attached
  }

  /** In the order of their configurations. */
  get addresses(): readonly Address[] {
    return this.#addresses
  }

  /** Each that is open: what it was told, and where it is. */
  get open(): readonly { readonly config: ListenerConfig; readonly address: Address }[] {
    return this.#open
  }

  /** What they were told, with the limits that hold there. */
  get named(): readonly NamedListener[] {
    return this.#open.map(({ config, listener }) => ({ ...config, limits: listener.limits }))
  }

  get certificates(): readonly Certificates[] {
    return this.#open.map(({ listener }) => listener.certificates).filter((one) => one !== undefined)
  }

  /**
   * Opens these and no others: what is open with the same options stays, be it with other limits, and what is to be
   * there no more takes no new connections. Whoever is connected stays so.
   * @throws StackError `LISTEN_FAILED`, or `OPTION_INVALID` for limits; then what was open is open.
   */
  async use(configs: readonly ListenerConfig[]): Promise<void> {
    const kept = new Map<ListenerConfig, Open>()
    for (const config of configs) {
      const same = this.#open.find((one) => areAlike(one.config, config) && !isIn(kept, one))
      if (same !== undefined) kept.set(config, same)
    }
    const gone = this.#open.filter((one) => !isIn(kept, one))
    // All are made before one is opened: a certificate that cannot be used is found before anything listens.
    const made = await this.#make(configs.filter((config) => !kept.has(config)))
    try {
      // Others may have some now.
      const wanted = [...kept.keys()].map((config) => ownLimitsOf(config))
      this.keepLimits([...made.map(({ listener }) => listener.limits), ...wanted])
    } catch (error) {
      await closeAll(made)
      throw error
    }
    const moved = gone.filter((one) => made.some(({ config }) => sharePlace(one, config)))
    for (const { listener } of moved) listener.shut()
    const opened = await this.#openAll(made).catch(async (error: Error) => {
      await this.#bringBack(moved)
      this.keepLimits()
      throw error
    })
    for (const { listener } of gone) this.#retire(listener)
    for (const [config, { listener }] of kept) takeLimits(listener, config)
    const all = [...kept].map(([config, one]) => ({ ...one, config })).concat(opened)
    this.#hold(configs.map((config) => all.find((one) => one.config === config) as Open))
    this.keepLimits()
  }

  /**
   * Has the limits of all listeners kept.
   * @param more Of those that are about to open.
   * @throws StackError `OPTION_INVALID`.
   */
  keepLimits(more: readonly (OwnLimits | undefined)[] = []): void {
    const listeners = [...this.#open.map(({ listener }) => listener), ...this.#retired]
    const all = [...listeners.map(({ limits }) => limits), ...this.#attached(), ...more]
    keepLimits(
      this.#stack,
      all.filter((one) => one !== undefined),
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
    this.keepLimits(made.map(({ listener }) => listener.limits))
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

/** Whether they differ in their limits at most, which may change while it is open. */
function areAlike(one: ListenerConfig, other: ListenerConfig): boolean {
  return isDeepStrictEqual({ ...one, limits: undefined }, { ...other, limits: undefined })
}

function takeLimits(listener: BrokerListener, config: ListenerConfig): void {
  if (listener.limits === undefined || config.limits === undefined) listener.limits = ownLimitsOf(config)
  else listener.limits.options = config.limits
}

/** Whether one has to go before the other can be opened. */
function sharePlace({ address }: Open, config: ListenerConfig): boolean {
  if (config.transport === 'unix') return address.path === config.path
  return address.port === config.port
}

async function closeAll(made: readonly Made[]): Promise<void> {
  await Promise.all(made.map(({ listener }) => listener.close()))
}
