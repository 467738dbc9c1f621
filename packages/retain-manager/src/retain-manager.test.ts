/** RetainManager alone: what it executes is answered by plain objects. */
import type { Client, Context, MiddlewareLike, QoS, RetainedMessage, Store } from '@mqtt-stack/core'
import { matchesFilter, nextMessageId, Publish, RelayContext, RelayStore } from '@mqtt-stack/core'
import type { TestStack } from '@mqtt-stack/testing'
import { acceptAll, testStack } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { stopAtEnd } from '../../../test/rig/stop-at-end.ts'
import type { RetainManagerOptions } from './index.ts'
import { RetainManager } from './index.ts'

/** Retained messages, and what was asked of them. */
class Shelf implements MiddlewareLike {
  readonly name = 'Shelf'
  readonly stored: Context<'storeRetainedMessage'>[] = []
  readonly lookups: string[] = []
  messages: RetainedMessage[] = []
  refused: number | undefined
  /** Holds back the answers while it is set. */
  gate: Promise<void> | undefined

  put(topic: string, qos: QoS = 0): void {
    const packet = Publish.from({ topic, payload: `kept for ${topic}`, qos, retain: true })
    this.messages.push({ topic, packet, messageId: 1, expiresAt: 0 })
  }

  async storeRetainedMessage(ctx: Context<'storeRetainedMessage'>, store: Store<'storeRetainedMessage'>) {
    await this.gate
    this.stored.push(ctx)
    if (this.refused !== undefined) store.refused = this.refused
  }

  async lookupRetainedMessages(ctx: Context<'lookupRetainedMessages'>, store: RetainedMessage[]) {
    const { topic, after = '', limit = Number.POSITIVE_INFINITY } = ctx
    this.lookups.push(`${topic} after "${after}", ${limit}`)
    await this.gate
    const found = this.messages.filter(
      (message) => message.topic > after && matchesFilter(topic, message.topic),
    )
    store.push(...found.slice(0, limit))
  }
}

interface Alone extends TestStack {
  shelf: Shelf
  peer: Client
  forwarded: Context<'forwardMessage'>[]
  subscribe(topic: string, qos?: QoS): Promise<void>
}

async function alone(options?: RetainManagerOptions, ...others: MiddlewareLike[]): Promise<Alone> {
  const shelf = new Shelf()
  const forwarded: Context<'forwardMessage'>[] = []
  const sender: MiddlewareLike = {
    name: 'Sender',
    forwardMessage: (ctx: Context<'forwardMessage'>) => void forwarded.push(ctx),
  }
  const test = await testStack(new RetainManager(options), ...others, shelf, sender, acceptAll())
  stopAtEnd(test)
  await test.client()
  const [peer] = test.stack.clients
  const subscribe = async (topic: string, qos: QoS = 2): Promise<void> => {
    const subscription = { topic, qos, options: { topic, qos }, identifier: undefined, share: undefined }
    test.stack.tell('topicSubscribed', {
      client: peer,
      existed: false,
      since: nextMessageId(),
      ...subscription,
    })
    await test.settle()
  }
  return Object.assign(test, { shelf, peer, forwarded, subscribe })
}

const relay = ({ stack, peer }: Alone, packet: Publish): Promise<unknown> =>
  stack.call('relayMessage', new RelayContext(peer, packet, peer.session, undefined), new RelayStore())

describe('a message that is relayed', () => {
  it('[MQTT-3.3.1-5] is stored when it is retained: client, topic and packet', async () => {
    const test = await alone()
    const packet = Publish.from({ topic: 'a', payload: 'hello', qos: 1, retain: true })
    await relay(test, packet)
    expect(test.shelf.stored).toMatchObject([{ client: test.peer, topic: 'a', packet }])
    expect(test.shelf.stored[0].messageId).toBeGreaterThan(0)
  })

  it('[MQTT-3.3.1-12] is not stored otherwise', async () => {
    const test = await alone()
    await relay(test, Publish.from({ topic: 'a', payload: 'hello' }))
    expect(test.shelf.stored).toEqual([])
  })

  it('goes on only when it is stored, so that a crash loses nothing', async () => {
    const test = await alone()
    let open = (): void => {}
    test.shelf.gate = new Promise((resolve) => {
      open = resolve
    })
    let through = false
    const relayed = relay(test, Publish.from({ topic: 'a', payload: 'hello', retain: true })).then(() => {
      through = true
    })
    await test.settle()
    expect(through).toBe(false)
    open()
    await relayed
    expect(through).toBe(true)
  })

  it('is told as dropped when there is no room to keep it, and goes on', async () => {
    const drops: unknown[] = []
    const watcher: MiddlewareLike = {
      name: 'Watcher',
      messageDropped: ({ reason, clientId }: Context<'messageDropped'>) =>
        void drops.push([clientId, reason]),
    }
    const test = await alone({}, watcher)
    test.shelf.refused = 0x97
    await relay(test, Publish.from({ topic: 'a', payload: 'hello', retain: true }))
    expect(drops).toEqual([[test.peer.id, 'retained-full']])
  })
})

