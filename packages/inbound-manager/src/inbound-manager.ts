import { isUtf8 } from 'node:buffer'
import type {
  Ack,
  CallbackName,
  Chain,
  Client,
  Context,
  Inbound,
  OptionsSpec,
  PacketType,
  Publish,
  QoS,
  StackError,
  Store,
} from '@mqtt-stack/core'
import {
  bounded,
  Middleware,
  PacketIds,
  ProtocolError,
  ReasonCode,
  RelayContext,
  RelayStore,
  Slot,
} from '@mqtt-stack/core'
import { AckQueue } from './ack-queue.ts'

export interface InboundManagerOptions {
  relays?: number
  relayBytes?: number
  receiveMaximum?: number
  maximumQoS?: QoS
  validatePayloadFormat?: boolean
}

export const INBOUND_MANAGER_OPTIONS: OptionsSpec<InboundManagerOptions> = {
  relays: {
    kind: 'number',
    default: 1_024,
    min: 1,
    unit: 'messages',
    doc: 'Relays and releases under way for one publisher before it is read no further.',
  },
  relayBytes: {
    kind: 'number',
    default: 4_194_304,
    min: 1,
    unit: 'bytes',
    doc: 'And how many bytes of them, which the last one may pass.',
  },
  receiveMaximum: {
    kind: 'number',
    default: 32,
    min: 1,
    max: 65_535,
    unit: 'messages',
    doc: 'QoS 1 and 2 messages that a 5.0 client may have under way to us.',
  },
  maximumQoS: {
    kind: 'number',
    default: 2,
    choices: [0, 1, 2],
    doc: 'Highest QoS that a client may publish with.',
  },
  validatePayloadFormat: {
    kind: 'boolean',
    default: false,
    doc: 'Refuses messages that say that they are UTF-8 text and are not (5.0).',
  },
}

/** What a publisher is owed. */
class Inflow {
  acks: AckQueue | undefined
  /** QoS 2 messages that were relayed and await PUBREL. */
  awaiting: PacketIds | undefined
  /** How many of them an earlier connection left open. */
  restored = 0
  /** What they take, as far as it is counted. */
  bytes = 0
}

const inflow = new Slot(() => new Inflow())

/**
 * Executes relayMessage for each PUBLISH and acknowledges it when the relay is complete. A QoS 2 message whose
 * identifier awaits PUBREL is not relayed again.
 */
export class InboundManager extends Middleware<InboundManagerOptions> {
  readonly handles: readonly PacketType[] = ['publish', 'pubrel']
  readonly behind: readonly CallbackName[] = [
    'authenticateConnection',
    'authenticateExchange',
    'authorizePacket',
  ]
  readonly uses: readonly CallbackName[] = [
    'relayMessage',
    'messagePublished',
    'messageDropped',
    'storeInboundMessage',
    'releaseInboundMessages',
  ]
  #relay!: Chain
  #published!: Chain

  constructor(options?: InboundManagerOptions) {
    super(options, INBOUND_MANAGER_OPTIONS)
  }

  start(): void {
    this.#relay = this.stack.chain('relayMessage')
    this.#published = this.stack.chain('messagePublished')
  }

  handle(client: Client, packet: Publish | Ack<'pubrel'>): void | Promise<void> {
    if (packet.cmd === 'pubrel') return this.#release(client, packet.packetId)
    const { qos, packetId } = packet
    if (client.protocolVersion === 5 || qos > this.config.maximumQoS) {
      const refusal = this.#refusal(client, packet)
      if (refusal !== undefined) return this.#refuse(client, packet, refusal)
    }
    if (qos === 0) return this.#once(client, packet)
    if (qos === 1) return this.#acknowledged(client, packet, undefined)
    if (this.#claim(client, packetId)) return this.#exactlyOnce(client, packet)
    return this.#repeated(client, packetId)
  }

  lookupConnackProperties(
    _ctx: Context<'lookupConnackProperties'>,
    store: Store<'lookupConnackProperties'>,
  ): void {
    const { receiveMaximum, maximumQoS } = this.config
    const { topicAliases } = this.stack.config
    if (receiveMaximum < 65_535) store.set('receiveMaximum', receiveMaximum)
    if (maximumQoS < 2) store.set('maximumQoS', maximumQoS)
    if (topicAliases > 0) store.set('topicAliasMaximum', topicAliases)
  }

  /** Waits for the relays and releases under way: whoever opens the session next finds their identifiers. */
  settleClient({ client }: Context<'settleClient'>): void | Promise<void> {
    return inflow.peek(client)?.acks?.settled()
  }

  /**
   * What a 5.0 client is told of a message that is not taken; `undefined` for one that is.
   * @throws ProtocolError for what the server said at CONNACK that it does not take.
   */
  #refusal(client: Client, packet: Publish): ReasonCode | undefined {
    const { qos, retain, packetId } = packet
    if (qos > this.config.maximumQoS)
      throw unavailable(ReasonCode.QOS_NOT_SUPPORTED, `QoS ${qos}`, 'MQTT-3.2.2-11')
    if (retain && client.connack?.retainAvailable === false)
      throw unavailable(ReasonCode.RETAIN_NOT_SUPPORTED, 'retain', 'MQTT-3.2.2-14')
    if (this.config.validatePayloadFormat && packet.payloadIsText && !isUtf8(packet.payload)) {
      return ReasonCode.PAYLOAD_FORMAT_INVALID
    }
    if (qos === 0) return undefined
    const awaiting = awaitingOf(client)
    if (awaiting.has(packetId)) return qos === 1 ? ReasonCode.PACKET_IDENTIFIER_IN_USE : undefined
    // What an earlier connection left open does not count against this one.
    const underWay = awaiting.size - inflow.of(client).restored + acksOf(client).ends
    if (underWay < this.config.receiveMaximum) return undefined
    const message = `more than ${this.config.receiveMaximum} messages under way`
    throw new ProtocolError('QUOTA_EXCEEDED', ReasonCode.RECEIVE_MAXIMUM_EXCEEDED, message, 'MQTT-3.3.4-7')
  }

