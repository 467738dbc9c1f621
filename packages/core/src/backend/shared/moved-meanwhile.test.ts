/** A node dies, or stands still, with messages that it has written down and not sent, and a session that they are for moves: each comes once. */
import { describe, expect, it } from 'vitest'
import { upTo } from '../../../../../test/rig/counting.ts'
import type { TestNode } from '../../../../../test/rig/nodes.ts'
import { TestService } from '../../../../../test/rig/nodes.ts'
import { Random } from '../../../../../test/rig/quiet/random.ts'
import { Steady } from '../../../../../test/rig/steady.ts'
import type { SharedStore } from './shared-store.ts'

const ROOM = { shared: { sessionMessages: 10_000 } }

interface Plan {
  /** The step of the publishers' node behind which it dies: what it asks of the store, each of `write` and `send`. */
  readonly step: number
  /** Whether the store does what it is asked last. */
  readonly isMade: boolean
  /** It stands still for so long, in ms; nothing: it is killed. */
  readonly still?: number
  /** When the session goes to and fro, in ms behind that step. */
  readonly moves: readonly number[]
  readonly lag: number
  /** Somebody at its next home has the same filter. */
  readonly isShared: boolean
  readonly qos: 1 | 2
  /** Who takes its place cannot read what it had written down, at first. */
  readonly isUnread?: boolean
  /** One of the session's homes dies too, in ms behind that step. */
  readonly second?: { readonly node: 'a' | 'b'; readonly ms: number }
}

/** What a reader has of each publisher, and what it is to have. */
type Account = Record<string, { readonly found: number[]; readonly wanted: number[] }>

async function run({
  step,
  isMade,
  still,
  moves,
  lag,
  isShared,
  qos,
  isUnread,
  second,
}: Plan): Promise<Account> {
  const service = new TestService()
  const { clock, store } = service
  const nodes: Record<string, TestNode> = {}
  const names = second === undefined ? ['a', 'b', 'c'] : ['a', 'b', 'c', 'd']
  for (const name of names) {
    nodes[name] = await service.join(name, ROOM)
    // Each looks at a time of its own who is dead.
    await clock.advance(700)
  }
  let home = 'a'
  const dead = new Set<string>()
  /** The one that is wanted, or another one where that is dead. */
  const living = (...wanted: string[]): TestNode[] =>
    [...wanted, ...names].filter((name) => !dead.has(name)).map((name) => nodes[name])
  const first = (): number => 0
  const bob = new Steady('bob', () => living(home), { filter: 't/#', random: first }).start(clock)
  const eve = new Steady('eve', () => living('b'), { filter: 't/#', random: first })
  if (isShared) eve.start(clock)
  await clock.advance(1_000)
  const from = (): TestNode[] => living('c')
  const senders = ['p', 'q'].map((name) =>
    new Steady(name, from, { topic: `t/${name}`, qos, random: first }).start(clock),
  )
  store.lag = lag
  await clock.advance(1_000)
  let steps = 0
  let at: number | undefined
  const asked = service.storeOf('c')
  if (isUnread === true) for (const name of ['a', 'b']) failFirstRead(service.storeOf(name))
  const kill = (name: string): void => {
    store.kill(name, isMade ? 'written' : 'lost')
    dead.add(name)
    for (const client of [bob, eve, ...senders]) client.leave(nodes[name])
  }
  const fall = (): void => {
    at = clock.now()
    if (still !== undefined) {
      store.hang('c')
      return
    }
    kill('c')
  }
  const [write, send] = [asked.write.bind(asked), asked.send.bind(asked)]
  asked.write = (batch) => {
    const written = write(batch)
    if (++steps === step) fall()
    return written
  }
  asked.send = (node, bytes) => {
    const sent = send(node, bytes)
    if (++steps === step) fall()
    return sent
  }
  const due = [...moves]
  let healed = still === undefined
  for (let i = 0; i < 100_000; i++) {
    await clock.advance(5)
    if (at === undefined) continue
    const since = clock.now() - at
    if (!healed && since >= (still ?? 0)) {
      store.heal('c')
      healed = true
    }
    while (due.length > 0 && since >= due[0]) {
      due.shift()
      const before = nodes[home]
      home = home === 'a' ? 'b' : 'a'
      bob.leave(before)
    }
    if (second !== undefined && !dead.has(second.node) && since >= second.ms) kill(second.node)
    if (due.length === 0 && healed && (second === undefined || dead.has(second.node))) break
  }
  await clock.advance(second === undefined ? 30_000 : 60_000)
  for (const sender of senders) sender.stopPublishing()
  for (let i = 0; i < 60 && !senders.every(({ isIdle }) => isIdle); i++) await clock.advance(1_000)
  await clock.advance(20_000)
  const account: Account = {}
  for (const reader of isShared ? [bob, eve] : [bob])
    for (const { clientId, last } of senders) {
      const found = reader.device.of(clientId)
      const wanted = upTo(last)
      const all = qos === 2 ? found : [...new Set(found)].sort((one, other) => one - other)
      account[`${reader.clientId} of ${clientId}`] = { found: all, wanted }
    }
  return account
}

