/** The receiver has a QoS 2 message, and whether that is written down is not known: the exchange goes on, and nobody loses it. */
import { describe, expect, it } from 'vitest'
import { TestService } from '../../../../../test/rig/nodes.ts'

const STORED = {
  protocolVersion: 5,
  clean: false,
  properties: { sessionExpiryInterval: 3_000 },
  autoAck: false,
} as const

describe.each([
  ['one session', ['bob']],
  ['several, which share its bytes', ['bob', 'carol']],
])('a message for %s, whose release was written and whose answer was lost,', (_, names) => {
  it.each(['a', 'b'])('goes on with PUBREL at %s', async (next) => {
    const service = new TestService()
    const a = await service.join('a')
    const nodes = { a, b: await service.join('b') }
    for (const clientId of names) {
      const client = await a.client({ ...STORED, clientId })
      await client.subscribe('t', { qos: 2 })
      await client.drop()
    }
    const alice = await a.client({ clientId: 'alice' })
    await alice.publish('t', 'once', { qos: 2 })
    await service.clock.advance(100)
    for (const clientId of names) {
      const client = await a.client({ ...STORED, clientId })
      const { messageId } = await client.next('publish')
      service.store.lose('a', 'write', 'failed')
      client.send({ cmd: 'pubrec', messageId })
      await service.clock.advance(100)
      expect(client.received.map(({ cmd }) => cmd)).not.toContain('pubrel')
      await client.drop()
      await service.clock.advance(1_000)
      const opening = nodes[next as 'a' | 'b'].client({ ...STORED, clientId })
      await service.clock.advance(1_000)
      const again = await opening
      await service.clock.advance(1_000)
      const sent = (cmd: string) => again.received.filter((packet) => packet.cmd === cmd)
      // Where others need its bytes they are there still, and it may be sent again.
      if (names.length > 1 && sent('publish').length > 0) {
        expect(sent('publish')).toMatchObject([{ messageId, dup: true }])
        again.send({ cmd: 'pubrec', messageId })
        await service.clock.advance(100)
      } else expect(sent('publish')).toEqual([])
      expect(sent('pubrel')).toMatchObject([{ messageId }])
      again.send({ cmd: 'pubcomp', messageId })
      await service.clock.advance(100)
    }
  })
})
