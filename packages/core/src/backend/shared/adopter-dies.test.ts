/** Whoever takes what a dead node left dies too, behind each step: what was for one is given to one, and what was said is said once. */
import type { TestClient } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { Device } from '../../../../../test/rig/counting.ts'
import { Dying } from '../../../../../test/rig/dying.ts'
import type { TestNode } from '../../../../../test/rig/nodes.ts'
import { TestService } from '../../../../../test/rig/nodes.ts'

const STORED = { protocolVersion: 5, clean: false, properties: { sessionExpiryInterval: 3_000 } } as const
const LIVING = ['c', 'd', 'e'] as const
/** What each publisher sends. */
const MESSAGES = 3
const WILLS = 2
/** Who wants the wills. */
const HEIRS = ['heir-d', 'heir-e'] as const
/** In ms: time that passes between two looks, and in which all that is left is to be taken. */
const PASS = 2_000
const LONGEST = 120_000

/** How often each message came, by what is in it. */
type Counts = Record<string, number>

interface Outcome {
  readonly groups: Counts
  readonly wills: Counts
  readonly plain: Counts
  /** Who died, and who has a part in the end. */
  readonly dead: readonly string[]
  readonly parts: readonly string[]
}

/** Wills cannot be relayed here now: they are due, and their sessions are over. */
const noWills = {
  name: 'NoWills',
  relayMessage({ topic }: { readonly topic: string }) {
    if (topic.startsWith('will/')) throw Object.assign(new Error('not now'), { code: 'STORE_FAILED' })
  },
}

/**
 * A node dies with messages for a group, messages for a session and wills of sessions that are over; then those who take that die, each
 * behind so many steps.
 * @param back Nodes that have a connected member of the group by then.
 */
async function run(deaths: readonly number[], back: readonly string[]): Promise<Outcome> {
  const service = new TestService()
  const nodes: Record<string, TestNode> = { x: await service.join('x', { use: [noWills] }) }
  for (const name of LIVING) nodes[name] = await service.join(name)
  const clients = new Map<string, TestClient[]>()
  const connect = async (node: string, clientId: string): Promise<TestClient> => {
    const client = nodes[node].open({ clientId, protocolVersion: 5 })
    expect(await client.connect(STORED)).toMatchObject({ reasonCode: 0 })
    clients.set(clientId, [...(clients.get(clientId) ?? []), client])
    return client
  }
  const away = async (node: string, clientId: string, filter: string): Promise<void> => {
    const client = await connect(node, clientId)
    await client.subscribe(filter, { qos: 2 })
    await client.disconnect({ reasonCode: 0 })
  }
  for (const name of LIVING) await away(name, `worker-${name}`, '$share/g/t')
  for (const name of ['d', 'e']) await away(name, `heir-${name}`, 'will/+')
  await away('x', 'reader', 't')
  const first = await connect('x', 'worker-x')
  await first.subscribe('$share/g/t', { qos: 2 })
  for (let i = 1; i <= WILLS; i++) {
    const will = { topic: `will/${i}`, payload: Buffer.from(`will ${i}`), qos: 2, retain: false } as const
    const gone = await nodes.x.client({ clientId: `gone-${i}`, protocolVersion: 5, will })
    await gone.drop()
  }
  await service.settle()
  service.store.hang('x')
  for (const name of LIVING) {
    const sender = await nodes[name].client({ clientId: `from-${name}` })
    for (let i = 1; i <= MESSAGES; i++) await sender.publish('t', `from-${name} ${i}`, { qos: 2 })
  }
  service.store.kill('x')
  for (const name of back) await connect(name, `worker-${name}`)
  const dying = new Dying(service, LIVING, deaths)
  const living = (): string[] => LIVING.filter((name) => !dying.dead.has(name))
  const isOver = (): boolean => Object.keys(service.store.left.parts).join() === living().join()
  // Behind the end too somebody may die.
  for (let calm = 0, ms = 0; calm < 2 && ms < LONGEST; ms += PASS) {
    await service.clock.advance(PASS)
    calm = isOver() ? calm + 1 : 0
  }
  dying.stop()
  const last = living().at(-1) ?? ''
  const groups = [...LIVING, 'x'].map((name) => `worker-${name}`)
  for (const clientId of [...groups, ...HEIRS, 'reader']) await connect(last, clientId)
  await service.clock.advance(1_000)
  const received = (clientId: string): string[] => {
    const device = new Device()
    for (const client of clients.get(clientId) ?? []) device.read(client)
    return device.payloads
  }
  return {
    groups: count(groups.flatMap(received)),
    wills: count(HEIRS.flatMap((heir) => received(heir).map((payload) => `${payload} to ${heir}`))),
    plain: count(received('reader')),
    dead: [...dying.dead],
    parts: Object.keys(service.store.left.parts),
  }
}

function count(all: readonly string[]): Counts {
  const counts: Counts = {}
  for (const one of [...all].sort()) counts[one] = (counts[one] ?? 0) + 1
  return counts
}

const ALL = LIVING.flatMap((name) => Array.from({ length: MESSAGES }, (_, i) => `from-${name} ${i + 1}`))
const TOLD = HEIRS.flatMap((heir) => Array.from({ length: WILLS }, (_, i) => `will ${i + 1} to ${heir}`))

const once = (all: readonly string[]): Counts => Object.fromEntries(all.map((one) => [one, 1]))

/** Every message came once, and nobody who is dead is left. */
async function expectOnce(deaths: readonly number[], back: readonly string[]): Promise<void> {
  const { dead, ...rest } = await run(deaths, back)
  const parts = LIVING.filter((name) => !dead.includes(name))
  expect({ deaths, back, ...rest }).toEqual({
    deaths,
    back,
    groups: once(ALL),
    wills: once(TOLD),
    plain: once(ALL),
    parts,
  })
}

const BACK = [[], ['d', 'e'], ['c', 'd', 'e']] as const
/** An adoption takes some more than thirty; behind it the adopter does what any node does. */
const STEPS = Array.from({ length: 42 }, (_, i) => i + 1)
const AT_ONCE = 6
const pagesOf = <T>(all: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(all.length / AT_ONCE) }, (_, i) => all.slice(i * AT_ONCE, (i + 1) * AT_ONCE))

describe('what a dead node has left comes once: messages of a group, of a session, and wills', () => {
  it.each(pagesOf(STEPS))(
    'where its adopter dies behind its step %i, %i, %i, %i, %i or %i',
    async (...steps) => {
      for (const step of steps) await expectOnce([step], BACK[step % BACK.length])
    },
  )

  /** By a sequence that looks random, and is the same each time. */
  const pairs = Array.from({ length: 24 }, (_, i) => [((i * 29) % 37) + 1, ((i * 17) % 35) + 1] as const)
  it.each(pagesOf(pairs).map((page, i) => [i + 1, page] as const))(
    'where its adopter dies, and the adopter of both (part %i)',
    async (_, page) => {
      for (const [i, deaths] of page.entries()) await expectOnce(deaths, BACK[i % BACK.length])
    },
  )
})
