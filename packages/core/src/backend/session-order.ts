import type { Pace, Steps } from '../time/index.ts'
import type { TopicCursor } from '../topics/index.ts'
import { SortedTopics } from '../topics/index.ts'
import type { SessionRecord } from './session-record.ts'

/** Where a session stands: its client identifier is what is sorted by. */
interface Place {
  readonly topic: string
  readonly record: SessionRecord
}

/**
 * Sessions in the order of their client identifiers. It is made when somebody asks for a list of sessions for the first
 * time, and kept from then on: a broker that nobody asks pays nothing for it.
 */
export class SessionOrder {
  readonly #places = new SortedTopics<Place>()
  #isComplete = false

  add(record: SessionRecord): void {
    const { clientId } = record
    this.#places.remove(clientId)
    this.#places.add({ topic: clientId, record })
  }

  remove(clientId: string): void {
    this.#places.remove(clientId)
  }

  /** Adds what was there before it was made; others have their turn in between. */
  *complete(
    records: () => readonly SessionRecord[],
    isThere: (record: SessionRecord) => boolean,
    pace: Pace,
  ): Steps {
    if (this.#isComplete) return
    for (const record of records()) {
      if (pace.spent) yield pace.rest()
      if (isThere(record)) this.add(record)
    }
    this.#isComplete = true
  }

  /** Begins at the first session behind this client identifier; good until the next change. */
  behind(clientId: string | undefined): TopicCursor<Place> {
    const cursor = this.#places.seek(clientId ?? '')
    if (clientId !== undefined && cursor.item?.topic === clientId) cursor.next()
    return cursor
  }
}
