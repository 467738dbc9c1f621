/** A backend at work: in a stack of its own, on a clock that stands still, with all that it executes written down. */
import type {
  CallbackName,
  Client,
  Context,
  DueWill,
  MiddlewareLike,
  Publish,
  RetainedMessage,
  SessionContext,
  Store,
} from '@mqtt-stack/core'
import { RelayContext, RelayStore } from '@mqtt-stack/core'
import type { TestStack } from '@mqtt-stack/testing'
import { acceptAll, settle, testStack, VirtualClock } from '@mqtt-stack/testing'
import type { BackendUnderTest, HeldCommits, ServiceUnderTest } from './backend-under-test.ts'
import { passUntil } from './brokers.ts'
import { Forwards } from './forwards.ts'
import { heard } from './heard.ts'
import type { MessageInit } from './message.ts'
import { makeMessage, publishOf } from './message.ts'
import type { OpenInit } from './session.ts'
import { Session } from './session.ts'
import { watcherOf } from './watcher.ts'

/** A drop that was told. */
export interface Drop {
  readonly clientId: string
  readonly payload: string
  readonly reason: string
}

/** Who publishes: somebody without a connection by default. */
export interface RelayInit extends MessageInit {
  readonly from?: Session
  /** A packet identifier of the session `from`: it is stored with the message, as for QoS 2. */
  readonly packetId?: number
}

export class Bench {
  /** What was forwarded to connected clients. */
  readonly forwards: Forwards = new Forwards()
  /** What messageDropped told, oldest first. */
  readonly drops: Drop[] = []
  /** What nodeTold told, oldest first. */
  readonly told: Context<'nodeTold'>[] = []
  /** Connections that sessionTakenOver named, oldest first. */
  readonly takenOver: Client[] = []
  /** Called, and waited for, when a session is taken from its connection. */
  onTakenOver: (client: Client) => void | Promise<void> = () => {}
  #under: BackendUnderTest
  /** Further brokers over the same storage. */
  readonly #joined: Bench[] = []
  #test!: TestStack
  #clock: VirtualClock
  #stopped = true
  /** What a check that failed has left undone. */
  #atEnd: (() => void)[] = []
  /** Called with each message that is read from a connection. */
  onPublish: (packet: Publish) => void = () => {}

  constructor(under: BackendUnderTest) {
    this.#under = under
    this.#clock = under.service?.clock ?? new VirtualClock()
  }

  /** The stack; another one after a restart. */
  get stack(): TestStack['stack'] {
    return this.#test.stack
  }

  get clock(): VirtualClock {
    return this.#clock
  }

  get backend(): MiddlewareLike {
    return this.#under.backend
  }

  /** Starts the backend. */
  async start(): Promise<void> {
    this.#test = await testStack({ use: [watcherOf(this), this.backend, acceptAll()], clock: this.#clock })
    this.#stopped = false
  }

