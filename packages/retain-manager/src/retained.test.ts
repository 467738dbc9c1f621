/** Retained messages in the whole stack. */
import type { Context, MiddlewareLike } from '@mqtt-stack/core'
import { DONE, Publish, RelayContext, RelayStore } from '@mqtt-stack/core'
import type { TestClient } from '@mqtt-stack/testing'
import { settle } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { BACKENDS } from '../../../test/rig/backends.ts'
import { defaultStack } from '../../../test/rig/default-stack.ts'

/** What came, once all is quiet. */
async function textsOf(client: TestClient): Promise<string[]> {
  await settle()
  return client.received.flatMap((packet) =>
    packet.cmd === 'publish'
      ? [`${packet.topic}: ${packet.payload}${packet.retain ? ' (retained)' : ''}`]
      : [],
  )
}

describe.each(BACKENDS)('on a backend %s, a retained message', (name, backend) => {
  it('[MQTT-3.3.1-6] [MQTT-3.3.1-8] is delivered to new subscribers, after SUBACK, with the retain flag', async () => {
    const { client } = await defaultStack({ backend })
    const alice = await client()
    await alice.publish('t', 'first', { retain: true })
    await alice.publish('t', 'last', { retain: true, qos: 1 })
    const bob = await client()
    await bob.subscribe('t', { qos: 1 })
    expect(await bob.message()).toEqual({ topic: 't', payload: 'last', qos: 1, retain: true, dup: false })
    expect(bob.received.map(({ cmd }) => cmd)).toEqual(['connack', 'suback', 'publish'])
  })

  it('[MQTT-3.3.1-9] is not flagged for those who were subscribed when it came', async () => {
    const { client } = await defaultStack({ backend })
    const bob = await client()
    await bob.subscribe('t', { qos: 2 })
    const alice = await client()
    for (const qos of [0, 1, 2] as const) await alice.publish('t', String(qos), { retain: true, qos })
    expect(await textsOf(bob)).toEqual(['t: 0', 't: 1', 't: 2'])
  })

  it('[MQTT-3.3.1-10] [MQTT-3.3.1-11] without payload clears its topic, and is delivered like any other', async () => {
    const { client, memory } = await defaultStack({ backend })
    const alice = await client()
    const bob = await client()
    await bob.subscribe('t')
    await alice.publish('t', 'hello', { retain: true, qos: 2 })
    await alice.publish('t', '', { retain: true })
    await alice.publish('never', '', { retain: true })
    const carol = await client()
    await carol.subscribe('#')
    expect(await textsOf(bob)).toEqual(['t: hello', 't: '])
    expect(await textsOf(carol)).toEqual([])
    expect(memory.stats.retained).toBe(0)
  })

  it('[MQTT-3.3.1-12] is neither replaced nor cleared by a message without the flag', async () => {
    const { client } = await defaultStack({ backend })
    const alice = await client()
    await alice.publish('t', 'kept', { retain: true })
    await alice.publish('t', 'passing')
    await alice.publish('t', '', { qos: 1 })
    const bob = await client()
    await bob.subscribe('t')
    expect(await textsOf(bob)).toEqual(['t: kept (retained)'])
  })

  it('[MQTT-3.3.1-7] of QoS 0 replaces the one before it', async () => {
    const { client } = await defaultStack({ backend })
    const alice = await client()
    await alice.publish('t', 'old', { retain: true, qos: 2 })
    await alice.publish('t', 'new', { retain: true, qos: 0 })
    const bob = await client()
    await bob.subscribe('t', { qos: 2 })
    expect(await bob.message()).toMatchObject({ payload: 'new', qos: 0 })
  })

  it('[MQTT-3.8.4-3] is sent again when a client subscribes again, and live messages go on', async () => {
    const { client } = await defaultStack({ backend })
    const alice = await client()
    await alice.publish('t', 'kept', { retain: true })
    const bob = await client()
    await bob.subscribe('t')
    await settle()
    await alice.publish('t', 'live')
    await bob.subscribe('t', { qos: 1 })
    await settle()
    await alice.publish('t', 'live too')
    expect(await textsOf(bob)).toEqual(['t: kept (retained)', 't: live', 't: kept (retained)', 't: live too'])
  })

  it('[MQTT-3.1.2-7] stays when the session that published it ends', async () => {
    const { client } = await defaultStack({ backend })
    const alice = await client({ clientId: 'alice' })
    await alice.publish('t', 'kept', { retain: true })
    await alice.disconnect()
    const bob = await client({ clientId: 'alice' })
    await bob.subscribe('t')
    expect(await textsOf(bob)).toEqual(['t: kept (retained)'])
  })

  it('of a session that outlives its connection is delivered through its log, with the flag', async () => {
    const { client } = await defaultStack({ backend })
    const alice = await client()
    await alice.publish('t', 'kept', { retain: true, qos: 1 })
    const bob = await client({ clientId: 'bob', clean: false, autoAck: false })
    await bob.subscribe('t', { qos: 1 })
    expect(await bob.next('publish')).toMatchObject({ retain: true, dup: false })
    await bob.drop()
    const again = await client({ clientId: 'bob', clean: false })
    expect(await again.next('publish')).toMatchObject({ retain: true, dup: true })
  })

  it('[MQTT-4.7.2-1] of a topic that begins with $ is not found by # and +', async () => {
    const { client, stack } = await defaultStack({ backend })
    const packet = Publish.from({ topic: '$SYS/up', payload: 'yes', retain: true })
    const self = { clientId: '', identity: undefined }
    await stack.call('relayMessage', new RelayContext(undefined, packet, self, undefined), new RelayStore())
    const bob = await client()
    await bob.subscribe(['#', '+/up', '+/#'])
    expect(await textsOf(bob)).toEqual([])
    await bob.subscribe('$SYS/#')
    expect(await textsOf(bob)).toEqual(['$SYS/up: yes (retained)'])
  })

  it('may be a will [MQTT-3.1.2-17], or the broker’s own; a will without the flag is not kept [MQTT-3.1.2-16]', async () => {
    const { client, stack } = await defaultStack({ backend })
    const will = { topic: 'will', payload: Buffer.from('gone'), qos: 1, retain: true } as const
    await (await client({ will })).drop()
    await (await client({ will: { ...will, topic: 'passing', retain: false } })).drop()
    const packet = Publish.from({ topic: 'own', payload: 'hello', retain: true })
    const self = { clientId: '', identity: undefined }
    await stack.call('relayMessage', new RelayContext(undefined, packet, self, undefined), new RelayStore())
    const bob = await client()
    await bob.subscribe('#')
    expect(await textsOf(bob)).toEqual(['own: hello (retained)', 'will: gone (retained)'])
  })

  it('is matched by wildcards, in the order of topics, as often as filters match', async () => {
    const { client } = await defaultStack({ backend })
    const alice = await client()
    for (const topic of ['b', 'a/b', 'a', '/a', 'a//b']) await alice.publish(topic, 'x', { retain: true })
    const found = async (filter: string): Promise<string[]> => {
      const one = await client()
      await one.subscribe(filter)
      await settle()
      return one.received.flatMap((packet) => (packet.cmd === 'publish' ? [packet.topic] : []))
    }
    expect(await found('#')).toEqual(['/a', 'a', 'a//b', 'a/b', 'b'])
    expect(await found('a/#')).toEqual(['a', 'a//b', 'a/b'])
    expect(await found('+')).toEqual(['a', 'b'])
    expect(await found('a/+')).toEqual(['a/b'])
    expect(await found('+/a')).toEqual(['/a'])
    expect(await found('A')).toEqual([])
  })

  it('never comes out of date behind a newer one that came live, however slow reader and store are', async () => {
    const { client, drops } = await defaultStack({ backend, stack: { highWater: 4_096 } })
    const alice = await client()
    const topics = Array.from({ length: 40 }, (_, i) => `t/${i + 10}`)
    for (const [qos, clean] of [
      [0, true],
      [1, true],
      [1, false],
    ] as const) {
      for (const topic of topics) await alice.publish(topic, 'old'.padEnd(1_000), { retain: true, qos })
      const clientId = `bob ${qos} ${clean}`
      const bob = await client({ clean, clientId })
      bob.freeze()
      bob.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: '#', qos }] })
      for (const topic of topics) await alice.publish(topic, 'new', { retain: true, qos })
      bob.thaw()
      await settle()
      const last = new Map(topics.map((topic) => [topic, 'none']))
      for (const packet of bob.received)
        if (packet.cmd === 'publish') last.set(packet.topic, packet.payload.toString().trim())
      const outdated = topics.filter((topic) => last.get(topic) !== 'new')
      // Where QoS 0 was told to be lost, what was sent before it stays.
      const lost = drops.filter((drop) => drop.clientId === clientId).map(({ topic }) => topic)
      expect(outdated.filter((topic) => !lost.includes(topic))).toEqual([])
      if (qos === 1) expect(outdated).toEqual([])
      await bob.drop()
    }
  })

  it('is one of many: thousands reach a client that reads slowly, at every QoS, and none is lost', async () => {
    const outbound = { inflight: 64, queueMessages: 200 }
    const memory = { sessionMessages: 200 }
    const whole = await defaultStack({
      backend,
      outboundManager: outbound,
      memory,
      stack: { highWater: 16_384 },
    })
    const { client, drops } = whole
    const stored: Promise<unknown>[] = []
    // A disk takes a commit for each.
    const count = name.startsWith('a backend') ? 10_000 : 500
    for (let i = 0; i < count; i++) {
      const packet = Publish.from({
        topic: `t/${String(i).padStart(5, '0')}`,
        payload: 'x',
        retain: true,
        qos: 1,
      })
      const ctx = { client: undefined, topic: packet.topic, packet, messageId: i, expiresAt: 0 }
      stored.push(whole.stack.call('storeRetainedMessage', ctx))
    }
    await Promise.all(stored)
    const sessions = [
      [0, true],
      [1, true],
      [1, false],
    ] as const
    for (const [qos, clean] of name === BACKENDS[0][0] ? sessions : sessions.slice(2)) {
      const bob = await client({ clean, clientId: `bob ${qos} ${clean}` })
      bob.freeze()
      bob.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 't/#', qos }] })
      await settle()
      expect(bob.received).toHaveLength(1)
      // Nobody else waits for it.
      const carol = await client()
      await carol.subscribe('live')
      await carol.publish('live', 'yes')
      expect(await carol.message()).toMatchObject({ payload: 'yes' })
      bob.thaw()
      // A disk may keep it busy for longer than we wait at once.
      for (let before = 0; bob.received.length > before; await settle()) before = bob.received.length
      const topics = bob.received.flatMap((packet) => (packet.cmd === 'publish' ? [packet.topic] : []))
      expect(topics).toHaveLength(count)
      expect(new Set(topics).size).toBe(count)
      await bob.disconnect()
    }
    expect(drops).toEqual([])
  })
})

