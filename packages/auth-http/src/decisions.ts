/** What clients may do, as far as it was asked lately: found without a promise, and without a new object. */
import type { Client, Clock } from '@mqtt-stack/core'
import { Slot } from '@mqtt-stack/core'
import type { Question } from './messages.ts'

export type Decision = 'allow' | 'deny' | 'ignore'

interface Kept {
  readonly decision: Decision
  /** By the stack's clock (ms). */
  readonly until: number
  /** Where it is found. */
  readonly at: Map<string, Kept>
  readonly topic: string
  readonly weight: number
}

/** Of one connection, by action, QoS and retain flag, and then by topic. */
class ClientDecisions {
  readonly byKind: (Map<string, Kept> | undefined)[] = []
  groups: readonly string[] | undefined
}

/** Kinds of a PUBLISH come first: three for QoS, twice. */
const SUBSCRIBES = 6
/** Characters of a topic that weigh as much as a decision: the bound holds for long topics too. */
const WEIGHT = 256

/** The kind of a PUBLISH, as a small number. */
export function publishKind(qos: number, retain: boolean): number {
  return retain ? qos + 3 : qos
}

/** The kind of a question. Wills are not kept: a connection has one. */
export function kindOf({ action, qos, retain }: Question): number | undefined {
  if (action === 'will') return undefined
  return action === 'publish' ? publishKind(qos, retain === true) : SUBSCRIBES + qos
}

export class Decisions {
  readonly #most: number
  // Of its own, so that two services do not answer for each other.
  readonly #slot = new Slot(() => new ClientDecisions())
  /** Oldest first. */
  readonly #kept = new Set<Kept>()
  #weight = 0

  /** @param most Of them the oldest goes; a topic counts once for each 256 characters. */
  constructor(most: number) {
    this.#most = most
  }

  /** How much is kept, counted as the bound is. */
  get weight(): number {
    return this.#weight
  }

  find(client: Client, kind: number, topic: string, clock: Clock): Decision | undefined {
    const own = this.#slot.peek(client)
    if (own === undefined || own.groups !== client.session.groups) return undefined
    const found = own.byKind[kind]?.get(topic)
    return found !== undefined && found.until > clock.now() ? found.decision : undefined
  }

  /** @param time How long, in ms; 0: not at all. */
  keep(client: Client, question: Question, decision: Decision, time: number, clock: Clock): void {
    const kind = kindOf(question)
    if (kind === undefined || time <= 0 || client.closed) return
    const own = this.#of(client)
    own.byKind[kind] ??= new Map()
    const at = own.byKind[kind]
    const { topic } = question
    const before = at.get(topic)
    if (before !== undefined) this.#drop(before)
    const weight = Math.ceil(topic.length / WEIGHT)
    const kept: Kept = { decision, until: clock.now() + time, at, topic, weight }
    at.set(topic, kept)
    this.#kept.add(kept)
    this.#weight += weight
    for (const oldest of this.#kept) {
      if (this.#weight <= this.#most) break
      this.#drop(oldest)
    }
  }

  clear(): void {
    for (const kept of this.#kept) this.#drop(kept)
  }

  /** Those of a connection; they go with it, and when it authenticated again and is in other groups. */
  #of(client: Client): ClientDecisions {
    const known = this.#slot.peek(client)
    const own = known ?? this.#slot.of(client)
    if (known === undefined) client.onClose(() => this.#forget(own))
    if (own.groups !== client.session.groups) this.#forget(own)
    own.groups = client.session.groups
    return own
  }

  #forget(own: ClientDecisions): void {
    for (const at of own.byKind) for (const kept of at?.values() ?? []) this.#drop(kept)
  }

  #drop(kept: Kept): void {
    kept.at.delete(kept.topic)
    this.#kept.delete(kept)
    this.#weight -= kept.weight
  }
}
