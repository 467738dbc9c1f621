import type { Ack, CallbackName, Client, Context, PacketType, Store } from '@mqtt-stack/core'
import { Middleware, Slot } from '@mqtt-stack/core'
import type { OutboundManagerOptions } from './options.ts'
import { OUTBOUND_MANAGER_OPTIONS } from './options.ts'
import type { Inflight } from './outflow.ts'
import { Outflow } from './outflow.ts'
import { WaitingQueue } from './waiting-queue.ts'

export type { OutboundManagerOptions } from './options.ts'

/** Made at the first QoS 1 or 2 message, or when a session is resumed. */
class Lane {
  flow: Outflow | undefined
}

const lane = new Slot(() => new Lane())

/** Answers forwardMessage; alone owns the window, resending and PUBREL. */
export class OutboundManager extends Middleware<OutboundManagerOptions> {
  readonly handles: readonly PacketType[] = ['puback', 'pubrec', 'pubcomp']
  readonly uses: readonly CallbackName[] = [
    'lookupOfflineMessages',
    'releaseOfflineMessages',
    'removeOfflineMessages',
    'messageDropped',
  ]

  constructor(options?: OutboundManagerOptions) {
    super(options, OUTBOUND_MANAGER_OPTIONS)
  }

  forwardMessage(ctx: Context<'forwardMessage'>, store: Store<'forwardMessage'>): void {
    const { client, packet, sequence } = ctx
    // The seed's context is { client, packet } alone.
    const qos = ctx.qos ?? packet.qos
    if (qos === 0) {
      if (client.congested || !client.connected) this.#drop(ctx, store)
      else {
        client.publish(packet, 0, ctx.retain ?? false, false, 0)
        store.outcome = 'sent'
      }
      return
    }
    const flow = this.#flowOf(client)
    store.outcome = sequence === undefined ? flow.forwardLive(ctx) : flow.forwardStored(ctx, sequence)
    if (store.outcome === 'dropped') this.#drop(ctx, store)
  }

  handle(client: Client, packet: Ack): void | Promise<void> {
    const flow = this.#flowOf(client)
    const { cmd, messageId: id } = packet
    const entry = flow.find(id, cmd === 'puback' ? 1 : 2)
    if (cmd === 'pubrec') return this.#received(client, id, entry)
    if (entry !== undefined) flow.delivered(id, entry)
  }

  resumeSession({ client, present }: Context<'resumeSession'>): void | Promise<void> {
    if (client.session.stored || lane.of(client).flow !== undefined)
      return this.#flowOf(client).resume(present)
  }

  cleanDisconnect({ client }: Context<'cleanDisconnect'>): void | Promise<void> {
    return lane.of(client).flow?.settle()
  }

  uncleanDisconnect({ client }: Context<'uncleanDisconnect'>): void | Promise<void> {
    return lane.of(client).flow?.settle()
  }

  /** PUBREL goes out once the log knows that only it is left; also for an identifier that is not in flight. */
  #received(client: Client, id: number, entry: Inflight | undefined): void | Promise<void> {
    if (entry !== undefined && entry.messageId !== 0) {
      const { clientId, epoch } = client.session
      const ctx = { clientId, epoch, messageIds: [entry.messageId], sequences: [entry.sequence] }
      const later = this.stack.run('releaseOfflineMessages', ctx, {})
      if (later !== undefined) return later.then(() => client.ack('pubrel', id))
    }
    client.ack('pubrel', id)
  }

  #drop({ client, packet }: Context<'forwardMessage'>, store: Store<'forwardMessage'>): void {
    store.outcome = 'dropped'
    const reason = !client.connected
      ? 'not-connected'
      : packet.qos === 0 || client.congested
        ? 'outbox-full'
        : 'queue-full'
    if (this.stack.answers('messageDropped')) {
      this.stack.tell('messageDropped', { clientId: client.id, client, packet, reason, count: 1 })
    }
  }

  #flowOf(client: Client): Outflow {
    const state = lane.of(client)
    if (state.flow === undefined) {
      const { inflight, queueMessages, queueBytes } = this.config
      state.flow = new Outflow(this.stack, client, inflight, new WaitingQueue(queueMessages, queueBytes))
    }
    return state.flow
  }
}
