/** Messages to very many, given out in pieces, that a member of a group is to have too, which goes meanwhile. */
import type { TestClient } from '@mqtt-stack/testing'
import { expect, it, vi } from 'vitest'
import { TestService } from '../../../../../test/rig/nodes.ts'

const STORED = { protocolVersion: 5, clean: false, properties: { sessionExpiryInterval: 3_000 } } as const
/** From so many on a message is given in pieces. */
const WIDE = 2_001
const SHARE = '$share/g/t'
/** How long each piece takes, in ms: the message behind it waits for all of them. */
const PIECE = 20
/** How long the messages have been under way when the member goes, in ms. */
const UNDER_WAY = [1, 150, 500]

function payloads(...clients: TestClient[]): string[] {
  const packets = clients.flatMap(({ received }) => received)
  return packets.flatMap((packet) => (packet.cmd === 'publish' ? [packet.payload.toString()] : [])).sort()
}

it('come to the group, those of QoS 2 once, where the node that was chosen stops, or its member leaves, or that of this node', {
  timeout: 120_000,
}, async () => {
  const service = new TestService()
  const c = await service.join('c')
  for (let i = 0; i < WIDE; i++) {
    const one = await c.client({ clientId: `many-${i}` })
    await one.subscribe('t')
  }
  const d = await service.join('d')
  const other = await d.client({ ...STORED, clientId: 'other' })
  await other.subscribe(SHARE, { qos: 2 })
  await other.disconnect({ reasonCode: 0 })
  const senders = await Promise.all(['p', 'q', 'r', 's'].map((clientId) => c.client({ ...STORED, clientId })))
  const { pace } = c.stack
  let [isSlow, isSpent] = [false, false]
  vi.spyOn(pace, 'spent', 'get').mockImplementation(() => {
    // Whoever has rested goes on.
    isSpent = isSlow && !isSpent
    return isSpent
  })
  vi.spyOn(pace, 'rest').mockImplementation(
    () => new Promise((resolve) => void service.clock.after(PIECE, resolve)),
  )
  const sent: string[] = []
  const members: TestClient[] = []
  for (const how of ['leaves', 'stops', 'leaves here'] as const)
    for (const ms of UNDER_WAY) {
      const x = await service.join('x')
      const member = await (how === 'leaves here' ? c : x).client({ clientId: `${how} ${ms}` })
      await member.subscribe(SHARE, { qos: 2 })
      await service.settle()
      members.push(member)
      isSlow = true
      for (const [i, sender] of senders.entries()) {
        const qos = i % 2 === 0 ? 1 : 2
        const payload = `QoS ${qos}, ${how} after ${ms}: ${i}`
        sent.push(payload)
        const rest = { messageId: sender.nextId(), qos, retain: false, dup: false } as const
        sender.send({ cmd: 'publish', topic: 't', payload, ...rest })
      }
      await service.clock.advance(ms)
      if (how !== 'stops') member.send({ cmd: 'unsubscribe', messageId: 99, unsubscriptions: [SHARE] })
      const stopped = how === 'stops' ? x.stop() : undefined
      await service.clock.advance(5_000)
      isSlow = false
      const ended = stopped ?? x.stop()
      await service.clock.advance(10_000)
      await ended
    }
  const back = await d.client({ ...STORED, clientId: 'other' })
  await service.clock.advance(1_000)
  const received = payloads(...members, back)
  expect([...new Set(received)]).toEqual(sent.sort())
  const exact = (payload: string): boolean => payload.startsWith('QoS 2')
  expect(received.filter(exact)).toEqual(sent.filter(exact))
})
