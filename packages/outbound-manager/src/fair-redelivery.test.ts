/** A session with much in its log takes turns with everybody else. */
import { expect, it } from 'vitest'
import { BACKENDS } from '../../../test/rig/backends.ts'
import { defaultStack } from '../../../test/rig/default-stack.ts'

const PAYLOAD = 'x'.repeat(8_192)
const COUNT = 50

it.each(BACKENDS)(
  'what a log holds is sent in pieces, a turn each, on a backend %s',
  async (_name, backend) => {
    const { stack, client, open, settle } = await defaultStack({ backend, stack: { highWater: 1_048_576 } })
    await (await client({ clientId: 'bob', clean: false })).subscribe('t', { qos: 1 })
    for (const one of stack.clients) if (one.id === 'bob') one.close()
    await settle()
    const alice = await client({ clientId: 'alice' })
    for (let i = 0; i < COUNT; i++) await alice.publish('t', `${i} ${PAYLOAD}`, { qos: 1 })

    const bob = open({ clientId: 'bob' })
    const connected = bob.connect({ clean: false })
    const pieces: number[] = []
    let [before, isOver] = [0, false]
    const look = (): void => {
      const now = [...stack.clients].find(({ id }) => id === 'bob')?.bytesOut ?? 0
      if (now > before) pieces.push(now - before)
      before = now
      if (!isOver) setImmediate(look)
    }
    look()
    await connected
    await settle()
    isOver = true

    const numbers = bob.received.flatMap((packet) =>
      packet.cmd === 'publish' ? [Number.parseInt(packet.payload.toString(), 10)] : [],
    )
    expect(numbers).toEqual(Array.from({ length: COUNT }, (_, i) => i))
    // 64 KiB and the message that goes beyond; all of it would be 400 KiB.
    expect(Math.max(...pieces)).toBeLessThanOrEqual(65_536 + 2 * 8_300)
    expect(pieces.length).toBeGreaterThanOrEqual(6)
  },
)
