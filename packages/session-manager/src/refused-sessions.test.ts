/** What is opened is closed, whoever fails between openSession and CONNACK. */
import type { MiddlewareLike } from '@mqtt-stack/core'
import { MemoryBackend } from '@mqtt-stack/memory-backend'
import { describe, expect, it } from 'vitest'
import { broker5 } from '../../../test/rig/broker.ts'

const fails = (): never => {
  throw new Error('no luck')
}
const failsLater = async (): Promise<void> => {
  await null
  throw new Error('no luck')
}

/** Callbacks that are executed while a CONNECT is answered, and who fails there. */
const FAILURES: [string, MiddlewareLike][] = (
  ['lookupConnackProperties', 'subscribeTopic', 'clearSubscriptions', 'resumeSession'] as const
).flatMap((name) => [
  [`${name} throws`, { name: 'Broken', [name]: fails }],
  [`${name} rejects`, { name: 'Broken', [name]: failsLater }],
])

describe('a CONNECT that fails where', () => {
  it.each(FAILURES)('%s leaves no session behind', async (_how, broken) => {
    const { open, memory, seconds } = broker5({ use: [broken] })
    for (let i = 0; i < 50; i++) {
      const client = open({ clientId: `client-${i}` })
      client.connect({ clean: i % 2 === 0 }).catch(() => {})
      await seconds(0)
      // Where nothing asked for what fails, the client was accepted.
      if (!client.stream.destroyed) await client.drop()
    }
    await seconds(3)
    expect(memory).toBeInstanceOf(MemoryBackend)
    expect(memory.stats.sessions).toBe(0)
  })

  it('lookupConnackProperties throws is refused with 0x88', async () => {
    const { open } = broker5({ use: [{ name: 'Broken', lookupConnackProperties: fails }] })
    const connack = await open().connect()
    expect(connack.reasonCode).toBe(0x88)
  })
})
