import type {
  Ack,
  CallbackName,
  Chain,
  Client,
  Inbound,
  OptionsSpec,
  PacketType,
  Publish,
  Session,
} from '@mqtt-stack/core'
import { Middleware, RelayContext, RelayStore, Slot } from '@mqtt-stack/core'
import { AckQueue } from './ack-queue.ts'
import { PacketIds } from './packet-ids.ts'

export interface InboundManagerOptions {
  relays?: number
}

export const INBOUND_MANAGER_OPTIONS: OptionsSpec<InboundManagerOptions> = {
  relays: {
    kind: 'number',
    default: 1_024,
    min: 1,
    unit: 'messages',
    doc: 'Relays and releases under way for one publisher before it is read no further.',
  },
}

/** What a publisher is owed. */
class Inflow {
  acks: AckQueue | undefined
  /** QoS 2 messages that were relayed and await PUBREL. */
  awaiting: PacketIds | undefined
}

const inflow = new Slot(() => new Inflow())

/**
 * Executes relayMessage for each PUBLISH and acknowledges it when the relay is complete. A QoS 2 message whose
 * identifier awaits PUBREL is not relayed again.
 */
export class InboundManager extends Middleware<InboundManagerOptions> {
  readonly handles: readonly PacketType[] = ['publish', 'pubrel']
  readonly uses: readonly CallbackName[] = [
    'relayMessage',
    'messagePublished',
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
    if (packet.cmd === 'pubrel') return this.#release(client, packet.messageId)
    if (packet.qos === 0) return this.#once(client, packet)
    if (packet.qos === 1) return this.#acknowledged(client, packet, undefined)
    if (this.#claim(client, packet.messageId)) return this.#exactlyOnce(client, packet)
    return this.#repeated(client, packet.messageId)
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
    const { messageId: packetId } = packet
    const inbound = session.stored
      ? { clientId: session.clientId, epoch: session.epoch, packetId }
      : undefined
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
    acks.now('pubrec', id)
    return this.#room(acks)
  }

  #acknowledged(client: Client, packet: Publish, inbound: Inbound | undefined): void | Promise<void> {
    const { qos, messageId } = packet
    const relay = new RelayContext(client, packet, client.session, inbound)
    const store = new RelayStore()
    const type = qos === 1 ? 'puback' : 'pubrec'
    const acks = acksOf(client)
    const later = this.#relayed(relay, store)
    if (later === undefined) {
      acks.now(type, messageId)
      this.#tell(relay, store)
      return
    }
    const pending = acks.later(type, messageId)
    const complete = later.then(
      () => {
        acks.complete(pending)
        this.#tell(relay, store)
      },
      (error: Error) => {
        if (qos === 2) this.#failed(client, packet)
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
      if (store.vetoed && relay.inbound !== undefined) {
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
    return new Promise((resolve, reject) => {
      relay.onStaged = () => resolve(this.#room(acks))
      complete.then(resolve, (error: Error) => (relay.staged ? stray(error) : reject(error)))
    })
  }

  /** PUBCOMP goes out once the identifier is free for good. */
  #release(client: Client, id: number): void | Promise<void> {
    awaitingOf(client).delete(id)
    const { session } = client
    const acks = acksOf(client)
    const later = session.stored ? this.#free(session, id) : undefined
    if (later === undefined) {
      acks.now('pubcomp', id)
      return
    }
    const pending = acks.later('pubcomp', id)
    later.then(
      () => acks.complete(pending),
      (error: Error) => {
        acks.lose(pending)
        this.stack.fail(error, client, undefined)
      },
    )
    return this.#room(acks)
  }

  #free({ clientId, epoch }: Session, id: number): void | Promise<void> {
    return this.stack.run('releaseInboundMessages', { clientId, epoch, packetIds: [id] }, {})
  }

  /** At the limit the client is read no further until something is done. */
  #room(acks: AckQueue): void | Promise<void> {
    if (acks.length >= this.config.relays) return acks.moved()
  }

  /** Whether this identifier is a new message's. */
  #claim(client: Client, id: number): boolean {
    const awaiting = awaitingOf(client)
    if (awaiting.has(id)) return false
    awaiting.add(id)
    return true
  }

  /** Nobody has the message: its repeat is to be relayed. */
  #failed(client: Client, { messageId }: Publish): void {
    awaitingOf(client).delete(messageId)
  }

  #tell(relay: RelayContext, relayed: RelayStore): void {
    if (relayed.vetoed || !this.#published.answered) return
    this.stack.tell('messagePublished', { client: relay.client, packet: relay.packet, relayed })
  }
}

function acksOf(client: Client): AckQueue {
  const state = inflow.of(client)
  state.acks ??= new AckQueue(client)
  return state.acks
}

function awaitingOf(client: Client): PacketIds {
  const state = inflow.of(client)
  state.awaiting ??= restore(client.session)
  return state.awaiting
}

function restore({ inboundIds }: Session): PacketIds {
  const ids = new PacketIds()
  for (const id of inboundIds) ids.add(id)
  return ids
}
