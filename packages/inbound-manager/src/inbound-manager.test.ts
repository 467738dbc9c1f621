/** InboundManager alone: what it executes is answered by plain objects. */
import type { Context, MiddlewareLike, Store } from '@mqtt-stack/core'
import { DONE, PacketIds } from '@mqtt-stack/core'
import type { TestClient, TestStack } from '@mqtt-stack/testing'
import { acceptAll, testStack } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { stopAtEnd } from '../../../test/rig/stop-at-end.ts'
import type { InboundManagerOptions } from './index.ts'
import { InboundManager } from './index.ts'

interface Alone extends TestStack {
  device: TestClient
  /** What was relayed, and what was told as published: their payloads. */
  relayed: string[]
  published: string[]
}

/** The middleware, what stands behind it, and a client that acknowledges by hand. */
async function alone(options?: InboundManagerOptions, ...behind: MiddlewareLike[]): Promise<Alone> {
  const relayed: string[] = []
  const published: string[] = []
  const recorder: MiddlewareLike = {
    name: 'Recorder',
    relayMessage: ({ payload }: Context<'relayMessage'>) => void relayed.push(payload.toString()),
    messagePublished: ({ packet }: Context<'messagePublished'>) =>
      void published.push(packet.payload.toString()),
  }
  const test = await testStack(new InboundManager(options), ...behind, recorder, acceptAll())
  stopAtEnd(test)
  return Object.assign(test, { device: await test.client({ autoAck: false }), relayed, published })
}

/** Relays that wait until the test completes them, in any order; with `stages` their order is fixed at once. */
function store(
  stages: boolean,
): MiddlewareLike & { begun: string[]; complete(payload: string, error?: Error): void } {
  const under = new Map<string, (error?: Error) => void>()
  const begun: string[] = []
  return {
    name: 'Store',
    begun,
    complete: (payload, error) => under.get(payload)?.(error),
    relayMessage(ctx: Context<'relayMessage'>) {
      const payload = ctx.payload.toString()
      begun.push(payload)
      if (stages) ctx.stage()
      return new Promise((resolve, reject) => {
        under.set(payload, (error) => (error === undefined ? resolve() : reject(error)))
      })
    },
  }
}

/** Sends a PUBLISH, and waits for nothing but quiet. */
async function send(
  { device, settle }: Alone,
  payload: string,
  qos: 0 | 1 | 2,
  messageId?: number,
): Promise<void> {
  device.send({ cmd: 'publish', topic: 't', payload, qos, messageId, retain: false, dup: false })
  await settle()
}

/** The acknowledgements that came so far, as `puback 1`. */
const acks = ({ device }: Alone): string[] =>
  device.received.slice(1).map(({ cmd, messageId }) => `${cmd} ${messageId}`)