  /** Tells the client why; QoS 0 has no way to be told. */
  #refuse(client: Client, packet: Publish, reasonCode: ReasonCode): void | Promise<void> {
    const { qos, packetId } = packet
    this.stack.tell('messageDropped', { clientId: client.id, client, packet, reason: 'refused', count: 1 })
    if (qos === 0) return
    acksOf(client).now(qos === 1 ? 'puback' : 'pubrec', packetId, reasonCode)
    return this.#room(acksOf(client))
  }

  #once(client: Client, packet: Publish): void | Promise<void> {
    const relay = new RelayContext(client, packet, client.session, undefined)
    const store = new RelayStore()
    const later = this.#relay.run(relay, store)
    if (later !== undefined) return later.then(() => this.#tell(relay, store))
    this.#tell(relay, store)
  }

  #exactlyOnce(client: Client, packet: Publish): void | Promise<void> {
    const { session } = client
    const { packetId } = packet
    const inbound = session.stored ? { clientId: session.clientId, epoch: client.epoch, packetId } : undefined
    try {
      return this.#acknowledged(client, packet, inbound)
    } catch (error) {
      this.#failed(client, packet)
      throw error
    }
  }

  /** The message is known; while its relay is under way the PUBREC is to come. */
  #repeated(client: Client, id: number): void | Promise<void> {
    const acks = acksOf(client)
    if (acks.owes('pubrec', id)) return
    acks.now('pubrec', id, ReasonCode.SUCCESS)
    return this.#room(acks)
  }

  #acknowledged(client: Client, packet: Publish, inbound: Inbound | undefined): void | Promise<void> {
    const { qos, packetId } = packet
    const relay = new RelayContext(client, packet, client.session, inbound)
    const store = new RelayStore()
    const type = qos === 1 ? 'puback' : 'pubrec'
    const acks = acksOf(client)
    const later = this.#relayed(relay, store)
    if (later === undefined) {
      acks.now(type, packetId, this.#outcome(client, packet, store))
      this.#tell(relay, store)
      return
    }
    const pending = acks.later(type, packetId, packet.size)
    const complete = later.then(
      () => {
        acks.complete(pending, this.#outcome(client, packet, store))
        this.#tell(relay, store)
      },
      (error: Error) => {
        if (qos === 2) this.#failed(client, packet)
        // The store says itself that it cannot commit; a 5.0 client may try again later, an older one by connecting again.
        if (client.protocolVersion === 5 && (error as StackError).code === 'STORE_FAILED') {
          acks.complete(pending, ReasonCode.QUOTA_EXCEEDED)
          return
        }
        acks.lose(pending)
        throw error
      },
    )
    return this.#whenStaged(acks, relay, packet, complete)
  }

  /** Relays; a QoS 2 message that was refused keeps its identifier all the same, so that its repeat is refused too. */
  #relayed(relay: RelayContext, store: RelayStore): void | Promise<void> {
    const later = this.#relay.run(relay, store)
    if (relay.inbound === undefined) return later
    const keep = (): void | Promise<void> => {
      // A 5.0 client is told of the refusal, which frees the identifier.
      const told = relay.client?.protocolVersion === 5 && store.reasonCode !== undefined
      if (store.vetoed && !told && relay.inbound !== undefined) {
        return this.stack.run('storeInboundMessage', relay.inbound, {})
      }
    }
    return later === undefined ? keep() : later.then(keep)
  }

  /** Waits only until the order is fixed; the acknowledgement goes out when the relay is complete. */
  #whenStaged(
    acks: AckQueue,
    relay: RelayContext,
    packet: Publish,
    complete: Promise<void>,
  ): void | Promise<void> {
    // Whoever went on at stage() hears nothing any more: the error is the connection's.
    const stray = (error: Error): void => this.stack.fail(error, relay.client, packet)
    if (relay.staged) {
      complete.catch(stray)
      return this.#room(acks)
    }
    // The relay has a bound of its own.
    return bounded(
      new Promise((resolve, reject) => {
        relay.onStaged = () => resolve(this.#room(acks))
        complete.then(resolve, (error: Error) => (relay.staged ? stray(error) : reject(error)))
      }),
    )
  }

  /** What a 5.0 client is told of a relay that is complete; a refusal frees the identifier of a QoS 2 message. */
  #outcome(
    client: Client,
    { qos, packetId }: Publish,
    { reasonCode, vetoed, matched }: RelayStore,
  ): ReasonCode {
    if (client.protocolVersion < 5) return ReasonCode.SUCCESS
    if (reasonCode !== undefined) {
      if (qos === 2 && reasonCode >= 0x80) awaitingOf(client).delete(packetId)
      return reasonCode
    }
    return matched > 0 || vetoed ? ReasonCode.SUCCESS : ReasonCode.NO_MATCHING_SUBSCRIBERS
  }

  /** PUBCOMP goes out once the identifier is free for good. */
  #release(client: Client, id: number): void | Promise<void> {
    const awaiting = awaitingOf(client)
    const known = awaiting.has(id)
    awaiting.delete(id)
    const reasonCode = known ? ReasonCode.SUCCESS : ReasonCode.PACKET_IDENTIFIER_NOT_FOUND
    const { session } = client
    const acks = acksOf(client)
    const later = session.stored ? this.#free(client, id) : undefined
    if (later === undefined) {
      acks.now('pubcomp', id, reasonCode)
      return
    }
    const pending = acks.later('pubcomp', id)
    later.then(
      () => acks.complete(pending, reasonCode),
      (error: Error) => {
        acks.lose(pending)
        this.stack.fail(error, client, undefined)
      },
    )
    return this.#room(acks)
  }

  #free({ id: clientId, epoch }: Client, id: number): void | Promise<void> {
    return this.stack.run('releaseInboundMessages', { clientId, epoch, packetIds: [id] }, {})
  }

  /** At the limit the client is read no further until something is done. */
  #room(acks: AckQueue): void | Promise<void> {
    const { relays, relayBytes } = this.config
    if (acks.length >= relays || acks.bytes >= relayBytes) return acks.moved()
  }

  /** Whether this identifier is a new message's. */
  #claim(client: Client, id: number): boolean {
    const awaiting = awaitingOf(client)
    if (awaiting.has(id)) return false
    const growth = awaiting.growth(id)
    if (growth > 0) count(client, growth)
    awaiting.add(id)
    return true
  }

  /** Nobody has the message: its repeat is to be relayed. */
  #failed(client: Client, { packetId }: Publish): void {
    awaitingOf(client).delete(packetId)
  }

  #tell(relay: RelayContext, relayed: RelayStore): void {
    if (relayed.vetoed || !this.#published.answered) return
    const { client, publisher, packet } = relay
    this.stack.tell('messagePublished', { client, publisher, packet, relayed })
  }
}

function acksOf(client: Client): AckQueue {
  const state = inflow.of(client)
  state.acks ??= new AckQueue(client)
  return state.acks
}

function awaitingOf(client: Client): PacketIds {
  const state = inflow.of(client)
  state.awaiting ??= restore(client, state)
  return state.awaiting
}

function restore(client: Client, state: Inflow): PacketIds {
  const ids = client.session.inboundIds ?? new PacketIds()
  state.restored = ids.size
  return ids
}

/** A bit each: no more than 8 KiB for a client, which is counted and never refused. */
function count(client: Client, growth: number): void {
  const { stack } = client
  const state = inflow.of(client)
  const account = stack.ledger.accountOf(client)
  if (state.bytes === 0) client.onClose(() => account.release(state.bytes))
  state.bytes += growth
  account.add(growth)
}

function unavailable(reasonCode: ReasonCode, what: string, statement: string): ProtocolError {
  return new ProtocolError(
    'PROTOCOL_ERROR',
    reasonCode,
    `a PUBLISH with ${what}, which is not available`,
    statement,
  )
}
