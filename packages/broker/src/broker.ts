/** A stack that listens. */
import { Buffer } from 'node:buffer'
import { EventEmitter } from 'node:events'
import type { Publisher, PublishInit, Stack } from '@mqtt-stack/core'
import {
  isValidTopicName,
  Publish,
  RelayContext,
  Relayer,
  RelayStore,
  StackError,
  topicLevels,
} from '@mqtt-stack/core'
import type { BrokerEvents } from './events.ts'
import { EventBridge } from './events.ts'
import type { Address } from './listeners/address.ts'
import type { AttachOptions, WebServer } from './listeners/attachment.ts'
import { Attachment } from './listeners/attachment.ts'
import type { BrokerListener } from './listeners/broker-listener.ts'
import { checkProviders } from './listeners/check-providers.ts'
import { makeListener } from './listeners/make-listener.ts'
import type { ListenerConfig } from './listeners/options.ts'

/** How {@link Broker.publish} sends: QoS 0 and not retained unless it says otherwise. */
export type PublishOptions = Pick<PublishInit, 'qos' | 'retain' | 'properties'>

/** Who publishes when the broker does: no client has an empty identifier once it is accepted. */
const SELF: Publisher = { clientId: '', identity: undefined }

/** Made by `createBroker`. Emits {@link BrokerEvents}. */
export class Broker extends EventEmitter<BrokerEvents> {
  readonly stack: Stack
  readonly #listeners: readonly ListenerConfig[]
  readonly #relayer: Relayer
  #opened: BrokerListener[] = []
  readonly #attached = new Set<Attachment>()
  #addresses: readonly Address[] = []
  #listening: Promise<readonly Address[]> | undefined
  #closed: Promise<void> | undefined

  /** Internal: `createBroker` makes it. */
  constructor(stack: Stack, listeners: readonly ListenerConfig[]) {
    super()
    this.stack = stack
    this.#relayer = new Relayer(stack)
    this.#listeners = listeners
    stack.use(new EventBridge(this))
  }

  /** Where it listens; empty before and after. */
  get addresses(): readonly Address[] {
    return this.#addresses
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
    this.#attached.add(attachment)
    const detach = (): void => attachment.shut()
    try {
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
   * Publishes a message of the broker's own, past authentication and access rules.
   * @returns How many receivers matched, for how many it was queued or dropped, and whether somebody vetoed it.
   * @throws StackError `TOPIC_INVALID`; what a middleware that relays failed with.
   */
  async publish(
    topic: string,
    payload: Uint8Array | string,
    options: PublishOptions = {},
  ): Promise<RelayStore> {
    const limits = this.stack.config
    const tooLarge = topicLevels(topic) > limits.topicLevels || Buffer.byteLength(topic) > limits.topicBytes
    if (tooLarge || !isValidTopicName(topic)) {
      throw new StackError('TOPIC_INVALID', `not a topic name, or too large: ${JSON.stringify(topic)}`)
    }
    await this.start()
    const packet = Publish.from({ topic, payload, ...options })
    const relay = new RelayContext(undefined, packet, SELF, undefined, 'broker')
    const relayed = new RelayStore()
    await this.#relayer.relay(relay, relayed)
    return relayed
  }

  /**
   * Reads the certificates, keys, authorities and revocation lists of all listeners again, as happens by itself when
   * their files change. Those who are connected stay so, unless their certificate has been revoked.
   * @throws StackError `LISTEN_FAILED` naming what cannot be used; then nothing has changed, at no listener.
   */
  async reloadCertificates(): Promise<void> {
    const reloads = this.#opened.map(({ certificates }) => certificates?.reload())
    for (const use of reloads) use?.()
  }

  #check(): void {
    if (this.#closed !== undefined) throw new StackError('STACK_STOPPED', 'the broker is closed')
  }

  async #listen(): Promise<readonly Address[]> {
    for (const { transport, providers } of this.#listeners)
      checkProviders(this.stack, `${transport} listener`, providers)
    await this.start()
    // All are made before one is opened: a certificate that cannot be used is found before anything listens.
    this.#opened = []
    try {
      for (const config of this.#listeners) this.#opened.push(makeListener(config, this.stack))
    } catch (error) {
      await this.#shut()
      throw error
    }
    const opened = await Promise.allSettled(this.#opened.map((listener) => listener.open()))
    const failed = opened.find((result) => result.status === 'rejected')
    if (failed !== undefined) {
      await this.#shut()
      throw failed.reason
    }
    this.#addresses = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    return this.#addresses
  }

  async #close(): Promise<void> {
    await this.#listening?.catch(() => {})
    for (const one of [...this.#opened, ...this.#attached]) one.shut()
    await this.stack.stop()
    await Promise.all([this.#shut(), ...[...this.#attached].map((attachment) => attachment.close())])
  }

  async #shut(): Promise<void> {
    this.#addresses = []
    await Promise.all(this.#opened.map((listener) => listener.close()))
  }
}