/** What is read first of a part that is claimed cannot be read. */
function failFirstRead(store: SharedStore): void {
  const claim = store.claim.bind(store)
  let isFirst = true
  store.claim = async (left) => {
    const part = await claim(left)
    if (part === undefined || !isFirst) return part
    isFirst = false
    return Object.assign(part, { read: () => Promise.reject(new Error('not now')) })
  }
}

async function expectAll(plan: Plan): Promise<void> {
  const account = await run(plan)
  const wrong: Record<string, unknown> = {}
  for (const [name, { found, wanted }] of Object.entries(account)) {
    expect(wanted.length).toBeGreaterThan(5)
    const missing = wanted.filter((number) => !found.includes(number))
    const twice = found.filter((number, i) => found.indexOf(number) < i)
    if (missing.length + twice.length > 0) wrong[name] = { missing, twice }
  }
  expect({ plan, wrong }).toEqual({ plan, wrong: {} })
}

/** A step is a call to the store: a message has one that writes it down, one for each node that it is sent to, and one that ends it. */
const STEPS = Array.from({ length: 8 }, (_, i) => 3 * i)
const FIRST = 1
const BASE = { isMade: false, lag: 0, isShared: true, qos: 2 } as const

describe('a node that has written down messages and not sent all of them, behind each step,', () => {
  it.each(STEPS)('is killed, and a session moves that they are for (steps from %i)', async (first) => {
    for (let step = first + FIRST; step < first + FIRST + 3; step++)
      await expectAll({ ...BASE, step, moves: [step % 2 === 0 ? 0 : 7_000] })
  })

  it.each(STEPS.slice(1, 3))(
    'is killed, and who takes its place fails at first (steps from %i)',
    async (first) => {
      for (let step = first + FIRST; step < first + FIRST + 3; step++)
        await expectAll({ ...BASE, step, moves: [step % 2 === 0 ? 0 : 7_000], isUnread: true })
    },
  )

  it.each(STEPS)('stands still until others have taken its place (steps from %i)', async (first) => {
    for (let step = first + FIRST; step < first + FIRST + 3; step++)
      await expectAll({ ...BASE, step, still: 30_000, moves: [500], qos: step % 2 === 0 ? 1 : 2 })
  })
})

/** The first ones have found something. */
const SEEDS = [30, 38, 82, 168, ...Array.from({ length: 17 }, (_, i) => i + 1)]
const MOMENTS = [0, 0, 10, 50, 200, 1_000, 3_000, 5_500, 6_500, 9_000, 12_000, 14_000]

describe('a node that dies, or stands still for a while, while a session moves to and fro', () => {
  it.each(SEEDS)('and sends in the end what is for it, at random (seed %i)', async (seed) => {
    const random = new Random(seed)
    const isKilled = random.chance(0.6)
    const still = isKilled ? undefined : random.pick([1_000, 5_000, 9_000, 30_000])
    const moves = [random.pick(MOMENTS), random.pick(MOMENTS)].sort((one, other) => one - other)
    await expectAll({
      step: 1 + random.below(24),
      isMade: random.chance(0.5),
      still,
      moves: moves.slice(random.below(2)),
      lag: random.pick([0, 5, 20]),
      isShared: random.chance(0.5),
      qos: random.chance(0.7) ? 2 : 1,
    })
  })
})

describe('a node that dies while a session moves to and fro, one of whose homes dies too,', () => {
  it.each(Array.from({ length: 16 }, (_, i) => i + 1))(
    'sends in the end what is for it (seed %i)',
    async (seed) => {
      const random = new Random(1_000 + seed)
      const moves = [random.pick(MOMENTS), random.pick(MOMENTS)].sort((one, other) => one - other)
      await expectAll({
        step: 1 + random.below(24),
        isMade: random.chance(0.5),
        moves,
        lag: random.pick([0, 5, 20]),
        isShared: random.chance(0.5),
        qos: random.chance(0.7) ? 2 : 1,
        second: { node: random.pick(['a', 'b']), ms: random.pick(MOMENTS) },
      })
    },
  )
})