  /** Stops the backend, in peace. */
  async stop(): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    const { service } = this.#under
    await (service === undefined ? this.stack.stop() : passUntil(service, this.stack.stop()))
  }

  /** Stops the broker, and starts another one over the same storage `seconds` later. */
  async restart(seconds: number = 0): Promise<void> {
    await this.stop()
    await this.#reopen(seconds)
  }

  /** Kills the broker, and starts another one over the same storage `seconds` later. */
  async crash(underWay: 'lost' | 'written' = 'lost', seconds: number = 0): Promise<void> {
    this.#stopped = true
    await this.#need('crash')(underWay)
    await this.#reopen(seconds)
  }

  /** From now on each commit waits. */
  holdCommits(): HeldCommits {
    const held = this.#need('holdCommits')()
    this.#atEnd.push(() => held.release())
    return held
  }

  /** From now on each commit fails; answers what ends that. */
  failWrites(): () => void {
    const mend = this.#need('failWrites')()
    this.#atEnd.push(mend)
    return mend
  }

  /** A further broker over the same storage. */
  async join(): Promise<Bench> {
    const other = new Bench(await this.#need('join')())
    this.#joined.push(other)
    await other.start()
    return other
  }

  /** Kills the broker: nothing that it does from now on counts. */
  async kill(): Promise<void> {
    this.#stopped = true
    await this.#need('crash')('lost')
  }

  /** The storage is out of reach for this broker; answers what ends that. */
  cut(): () => void {
    const heal = this.#need('cut')()
    this.#atEnd.push(heal)
    return heal
  }

  /** What all brokers have in common. */
  get service(): ServiceUnderTest {
    const { service } = this.#under
    if (service === undefined) throw new TypeError('create() answered no service, which the capability needs')
    return service
  }

  /** Ends everything, whatever is still under way. */
  async close(): Promise<void> {
    for (const undo of this.#atEnd) undo()
    for (const other of this.#joined) await other.close()
    const stopping = this.stop()
    // Several brokers have passed the time that they need already.
    if (this.stack !== undefined && this.#under.service === undefined)
      await this.#clock.advance(4 * this.stack.config.stallTimeout)
    await stopping
    await this.#under.close?.()
  }

  /** A connection that is never accepted. */
  connection(): Client {
    return this.#test.connection().client
  }

  /** A connection that has opened no session. */
  async connect(clientId: string = ''): Promise<Client> {
    await this.#test.client({ protocolVersion: 5, ...(clientId !== '' && { clientId }) })
    return [...this.stack.clients].at(-1) as Client
  }

  /** Executes a callback. That it fails is no error of the process, where a check has failed before it has looked. */
  call<Name extends CallbackName>(name: Name, ctx: Context<Name>, store?: Store<Name>): Promise<Store<Name>> {
    return heard(this.stack.call(name, ctx, store))
  }

  /**
   * Opens a session on a new connection.
   * @throws Error where it is refused.
   */
  open(clientId: string, init: OpenInit = {}): Promise<Session> {
    return heard(Session.open(this, clientId, init))
  }

  /** Opens a session that outlives its connection, subscribes it at QoS 2, and leaves. */
  async openAway(clientId: string, ...topics: readonly string[]): Promise<Session> {
    const session = await this.open(clientId)
    for (const topic of topics) await session.subscribe(topic, { qos: 2 })
    await session.leave()
    return session
  }

  /** Relays a message, `x` to `t` at QoS 1 unless told otherwise; fulfils when the publisher may be answered. */
  relay(init: RelayInit = {}): Promise<RelayStore> {
    return this.relayPacket(makeMessage(init), init)
  }

  relayPacket(packet: Publish, { from, packetId }: RelayInit = {}): Promise<RelayStore> {
    const publisher = { clientId: from?.clientId ?? 'publisher', identity: from?.identity }
    const inbound =
      from === undefined || packetId === undefined
        ? undefined
        : { clientId: from.clientId, epoch: from.epoch, packetId }
    const ctx = new RelayContext(from?.client, packet, publisher, inbound)
    return this.call('relayMessage', ctx, new RelayStore())
  }

  /** Relays a message as one of a client that is not connected any more, as a will is. */
  relayAs(clientId: string, packet: Publish): Promise<RelayStore> {
    const ctx = new RelayContext(undefined, packet, { clientId, identity: undefined }, undefined)
    return this.call('relayMessage', ctx, new RelayStore())
  }

  /** Does something with a message in the turn in which it is read from a connection. */
  async receive(init: MessageInit, use: (packet: Publish) => void): Promise<void> {
    const device = await this.#test.client()
    const received = new Promise<void>((resolve) => {
      this.onPublish = (packet) => {
        use(packet)
        resolve()
      }
    })
    device.send(publishOf(init))
    await received
  }

  /** Retains a message, and answers what became of it. */
  retain(
    topic: string,
    init: MessageInit & { expiresAt?: number } = {},
  ): Promise<Store<'storeRetainedMessage'>> {
    return this.retainPacket(makeMessage({ ...init, topic, retain: true }), init.expiresAt)
  }

  retainPacket(packet: Publish, expiresAt: number = 0): Promise<Store<'storeRetainedMessage'>> {
    const ctx = { client: undefined, topic: packet.topic, packet, messageId: 1, expiresAt }
    return this.call('storeRetainedMessage', ctx)
  }

  /** The retained messages that a filter finds. */
  retained(topic: string, page: { after?: string; limit?: number } = {}): Promise<RetainedMessage[]> {
    return this.call('lookupRetainedMessages', { topic, ...page }, [])
  }

  /** Sessions whose time is over. */
  expired(limit: number = 100): Promise<SessionContext[]> {
    return this.call('lookupExpiredSessions', { now: this.#clock.now(), limit }, [])
  }

  /** Wills whose time has come. */
  dueWills(limit: number = 100): Promise<DueWill[]> {
    return this.call('lookupDueWills', { now: this.#clock.now(), limit }, [])
  }

  /** The payloads of the wills whose time has come; none of them is removed. */
  async dueWillPayloads(): Promise<string[]> {
    return (await this.dueWills()).map(({ packet }) => packet.payload.toString()).sort()
  }

  /** Relays a will and removes it in the turn in which its message is staged, as lastwill does. */
  async relayWill({ clientId, epoch, packet, publisher }: DueWill): Promise<void> {
    const ctx = new RelayContext(undefined, packet, publisher, undefined)
    const remove = (): Promise<unknown> => this.call('removeWill', { clientId, epoch })
    let removed: Promise<unknown> | undefined
    ctx.onStaged = () => {
      removed = remove()
    }
    await this.call('relayMessage', ctx, new RelayStore())
    await (removed ?? remove())
  }

  /** Lets seconds pass. */
  async seconds(count: number): Promise<void> {
    await this.#clock.advance(count * 1_000)
  }

  /** Waits until all is quiet. */
  settle(): Promise<void> {
    return settle()
  }

  async #reopen(seconds: number): Promise<void> {
    this.#under = await this.#need('reopen')()
    // Another process: its clock begins anew, and the wall clock went on.
    this.#clock = new VirtualClock({ wall: this.#clock.wall() + seconds * 1_000 })
    this.forwards.clear()
    await this.start()
  }

  #need<Name extends 'reopen' | 'crash' | 'holdCommits' | 'failWrites' | 'join' | 'cut'>(
    name: Name,
  ): NonNullable<BackendUnderTest[Name]> {
    const found = this.#under[name]
    if (found === undefined) throw new TypeError(`create() answered no ${name}, which the capability needs`)
    return found.bind(this.#under) as NonNullable<BackendUnderTest[Name]>
  }
}
