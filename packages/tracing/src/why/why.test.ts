/** Why did it not come? Each situation is made, and named. */
import type { Finding, MiddlewareLike } from '@mqtt-stack/core'
import { MemoryService, MemoryStore, VirtualClock } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { SharedBackend } from '../../../../test/rig/nodes.ts'
import { stopAtEnd } from '../../../../test/rig/stop-at-end.ts'
import { StoredBackend } from '../../../../test/rig/stored-backend.ts'
import type { Broker } from '../../../../test/rig/traced.ts'
import { connected, tracedBroker } from '../../../../test/rig/traced.ts'

async function why(
  broker: Broker,
  clientId: string,
  topic: string,
  publisherId?: string,
): Promise<Finding[]> {
  return broker.stack.call('explainDelivery', { clientId, topic, publisherId })
}

async function textOf(broker: Broker, cause: string, clientId: string, topic: string, publisherId?: string) {
  const found = await why(broker, clientId, topic, publisherId)
  return found.find((one) => one.cause === cause)?.text
}

const LASTING = { sessionExpiryInterval: 3_600 }

describe('why a message did not come', () => {
  it('nothing is in the way of a client that is there and subscribed', async () => {
    const { broker } = await tracedBroker()
    const lamp = await connected(broker, { clientId: 'lamp' })
    await lamp.subscribe('a/+')
    expect(await why(broker, 'lamp', 'a/b')).toEqual([])
  })

  it('a rule denies it: to the reader, and to the publisher', async () => {
    const rule: MiddlewareLike = {
      name: 'Rule',
      authorizePacket({ packet }, store) {
        store.valid = packet.cmd !== 'publish'
        store.reason = 'rule 4: deny publish a/#'
        if (packet.cmd === 'subscribe' && packet.subscriptions[0].topic === 'secret/#') {
          store.valid = false
          store.reason = 'rule 5: deny subscribe secret/#'
        }
      },
    }
    const { broker } = await tracedBroker({ use: [rule] })
    const lamp = await connected(broker, { clientId: 'lamp' })
    const pump = await connected(broker, { clientId: 'pump' })
    await lamp.subscribe('a/+')
    await lamp.subscribe('secret/#').catch(() => {})
    await pump.publish('a/b', 'x', { qos: 1 })
    expect(await textOf(broker, 'rule-denies', 'lamp', 'a/b', 'pump')).toBe(
      'pump may not publish to a/b: Rule: rule 4: deny publish a/#',
    )
    expect(await textOf(broker, 'not-authorized', 'lamp', 'a/b')).toBe(
      'a message on a/b of pump was refused: a rule denies it',
    )
    expect(await textOf(broker, 'filter-refused', 'lamp', 'secret/x')).toBe(
      'lamp asked for secret/# and was refused: rule 5: deny subscribe secret/#',
    )
  })

  it('no rule is named for somebody without a name who is away', async () => {
    const { broker } = await tracedBroker()
    const lamp = await connected(broker, { clientId: 'lamp', properties: LASTING })
    await lamp.subscribe('a', { qos: 1 })
    await lamp.disconnect()
    expect((await why(broker, 'lamp', 'a')).map(({ cause }) => cause)).toEqual(['not-connected'])
  })

  it('a queue is full', async () => {
    const { broker } = await tracedBroker({ backend: { sessionMessages: 2 } })
    const lamp = await connected(broker, { clientId: 'lamp', properties: LASTING })
    await lamp.subscribe('a', { qos: 1 })
    await lamp.disconnect()
    const pump = await connected(broker, { clientId: 'pump' })
    for (let i = 0; i < 5; i++) await pump.publish('a', 'x', { qos: 1 })
    expect(await textOf(broker, 'log-full', 'lamp', 'a')).toBe(
      '3 messages, the last of them on a for lamp was dropped: the log of its session is full (options sessionMessages and sessionBytes of the store)',
    )
    expect(await textOf(broker, 'not-connected', 'lamp', 'a')).toBe(
      'lamp is not connected; its session is kept, and 2 messages wait for it',
    )
  })

  it('a queue of a session without a log is full', async () => {
    const { broker } = await tracedBroker({ outboundManager: { queueMessages: 1 } })
    const lamp = await connected(broker, { clientId: 'lamp', properties: { receiveMaximum: 1 } })
    await lamp.subscribe('a', { qos: 1 })
    lamp.freeze()
    for (let i = 0; i < 3; i++) await broker.publish('a', 'x', { qos: 1 })
    expect(await textOf(broker, 'queue-full', 'lamp', 'a')).toBe(
      'a message on a for lamp was dropped: the queue of its session is full (options queueMessages and queueBytes of outboundManager)',
    )
    await broker.close()
  })

  it('a subscriber is slow', async () => {
    const { broker } = await tracedBroker({ stack: { highWater: 1_024 } })
    const lamp = await connected(broker, { clientId: 'lamp' })
    await lamp.subscribe('a')
    lamp.freeze()
    const payload = 'x'.repeat(100_000)
    for (let i = 0; i < 10; i++) await broker.publish('a', payload)
    expect(await textOf(broker, 'slow-subscriber', 'lamp', 'a')).toMatch(
      /^lamp reads slowly: \d+ bytes that it was sent are not taken, and QoS 0 is dropped$/,
    )
    expect(await textOf(broker, 'outbox-full', 'lamp', 'a')).toMatch(
      /was dropped: the client reads too slowly, and QoS 0 cannot wait/,
    )
    lamp.thaw()
  })

  it('a session expired', async () => {
    const { broker, clock } = await tracedBroker()
    const lamp = await connected(broker, { clientId: 'lamp', properties: { sessionExpiryInterval: 5 } })
    await lamp.subscribe('a', { qos: 1 })
    await lamp.disconnect()
    await clock.advance(10_000)
    const found = await why(broker, 'lamp', 'a')
    expect(found.map(({ cause }) => cause)).toEqual(['no-session', 'session-expired'])
    expect(found[1]).toMatchObject({
      middleware: 'Tracing',
      text: 'the session of lamp expired, with its subscriptions and what waited for it (its session expiry interval)',
    })
    expect(clock.wall() - (found[1].at ?? 0)).toBeLessThanOrEqual(10_000)
  })

  it('a will waits', async () => {
    const { broker, clock } = await tracedBroker()
    const reader = await connected(broker, { clientId: 'reader' })
    await reader.subscribe('wills/lamp')
    const lamp = await connected(broker, {
      clientId: 'lamp',
      properties: LASTING,
      will: {
        topic: 'wills/lamp',
        payload: Buffer.from('gone'),
        qos: 0,
        retain: false,
        properties: { willDelayInterval: 60 },
      },
    })
    await lamp.drop()
    await clock.advance(20_000)
    expect(await textOf(broker, 'will-waits', 'reader', 'wills/lamp')).toBe(
      'the will of lamp on wills/lamp waits for another 40 s, or for the end of its session (will delay interval)',
    )
    await clock.advance(60_000)
    expect(await textOf(broker, 'will-waits', 'reader', 'wills/lamp')).toBeUndefined()
  })

  it.each([
    [
      'a/+',
      'a/b/c',
      'none of the 1 filters of lamp matches a/b/c; "a/+" comes closest, but it has 2 levels, and the topic 3',
    ],
    ['Plant/a', 'plant/a', '"Plant/a" comes closest, but capital letters count: it is written differently'],
    ['/a/b', 'a/b', '"/a/b" comes closest, but a slash at the beginning makes another topic'],
    ['a/b/', 'a/b', '"a/b/" comes closest, but a slash at the end makes another topic'],
    [
      '#',
      '$SYS/x',
      '"#" comes closest, but wildcards at its beginning do not match topics that begin with $',
    ],
    ['a/x/c', 'a/b/c', '"a/x/c" comes closest, but its level 2 is "x", not "b"'],
  ])('a wrong filter: %s for %s', async (filter, topic, words) => {
    const { broker } = await tracedBroker()
    const lamp = await connected(broker, { clientId: 'lamp' })
    expect(await textOf(broker, 'no-subscription', 'lamp', topic)).toBe('lamp is subscribed to nothing')
    await lamp.subscribe(filter)
    expect(await textOf(broker, 'wrong-filter', 'lamp', topic)).toContain(words)
  })

  it('a take-over loop', async () => {
    const { broker } = await tracedBroker()
    for (let i = 0; i < 4; i++) await connected(broker, { clientId: 'lamp' })
    expect(await textOf(broker, 'take-over-loop', 'lamp', 'a')).toBe(
      '3 connections of lamp were taken over within a minute: several clients use this client identifier, and each ends the connection of another',
    )
  })

  it('a retained message expired', async () => {
    const { broker, clock } = await tracedBroker()
    const pump = await connected(broker, { clientId: 'pump' })
    await pump.publish('a', 'x', { qos: 1, retain: true, properties: { messageExpiryInterval: 5 } })
    expect(await textOf(broker, 'retained-expired', 'lamp', 'a')).toBeUndefined()
    await clock.advance(6_000)
    expect(await textOf(broker, 'retained-expired', 'lamp', 'a')).toBe(
      'the retained message of a is over (its message expiry interval): who subscribes now gets none',
    )
    await pump.publish('a', 'x', { qos: 1, retain: true })
    expect(await textOf(broker, 'retained-expired', 'lamp', 'a')).toBeUndefined()
  })

  it('an operator ended its connection, and said why', async () => {
    const { broker, clock } = await tracedBroker()
    await connected(broker, { clientId: 'lamp' })
    await clock.advance(1_000)
    const at = clock.wall()
    await broker.kick('lamp', { reason: 'it floods the plant' })
    await clock.advance(1_000)
    const found = await why(broker, 'lamp', 'a')
    expect(found.map(({ cause }) => cause)).toEqual(['no-session', 'kicked', 'session-over'])
    expect(found[1]).toMatchObject({
      text: 'an operator ended the connection of lamp: it floods the plant (reason code 0x98)',
      at,
    })
    expect(found[2].text).toBe(
      'a session of lamp ended (with its connection, as its CONNECT wanted it), with its subscriptions and what waited for it',
    )
  })

  it('an operator ended its session', async () => {
    const { broker } = await tracedBroker()
    const lamp = await connected(broker, { clientId: 'lamp', properties: LASTING })
    await lamp.disconnect()
    await broker.stack.call('endSession', { clientId: 'lamp' })
    expect(await textOf(broker, 'session-over', 'lamp', 'a')).toBe(
      'a session of lamp ended (an operator ended it), with its subscriptions and what waited for it',
    )
  })

  it('its connection was lost', async () => {
    const { broker } = await tracedBroker()
    const lamp = await connected(broker, { clientId: 'lamp' })
    await lamp.drop()
    expect(await textOf(broker, 'connection-ended', 'lamp', 'a')).toMatch(
      /^the connection of lamp ended.*\(reason code 0x80\)$/,
    )
    const back = await connected(broker, { clientId: 'lamp' })
    await back.disconnect()
    await connected(broker, { clientId: 'pump' }).then((pump) => pump.disconnect())
    expect(await textOf(broker, 'connection-ended', 'pump', 'a')).toBeUndefined()
  })

  it('it was given up, or is shared', async () => {
    const { broker } = await tracedBroker()
    const lamp = await connected(broker, { clientId: 'lamp' })
    await lamp.subscribe('a/#')
    await lamp.unsubscribe('a/#')
    expect(await textOf(broker, 'unsubscribed', 'lamp', 'a/b')).toBe('lamp was unsubscribed from a/#')
    await lamp.subscribe('$share/g/a/#')
    expect(await textOf(broker, 'shared', 'lamp', 'a/b')).toBe(
      '$share/g/a/# is shared: each message goes to one member of the group, not to all',
    )
  })

  it('a store cannot write', async () => {
    const store = new MemoryStore()
    const { broker } = await tracedBroker({ backend: new StoredBackend(undefined, store) })
    store.failure = new Error('the disk is full')
    await broker.publish('a', 'x', { qos: 1, retain: true }).catch(() => {})
    expect(await textOf(broker, 'store-failed', 'lamp', 'a')).toBe(
      'the store cannot do its work now: the last commit could not be written',
    )
    store.failure = undefined
  })

  it('a node is cut off', async () => {
    const clock = new VirtualClock()
    const service = new MemoryService({ clock })
    const backend = new SharedBackend(undefined, () => service.node('one'))
    const { broker } = await tracedBroker({ backend, stack: { clock } })
    stopAtEnd({ stack: broker.stack, clock })
    expect(await textOf(broker, 'cluster-failed', 'lamp', 'a')).toBeUndefined()
    service.cut('one')
    expect(await textOf(broker, 'cluster-failed', 'lamp', 'a')).toBe(
      'the cluster cannot do its work now: the store of this service is out of reach',
    )
    service.heal('one')
    await clock.advance(1_000)
  })

  it('others say what they know, too', async () => {
    const { broker } = await tracedBroker({
      use: [
        {
          name: 'Bridge',
          explainDelivery(_ctx, store) {
            store.push({ middleware: 'Bridge', cause: 'bridge-down', text: 'the bridge is down' })
          },
        },
      ],
    })
    expect((await why(broker, 'lamp', 'a')).map(({ middleware }) => middleware)).toContain('Bridge')
  })

  it.each([
    [{ topic: 'a/#', clientId: 'lamp' }, 'not a topic name: "a/#"'],
    [{ topic: 'a', clientId: '' }, 'why: say who should have got it: a clientId'],
  ])('a question that is none is told so: %o', async (ctx, message) => {
    const { broker } = await tracedBroker()
    await expect(broker.stack.call('explainDelivery', ctx)).rejects.toThrow(message)
  })
})

describe('what is remembered', () => {
  it('is bounded, whoever makes how much of it', async () => {
    const { broker, clock } = await tracedBroker({}, { history: 10 })
    for (let i = 0; i < 50; i++) {
      const lamp = await connected(broker, {
        clientId: `lamp-${i}`,
        properties: LASTING,
        will: {
          topic: `w/${i}`,
          payload: Buffer.alloc(1),
          qos: 0,
          retain: false,
          properties: { willDelayInterval: 600 },
        },
      })
      await lamp.drop()
    }
    expect(await textOf(broker, 'will-waits', 'x', 'w/0')).toBeUndefined()
    expect(await textOf(broker, 'will-waits', 'x', 'w/49')).toBeDefined()
    await clock.advance(1)
  })

  it('is forgotten after its time', async () => {
    const { broker, clock } = await tracedBroker({}, { historySeconds: 30 })
    const lamp = await connected(broker, { clientId: 'lamp' })
    await lamp.subscribe('a')
    await lamp.unsubscribe('a')
    await clock.advance(31_000)
    expect(await textOf(broker, 'unsubscribed', 'lamp', 'a')).toBeUndefined()
  })
})