describe('the limits of what is retained', () => {
  it('refuse a new topic beyond them; a known one may change', async () => {
    const { client, drops } = await defaultStack({ memory: { retainedMessages: 2 } })
    const alice = await client({ clientId: 'alice' })
    const live = await client()
    await live.subscribe('#')
    for (const topic of ['a', 'b', 'c', 'a']) await alice.publish(topic, `for ${topic}`, { retain: true })
    const bob = await client()
    await bob.subscribe('#')
    expect(await textsOf(bob)).toEqual(['a: for a (retained)', 'b: for b (retained)'])
    expect(drops).toEqual([{ clientId: 'alice', topic: 'c', payload: 'for c', reason: 'retained-full' }])
    expect(await textsOf(live)).toHaveLength(4)
  })

  it('[MQTT-3.3.1-7] refuse a payload that is too large; what was there before is out of date, and goes', async () => {
    const { client, drops } = await defaultStack({ memory: { retainedBytes: 10 } })
    const alice = await client()
    await alice.publish('t', 'small', { retain: true })
    await alice.publish('t', 'much too large', { retain: true })
    const bob = await client()
    await bob.subscribe('t')
    expect(await textsOf(bob)).toEqual([])
    expect(drops).toMatchObject([{ reason: 'retained-full' }])
  })

  it('hold for what a client may ask at once: to subscribe without end costs one delivery a filter', async () => {
    const { client } = await defaultStack({ stack: { highWater: 1_024 } })
    const alice = await client()
    for (let i = 0; i < 30; i++) await alice.publish(`t/${i}`, 'x'.repeat(1_000), { retain: true })
    const bob = await client()
    bob.freeze()
    for (let i = 1; i <= 300; i++) {
      bob.send({ cmd: 'subscribe', messageId: i, subscriptions: [{ topic: 't/#', qos: 0 }] })
    }
    await settle()
    bob.thaw()
    await settle()
    // Once for the first, and once for all that came while it was under way.
    expect((await textsOf(bob)).length).toBeLessThan(10 * 30)
  })
})

