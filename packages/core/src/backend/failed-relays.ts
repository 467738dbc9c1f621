import type { Context } from '../contract/index.ts'
import type { SharedGroup } from '../topics/index.ts'
import { Matches } from '../topics/index.ts'
import type { SessionRecord } from './session-record.ts'
import type { Once } from './shared/done-once.ts'
import type { Subscriber } from './subscriber.ts'

/** So many identifiers of a session are remembered. */
const REMEMBERED = 1_000

/** Which groups a QoS 2 message was given to for good: a member without a log had it. */
export class GivenToGroups {
  readonly #groups: Set<string>

  /** @param before When it was relayed before. */
  constructor(before?: GivenToGroups) {
    this.#groups = new Set(before === undefined ? [] : before.#groups)
  }

  has({ name, filter }: Pick<SharedGroup<unknown>, 'name' | 'filter'>): boolean {
    return this.#groups.has(`${name}/${filter}`)
  }

  once({ name, filter }: SharedGroup<Subscriber>): Once {
    const groups = this.#groups
    const key = `${name}/${filter}`
    return {
      get isDone(): boolean {
        return groups.has(key)
      },
      do: () => void groups.add(key),
      undo: () => void groups.delete(key),
    }
  }

  /** Those who are still to have it: all others that there are had it before. */
  rest({ subscribers, groups }: Matches<Subscriber>): Matches<Subscriber> {
    return new Matches(
      subscribers.filter(({ record, qos }) => record.id !== 0 && qos > 0),
      groups.filter((group) => !this.has(group)),
    )
  }
}

/**
 * QoS 2 messages that could not be committed, and that receivers without a log have had: a publisher that has not heard of that sends the
 * message again, under its identifier.
 */
export class FailedRelays {
  readonly #failed = new WeakMap<SessionRecord, Map<number, GivenToGroups>>()
  #isEmpty = true

  /** A message could not be committed. */
  add(record: SessionRecord, packetId: number, given: GivenToGroups): void {
    const known = this.#failed.get(record) ?? new Map<number, GivenToGroups>()
    this.#isEmpty = false
    this.#failed.set(record, known)
    known.delete(packetId)
    known.set(packetId, given)
    if (known.size > REMEMBERED) for (const oldest of known.keys()) if (known.delete(oldest)) break
  }

  /** Another message has this identifier, or it is committed by now. */
  forget(record: SessionRecord, packetId: number): void {
    if (!this.#isEmpty) this.#failed.get(record)?.delete(packetId)
  }

  /** Who has had a message that is sent again; nothing for one that comes for the first time, or was committed. */
  of(
    { inbound, original }: Context<'relayMessage'>,
    find: (inbound: { clientId: string; epoch: number }) => SessionRecord | undefined,
  ): GivenToGroups | undefined {
    if (this.#isEmpty || inbound === undefined || !original.dup) return undefined
    const record = find(inbound)
    return record && this.#failed.get(record)?.get(inbound.packetId)
  }
}