describe('a PUBLISH', () => {
  it('is relayed with client, packet, topic and payload, and told as published', async () => {
    let seen: Context<'relayMessage'> | undefined
    const witness: MiddlewareLike = {
      name: 'Witness',
      relayMessage(ctx: Context<'relayMessage'>, counts: Store<'relayMessage'>) {
        seen = ctx
        counts.matched = 3
      },
    }
    const test = await alone({}, witness)
    const [client] = test.stack.clients
    await send(test, 'hello', 1, 7)
    expect(seen).toMatchObject({ client, topic: 't', inbound: undefined })
    expect(seen?.packet).toMatchObject({ cmd: 'publish', qos: 1, packetId: 7 })
    expect(seen?.payload.toString()).toBe('hello')
    expect(seen?.publisher).toMatchObject({ clientId: client.id })
    expect(test.published).toEqual(['hello'])
  })

  it('[MQTT-3.3.4-1] [MQTT-4.3.1-1] is not acknowledged at QoS 0', async () => {
    const test = await alone()
    await send(test, 'hello', 0)
    expect(test.relayed).toEqual(['hello'])
    await test.device.expectNothing()
  })

  it('[MQTT-4.3.2-2] [MQTT-2.3.1-6] is acknowledged by PUBACK with its identifier at QoS 1', async () => {
    const test = await alone()
    await send(test, 'one', 1, 500)
    await send(test, 'again', 1, 500)
    expect(acks(test)).toEqual(['puback 500', 'puback 500'])
    expect(test.relayed).toEqual(['one', 'again'])
  })

  it('[MQTT-4.3.3-2] is acknowledged by PUBREC at QoS 2, relayed once until PUBREL, and then new', async () => {
    const test = await alone()
    await send(test, 'one', 2, 65_535)
    await send(test, 'one', 2, 65_535)
    test.device.send({ cmd: 'pubrel', messageId: 65_535 })
    await send(test, 'two', 2, 65_535)
    expect(acks(test)).toEqual(['pubrec 65535', 'pubrec 65535', 'pubcomp 65535', 'pubrec 65535'])
    expect(test.relayed).toEqual(['one', 'two'])
  })

  it('[MQTT-4.3.3-2] a PUBREL is answered with PUBCOMP, also one for nothing', async () => {
    const test = await alone()
    test.device.send({ cmd: 'pubrel', messageId: 9 })
    await test.settle()
    expect(acks(test)).toEqual(['pubcomp 9'])
  })

  it('works when nobody relays', async () => {
    const test = await testStack(new InboundManager(), acceptAll())
    const device = await test.client()
    await device.publish('t', 'hello', { qos: 2 })
    await device.publish('t', 'hello', { qos: 1 })
    expect(test.logger.errors).toEqual([])
  })

  it('holds all 65,535 identifiers at once, and knows each again', async () => {
    const test = await alone()
    const bytes = Buffer.alloc(65_535 * 8)
    for (let id = 1, at = 0; id <= 65_535; id++, at += 8)
      bytes.set([0x34, 6, 0, 1, 0x74, id >> 8, id & 255, 0x78], at)
    test.device.raw(bytes)
    await test.settle()
    expect(test.relayed).toHaveLength(65_535)
    test.device.raw(bytes.subarray(0, 8_000))
    test.device.raw(bytes.subarray(-8_000))
    await test.settle()
    expect(test.relayed).toHaveLength(65_535)
    expect(test.device.received).toHaveLength(1 + 65_535 + 2_000)
  })
})

