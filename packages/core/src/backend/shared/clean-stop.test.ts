/** A node stops cleanly while others send to the members of a group that it has: what was acknowledged comes to one member, once. */
import { describe, expect, it } from 'vitest'
import { Counting, Device, upTo } from '../../../../../test/rig/counting.ts'
import { TestService } from '../../../../../test/rig/nodes.ts'

const STORED = { protocolVersion: 5, clean: false, properties: { sessionExpiryInterval: 3_000 } } as const
/** How long each call to the store takes, and how long publishers rest between two messages, in ms. */
const LAG = 10
const REST = 4
/** What the sender's node sends is so long on its way, in ms: as long as a node that stops takes for all else, and longer; longer
 * than a lease too. */
const ON_THE_WAY = [0, 300, 1_100, 2_500, 8_000]
/** In ms: how long messages flow behind the stop, and how long all of it may take. */
const AFTER = 400
const ADOPTED = 30_000

interface Outcome {
  readonly received: readonly number[]
  readonly last: number
  /** Who has a part in the end. */
  readonly parts: readonly string[]
}

/** A member on node x is the only one that is connected, until x stops `at` ms behind the first message. */
async function run(qos: 1 | 2, at: number, onTheWay: number): Promise<Outcome> {
  const service = new TestService()
  const [x, c, d] = [await service.join('x'), await service.join('c'), await service.join('d')]
  const away = await d.client({ ...STORED, clientId: 'away' })
  await away.subscribe('$share/g/t', { qos: 2 })
  await away.disconnect({ reasonCode: 0 })
  const member = await x.client({ clientId: 'member', protocolVersion: 5, clean: true })
  await member.subscribe('$share/g/t', { qos: 2 })
  const sender = await c.client({ ...STORED, clientId: 'sender' })
  await service.settle()
  service.store.lag = LAG
  service.delaySends('c', onTheWay)
  const counting = new Counting(sender, 't', qos, { clock: service.clock, ms: REST }).start()
  await service.clock.advance(at)
  const stopped = x.stop()
  await service.clock.advance(AFTER)
  const told = counting.stop()
  await service.clock.advance(ADOPTED + 10 * onTheWay)
  await stopped
  service.store.lag = 0
  const back = d.open({ clientId: 'away', protocolVersion: 5 })
  expect(await back.connect(STORED)).toMatchObject({ reasonCode: 0, sessionPresent: true })
  await service.clock.advance(2_000)
  const last = await told
  const received = [new Device().read(member), new Device().read(back)].flatMap((device) =>
    device.of('sender'),
  )
  received.sort((one, other) => one - other)
  return { received, last, parts: Object.keys(service.store.left.parts) }
}

const TIMES = Array.from({ length: 6 }, (_, i) => 11 * i + 1)

describe('a node that stops cleanly while a message for a member of its group is on the way', () => {
  it.each(ON_THE_WAY.flatMap((ms) => [[1, ms] as const, [2, ms] as const]))(
    'loses nothing of it at QoS %i where that takes %i ms more',
    async (qos, onTheWay) => {
      for (const at of TIMES) {
        const { received, last, parts } = await run(qos, at, onTheWay)
        expect({ at, received, parts }).toEqual({ at, received: upTo(last), parts: ['c', 'd'] })
      }
    },
  )
})

describe('nodes that stop', () => {
  it.each([0, 100, 700, 1_300])(
    '%i ms one after the other do not wait for each other, and leave nothing',
    async (ms) => {
      const service = new TestService()
      const nodes = [await service.join('a'), await service.join('b'), await service.join('c')]
      for (const node of nodes) {
        const member = await node.client({ clean: true })
        await member.subscribe('$share/g/t', { qos: 1 })
      }
      service.store.lag = LAG
      const began = service.clock.now()
      const times: number[] = []
      const stopped: Promise<unknown>[] = []
      for (const node of nodes) {
        stopped.push(node.stop().then(() => times.push(service.clock.now() - began)))
        await service.clock.advance(ms)
      }
      await service.clock.advance(5_000)
      await Promise.all(stopped)
      expect(Math.max(...times)).toBeLessThan(2 * ms + 2_500)
      expect(service.store.left).toEqual({ parts: {}, names: 0, retained: 0 })
    },
  )
})
