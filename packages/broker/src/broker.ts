/** A stack that listens. */
import type { Log, Stack } from '@mqtt-stack/core'
import { StackError } from '@mqtt-stack/core'
import { BrokerClients } from './broker-clients.ts'
import { configurationOf } from './configuration.ts'
import { EventBridge } from './events.ts'
import { explain } from './explain/explain.ts'
import type { Explanation } from './explain/explanation.ts'
import type { Question } from './explain/question.ts'
import type { Address } from './listeners/address.ts'
import type { AttachOptions, WebServer } from './listeners/attachment.ts'
import { Attachment } from './listeners/attachment.ts'
import { checkProviders } from './listeners/check-providers.ts'
import { Listeners } from './listeners/listeners.ts'
import type { ListenerConfig, ListenerOptions } from './listeners/options.ts'
import { resolveListeners } from './listeners/options.ts'
import type { OpenListener } from './operator.ts'

/** What a reload did. */
export interface Reloaded {
  /** Sections of the configuration that hold now. */
  readonly applied: readonly string[]
  /**
   * What has changed and takes effect at the next start, with its line and why:
   * `broker.yaml:4:1: store: it is read at the start alone`.
   */
  readonly kept: readonly string[]
}

/** What a broker is made of, where that may change: a configuration. */
export interface Source {
  reload(broker: Broker): Promise<Reloaded>
}

/** Made by `createBroker`. Emits {@link BrokerEvents}. */
export class Broker extends BrokerClients {
  readonly #configs: readonly ListenerConfig[]
  readonly #listeners: Listeners
  readonly #attached = new Set<Attachment>()
  #listening: Promise<readonly Address[]> | undefined
  #closed: Promise<void> | undefined
  readonly #source: Source | undefined
  #reloading: Promise<unknown> = Promise.resolve()

  /** Internal: `createBroker` makes it. */
  constructor(stack: Stack, listeners: readonly ListenerConfig[], source?: Source) {
    super(stack)
    this.#configs = listeners
    this.#source = source
    this.#listeners = new Listeners(stack, () =>
      [...this.#attached].map(({ limits }) => limits).filter((one) => one !== undefined),
    )
    stack.use(new EventBridge(this, this.clients))
  }

  /**
   * The log of the stack. `broker.log.level = 'debug'` and `broker.log.format = 'json'` hold from then on; the format is
   * that of a logger of the broker's own (option `log.format`).
   */
  get log(): Log {
    return this.stack.log
  }

  /** Where it listens; empty before and after. */
  get addresses(): readonly Address[] {
    return this.#listeners.addresses
  }

  /** Starts the stack without listening, once; `listen()` and `publish()` do it themselves. */
  async start(): Promise<void> {
    this.#check()
    await (this.stack.started ?? this.stack.start())
  }

