import { isUtf8 } from 'node:buffer'
import type {
  Ack,
  CallbackName,
  Client,
  Context,
  Inbound,
  PacketType,
  Publish,
  StackError,
  Store,
} from '@mqtt-stack/core'
import {
  bounded,
  Middleware,
  ProtocolError,
  protocolError,
  ReasonCode,
  RelayContext,
  Relayer,
  RelayStore,
} from '@mqtt-stack/core'
import type { AckQueue } from './ack-queue.ts'
import { inflow } from './inflow.ts'
import type { InboundManagerOptions } from './options.ts'
import { INBOUND_MANAGER_OPTIONS } from './options.ts'

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
  #relayer!: Relayer

  constructor(options?: InboundManagerOptions) {
    super(options, INBOUND_MANAGER_OPTIONS)
  }

  start(): void {
    this.#relayer = new Relayer(this.stack)
  }

  handle(client: Client, packet: Publish | Ack<'pubrel'>): void | Promise<void> {
    if (packet.cmd === 'pubrel') return this.#release(client, packet.packetId)
    const { qos, packetId } = packet
    if (client.protocolVersion === 5 || qos > this.config.maximumQoS) {
      const refusal = this.#refusal(client, packet)
      if (refusal !== undefined) return this.#refuse(client, packet, refusal)
    }
    if (qos === 0) return this.#relayAtMostOnce(client, packet)
    if (qos === 1) return this.#relayAndAcknowledge(client, packet, undefined)
    if (inflow.of(client).claim(client, packetId)) return this.#relayExactlyOnce(client, packet)
    return this.#answerRepeat(client, packetId)
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
    return inflow.peek(client)?.settle()
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
    const flow = inflow.of(client)
    if (flow.awaiting(client).has(packetId))
      return qos === 1 ? ReasonCode.PACKET_IDENTIFIER_IN_USE : undefined
    if (flow.underWay(client) < this.config.receiveMaximum) return undefined
    const message = `more than ${this.config.receiveMaximum} messages under way`
    throw new ProtocolError('QUOTA_EXCEEDED', ReasonCode.RECEIVE_MAXIMUM_EXCEEDED, message, 'MQTT-3.3.4-7')
  }

  /** Tells the client why; QoS 0 has no way to be told. */
  #refuse(client: Client, packet: Publish, reasonCode: ReasonCode): void | Promise<void> {
    const { qos, packetId } = packet
    this.stack.tell('messageDropped', { clientId: client.id, client, packet, reason: 'refused', count: 1 })
    if (qos === 0) return
    acksOf(client).send(qos === 1 ? 'puback' : 'pubrec', packetId, reasonCode)
    return this.#waitForRoom(acksOf(client))
  }

  #relayAtMostOnce(client: Client, packet: Publish): void | Promise<void> {
    return this.#relayer.relay(new RelayContext(client, packet, client.session, undefined), new RelayStore())
  }

  #relayExactlyOnce(client: Client, packet: Publish): void | Promise<void> {
    const { session } = client
    const { packetId } = packet
    const inbound = session.stored ? { clientId: session.clientId, epoch: client.epoch, packetId } : undefined
    try {
      return this.#relayAndAcknowledge(client, packet, inbound)
    } catch (error) {
      this.#giveUp(client, packet)
      throw error
    }
  }

  /** The message is known; while its relay is under way the PUBREC is to come. */
  #answerRepeat(client: Client, id: number): void | Promise<void> {
    const acks = acksOf(client)
    if (acks.isPending('pubrec', id)) return
    acks.send('pubrec', id, ReasonCode.SUCCESS)
    return this.#waitForRoom(acks)
  }

  #relayAndAcknowledge(client: Client, packet: Publish, inbound: Inbound | undefined): void | Promise<void> {
    const { qos, packetId } = packet
    const relay = new RelayContext(client, packet, client.session, inbound)
    const store = new RelayStore()
    const type = qos === 1 ? 'puback' : 'pubrec'
    const acks = acksOf(client)
    const later = this.#relay(relay, store)
    if (later === undefined) {
      acks.send(type, packetId, this.#reasonCodeOf(client, packet, store))
      return
    }
    const pending = acks.reserve(type, packetId, packet.size)
    const complete = (): void => acks.complete(pending, this.#reasonCodeOf(client, packet, store))
    const drop = (error: Error): void => {
      if (qos === 2) this.#giveUp(client, packet)
      // The store says itself that it cannot commit; a 5.0 client may try again later, an older one by connecting again.
      if (client.protocolVersion === 5 && (error as StackError).code === 'STORE_FAILED') {
        acks.complete(pending, ReasonCode.QUOTA_EXCEEDED)
        return
      }
      acks.drop(pending)
      throw error
    }
    if (!relay.staged) return this.#waitUntilStaged(acks, relay, packet, later.then(complete, drop))
    // Whoever goes on now hears nothing any more: an error is the connection's. One promise a message, not three.
    const told =
      <Value>(settle: (value: Value) => void) =>
      (value: Value): void => {
        try {
          settle(value)
        } catch (error) {
          this.stack.fail(error as Error, client, packet)
        }
      }
    later.then(told(complete), told(drop))
    return this.#waitForRoom(acks)
  }

  /** Relays; a QoS 2 message that was refused keeps its identifier all the same, so that its repeat is refused too. */
  #relay(relay: RelayContext, store: RelayStore): void | Promise<void> {
    const later = this.#relayer.relay(relay, store)
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
  #waitUntilStaged(
    acks: AckQueue,
    relay: RelayContext,
    packet: Publish,
    complete: Promise<void>,
  ): void | Promise<void> {
    // Whoever went on at stage() hears nothing any more: the error is the connection's.
    const stray = (error: Error): void => this.stack.fail(error, relay.client, packet)
    // The relay has a bound of its own.
    return bounded(
      new Promise((resolve, reject) => {
        relay.onStaged = () => resolve(this.#waitForRoom(acks))
        complete.then(resolve, (error: Error) => (relay.staged ? stray(error) : reject(error)))
      }),
    )
  }

  /** What a 5.0 client is told of a relay that is complete; a refusal frees the identifier of a QoS 2 message. */
  #reasonCodeOf(
    client: Client,
    { qos, packetId }: Publish,
    { reasonCode, vetoed, matched }: RelayStore,
  ): ReasonCode {
    if (client.protocolVersion < 5) return ReasonCode.SUCCESS
    if (reasonCode !== undefined) {
      if (qos === 2 && reasonCode >= 0x80) inflow.of(client).awaiting(client).delete(packetId)
      return reasonCode
    }
    return matched > 0 || vetoed ? ReasonCode.SUCCESS : ReasonCode.NO_MATCHING_SUBSCRIBERS
  }

  /** PUBCOMP goes out once the identifier is free for good. */
  #release(client: Client, id: number): void | Promise<void> {
    const awaiting = inflow.of(client).awaiting(client)
    const known = awaiting.has(id)
    awaiting.delete(id)
    const reasonCode = known ? ReasonCode.SUCCESS : ReasonCode.PACKET_IDENTIFIER_NOT_FOUND
    const { session } = client
    const acks = acksOf(client)
    const later = session.stored ? this.#freeIdentifier(client, id) : undefined
    if (later === undefined) {
      acks.send('pubcomp', id, reasonCode)
      return
    }
    const pending = acks.reserve('pubcomp', id)
    later.then(
      () => acks.complete(pending, reasonCode),
      (error: Error) => {
        acks.drop(pending)
        this.stack.fail(error, client, undefined)
      },
    )
    return this.#waitForRoom(acks)
  }

  #freeIdentifier({ id: clientId, epoch }: Client, id: number): void | Promise<void> {
    return this.stack.run('releaseInboundMessages', { clientId, epoch, packetIds: [id] }, {})
  }

  /** At the limit the client is read no further until something is done. */
  #waitForRoom(acks: AckQueue): void | Promise<void> {
    const { relays, relayBytes } = this.config
    if (acks.length >= relays || acks.bytes >= relayBytes) return acks.waitForRoom()
  }

  /** Nobody has the message: its repeat is to be relayed. */
  #giveUp(client: Client, { packetId }: Publish): void {
    inflow.of(client).awaiting(client).delete(packetId)
  }
}

function acksOf(client: Client): AckQueue {
  return inflow.of(client).acks(client)
}

function unavailable(reasonCode: ReasonCode, what: string, statement: string): ProtocolError {
  return protocolError(`a PUBLISH with ${what}, which is not available`, statement, reasonCode)
}