describe('a subscription', () => {
  it('[MQTT-3.3.1-6] [MQTT-3.3.1-8] is given what matches, with the retain flag, at the lower QoS', async () => {
    const test = await alone()
    for (const qos of [0, 1, 2] as const) test.shelf.put(`t/${qos}`, qos)
    await test.subscribe('t/+', 1)
    expect(test.forwarded.map(({ packet, qos, retain }) => [packet.topic, qos, retain])).toEqual([
      ['t/0', 0, true],
      ['t/1', 1, true],
      ['t/2', 1, true],
    ])
    expect(test.shelf.lookups).toEqual(['t/+ after "", 100'])
  })

  it('is given many page by page', async () => {
    const test = await alone({ page: 2 })
    for (const topic of ['a', 'b', 'c', 'd']) test.shelf.put(topic)
    await test.subscribe('#')
    expect(test.forwarded.map(({ packet }) => packet.topic)).toEqual(['a', 'b', 'c', 'd'])
    expect(test.shelf.lookups).toEqual(['# after "", 2', '# after "b", 2', '# after "d", 2'])
  })

  it('waits for the client to take what was queued, one message ahead', async () => {
    let open = (): void => {}
    const queue: MiddlewareLike = {
      name: 'Queue',
      forwardMessage(_ctx: Context<'forwardMessage'>, store) {
        store.outcome = 'queued'
        store.queue = { drained }
      },
    }
    const drained = (): Promise<void> =>
      new Promise((resolve) => {
        open = resolve
      })
    const test = await alone({}, queue)
    for (const topic of ['a', 'b', 'c']) test.shelf.put(topic)
    await test.subscribe('#')
    expect(test.forwarded).toHaveLength(1)
    open()
    await test.settle()
    expect(test.forwarded).toHaveLength(2)
  })

  it('is given one filter after the other, each of them once while it waits', async () => {
    const test = await alone()
    let open = (): void => {}
    test.shelf.gate = new Promise((resolve) => {
      open = resolve
    })
    for (const topic of ['a', 'b', 'a', 'b', 'b', 'c']) await test.subscribe(topic)
    expect(test.shelf.lookups).toEqual(['a after "", 100'])
    open()
    await test.settle()
    // The first one was on its way when it was subscribed to again: it is sent again [MQTT-3.8.4-3].
    expect(test.shelf.lookups.map((lookup) => lookup[0])).toEqual(['a', 'a', 'b', 'c'])
  })

  it('is given nothing of a topic that changed since it was subscribed to: that came live', async () => {
    const test = await alone()
    const { shelf } = test
    for (const topic of ['a', 'b', 'c']) shelf.put(topic)
    let open = (): void => {}
    shelf.gate = new Promise((resolve) => {
      open = resolve
    })
    const lookup = shelf.lookupRetainedMessages.bind(shelf)
    shelf.lookupRetainedMessages = async (ctx, store) => {
      const found: RetainedMessage[] = []
      await lookup(ctx, found)
      store.push(...found)
      // What comes between the answer and its delivery.
      if (ctx.topic !== '#') return
      shelf.messages = []
      shelf.put('a')
      for (const topic of ['a', 'b']) {
        const packet = Publish.from({ topic, payload: 'new', retain: true })
        await relay(test, packet)
        if (topic === 'a')
          shelf.messages = [{ topic, packet, messageId: shelf.stored[0].messageId, expiresAt: 0 }]
      }
    }
    test.stack.refresh()
    await test.subscribe('#')
    open()
    await test.settle()
    expect(test.forwarded.map(({ packet }) => `${packet.topic}: ${packet.payload}`)).toEqual([
      'c: kept for c',
    ])
  })

  it('[MQTT-3.10.4-2] that ends is given nothing more', async () => {
    const test = await alone({ page: 1 })
    const { stack, peer: client, shelf } = test
    for (const topic of ['a', 'b', 'c']) shelf.put(topic)
    let open = (): void => {}
    shelf.gate = new Promise((resolve) => {
      open = resolve
    })
    await test.subscribe('#')
    await test.subscribe('+')
    for (const topic of ['#', '+']) {
      const { id: clientId, epoch, session } = client
      await stack.call('unsubscribeTopic', {
        client,
        clientId,
        epoch,
        session,
        topic,
        packet: { cmd: 'unsubscribe', packetId: 1, unsubscriptions: [topic] },
      })
    }
    open()
    await test.settle()
    expect(test.forwarded).toEqual([])
    await test.subscribe('#')
    expect(test.forwarded).toHaveLength(3)
  })

  it('goes on with the next filter when the store fails for one, unless the client is closed', async () => {
    const test = await alone()
    const { shelf, stack } = test
    shelf.put('a')
    shelf.gate = Promise.reject(new Error('the disk is full'))
    shelf.gate.catch(() => {})
    await test.subscribe('#')
    expect(test.logger.errors).toEqual(['Shelf (lookupRetainedMessages): the disk is full'])
    expect(stack.clients.size).toBe(0)
  })
})

describe('the stack around it', () => {
  it('must have somebody who stores and looks up', async () => {
    await expect(testStack(new RetainManager(), acceptAll())).rejects.toMatchObject({
      code: 'CALLBACK_UNANSWERED',
    })
  })

  it('may lack everybody else', async () => {
    const shelf = new Shelf()
    const test = await testStack(new RetainManager(), shelf, acceptAll())
    stopAtEnd(test)
    await test.client()
    const [client] = test.stack.clients
    shelf.put('a')
    test.stack.tell('topicSubscribed', {
      client,
      topic: '#',
      qos: 0,
      options: { topic: '#', qos: 0 },
      identifier: undefined,
      share: undefined,
      existed: false,
      since: nextMessageId(),
    })
    await test.settle()
    expect(test.logger.errors).toEqual([])
  })
})