describe.each(BACKENDS)('a rule of a user, on a backend %s', (_name, backend) => {
  /** Moves messages below `in/` and marks them. */
  const rewrite: MiddlewareLike = {
    name: 'Rewrite',
    relayMessage(ctx: Context<'relayMessage'>) {
      ctx.packet = ctx.packet.with({ topic: `out/${ctx.topic}`, payload: `<${ctx.payload}>` })
    },
  }

  it('may change what is relayed: topic and payload, for live receivers, logs and what is retained', async () => {
    const { client } = await defaultStack({ backend, use: [rewrite] })
    const live = await client()
    const away = await client({ clientId: 'away', clean: false })
    for (const one of [live, away]) await one.subscribe('#', { qos: 2 })
    await away.disconnect()
    const alice = await client()
    for (const qos of [0, 1, 2] as const) await alice.publish('in', String(qos), { qos, retain: true })
    expect(await textsOf(live)).toEqual(['out/in: <0>', 'out/in: <1>', 'out/in: <2>'])
    const back = await client({ clientId: 'away', clean: false })
    expect(await back.message()).toMatchObject({ topic: 'out/in', payload: '<1>', qos: 1 })
    const late = await client()
    await late.subscribe('out/+', { qos: 2 })
    expect(await textsOf(late)).toEqual(['out/in: <2> (retained)'])
  })

  it('may think about it first', async () => {
    const slow: MiddlewareLike = {
      name: 'Slow',
      async relayMessage(ctx: Context<'relayMessage'>) {
        await new Promise((resolve) => setImmediate(resolve))
        ctx.packet = ctx.packet.with({ qos: 0, retain: false })
      },
    }
    const { client } = await defaultStack({ backend, use: [slow, rewrite] })
    const bob = await client()
    await bob.subscribe('#', { qos: 2 })
    const alice = await client()
    // The publisher is acknowledged as it published.
    expect(await alice.publish('t', 'hello', { qos: 2, retain: true })).toMatchObject({ cmd: 'pubcomp' })
    expect(await bob.message()).toMatchObject({ topic: 'out/t', payload: '<hello>', qos: 0 })
    const late = await client()
    await late.subscribe('#')
    expect(await textsOf(late)).toEqual([])
  })

  it('vetoes with done, in either form: nobody gets it, nothing is kept, the publisher is acknowledged', async () => {
    const published: string[] = []
    const forms: MiddlewareLike[] = [
      {
        name: 'Done',
        relayMessage: ({ topic }: Context<'relayMessage'>) => (topic === 'a' ? DONE : undefined),
      },
      {
        name: 'CallsDone',
        relayMessage({ topic }: Context<'relayMessage'>, _store, next, done) {
          if (topic === 'b') setImmediate(done)
          else next()
        },
      },
      {
        name: 'Told',
        messagePublished: ({ packet }: Context<'messagePublished'>) => void published.push(packet.topic),
      },
    ]
    const { client } = await defaultStack({ backend, use: forms })
    const bob = await client()
    await bob.subscribe('#', { qos: 1 })
    const alice = await client()
    for (const topic of ['a', 'b', 'c']) {
      for (const qos of [0, 1, 2] as const) await alice.publish(topic, String(qos), { qos, retain: true })
    }
    expect(await textsOf(bob)).toEqual(['c: 0', 'c: 1', 'c: 2'])
    expect(published).toEqual(['c', 'c', 'c'])
    const late = await client()
    await late.subscribe('#')
    expect(await textsOf(late)).toEqual(['c: 2 (retained)'])
  })
})
