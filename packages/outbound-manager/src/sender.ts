import type { Author, Client, DropReason, Extras, Publish, QoS, Share, Stack } from '@mqtt-stack/core'
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
  readonly publisher: Author | undefined
}

/** Writes messages in the way that one client takes them. */
export class Sender {
  readonly #stack: Stack
  readonly #client: Client
  readonly #aliases: AliasesOut | undefined

  /** @param aliases Topic aliases that may be set, if the client takes them. */
  constructor(stack: Stack, client: Client, aliases: number) {
    this.#stack = stack
    this.#client = client
    const most = Math.min(aliases, client.settings.topicAliasMaximum)
    this.#aliases = most > 0 ? new AliasesOut(most) : undefined
  }

  /** It sets no topic aliases: a message without subscription identifiers and expiry goes as it is. */
  get direct(): boolean {
    return this.#aliases === undefined
  }

  /**
   * Sends it; false when its time is over or the client does not take its size, which is told.
   * @param begun It was sent before: then its time is not over any more [MQTT-4.3.3-7].
   */
  send(message: Outgoing, dup: boolean, id: number, begun = false): boolean {
    const { packet, qos, retain, identifiers, expiresAt } = message
    const plain = identifiers === undefined && expiresAt === 0 && this.#aliases === undefined
    if (plain || this.#client.protocolVersion < 5) {
      if (!begun && expiresAt !== 0 && expiresAt <= this.#stack.clock.now())
        return this.#drop(packet, 'expired')
      return this.#client.publish(packet, qos, retain, dup, id) || this.#drop(packet, 'too-large')
    }
    const left = Math.ceil((expiresAt - this.#stack.clock.now()) / 1_000)
    if (!begun && expiresAt !== 0 && left <= 0) return this.#drop(packet, 'expired')
    // Never more than came in, whatever a store says.
    const expiry = expiresAt === 0 ? undefined : Math.min(Math.max(left, 0), packet.expiryInterval ?? 0)
    return (
      this.#sendWith({ identifiers, expiry }, packet, qos, retain, dup, id) || this.#drop(packet, 'too-large')
    )
  }

  #sendWith(extras: Extras, packet: Publish, qos: QoS, retain: boolean, dup: boolean, id: number): boolean {
    const aliases = this.#aliases
    const known = aliases?.get(packet.topic)
    if (known !== undefined) {
      return this.#client.publish(packet, qos, retain, dup, id, { ...extras, alias: known, omitTopic: true })
    }
    const alias = aliases?.next
    const sent = this.#client.publish(packet, qos, retain, dup, id, { ...extras, alias })
    // The client knows the alias only if it got it.
    if (sent && alias !== undefined) aliases?.set(packet.topic, alias)
    return sent
  }

  #drop(packet: Publish, reason: DropReason): false {
    const client = this.#client
    this.#stack.tell('messageDropped', { clientId: client.id, client, packet, reason, count: 1 })
    return false
  }
}
