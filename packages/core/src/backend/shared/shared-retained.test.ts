import type { RetainedMessage, Store } from '@mqtt-stack/core'
import type { SharedStore } from '@mqtt-stack/core/backend'
import { acceptAll, MemoryService, settle, testStack, VirtualClock } from '@mqtt-stack/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { nextMessageId } from '../../contract/index.ts'
import { Publish } from '../../packets/index.ts'
import { RetainedMessages } from '../retained-messages.ts'
import { SharedRetained } from './shared-retained.ts'

const LIMITS = { messages: 10, payload: 100, bytes: 1_000_000 }

/** The retained messages of a node. */
interface Node {
  readonly store: SharedStore
  readonly shared: SharedRetained
  retain(topic: string, payload: string, seconds?: number): Promise<Store<'storeRetainedMessage'>>
  lookup(filter: string): Promise<RetainedMessage[]>
  /** What a look-up finds, as `topic=payload`. */
  texts(filter?: string): Promise<string[]>
  sweep(): void
}

interface Service {
  readonly clock: VirtualClock
  readonly service: MemoryService
  join(name: string): Promise<Node>
}

function serviceOf(feed?: number): Service {
  const clock = new VirtualClock()
  const service = new MemoryService({ clock, ...(feed !== undefined && { feed }) })
  return { clock, service, join: (name) => nodeOf(name, service, clock) }
}

async function nodeOf(name: string, service: MemoryService, clock: VirtualClock): Promise<Node> {
  const { stack, stop } = await testStack({ use: [acceptAll()], clock })
  const store = service.node(name)
  await store.open()
  const messages: RetainedMessages = new RetainedMessages(LIMITS, (_topic, _isBack, message) => {
    if (message !== undefined) shared.expired(message)
  })
  const shared: SharedRetained = new SharedRetained(store.retained, stack, messages, {
    now: () => clock.wall(),
  })
  await shared.start()
  onTestFinished(async () => {
    await shared.stop()
    await store.close()
    await stop()
  })
  const lookup = async (topic: string): Promise<RetainedMessage[]> => {
    const found: RetainedMessage[] = []
    await shared.lookup({ topic }, found)
    return found
  }
  return {
    store,
    shared,
    async retain(topic, payload, seconds) {
      const packet = Publish.from({ topic, payload, qos: 1, retain: true })
      const expiresAt = seconds === undefined ? 0 : clock.now() + seconds * 1_000
      const answer: Store<'storeRetainedMessage'> = {}
      await shared.store({ client: undefined, topic, packet, messageId: nextMessageId(), expiresAt }, answer)
      return answer
    },
    lookup,
    texts: async (filter = '#') =>
      (await lookup(filter)).map(({ topic, packet }) => `${topic}=${packet.payload.toString()}`),
    sweep() {
      for (const _ of messages.sweep(clock.now(), stack.pace));
      shared.sweep(clock.now())
    },
  }
}

