/** What is remembered of what happened, to be asked about later: all of it bounded. */
import type { Clock, Context, DropReason, EndedRun } from '@mqtt-stack/core'
import { BoundedMap } from './bounded-map.ts'
import type { Happened } from './history.ts'
import { History } from './history.ts'
import type { Refusal } from './refusals.ts'
import { refusalsOf, stalledOf } from './refusals.ts'

/** A will that waits: its topic, and when it is due by the stack's clock (ms). */
export interface WaitingWill {
  readonly topic: string
  readonly dueAt: number
}

/** What one kind of drop did to one client and topic within a short time. */
const SAME = 1_000

export class Memory {
  readonly history: History
  /** By client identifier. */
  readonly wills: BoundedMap<WaitingWill>
  /** When the retained message of a topic is over, by the stack's clock (ms). */
  readonly retained: BoundedMap<number>
  readonly #clock: Clock
  /** The last drop of each client: a flood of the same is one event. */
  readonly #drops: BoundedMap<Extract<Happened, { kind: 'dropped' }>>
  /** The last refusal of each client, as well. */
  readonly #noes: BoundedMap<Extract<Happened, { kind: 'no' }>>

  constructor(clock: Clock, most: number, milliseconds: number) {
    this.#clock = clock
    this.history = new History(most, milliseconds)
    this.wills = new BoundedMap(most)
    this.retained = new BoundedMap(most)
    this.#drops = new BoundedMap(most)
    this.#noes = new BoundedMap(most)
  }

  dropped({ clientId, packet: { topic }, reason, count }: Context<'messageDropped'>): void {
    const at = this.#clock.now()
    const last = this.#drops.get(clientId)
    if (last !== undefined && isSame(last, topic, reason) && at - last.at < SAME) {
      last.count += count
      return
    }
    const event = { kind: 'dropped' as const, at, clientId, topic, reason, count }
    this.#drops.set(clientId, event)
    this.history.add(event)
  }

  /** A middleware ended a chain. */
  ended(run: EndedRun): void {
    for (const refusal of refusalsOf(run)) this.#refusedBy(refusal)
  }

  stalled({ callback, middleware, client }: Context<'handlerStalled'>): void {
    const refusal = stalledOf(callback, middleware, client?.id ?? '')
    if (refusal !== undefined) this.#refusedBy(refusal)
  }

  #refusedBy(refusal: Refusal): void {
    const at = this.#clock.now()
    const last = this.#noes.get(refusal.clientId)
    if (last !== undefined && isSameRefusal(last, refusal) && at - last.at < SAME) {
      last.count++
      return
    }
    const event = { kind: 'no' as const, at, count: 1, ...refusal }
    this.#noes.set(refusal.clientId, event)
    this.history.add(event)
  }

  refused({ client, reasonCode, reason, cause }: Context<'clientRefused'>): void {
    if (!client?.id) return
    const why = cause?.message ?? reason
    this.history.add({
      kind: 'refused',
      at: this.#clock.now(),
      clientId: client.id,
      reasonCode,
      reason: why,
    })
  }

  connected({ client }: Context<'clientConnected'>): void {
    this.wills.delete(client.id)
  }

  disconnected({ client, clean, reasonCode, cause }: Context<'clientDisconnected'>): void {
    const { id: clientId, will } = client
    if (will?.dueAt !== undefined) this.wills.set(clientId, { topic: will.packet.topic, dueAt: will.dueAt })
    if (clean && client.reasonCode === undefined) return
    const reason = client.reason ?? cause?.message
    this.history.add({ kind: 'closed', at: this.#clock.now(), clientId, reasonCode, reason })
  }

  relayed({ packet, origin, publisher }: Context<'relayMessage'>): void {
    if (origin === 'will') this.wills.delete(publisher.clientId)
    if (!packet.retain) return
    const { topic, expiryInterval } = packet
    if (packet.payloadLength === 0 || expiryInterval === undefined) this.retained.delete(topic)
    else this.retained.set(topic, this.#clock.now() + expiryInterval * 1_000)
  }

  sessionEnded({ clientId, reason }: Context<'sessionEnded'>): void {
    this.history.add({ kind: 'session-over', at: this.#clock.now(), clientId, reason })
  }

  filterRefused({ client, topic, reason = 'refused' }: Context<'subscriptionRefused'>): void {
    const at = this.#clock.now()
    this.history.add({ kind: 'filter-refused', at, clientId: client.id, topic, reason })
  }

  unsubscribed({ clientId, topic, existed }: Context<'topicUnsubscribed'>): void {
    if (existed) this.history.add({ kind: 'unsubscribed', at: this.#clock.now(), clientId, topic })
  }
}

function isSame(last: { topic: string; reason: DropReason }, topic: string, reason: DropReason): boolean {
  return last.topic === topic && last.reason === reason
}

function isSameRefusal(last: Refusal, { topic, callback, middleware, how }: Refusal): boolean {
  return (
    last.topic === topic && last.callback === callback && last.middleware === middleware && last.how === how
  )
}
