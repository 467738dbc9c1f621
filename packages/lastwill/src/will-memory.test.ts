/** Wills are counted from CONNECT until they were published or are dropped. */
import { MemoryBackend } from '@mqtt-stack/memory-backend'
import type { ConnectOptions, OpenOptions, TestClient } from '@mqtt-stack/testing'
import { settle } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { broker5 } from '../../../test/rig/broker.ts'
import { messagesOf } from '../../../test/rig/bytes.ts'

const FULL = 0x97

/** A CONNECT with a will of `bytes` that waits for `delay` seconds. */
function leaving(clientId: string, bytes: number, delay: number): ConnectOptions & OpenOptions {
  return {
    clientId,
    properties: { sessionExpiryInterval: delay },
    will: {
      topic: `will/${clientId}`,
      payload: Buffer.alloc(bytes, 'x'),
      qos: 1,
      properties: { willDelayInterval: delay },
    },
  } as ConnectOptions & OpenOptions
}

const lose = async (client: TestClient): Promise<void> => {
  client.stream.destroy()
  await settle()
}

describe('a will', () => {
  it('is refused where there is no memory for it, with those whose clients are gone; all are published in time', async () => {
    const { open, client, broker, seconds, memory } = broker5({ stack: { memoryCeiling: 500_000 } })
    const { ledger } = broker.stack
    const codes: unknown[] = []
    for (let i = 0; i < 10; i++) {
      const options = leaving(`c${i}`, 40_000, 3_600)
      const one = open(options)
      codes.push((await one.connect(options)).reasonCode)
      await lose(one)
    }
    expect(codes).toEqual([...new Array(5).fill(0), ...new Array(5).fill(FULL)])
    expect(ledger.held).toBeLessThan(ledger.share)
    const heir = await client({ listener: { transport: 'memory', local: true, remote: '192.0.2.9:1' } })
    await heir.subscribe('will/+', { qos: 1 })
    await seconds(4_000)
    expect(messagesOf(heir)).toHaveLength(5)
    await heir.disconnect()
    await settle()
    expect([ledger.held, ledger.owners, memory.stats.sessions]).toEqual([0, 0, 0])
  })

  it.each([
    ['dropped by DISCONNECT', (one: TestClient) => one.disconnect()],
    ['published when the connection is lost', lose],
  ])('is not counted any more once it is %s', async (_how, end) => {
    const { client, broker } = broker5()
    const one = await client(leaving('one', 10_000, 0))
    expect(broker.stack.ledger.held).toBeGreaterThan(10_000)
    await end(one)
    await settle()
    expect(broker.stack.ledger.held).toBe(0)
  })

  it('is not counted any more once its client is back', async () => {
    const { client, broker } = broker5()
    const first = await client(leaving('one', 10_000, 3_600))
    await lose(first)
    const { ledger } = broker.stack
    expect(ledger.held).toBeGreaterThan(10_000)
    await client({ clientId: 'one', clean: false, properties: { sessionExpiryInterval: 3_600 } })
    expect(ledger.held).toBeLessThan(10_000)
  })

  it('that waits is counted with the owner of its session, from wherever its client has come back', async () => {
    const { client, broker } = broker5({ allowAnonymous: true })
    const { ledger } = broker.stack
    const from = (remote: string) => ({ listener: { transport: 'tcp' as const, local: false, remote } })
    const here = { clientId: 'one', clean: false, properties: { sessionExpiryInterval: 3_600 } }
    await lose(await client({ ...here, ...from('192.0.2.1:1') }))
    const [{ owner }] = [...ledger.accounts()].filter(({ held }) => held > 0)
    await lose(await client({ ...leaving('one', 10_000, 3_600), clean: false, ...from('198.51.100.9:2') }))
    expect(ledger.held).toBeGreaterThan(10_000)
    expect(ledger.account(owner).held).toBe(ledger.held)
  })

  it('is not counted of a client that is refused behind it', async () => {
    const { open, client, broker, seconds } = broker5({ backend: new MemoryBackend({ sessions: 1 }) })
    await client()
    const before = broker.stack.ledger.held
    const options = leaving('two', 10_000, 0)
    const refused = open(options)
    expect((await refused.connect(options)).reasonCode).toBe(FULL)
    await lose(refused)
    await seconds(5)
    expect(broker.stack.ledger.held).toBe(before)
  })

  it('that is retained is counted with its owner, and once', async () => {
    const { client, broker } = broker5()
    const { ledger } = broker.stack
    const options = leaving('one', 10_000, 0)
    const one = await client({ ...options, will: { ...options.will, retain: true } } as typeof options)
    await lose(one)
    expect(ledger.account('local').held).toBe(ledger.held)
    expect(ledger.held).toBeGreaterThan(10_000)
    expect(ledger.held).toBeLessThan(12_000)
    const other = await client({ clientId: 'other' })
    await other.publish('will/one', '', { retain: true, qos: 1 })
    await other.disconnect()
    await settle()
    expect(ledger.held).toBe(0)
  })
})