describe('acknowledgements of relays that complete later', () => {
  it('[MQTT-4.6.0-2] [MQTT-4.6.0-3] come in the order of the messages, whatever completes first', async () => {
    const late = store(true)
    const test = await alone({}, late)
    await send(test, 'a', 1, 1)
    await send(test, 'b', 2, 2)
    await send(test, 'c', 1, 3)
    await send(test, 'd', 1, 4)
    expect(late.begun).toEqual(['a', 'b', 'c', 'd'])
    late.complete('c')
    late.complete('b')
    await test.settle()
    expect(acks(test)).toEqual([])
    late.complete('a')
    await test.settle()
    expect(acks(test)).toEqual(['puback 1', 'pubrec 2', 'puback 3'])
    late.complete('d')
    await test.settle()
    expect(acks(test)).toEqual(['puback 1', 'pubrec 2', 'puback 3', 'puback 4'])
  })

  it('come one by one from a store that does not stage: the next message waits', async () => {
    const late = store(false)
    const test = await alone({}, late)
    await send(test, 'a', 1, 1)
    await send(test, 'b', 1, 2)
    await send(test, 'c', 0)
    expect(late.begun).toEqual(['a'])
    late.complete('a')
    await test.settle()
    late.complete('b')
    await test.settle()
    expect(late.begun).toEqual(['a', 'b', 'c'])
    expect(acks(test)).toEqual(['puback 1', 'puback 2'])
  })

  it('may be staged after a while', async () => {
    const late = store(true)
    const pause: MiddlewareLike = {
      name: 'Pause',
      relayMessage: () => new Promise((resolve) => setImmediate(resolve)),
    }
    const test = await alone({ relays: 2 }, pause, late)
    for (const [i, payload] of ['a', 'b', 'c'].entries()) await send(test, payload, 1, i + 1)
    expect(late.begun).toEqual(['a', 'b'])
    late.complete('b')
    late.complete('a')
    await test.settle()
    expect(late.begun).toEqual(['a', 'b', 'c'])
    expect(acks(test)).toEqual(['puback 1', 'puback 2'])
  })

  it('are not waited for by a message at once, but its own comes behind theirs', async () => {
    const late = store(true)
    const fast: MiddlewareLike = {
      name: 'Fast',
      relayMessage: ({ payload }: Context<'relayMessage'>) =>
        payload.toString() === 'fast' ? DONE : undefined,
    }
    const test = await alone({}, fast, late)
    await send(test, 'slow', 1, 1)
    await send(test, 'fast', 1, 2)
    expect(acks(test)).toEqual([])
    late.complete('slow')
    await test.settle()
    expect(acks(test)).toEqual(['puback 1', 'puback 2'])
  })

  it('are bounded in bytes, and counted: behind 3,000 of them the client is read no further', async () => {
    const late = store(true)
    const test = await alone({ relayBytes: 3_000 }, late)
    const { ledger } = test.stack
    const payload = (letter: string): string => letter.repeat(1_000)
    for (const [i, letter] of ['a', 'b', 'c', 'd', 'e'].entries())
      test.device.send({
        cmd: 'publish',
        topic: 't',
        payload: payload(letter),
        qos: 1,
        messageId: i + 1,
        dup: false,
        retain: false,
      })
    await test.settle()
    expect(late.begun).toEqual([payload('a'), payload('b'), payload('c')])
    expect(ledger.held).toBeGreaterThan(3_000)
    late.complete(payload('a'))
    await test.settle()
    expect(late.begun).toHaveLength(4)
    for (const letter of ['b', 'c', 'd']) late.complete(payload(letter))
    await test.settle()
    late.complete(payload('e'))
    await test.settle()
    expect([ledger.held, ledger.owners]).toEqual([0, 0])
  })

  it('are bounded: at the limit of relays under way the client is read no further', async () => {
    const late = store(true)
    const test = await alone({ relays: 3 }, late)
    for (let id = 1; id <= 10; id++) await send(test, String(id), id % 2 === 0 ? 1 : 2, id)
    expect(late.begun).toEqual(['1', '2', '3'])
    late.complete('2')
    await test.settle()
    // Its acknowledgement waits for the first one's, and so does its place.
    expect(late.begun).toHaveLength(3)
    late.complete('1')
    await test.settle()
    expect(late.begun).toHaveLength(5)
    for (let id = 3; id <= 10; id++) {
      late.complete(String(id))
      await test.settle()
    }
    expect(acks(test)).toHaveLength(10)
  })

  it('are not owed to identifiers that await PUBREL: these never stop reading', async () => {
    const late = store(true)
    const test = await alone({ relays: 2 }, late)
    for (let id = 1; id <= 8; id++) {
      await send(test, String(id), 2, id)
      late.complete(String(id))
      await test.settle()
    }
    expect(late.begun).toHaveLength(8)
    test.device.send({ cmd: 'pubrel', messageId: 3 })
    await test.settle()
    expect(acks(test).at(-1)).toBe('pubcomp 3')
  })

  it('are sent once for a message that is repeated while its relay is under way', async () => {
    const late = store(true)
    const test = await alone({ relays: 5 }, late)
    for (let i = 0; i < 20; i++) await send(test, 'a', 2, 1)
    await send(test, 'b', 1, 2)
    expect(late.begun).toEqual(['a', 'b'])
    late.complete('a')
    late.complete('b')
    await test.settle()
    expect(acks(test)).toEqual(['pubrec 1', 'puback 2'])
  })
})

describe('a relay that fails', () => {
  const failing = (how: 'throws' | 'rejects' | 'stages'): MiddlewareLike => ({
    name: 'Failing',
    relayMessage(ctx: Context<'relayMessage'>): void | Promise<void> {
      if (how === 'throws') throw new Error('no room')
      if (how === 'stages') ctx.stage()
      return Promise.reject(new Error('no room'))
    },
  })

  it.each(['throws', 'rejects', 'stages'] as const)(
    'closes that connection, unacknowledged: it %s',
    async (how) => {
      const test = await alone({}, failing(how))
      const other = await test.client()
      await send(test, 'a', 1, 1)
      await test.device.closed
      expect(acks(test)).toEqual([])
      expect(test.published).toEqual([])
      expect(test.logger.errors).toEqual(['Failing (relayMessage): no room'])
      await other.publish('t', 'goes on', { qos: 0 })
    },
  )

  it('does not hold back what came behind it, nor take its identifier, where errorHandler lets the client live', async () => {
    for (const stages of [true, false]) {
      const late = store(stages)
      const test = await testStack({
        use: [new InboundManager(), late, acceptAll()],
        options: { errorHandler: () => {} },
      })
      stopAtEnd(test)
      const alone = Object.assign(test, {
        device: await test.client({ autoAck: false }),
        relayed: [],
        published: [],
      })
      await send(alone, 'a', 2, 1)
      await send(alone, 'b', 1, 2)
      late.complete('b')
      late.complete('a', new Error('no room'))
      await test.settle()
      late.complete('b')
      await test.settle()
      expect(acks(alone)).toEqual(['puback 2'])
      await send(alone, 'a', 2, 1)
      expect(late.begun).toEqual(['a', 'b', 'a'])
    }
  })
})

