import { describe, expect, it } from 'vitest'
import { acceptAll } from './accept-all.ts'
import { testStack } from './test-stack.ts'

describe('testStack', () => {
  it('starts a strict stack on a virtual clock', async () => {
    const { stack, clock } = await testStack()
    expect(stack.config.strict).toBe(true)
    expect(stack.clock).toBe(clock)
  })

  it('takes middlewares as arguments, or in `use`', async () => {
    const packets: string[] = []
    const note = {
      name: 'Note',
      handle: (_client: unknown, packet: { cmd: string }) => void packets.push(packet.cmd),
    }
    const { client } = await testStack(note, acceptAll())
    await (await client()).disconnect()
    const other = await testStack({ use: [note, acceptAll()], options: { strict: false } })
    await (await other.client()).drop()
    expect(packets).toEqual(['connect', 'disconnect', 'connect'])
  })
})