describe('retained messages of a service', () => {
  it('are found by every node as soon as they are stored by one', async () => {
    const { join } = serviceOf()
    const [a, b] = [await join('a'), await join('b')]
    for (const i of [1, 2, 3]) {
      await a.retain('t', `${i}`)
      expect(await b.texts()).toEqual([`t=${i}`])
    }
    expect(await b.retain('t', '')).toMatchObject({ replaced: true })
    expect([await a.texts(), await b.texts()]).toEqual([[], []])
  })

  it('are there for a node that joins, and as old as they are', async () => {
    const { clock, service, join } = serviceOf()
    const a = await join('a')
    await a.retain('stays', 'x')
    await a.retain('ends', 'y', 10)
    await clock.advance(4_000)
    const since = nextMessageId()
    const b = await join('b')
    const found = await b.lookup('#')
    expect(found.map(({ topic, expiresAt }) => [topic, expiresAt && expiresAt - clock.now()])).toEqual([
      ['ends', 6_000],
      ['stays', 0],
    ])
    for (const { messageId } of found) expect(messageId).toBeLessThan(since)
    expect(service.left.retained).toBe(2)
  })

  it('count as changed when the feed brings them, wherever they were stored', async () => {
    const { join } = serviceOf()
    const [a, b] = [await join('a'), await join('b')]
    await a.retain('before', 'x')
    await b.shared.current()
    const since = nextMessageId()
    await a.retain('behind', 'x')
    const found = await b.lookup('#')
    expect(found.map(({ topic, messageId }) => [topic, messageId > since])).toEqual([
      ['before', false],
      ['behind', true],
    ])
  })

  it('are the same for all nodes, however many store at once', async () => {
    const { join } = serviceOf()
    const nodes = [await join('a'), await join('b'), await join('c')]
    await Promise.all(
      nodes.flatMap((node, n) => Array.from({ length: 20 }, (_, i) => node.retain(`t${i % 3}`, `${n}.${i}`))),
    )
    const [first, ...others] = await Promise.all(nodes.map((node) => node.texts()))
    expect(first).toHaveLength(3)
    for (const other of others) expect(other).toEqual(first)
    expect(await (await join('late')).texts()).toEqual(first)
  })

  it('are bounded, and what is refused clears its topic', async () => {
    const { join } = serviceOf()
    const [a, b] = [await join('a'), await join('b')]
    for (let i = 0; i < 10; i++) await (i % 2 === 0 ? a : b).retain(`t${i}`, 'x')
    await b.shared.current()
    expect(await b.retain('one more', 'x')).toMatchObject({ refused: 0x97 })
    expect(await b.retain('t0', 'x'.repeat(101))).toMatchObject({ refused: 0x97 })
    expect(await a.texts()).toHaveLength(9)
    expect(await a.retain('one more', 'x')).not.toHaveProperty('refused')
  })

  it('that are over leave the store, by the node that stored them', async () => {
    const { clock, service, join } = serviceOf()
    const [a, b] = [await join('a'), await join('b')]
    await a.retain('t', 'x', 5)
    await b.shared.current()
    await clock.advance(7_000)
    b.sweep()
    await settle()
    expect(service.left.retained).toBe(1)
    expect(await b.texts()).toEqual([])
    a.sweep()
    await settle()
    expect(service.left.retained).toBe(0)
  })

  it('that are over leave the store by any node where the one that stored them is gone', async () => {
    const { clock, service, join } = serviceOf()
    const [a, b] = [await join('a'), await join('b')]
    await a.retain('t', 'x', 5)
    await b.shared.current()
    service.kill('a')
    await clock.advance(7_000)
    b.sweep()
    await clock.advance(31_000)
    const c = await join('c')
    b.sweep()
    await settle()
    expect(service.left.retained).toBe(0)
    expect(await c.texts()).toEqual([])
  })

  it('that took the place of one that is taken away as over stay', async () => {
    const { clock, service, join } = serviceOf()
    const [a, b] = [await join('a'), await join('b')]
    await a.retain('t', 'old', 5)
    await b.shared.current()
    await clock.advance(7_000)
    // It takes the old one away before it hears of the new one.
    const storing = b.retain('t', 'new')
    a.sweep()
    await storing
    await clock.advance(1_000)
    expect(service.left.retained).toBe(1)
    for (const node of [a, b, await join('c')]) expect(await node.texts()).toEqual(['t=new'])
  })

  it('that are removed are gone for all, unless the topic has another one', async () => {
    const { service, join } = serviceOf()
    const [a, b] = [await join('a'), await join('b')]
    await a.retain('t', 'old')
    const [old] = await b.lookup('t')
    await a.retain('t', 'new')
    await b.shared.remove(old)
    for (const node of [a, b, await join('c')]) expect(await node.texts()).toEqual(['t=new'])
    const [found] = await b.lookup('t')
    await b.shared.remove(found)
    for (const node of [a, b]) expect(await node.texts()).toEqual([])
    expect(service.left.retained).toBe(0)
  })

  it('are read anew where a node was away for so long that the feed has gone on', async () => {
    const { clock, service, join } = serviceOf(5)
    const [a, b] = [await join('a'), await join('b')]
    await a.retain('gone', 'x')
    await a.retain('stays', 'x')
    await b.shared.current()
    service.cut('b')
    await a.retain('gone', '')
    for (let i = 0; i < 10; i++) await a.retain('changes', `${i}`)
    await clock.advance(3_000)
    // What is known is what there is while the store is out of reach.
    const away = b.texts()
    await clock.advance(20_000)
    expect(await away).toEqual(['gone=x', 'stays=x'])
    service.heal('b')
    await clock.advance(5_000)
    expect(await b.texts()).toEqual(['changes=9', 'stays=x'])
  })

  it('fail to be stored with STORE_FAILED where the store cannot', async () => {
    const { clock, service, join } = serviceOf()
    const a = await join('a')
    service.cut('a')
    const storing = a.retain('t', 'x')
    storing.catch(() => {})
    await clock.advance(10_000)
    await expect(storing).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: 'retained messages cannot be stored: the store is out of reach',
    })
    service.heal('a')
    await clock.advance(2_000)
    expect(await a.texts()).toEqual([])
    await a.retain('t', 'y')
    expect(await a.texts()).toEqual(['t=y'])
  })

  it.each([
    [
      [1, 2],
      'STORE_DAMAGED',
      'a retained message of the service cannot be read: a record of 2 bytes is cut off',
    ],
    [[9], 'STORE_FORMAT', 'the service holds retained messages of format 9, and this version knows 1'],
  ])('of bytes %j end the start with %s', async (bytes, code, message) => {
    const { service, join } = serviceOf()
    const store = service.node('wrong')
    await store.open()
    await store.retained.write(
      [{ key: Uint8Array.of(0x30, 0x61), value: Uint8Array.from(bytes) }],
      Uint8Array.of(),
    )
    const where =
      '; it is under the key "0a" of the retained messages: where nobody of yours wrote it, take it away'
    await expect(join('a')).rejects.toMatchObject({ code, message: message + where })
  })
})
