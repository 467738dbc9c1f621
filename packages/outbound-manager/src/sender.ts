import type {
  Chain,
  Client,
  DropReason,
  Extras,
  Publish,
  Publisher,
  QoS,
  Share,
  Stack,
} from '@mqtt-stack/core'
import { ReasonCode, SendContext, SendStore } from '@mqtt-stack/core'
import { AliasesOut } from './aliases-out.ts'

/** A message for a client and what goes with it. */
export interface Outgoing {
  readonly packet: Publish
  readonly qos: QoS
  readonly retain: boolean
  /** Subscription identifiers (5.0). */
  readonly identifiers: readonly number[] | undefined
  /** When it is over, by the stack's clock (`now()`, ms); 0: what its expiry interval says begins now. */
  readonly expiresAt: number
  readonly share: Share | undefined
  /** Who published it; none where that is not known. */
  publisher: Publisher | undefined
}

/** Writes messages in the way that one client takes them. */
export class Sender {
  readonly #stack: Stack
  readonly #client: Client
  readonly #ask: Chain<'sendMessage'>
  readonly #aliases: AliasesOut | undefined

  /** @param aliases Topic aliases that may be set, if the client takes them. */
  constructor(stack: Stack, client: Client, aliases: number) {
    this.#stack = stack
    this.#client = client
    this.#ask = stack.chain('sendMessage')
    const most = Math.min(aliases, client.settings.topicAliasMaximum)
    this.#aliases = most > 0 ? new AliasesOut(most) : undefined
  }

  /** It sets no topic aliases: a message without subscription identifiers and expiry goes as it is. */
  get direct(): boolean {
    return this.#aliases === undefined
  }

  /**
   * Sends it; false for what the client does not get, which is told: its time is over, a handler of sendMessage withholds
   * it, or the client does not take its size.
   * @param begun It was sent before: then its time is not over any more [MQTT-4.3.3-7].
   */
  send(message: Outgoing, dup: boolean, id: number, begun = false): boolean {
    const { qos, retain, identifiers, expiresAt } = message
    if (!begun && expiresAt !== 0 && expiresAt <= this.#stack.clock.now())
      return this.#drop(message.packet, 'expired')
    const packet = this.#ask.answered ? this.#agreed(message, dup) : message.packet
    if (packet === undefined) return false
    const plain = identifiers === undefined && expiresAt === 0 && this.#aliases === undefined
    if (plain || this.#client.protocolVersion < 5)
      return this.#client.publish(packet, qos, retain, dup, id) || this.#drop(message.packet, 'too-large')
    const left = Math.max(Math.ceil((expiresAt - this.#stack.clock.now()) / 1_000), 0)
    // Never more than came in, whatever a store says.
    const expiry = expiresAt === 0 ? undefined : Math.min(left, packet.expiryInterval ?? 0)
    return (
      this.#sendWith({ identifiers, expiry }, packet, qos, retain, dup, id) ||
      this.#drop(message.packet, 'too-large')
    )
  }

  /** What is written in its place; nothing where somebody withholds it. */
  #agreed(message: Outgoing, dup: boolean): Publish | undefined {
    const client = this.#client
    const { packet, qos, retain, share, publisher } = message
    const ctx = new SendContext(client, packet, qos, retain, dup, share, publisher)
    const store = new SendStore()
    try {
      this.#ask.run(ctx, store)
    } catch (error) {
      // Whether it may be sent is not known. To a closed client nothing is written, and its log keeps the message.
      this.#stack.fail(error as Error, client, packet)
      client.close(ReasonCode.UNSPECIFIED_ERROR, { cause: error as Error })
      return packet
    }
    if (!store.dropped) return ctx.packet
    this.#drop(packet, store.reason)
    return undefined
  }

  #sendWith(
    { identifiers, expiry }: Extras,
    packet: Publish,
    qos: QoS,
    retain: boolean,
    dup: boolean,
    id: number,
  ): boolean {
    const aliases = this.#aliases
    const known = aliases?.get(packet.topic)
    const alias = known ?? aliases?.next
    const extras = { identifiers, expiry, alias, omitTopic: known !== undefined }
    const sent = this.#client.publish(packet, qos, retain, dup, id, extras)
    // The client knows the alias only if it got it.
    if (sent && known === undefined && alias !== undefined) aliases?.set(packet.topic, alias)
    return sent
  }

  #drop(packet: Publish, reason: DropReason): false {
    const client = this.#client
    this.#stack.tell('messageDropped', { clientId: client.id, client, packet, reason, count: 1 })
    return false
  }
}
