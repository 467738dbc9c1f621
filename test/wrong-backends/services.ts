/** Stores over which a backend of several brokers goes wrong, each in one thing. */
import type { SharedMap } from '@mqtt-stack/core/backend'
import type { Spoil } from './shared-stores.ts'

/** Casts go nowhere. */
export const losesCasts: Spoil = () => ({ cast: () => {} })

/** What a dead node left stays where it is. */
export const claimsNothing: Spoil = () => ({ claim: async () => undefined })

/** A name that is taken away stays. */
export const keepsNames: Spoil = (store) => ({
  swap: (name, expected, value) =>
    value === undefined ? Promise.resolve(expected) : store.swap(name, expected, value),
})

/** Others hear of retained messages when they begin anew. */
export const feedsNobody: Spoil = (store) => {
  const retained: SharedMap = {
    read: (range, limit) => store.retained.read(range, limit),
    write: (batch, posted) => store.retained.write(batch, posted),
    changes: (after, limit) => store.retained.changes(after, limit),
    position: async () => '',
  }
  return { retained }
}
