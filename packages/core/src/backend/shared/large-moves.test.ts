/** Sessions with much in them move in pages: nobody else waits for all of it, and little of it is in memory. */
import { describe, expect, it } from 'vitest'
import { TestService } from '../../../../../test/rig/nodes.ts'
import { decodeEntry } from './entry.ts'

const STORED = { protocolVersion: 5, clean: false, properties: { sessionExpiryInterval: 3_000 } } as const

describe('a session that moves', () => {
  it('with many filters comes a page of them at a time, and has all of them', async () => {
    const service = new TestService()
    const [a, b] = [await service.join('a'), await service.join('b')]
    const bob = await a.client({ ...STORED, clientId: 'bob' })
    for (let i = 0; i < 1_000; i += 100)
      await bob.subscribe(
        Array.from({ length: 100 }, (_, k) => `t/${i + k}`),
        { qos: 1 },
      )
    await bob.drop()
    const pages: number[] = []
    service.onSend('a', (entry) => {
      for (const frame of decodeEntry(entry).frames)
        if (frame.kind === 'part' && frame.stage === 1) pages.push(frame.records.length)
    })
    const again = b.open({ clientId: 'bob', protocolVersion: 5 })
    const connack = again.connect({ ...STORED })
    await service.clock.advance(1_000)
    expect(await connack).toMatchObject({ sessionPresent: true })
    expect(pages).toEqual([500, 500, 1])
    const alice = await a.client({ clientId: 'alice' })
    for (const i of [0, 499, 500, 999]) await alice.publish(`t/${i}`, `${i}`, { qos: 1 })
    await service.clock.advance(1_000)
    const topics = again.received.flatMap((packet) => (packet.cmd === 'publish' ? [packet.topic] : []))
    expect(topics).toEqual(['t/0', 't/499', 't/500', 't/999'])
  })

  it('with others, each with large messages, has little of them in memory', async () => {
    const service = new TestService()
    const [a, b] = [await service.join('a'), await service.join('b')]
    const names = Array.from({ length: 30 }, (_, i) => `c${i}`)
    for (const name of names) {
      const client = await a.client({ ...STORED, clientId: name })
      await client.subscribe('t', { qos: 1 })
      await client.drop()
    }
    const alice = await a.client({ clientId: 'alice' })
    for (let i = 0; i < 3; i++) await alice.publish('t', `${i}`.padEnd(300_000, 'x'), { qos: 1 })
    await service.clock.advance(1_000)
    // Nothing of the logs comes to the other node at first.
    const store = service.storeOf('a')
    const send = store.send.bind(store)
    const read = store.read.bind(store)
    let release = (): void => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    let bytes = 0
    store.send = async (node, entry) => {
      if (entry.length > 300_000) await held
      return send(node, entry)
    }
    store.read = async (range, limit) => {
      const page = await read(range, limit)
      for (const { value } of page) bytes += value.length
      return page
    }
    const all = names.map((name) => {
      const client = b.open({ clientId: name, protocolVersion: 5 })
      client.connect({ ...STORED }).catch(() => {})
      return client
    })
    await service.clock.advance(2_000)
    // A page of each of those that may send.
    expect(bytes).toBeGreaterThan(300_000)
    expect(bytes).toBeLessThan(17 * 300_000)
    release()
    await service.clock.advance(15_000)
    for (const client of all) {
      const got = client.received.flatMap((packet) =>
        packet.cmd === 'publish' ? [packet.payload.toString().slice(0, 1)] : [],
      )
      expect(got).toEqual(['0', '1', '2'])
    }
  })
})