describe('a veto', () => {
  const veto = (store?: Partial<Store<'relayMessage'>>): MiddlewareLike => ({
    name: 'Veto',
    relayMessage(_ctx: Context<'relayMessage'>, answer: Store<'relayMessage'>) {
      Object.assign(answer, store)
      return DONE
    },
  })

  it('[MQTT-3.3.5-2] is acknowledged as if it were relayed, and told to nobody as published', async () => {
    const test = await alone({}, veto())
    await send(test, 'a', 1, 1)
    await send(test, 'b', 2, 2)
    await send(test, 'c', 0)
    expect(acks(test)).toEqual(['puback 1', 'pubrec 2'])
    expect([test.relayed, test.published]).toEqual([[], []])
  })

  it('of a QoS 2 message keeps its identifier in the store, where there is one', async () => {
    for (const store of [undefined, { reasonCode: 0x87 }]) {
      const kept: object[] = []
      const backend: MiddlewareLike = {
        name: 'Backend',
        storeInboundMessage: (ctx: Context<'storeInboundMessage'>) => void kept.push(ctx),
      }
      const test = await alone({}, veto(store), backend)
      const [served] = test.stack.clients
      const { session } = served
      session.expiryInterval = 60
      served.epoch = 4
      await send(test, 'a', 2, 5)
      await send(test, 'b', 1, 6)
      expect(kept).toEqual([{ clientId: session.clientId, epoch: 4, packetId: 5 }])
      expect(acks(test)).toEqual(['pubrec 5', 'puback 6'])
    }
  })
})

describe('a session that outlives its connection', () => {
  it('relays QoS 2 with the identifier that becomes durable with the message', async () => {
    const inbound: unknown[] = []
    const backend: MiddlewareLike = {
      name: 'Backend',
      relayMessage: (ctx: Context<'relayMessage'>) => void inbound.push(ctx.inbound),
    }
    const test = await alone({}, backend)
    const [served] = test.stack.clients
    const { session } = served
    session.expiryInterval = 60
    served.epoch = 4
    await send(test, 'a', 2, 5)
    await send(test, 'b', 1, 6)
    expect(inbound).toEqual([{ clientId: session.clientId, epoch: 4, packetId: 5 }, undefined])
  })

  it('knows the identifiers that awaited PUBREL when it was opened', async () => {
    const test = await alone()
    const [{ session }] = test.stack.clients
    session.inboundIds = PacketIds.of([5, 700])
    await send(test, 'old', 2, 5)
    await send(test, 'old', 2, 700)
    await send(test, 'new', 2, 6)
    expect(test.relayed).toEqual(['new'])
    expect(acks(test)).toEqual(['pubrec 5', 'pubrec 700', 'pubrec 6'])
  })

  it('answers PUBREL once the identifier is free for good, in order, and reads on meanwhile', async () => {
    const under = new Map<number, () => void>()
    const backend: MiddlewareLike = {
      name: 'Backend',
      releaseInboundMessages: ({ packetIds: [id] }: Context<'releaseInboundMessages'>) =>
        new Promise((resolve) => under.set(id, resolve)),
    }
    const test = await alone({ relays: 3 }, backend)
    const [{ session }] = test.stack.clients
    session.expiryInterval = 60
    for (const messageId of [1, 2, 3, 4]) test.device.send({ cmd: 'pubrel', messageId })
    await test.settle()
    expect([...under.keys()]).toEqual([1, 2, 3])
    under.get(2)?.()
    await test.settle()
    expect(acks(test)).toEqual([])
    under.get(1)?.()
    await test.settle()
    expect(acks(test)).toEqual(['pubcomp 1', 'pubcomp 2'])
    expect([...under.keys()]).toEqual([1, 2, 3, 4])
  })
})
