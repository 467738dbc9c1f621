/** A client that connects to one of two nodes and at once to the other, while a third one sends: QoS 2 comes once and in order, QoS 1 at least once. */
import type { TestClient } from '@mqtt-stack/testing'
import { expect, it } from 'vitest'
import { Counting, Device, upTo } from '../../../../../test/rig/counting.ts'
import type { TestNode } from '../../../../../test/rig/nodes.ts'
import { TestService } from '../../../../../test/rig/nodes.ts'
import { Random } from '../../../../../test/rig/quiet/random.ts'

const ROOM = { shared: { sessionMessages: 10_000 } }
const STORED = { clean: false, properties: { sessionExpiryInterval: 3_000 } } as const
const PROTOCOL = { protocolId: 'MQTT', protocolVersion: 5, keepalive: 0 } as const
/** In ms. Where several connections are under way all are to be read in the order of their packets: that a session moves takes longer. */
const LOOK = 2

/** What is wrong, by what it is about: nothing is. */
async function run(seed: number): Promise<Record<string, unknown>> {
  const random = new Random(seed)
  const service = new TestService()
  const { clock, store } = service
  const [a, b, c] = [
    await service.join('a', ROOM),
    await service.join('b', ROOM),
    await service.join('c', ROOM),
  ]
  const device = new Device()
  const clients: TestClient[] = []
  const isIn = ({ received, stream }: TestClient): boolean =>
    !stream.destroyed && received.some((packet) => packet.cmd === 'connack' && packet.reasonCode === 0)
  const open = (node: TestNode): TestClient => {
    const client = node.open({ clientId: 'bob', protocolVersion: 5, autoAck: true })
    client.send({ cmd: 'connect', clientId: 'bob', ...STORED, ...PROTOCOL })
    clients.push(client)
    return client
  }
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += LOOK) {
      await clock.advance(LOOK)
      for (const client of clients) device.read(client)
    }
  }
  let bob = open(a)
  await pass(LOOK)
  await bob.subscribe('t/#', { qos: 2 })
  const [isPatient, isClosed, isLossy] = [random.chance(0.7), random.chance(0.4), random.chance(0.3)]
  const lag = random.pick(isPatient ? [0, 0, 1, 3, 10, 30] : [3, 10, 30])
  const ms = random.pick([5, 10, 35])
  const publishers = await Promise.all(
    [1, 2, 2].map(async (qos, i) => {
      const client = await c.client({ clientId: `p${i}` })
      return new Counting(client, `t/${i}`, qos as 1 | 2, { clock, ms }).start()
    }),
  )
  store.lag = lag
  const rounds = 8 + random.below(12)
  let accepted = 0
  for (let i = 0; i < rounds; i++) {
    if (isClosed) await bob.drop()
    if (isLossy && random.chance(0.3))
      store.lose(random.pick(['a', 'b', 'c']), random.pick(['write', 'send']), 'retried')
    bob = open(i % 2 === 0 ? b : a)
    for (let looks = 0; isPatient && looks < 1_000 && !isIn(bob); looks++) {
      await pass(LOOK)
      if (bob.stream.destroyed) break
    }
    if (isIn(bob)) accepted++
    await pass(random.pick([0, 0, 0, LOOK, 20, 100]))
  }
  for (let tries = 0; tries < 20 && !isIn(bob); tries++) {
    await pass(2_000)
    if (!isIn(bob)) bob = open(a)
  }
  // Where all of it took no time each has something to send all the same.
  await pass(3 * ms)
  const stopping = Promise.all(publishers.map((one) => one.stop()))
  await pass(2_000)
  const lasts = await stopping
  await pass(3_000)
  const wrong: Record<string, unknown> = {}
  if (isPatient && accepted < rounds) wrong.accepted = accepted
  for (const [i, last] of lasts.entries()) {
    const found = device.of(`p${i}`)
    const isRight =
      i === 0 ? new Set(found).size === last : JSON.stringify(found) === JSON.stringify(upTo(last))
    const missing = upTo(last).filter((number) => !found.includes(number))
    const twice = found.filter((number, at) => found.indexOf(number) < at)
    if (!isRight || last < 2) wrong[`p${i}`] = { last, missing, twice, found: isRight ? [] : found }
  }
  const sessions = [a, b].map(({ backend }) => backend.stats.sessions).sort()
  if (sessions.join() !== '0,1') wrong.sessions = sessions
  return Object.keys(wrong).length === 0 ? wrong : { ...wrong, seed, lag, ms, isPatient, isClosed, isLossy }
}

const SEEDS = 200
const AT_ONCE = 5

it.each(Array.from({ length: SEEDS / AT_ONCE }, (_, i) => [i * AT_ONCE + 1, (i + 1) * AT_ONCE]))(
  'a session that goes to and fro as fast as its client can connect has all that it is to have (seeds %i to %i)',
  async (first, last) => {
    for (let seed = first; seed <= last; seed++) expect(await run(seed)).toEqual({})
  },
)
