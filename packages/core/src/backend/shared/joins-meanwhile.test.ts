/** While a node takes what a dead one left another one joins, or is back from a pause, and sends; then the adopter dies: each message comes once. */
import type { TestClient } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { Device, upTo } from '../../../../../test/rig/counting.ts'
import { Dying } from '../../../../../test/rig/dying.ts'
import type { TestNode } from '../../../../../test/rig/nodes.ts'
import { TestService } from '../../../../../test/rig/nodes.ts'
import { Random } from '../../../../../test/rig/quiet/random.ts'
import { Steady } from '../../../../../test/rig/steady.ts'

const ROOM = { shared: { sessionMessages: 10_000 } }
const STORED = { clean: false } as const
const LIVING = ['c', 'd', 'e'] as const
/** In ms: all that is left is to be taken by then. */
const LONGEST = 120_000

interface Plan {
  /** What happens when the adopter has asked the store so often: a node joins, begins again under the name that it had, or lapses. */
  readonly what: 'joins' | 'is back' | 'lapses'
  readonly at: number
  /** The adopter dies behind so many steps; 0: it lives. */
  readonly death: number
  readonly lag: number
  /** Of a node that lapses, in ms. */
  readonly still: number
  /** The adopter does not read its own inbox, for so many ms from then on: it answers no hello. */
  readonly deaf?: number
}

async function run({ what, at, death, lag, still, deaf = 0 }: Plan): Promise<Record<string, unknown>> {
  const service = new TestService()
  const { clock, store } = service
  const nodes: Record<string, TestNode> = { x: await service.join('x', ROOM) }
  for (const name of LIVING) nodes[name] = await service.join(name, ROOM)
  if (what !== 'joins') nodes.n = await service.join('n', ROOM)
  const clients: TestClient[] = []
  const connect = async (node: string): Promise<TestClient> => {
    const client = await nodes[node].client({ ...STORED, clientId: 'reader' })
    clients.push(client)
    return client
  }
  const reader = await connect('x')
  await reader.subscribe('t/#', { qos: 2 })
  await reader.disconnect()
  const open = new Set<string>(LIVING)
  const first = (): number => 0
  const of = (names: () => string[]) => (): TestNode[] => names().map((name) => nodes[name])
  const p = new Steady(
    'p',
    of(() => [...open].slice(-1)),
    { topic: 't/p', random: first },
  ).start(clock)
  const q = new Steady(
    'q',
    of(() => (open.has('n') ? ['n'] : [])),
    { topic: 't/q', random: first },
  )
  q.start(clock)
  if (what !== 'joins') open.add('n')
  store.lag = lag
  await clock.advance(1_000)
  store.kill('x')
  if (what === 'is back') {
    store.kill('n', 'lost')
    open.delete('n')
    q.leave(nodes.n)
    p.leave(nodes.n)
  }
  /** Again and again, where others are about to take what it had left. */
  const join = (): void => {
    service.join('n', ROOM).then(
      (node) => {
        nodes.n = node
        open.add('n')
      },
      () => void clock.after(2_000, join),
    )
  }
  const dying = new Dying(service, LIVING, [death])
  const reached = (): boolean => (dying.steps.get(dying.adopters[0]) ?? 0) >= at
  let healAt = 0
  let isDone = false
  let isBuried = false
  for (let ms = 0; ms < LONGEST; ms += 5) {
    await clock.advance(5)
    if (!isDone && reached()) {
      isDone = true
      if (deaf > 0) clock.after(deaf, service.holdInbox(dying.adopters[0]))
      if (what === 'lapses') {
        store.hang('n')
        healAt = clock.now() + still
      } else join()
    }
    if (healAt > 0 && clock.now() >= healAt) {
      store.heal('n')
      healAt = 0
    }
    if (!isBuried && dying.dead.size > 0) {
      isBuried = true
      for (const name of dying.dead) {
        open.delete(name)
        p.leave(nodes[name])
      }
    }
    if (isDone && (isBuried || death === 0) && ms > 60_000 + deaf) break
  }
  dying.stop()
  for (const sender of [p, q]) sender.stopPublishing()
  for (let i = 0; i < 60 && !(p.isIdle && q.isIdle); i++) await clock.advance(1_000)
  await clock.advance(20_000)
  store.lag = 0
  await connect([...open][0])
  await clock.advance(5_000)
  const device = new Device()
  for (const client of clients) device.read(client)
  const wrong: Record<string, unknown> = {}
  for (const { clientId, last, lost } of [p, q]) {
    const found = device.of(clientId)
    const missing = upTo(last).filter((number) => !found.includes(number))
    const twice = found.filter((number, i) => found.indexOf(number) < i)
    if (missing.length + twice.length + lost > 0) wrong[clientId] = { missing, twice, lost, last }
  }
  return wrong
}

/** An adoption takes some twenty-five. */
const STEPS = Array.from({ length: 14 }, (_, i) => 2 * i + 1)

describe('a node joins while the adopter of a dead one reads nothing for longer than it waits', () => {
  it.each(STEPS)('from step %i or the next on', async (first) => {
    const joins = { what: 'joins', lag: 5, still: 0, deaf: 40_000 } as const
    const plans: Plan[] = [
      { ...joins, at: first, death: 0 },
      { ...joins, at: first + 1, death: first + 3 },
    ]
    for (const plan of plans) expect({ plan, wrong: await run(plan) }).toEqual({ plan, wrong: {} })
  })
})

const SEEDS = 15

describe('a node comes while the adopter of a dead one is at work, which dies then', () => {
  it.each(Array.from({ length: SEEDS }, (_, i) => i + 1))('at random (seed %i)', async (seed) => {
    const random = new Random(seed)
    const at = 1 + random.below(30)
    const plan: Plan = {
      what: random.pick(['joins', 'is back', 'lapses']),
      at,
      death: at + 1 + random.below(20),
      lag: random.pick([0, 5, 20, 100]),
      still: random.pick([3_000, 7_000, 10_000]),
    }
    expect({ plan, wrong: await run(plan) }).toEqual({ plan, wrong: {} })
  })
})