  /**
   * Starts the stack and opens all listeners, or none; may be tried again after it failed.
   * @returns The addresses, in the order of the listeners; where the port was 0, with the one it got.
   * @throws StackError `LISTEN_FAILED`, naming what could not be opened; `STACK_RUNNING` when it listens already;
   * `OPTION_INVALID` when a listener names a provider that is not there;
   * those of `stack.start()`.
   */
  async listen(): Promise<readonly Address[]> {
    this.#check()
    if (this.#listening !== undefined) throw new StackError('STACK_RUNNING', 'listen() was called twice')
    this.#listening = this.#listen()
    try {
      return await this.#listening
    } catch (error) {
      this.#listening = undefined
      throw error
    }
  }

  /**
   * Serves MQTT over WebSocket on a path of a web server that there is already, of node:http or node:https; the server's
   * other paths are left alone. It ends with {@link close}, which leaves the server open.
   *
   *     await broker.attach(server, { path: '/mqtt' })
   *
   * @returns What takes the broker off the server: there are no new connections then, and those that are there stay.
   * @throws StackError `OPTION_UNKNOWN` or `OPTION_INVALID`; those of `stack.start()`.
   */
  async attach(server: WebServer, options: AttachOptions = {}): Promise<() => void> {
    this.#check()
    const attachment = new Attachment(server, this.stack, options)
    const detach = (): void => attachment.shut()
    try {
      this.#attached.add(attachment)
      if (attachment.limits !== undefined) this.#listeners.keepLimits()
      await this.start()
    } catch (error) {
      detach()
      this.#attached.delete(attachment)
      throw error
    }
    return detach
  }

  /** Stops listening, closes all connections, stops the stack. May be called again, and at any time. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  /**
   * Says whether somebody may connect, publish, subscribe or leave a will, and what each middleware that is asked answers,
   * and why. Nothing happens, and nothing is counted.
   *
   *     const { allowed, reason } = await broker.explain({ user: 'alice', publish: 'plant/a' })
   *
   * Without `listener` it is allowed where each listener allows it, and the answer is that of the first that does not.
   * @throws StackError `OPTION_UNKNOWN`, `OPTION_INVALID`, `TOPIC_INVALID` or `FILTER_INVALID`; those of `stack.start()`.
   */
  async explain(question: Question): Promise<Explanation> {
    const all = await this.explainEach(question)
    return all.find(({ allowed }) => !allowed) ?? all[0]
  }

  /** As {@link explain}, with one answer for each listener that the client may come by. */
  async explainEach(question: Question): Promise<readonly [Explanation, ...Explanation[]]> {
    await this.start()
    const { named } = this.#listeners
    const opened = named.length > 0 ? named : this.#configs.map((one) => ({ ...one, limits: undefined }))
    const attached = [...this.#attached].map(({ place }) => place)
    return explain(this.stack, [...opened, ...attached], question)
  }

  /**
   * Reads the certificates, keys, authorities and revocation lists of all listeners again, as happens by itself when
   * their files change. Those who are connected stay so, unless their certificate has been revoked.
   * @throws StackError `LISTEN_FAILED` naming what cannot be used; then nothing has changed, at no listener.
   */
  async reloadCertificates(): Promise<void> {
    const reloads = this.#listeners.certificates.map((one) => one.reload())
    for (const use of reloads) use()
  }

  /**
   * Listens there from now on. What listens with the same options already stays; what is to be there no more takes no new
   * connections. Whoever is connected stays so.
   * @returns The addresses, in the order of the listeners.
   * @throws StackError `LISTEN_FAILED`, or those of options; then nothing has changed.
   */
  async relisten(listeners: readonly ListenerOptions[]): Promise<readonly Address[]> {
    const configs = resolveListeners(listeners)
    return this.#use(() => configs)
  }

  /**
   * Listens there too, until {@link relisten}, a reload of listeners, or {@link closeListener}.
   * @throws as {@link relisten}
   */
  async openListener(listener: ListenerOptions): Promise<OpenListener> {
    const [config] = resolveListeners([listener])
    const addresses = await this.#use((open) => [...open, config])
    return { ...(addresses.at(-1) as Address), name: config.name }
  }

  /**
   * A listener takes no new connections any more; whoever is connected stays so.
   * @param url As {@link openListeners} says.
   * @returns False where there is none.
   */
  async closeListener(url: string): Promise<boolean> {
    const left = (): ListenerConfig[] =>
      this.#listeners.open.filter(({ address }) => address.url !== url).map(({ config }) => config)
    if (left().length === this.#listeners.open.length) return false
    await this.#use(left)
    return true
  }

  /** The listeners that are open, with what their user calls them. */
  get openListeners(): readonly OpenListener[] {
    return this.#listeners.open.map(({ config, address }) => ({ ...address, name: config.name }))
  }

  /** What listens, and what the stack is made of, in values of JSON without secrets. */
  get configuration(): Readonly<Record<string, unknown>> {
    return configurationOf(this.stack, this.#listeners.open)
  }

  /**
   * Reads its configuration again, where it is made of a file, and applies what can be applied without dropping a client;
   * otherwise its certificates. One call at a time.
   * @throws StackError `CONFIG_INVALID`, `LISTEN_FAILED` and those of options; then nothing has changed.
   */
  reload(): Promise<Reloaded> {
    const before = this.#reloading
    const reload = async (): Promise<Reloaded> => {
      await before
      this.#check()
      if (this.#source === undefined) {
        await this.reloadCertificates()
        return { applied: ['certificates'], kept: [] }
      }
      const reloaded = await this.#source.reload(this)
      // Of listeners that stayed as they were the files may have changed.
      for (const one of this.#listeners.certificates) one.refresh()
      return reloaded
    }
    const reloading = reload()
    this.#reloading = reloading.catch(() => {})
    return reloading
  }

  #check(): void {
    if (this.#closed !== undefined) throw new StackError('STACK_STOPPED', 'the broker is closed')
  }

  /** One change at a time. */
  async #use(
    wanted: (open: readonly ListenerConfig[]) => readonly ListenerConfig[],
  ): Promise<readonly Address[]> {
    this.#check()
    const before = this.#listening
    const use = async (): Promise<readonly Address[]> => {
      await before?.catch(() => {})
      const configs = wanted(this.#listeners.open.map(({ config }) => config))
      for (const { transport, providers } of configs)
        checkProviders(this.stack, `${transport} listener`, providers)
      await this.start()
      await this.#listeners.use(configs)
      return this.addresses
    }
    const using = use()
    this.#listening = using.catch(() => this.addresses)
    return using
  }

  async #listen(): Promise<readonly Address[]> {
    for (const { transport, providers } of this.#configs)
      checkProviders(this.stack, `${transport} listener`, providers)
    await this.start()
    await this.#listeners.use(this.#configs)
    return this.addresses
  }

  async #close(): Promise<void> {
    await this.#listening?.catch(() => {})
    this.#listeners.shut()
    for (const one of this.#attached) one.shut()
    await this.stack.stop()
    await Promise.all([this.#listeners.close(), ...[...this.#attached].map((one) => one.close())])
  }
}
