/** What a session leaves behind for a group comes to another member, once, whatever fails meanwhile. */
import type { TestClient } from '@mqtt-stack/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import type { TestNode } from '../../../../../test/rig/nodes.ts'
import { TestService } from '../../../../../test/rig/nodes.ts'

const SHARE = '$share/workers/jobs'
const STORED = { protocolVersion: 5, clean: false, properties: { sessionExpiryInterval: 300 } } as const

let service: TestService
let one: TestNode
let two: TestNode

beforeEach(async () => {
  service = new TestService()
  one = await service.join('one')
  two = await service.join('two')
})

function payloads(...clients: TestClient[]): string[] {
  const packets = clients.flatMap(({ received }) => received)
  return packets.flatMap((packet) => (packet.cmd === 'publish' ? [packet.payload.toString()] : [])).sort()
}

async function leave(qos: 1 | 2): Promise<void> {
  const sender = await two.client({ clientId: 'sender', clean: false })
  const leaving = await two.client({ ...STORED, clientId: 'leaving' })
  await leaving.subscribe(SHARE, { qos })
  await leaving.disconnect({ reasonCode: 0 })
  for (const payload of ['1', '2', '3']) await sender.publish('jobs', payload, { qos })
  await service.clock.advance(1_000)
}

/** A clean start, refused where the store fails, and another one. */
async function startClean(): Promise<void> {
  for (let i = 0; i < 2; i++) {
    const again = two.open({ clientId: 'leaving' })
    await again.connect({ clean: true })
    await service.clock.advance(5_000)
  }
}

const ENDS = {
  'starts clean': startClean,
  expires: () => service.clock.advance(400_000),
}

describe.each([1, 2] as const)('what a session leaves behind for a group at QoS %i', (qos) => {
  describe.each(['starts clean', 'expires'] as const)('that %s', (how) => {
    const all = (['one', 'two'] as const).flatMap((node) => [[node, true] as const, [node, false] as const])
    it.each(all)(
      'comes to a member on node %s (stored: %s) where the store fails once',
      async (name, stored) => {
        await leave(qos)
        const node = name === 'one' ? one : two
        const member = await node.client({ ...(stored ? STORED : { clean: true }), clientId: 'member' })
        await member.subscribe(SHARE, { qos })
        await service.clock.advance(1_000)
        if (how === 'expires') await service.clock.advance(290_000)
        service.store.lose('two', 'write', 'failed')
        await ENDS[how]()
        expect(payloads(member)).toEqual(['1', '2', '3'])
      },
    )
  })
})
