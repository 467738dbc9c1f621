/** QoS 2 messages whose origin or target stands still, dies, or cannot be reached: each comes once, and its publisher is answered. */
import type { TestClient } from '@mqtt-stack/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import { Device, upTo } from '../../../../../test/rig/counting.ts'
import type { TestNode } from '../../../../../test/rig/nodes.ts'
import { TestService } from '../../../../../test/rig/nodes.ts'

const STORED = { protocolVersion: 5, clean: false, properties: { sessionExpiryInterval: 3_000 } } as const
/** Time for leases to end, to be seen as ended, and for what is left to be taken. */
const ADOPTED = 40_000

let service: TestService
let one: TestNode
let two: TestNode
let three: TestNode

beforeEach(async () => {
  service = new TestService()
  one = await service.join('one')
  two = await service.join('two')
  three = await service.join('three')
})

const publishOf = (number: number, qos: 1 | 2 = 2, dup = false) =>
  ({
    cmd: 'publish',
    topic: 't',
    payload: `sender ${number}`,
    messageId: number,
    qos,
    dup,
    retain: false,
  }) as const

/** A stored session on node one. */
async function readerOn(node: TestNode, filter = 't'): Promise<TestClient> {
  const reader = await node.client({ ...STORED, clientId: 'reader' })
  await reader.subscribe(filter, { qos: 2 })
  return reader
}

/** The numbers that a session has had on these connections, once it is back on a node. */
async function numbers(clientId: string, on: TestNode, ...before: TestClient[]): Promise<number[]> {
  const back = on.open({ clientId, protocolVersion: 5 })
  expect(await back.connect(STORED)).toMatchObject({ reasonCode: 0, sessionPresent: true })
  await service.clock.advance(2_000)
  const device = new Device()
  for (const client of [...before, back]) device.read(client)
  return device.of('sender').sort((a, b) => a - b)
}

describe('a message whose target stands still for longer than a lease', () => {
  it.each(['t', '$share/g/t'])(
    'is acknowledged at once, and comes once to who subscribed to %s',
    async (filter) => {
      const reader = await readerOn(one, filter)
      const sender = await two.client({ ...STORED, clientId: 'sender' })
      service.store.hang('one')
      for (let i = 1; i <= 3; i++) await sender.publish('t', `sender ${i}`, { qos: 2 })
      await service.clock.advance(ADOPTED)
      for (let i = 4; i <= 6; i++) await sender.publish('t', `sender ${i}`, { qos: 2 })
      service.store.heal('one')
      await service.clock.advance(ADOPTED)
      expect(await numbers('reader', three, reader)).toEqual(upTo(6))
      expect(service.store.left.parts.one?.entries ?? 0).toBe(0)
    },
  )
})

describe.each([
  [0, 0],
  [0, 3_000],
  [0, 9_000],
  [3_000, 0],
  [9_000, 0],
])(
  'a message that is written down and not sent, whose target dies %i ms later, and whose origin after %i ms',
  (target, origin) => {
    it.each(['stands still', 'is killed'])('and %s, comes once', async (how) => {
      const reader = await readerOn(one)
      const other = await three.client({ ...STORED, clientId: 'other' })
      await other.subscribe('t', { qos: 2 })
      const sender = await two.client({ ...STORED, clientId: 'sender', autoAck: false })
      await service.clock.advance(1_000)
      // It does not reach any inbox before its origin dies.
      const store = service.storeOf('two')
      store.send = () => new Promise(() => {})
      sender.send(publishOf(1))
      await service.clock.advance(origin)
      if (how === 'is killed') service.store.kill('two')
      else service.store.hang('two')
      await service.clock.advance(target)
      service.store.kill('one')
      await service.clock.advance(ADOPTED)
      if (how !== 'is killed') service.store.heal('two')
      await service.clock.advance(ADOPTED)
      await sender.drop()
      const again = three.open({ clientId: 'sender', protocolVersion: 5, autoAck: false })
      await again.connect(STORED)
      again.send(publishOf(1, 2, true))
      expect(await again.next()).toMatchObject({ cmd: 'pubrec', messageId: 1 })
      expect(await numbers('reader', three, reader)).toEqual([1])
      expect(await numbers('other', three, other)).toEqual([1])
      expect(Object.keys(service.store.left.parts)).toEqual(
        how === 'is killed' ? ['three'] : ['three', 'two'],
      )
    })
  },
)

describe('messages for a node that the store cannot hand on to', () => {
  it('are each answered in time, at QoS 2 acknowledged and kept, at QoS 1 refused; all that were acknowledged come once', async () => {
    const reader = await readerOn(one)
    const sender = await two.client({ ...STORED, clientId: 'sender' })
    const store = service.storeOf('two')
    const send = store.send.bind(store)
    let isDown = true
    store.send = async (node, bytes) => {
      if (node !== 'one' || !isDown) return send(node, bytes)
      await new Promise<void>((resolve) => void service.clock.after(10_000, resolve))
      throw new Error('the store is out of reach')
    }
    sender.send(publishOf(1))
    await service.clock.advance(3_000)
    sender.send(publishOf(2))
    sender.send(publishOf(7, 1))
    await service.clock.advance(22_000)
    sender.send(publishOf(3))
    sender.send(publishOf(8, 1))
    await service.clock.advance(22_000)
    const answers = sender.received.flatMap((packet) =>
      packet.cmd === 'pubcomp' || packet.cmd === 'puback' ? [[packet.messageId, packet.reasonCode ?? 0]] : [],
    )
    expect(answers.sort(([a = 0], [b = 0]) => a - b)).toEqual([
      [1, 0],
      [2, 0],
      [3, 0],
      [7, 0x97],
      [8, 0x97],
    ])
    isDown = false
    await service.clock.advance(20_000)
    expect(await numbers('reader', three, reader)).toEqual(upTo(3))
  })
})
