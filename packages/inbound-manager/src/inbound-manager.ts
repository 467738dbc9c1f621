import type {
  Ack,
  CallbackName,
  Chain,
  Client,
  OptionsSpec,
  PacketType,
  Publish,
  Session,
} from '@mqtt-stack/core'
import { Middleware, RelayContext, RelayStore, Slot } from '@mqtt-stack/core'
import type { Pending } from './ack-queue.ts'
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
    doc: 'Relays under way for one publisher before it is read no further.',
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
    if (packet.qos === 2 && !this.#claim(client, packet.messageId)) {
      acksOf(client).now('pubrec', packet.messageId)
      return
    }
    return this.#acknowledged(client, packet)
  }

  #once(client: Client, packet: Publish): void | Promise<void> {
    const relay = new RelayContext(client, packet, client.session, undefined)
    const store = new RelayStore()
    const later = this.#relay.run(relay, store)
    if (later !== undefined) return later.then(() => this.#tell(relay, store))
    this.#tell(relay, store)
  }

  #acknowledged(client: Client, packet: Publish): void | Promise<void> {
    const { qos, messageId } = packet
    const { session } = client
    const inbound =
      qos === 2 && session.stored
        ? { clientId: session.clientId, epoch: session.epoch, packetId: messageId }
        : undefined
    const relay = new RelayContext(client, packet, session, inbound)
    const store = new RelayStore()
    const type = qos === 1 ? 'puback' : 'pubrec'
    const acks = acksOf(client)
    const later = this.#relayed(relay, store)
    if (later === undefined) {
      acks.now(type, messageId)
      this.#tell(relay, store)
      return
    }
    return this.#whenRelayed(acks, acks.later(type, messageId), relay, store, later)
  }

  /** Relays; a QoS 2 message that was refused keeps its identifier all the same, so that its repeat is refused too. */
  #relayed(relay: RelayContext, store: RelayStore): void | Promise<void> {
    const later = this.#relay.run(relay, store)
    if (relay.inbound === undefined) return later
    const keep = (): void | Promise<void> => {
      if (store.reasonCode !== undefined && relay.inbound !== undefined) {
        return this.stack.run('storeInboundMessage', relay.inbound, {})
      }
    }
    return later === undefined ? keep() : later.then(keep)
  }

  /** Waits only until the order is fixed; the acknowledgement goes out when the relay is complete. */
  #whenRelayed(
    acks: AckQueue,
    pending: Pending,
    relay: RelayContext,
    store: RelayStore,
    later: Promise<void>,
  ): void | Promise<void> {
    const complete = later.then(() => {
      acks.complete(pending)
      this.#tell(relay, store)
    })
    if (relay.staged) {
      complete.catch((error: Error) => this.stack.fail(error, relay.client, relay.packet))
      return acks.length < this.config.relays ? undefined : acks.moved()
    }
    return new Promise((resolve, reject) => {
      relay.onStaged = resolve
      complete.then(resolve, (error: Error) => {
        // Whoever went on at stage() hears nothing any more: the error is the connection's.
        if (relay.staged) this.stack.fail(error, relay.client, relay.packet)
        else reject(error)
      })
    })
  }

  #release(client: Client, id: number): void | Promise<void> {
    awaitingOf(client).delete(id)
    const { session } = client
    if (session.stored && this.stack.answers('releaseInboundMessages')) {
      const { clientId, epoch } = session
      const later = this.stack.run('releaseInboundMessages', { clientId, epoch, packetIds: [id] }, {})
      if (later !== undefined) return later.then(() => client.ack('pubcomp', id))
    }
    client.ack('pubcomp', id)
  }

  /** Whether this identifier is a new message's. */
  #claim(client: Client, id: number): boolean {
    const awaiting = awaitingOf(client)
    if (awaiting.has(id)) return false
    awaiting.add(id)
    return true
  }

  #tell(relay: RelayContext, relayed: RelayStore): void {
    if (!this.#published.answered) return
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
