/** Stores that several nodes share and that are wrong, each in one thing. */
import type { ClaimedPart, SharedMap, SharedStore } from '@mqtt-stack/core/backend'

/** A store that is wrong in what `wrong` answers instead; everything else is the right one's. */
export type Spoil = (store: SharedStore) => Partial<SharedStore>

/** What lost its part is told that it has written. */
export const writesWithoutFence: Spoil = (store) => ({
  write: (batch) => store.write(batch).catch(() => {}),
})

/** Looks first, and sets then. */
export const swapsInTwoSteps: Spoil = (store) => ({
  async swap(name, expected, value) {
    const before = await look(store, name)
    if (before === expected) await force(store, name, before, value)
    return before
  },
})

/** The newest entry comes first. */
export const turnsTheInboxRound: Spoil = (store) => ({
  receive: async (after, limit) => [...(await store.receive(after, limit))].reverse(),
})

/** Answers with the entry at the position too. */
export const includesThePosition: Spoil = (store) => ({
  async receive(after, limit) {
    const before = (await store.receive('', 1_000)).filter(({ position }) => position === after)
    return before.length > 0 ? before : store.receive(after, limit)
  },
})

/** Forgets whatever has come meanwhile. */
export const forgetsLateEntries: Spoil = (store) => ({
  claim: async (node) =>
    withPart(await store.claim(node), (part) => ({ forget: async () => forgetAll(part) })),
})

/** Leaves, whatever has come meanwhile. */
export const leavesLateEntries: Spoil = (store) => ({
  leave: async () => store.leave((await store.receive('', 1_000)).at(-1)?.position ?? ''),
})

/** The map is written before the feed. */
export const feedsApart: Spoil = (store) => ({
  retained: spoilMap(store.retained, {
    async write(batch, posted) {
      await store.retained.write(batch, EMPTY)
      return store.retained.write([], posted)
    },
  }),
})

/** A batch of the map in two halves. */
export const writesTheMapInHalves: Spoil = (store) => ({
  retained: spoilMap(store.retained, {
    async write(batch, posted) {
      const half = Math.ceil(batch.length / 2)
      if (batch.length > 1) await store.retained.write(batch.slice(0, half), EMPTY)
      return store.retained.write(batch.slice(batch.length > 1 ? half : 0), posted)
    },
  }),
})

/** Whatever waits for a node, it says that nothing does. */
export const hidesWhatWaits: Spoil = () => ({ waiting: async () => 0 })

/** Each cast overtakes the one before. */
export const castsOutOfOrder: Spoil = (store) => {
  let before: (() => void) | undefined
  return {
    cast(node, bytes) {
      if (before === undefined) {
        before = () => store.cast(node, bytes)
        setImmediate(() => {
          before?.()
          before = undefined
        })
        return
      }
      store.cast(node, bytes)
      before()
      before = undefined
    },
  }
}

/** Takes a prefix for a pattern. */
export const globsNames: Spoil = (store) => ({
  async *names(prefix) {
    const pattern = new RegExp(
      `^${prefix.replaceAll('*', '.*').replaceAll('?', '.').replaceAll('\\', '\\\\')}`,
    )
    for await (const one of store.names('')) if (pattern.test(one.value)) yield one
  },
})

/** A node of a name that is alive is let in. */
export const letsAnybodyIn: Spoil = (store) => ({
  open: () => Promise.resolve(store.open()).catch(() => {}),
})

/** A lease never ends. */
export const hasNoLeases: Spoil = (store) => ({
  nodes: async () => (await store.nodes()).map(({ node }) => ({ node, alive: true })),
  claim: async () => undefined,
})

/** What is sent to nobody counts as sent. */
export const sendsToNobody: Spoil = (store) => ({
  send: (node, bytes) => store.send(node, bytes).then(() => true),
})

const EMPTY = new Uint8Array(0)

/** The right store, but for what is spoilt. */
export function spoilt(store: SharedStore, spoil: Spoil): SharedStore {
  return over(store, spoil(store))
}

function spoilMap(map: SharedMap, wrong: Partial<SharedMap>): SharedMap {
  return over(map, wrong)
}

function withPart(
  part: ClaimedPart | undefined,
  wrong: (part: ClaimedPart) => Partial<ClaimedPart>,
): ClaimedPart | undefined {
  return part && over(part, wrong(part))
}

function over<T extends object>(right: T, wrong: Partial<T>): T {
  return new Proxy(right, {
    get(target, name) {
      const from = name in wrong ? wrong : target
      const found: unknown = Reflect.get(from, name, from)
      return typeof found === 'function' ? found.bind(from) : found
    },
  })
}

async function forgetAll(part: ClaimedPart): Promise<boolean> {
  const entries = await part.receive('', 1_000)
  return part.forget(entries.at(-1)?.position ?? '')
}

async function look(store: SharedStore, wanted: string): Promise<string | undefined> {
  for await (const { name, value } of store.names('')) if (name === wanted) return value
  return undefined
}

async function force(
  store: SharedStore,
  name: string,
  before: string | undefined,
  value: string | undefined,
): Promise<void> {
  const is = await store.swap(name, before, value)
  if (is !== before) await force(store, name, is, value)
}
