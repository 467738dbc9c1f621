import type { Client, MetricFamily, MiddlewareLike } from '@mqtt-stack/core'
import { COUNTING } from '@mqtt-stack/core'
import { settle } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { metered } from '../../../test/rig/metered.ts'

/** Values by labels, as `user_a,5.0`. */
function valuesOf(families: readonly MetricFamily[], name: string): Record<string, number> {
  const family = families.find((one) => one.name === name)
  return Object.fromEntries(
    (family?.samples ?? []).map(({ labels, value, count }) => [
      Object.values(labels).join(','),
      count ?? value,
    ]),
  )
}

describe('clients', () => {
  it('are counted by version, listener and class of user, and no more once they are gone', async () => {
    const { client, families, everybodyIs } = metered()
    everybodyIs('alice')
    await client({ listener: { transport: 'tcp', local: true, name: 'house' } })
    const old = await client({ protocolVersion: 4, listener: { transport: 'ws', local: true } })
    expect(valuesOf(await families(), 'mqtt_clients_connected')).toEqual({
      '5.0,house,user': 1,
      '3.1.1,ws,user': 1,
    })
    old.send({ cmd: 'disconnect' })
    await old.closed
    const after = await families()
    expect(valuesOf(after, 'mqtt_clients_connected')).toEqual({ '5.0,house,user': 1, '3.1.1,ws,user': 0 })
    expect(valuesOf(after, 'mqtt_clients_accepted_total')).toEqual({
      '5.0,house,user': 1,
      '3.1.1,ws,user': 1,
    })
    expect(valuesOf(after, 'mqtt_clients_connected_max')).toEqual({ '': 2 })
    expect(valuesOf(after, 'mqtt_connections_opened_total')).toEqual({ house: 1, ws: 1 })
  })

  it('have the class that a function of the user’s names, and twenty classes at most', async () => {
    const { client, families } = metered({ classOf: ({ id }: Client) => `class ${id}` })
    for (let i = 0; i < 25; i++) await client({ clientId: `${i}` })
    const classes = Object.entries(valuesOf(await families(), 'mqtt_clients_connected'))
    expect(classes).toHaveLength(21)
    expect(classes.at(-1)).toEqual(['5.0,memory,other', 5])
  })

  it('that were refused are counted by reason code', async () => {
    const { open, families } = metered({}, { allowAnonymous: false })
    expect((await open().connect()).reasonCode).toBe(0x87)
    expect(valuesOf(await families(), 'mqtt_clients_refused_total')).toEqual({ 'not_authorized,memory': 1 })
    expect(valuesOf(await families(), 'mqtt_authentications_failed_total')).toEqual({ not_authorized: 1 })
  })

  it('that are gone are counted by who ended the connection', async () => {
    const { client, families } = metered()
    const clean = await client()
    clean.send({ cmd: 'disconnect' })
    await clean.closed
    const lost = await client()
    await lost.drop()
    const first = await client({ clientId: 'same' })
    await client({ clientId: 'same' })
    await first.closed
    expect(valuesOf(await families(), 'mqtt_clients_disconnected_total')).toEqual({
      'client,success': 1,
      'lost,unspecified_error': 1,
      'broker,session_taken_over': 1,
    })
    expect(valuesOf(await families(), 'mqtt_sessions_taken_over_total')).toEqual({ '': 1 })
  })
})

describe('traffic', () => {
  it('is counted by type of packet and by QoS, each way', async () => {
    const { client, families } = metered()
    const subscriber = await client()
    await subscriber.subscribe('a', { qos: 1 })
    await subscriber.publish('a', 'x', { qos: 1 })
    await subscriber.next('publish')
    await subscriber.publish('b', 'x')
    await settle()
    const all = await families()
    expect(valuesOf(all, 'mqtt_packets_received_total')).toEqual({
      connect: 1,
      publish: 2,
      puback: 1,
      subscribe: 1,
    })
    expect(valuesOf(all, 'mqtt_packets_sent_total')).toEqual({ connack: 1, publish: 1, puback: 1, suback: 1 })
    expect(valuesOf(all, 'mqtt_messages_received_total')).toEqual({ 0: 1, 1: 1, 2: 0 })
    expect(valuesOf(all, 'mqtt_messages_sent_total')).toEqual({ 0: 0, 1: 1, 2: 0 })
    expect(valuesOf(all, 'mqtt_relay_seconds')).toEqual({ '': 2 })
    expect(valuesOf(all, 'mqtt_delivery_seconds')).toEqual({ '': 1 })
    expect(valuesOf(all, 'mqtt_delivery_wait_seconds')).toEqual({ '': 0 })
  })

  it('that waits for its receiver is timed apart from those that need not', async () => {
    const { client, families, seconds } = metered({}, { outboundManager: { inflight: 1 } })
    const [receiver, other] = [await client({ autoAck: false }), await client()]
    await receiver.subscribe('a', { qos: 1 })
    await other.publish('a', 'first', { qos: 1 })
    await other.publish('a', 'second', { qos: 1 })
    await seconds(7)
    receiver.send({ cmd: 'puback', messageId: (await receiver.next('publish')).messageId })
    await receiver.next('publish')
    const all = await families()
    expect(valuesOf(all, 'mqtt_delivery_seconds')).toEqual({ '': 1 })
    expect(valuesOf(all, 'mqtt_delivery_wait_seconds')).toEqual({ '': 1 })
    const { samples } = all.find(({ name }) => name === 'mqtt_delivery_wait_seconds')!
    expect(samples[0].value).toBeCloseTo(7)
  })

  it('that was dropped is counted by reason', async () => {
    const { client, families } = metered()
    const one = await client()
    await one.publish('$SYS/x', 'x')
    await settle()
    expect(valuesOf(await families(), 'mqtt_messages_dropped_total')).toEqual({ 'control-topic': 1 })
  })
})

describe('what is kept', () => {
  it('is counted by those who keep it', async () => {
    const { client, families } = metered()
    const away = await client({ clientId: 'away', properties: { sessionExpiryInterval: 600 } })
    await away.subscribe('a', { qos: 1 })
    await away.subscribe('$share/g/b', { qos: 1 })
    await away.drop()
    const publisher = await client()
    await publisher.publish('a', 'x', { qos: 1, retain: true })
    const all = await families()
    expect(valuesOf(all, 'mqtt_sessions')).toEqual({ '': 2 })
    expect(valuesOf(all, 'mqtt_sessions_expiring')).toEqual({ '': 1 })
    expect(valuesOf(all, 'mqtt_subscriptions')).toEqual({ '': 2 })
    expect(valuesOf(all, 'mqtt_shared_subscriptions')).toEqual({ '': 1 })
    expect(valuesOf(all, 'mqtt_stored_messages')).toEqual({ '': 1 })
    expect(valuesOf(all, 'mqtt_retained_messages')).toEqual({ '': 1 })
    expect(valuesOf(all, 'mqtt_memory_held_bytes')['']).toBeGreaterThan(0)
  })

  it('in flight and in queues is counted by who sends it', async () => {
    const { client, families } = metered({}, { outboundManager: { inflight: 1 } })
    const slow = await client({ autoAck: false })
    await slow.subscribe('a', { qos: 1 })
    for (const payload of ['one', 'two', 'three']) await slow.publish('a', payload, { qos: 1 })
    const all = await families()
    expect(valuesOf(all, 'mqtt_inflight_messages')).toEqual({ '': 1 })
    expect(valuesOf(all, 'mqtt_queued_messages')).toEqual({ '': 2 })
  })
})

describe('middlewares', () => {
  it('are counted by callback: calls, vetoes and errors', async () => {
    const veto: MiddlewareLike = { name: 'Veto', relayMessage: (_ctx, _store, _next, done) => done() }
    const { client, families } = metered({}, {}, veto)
    const one = await client()
    await one.publish('a', 'x')
    await one.publish('a', 'x')
    await settle()
    const all = await families()
    expect(valuesOf(all, 'mqtt_handler_calls_total')['relayMessage,Veto']).toBe(2)
    expect(valuesOf(all, 'mqtt_handler_ended_total')['relayMessage,Veto']).toBe(2)
    expect(valuesOf(all, 'mqtt_handler_timed_calls_total')['relayMessage,Veto']).toBeGreaterThan(0)
    expect(valuesOf(all, 'mqtt_handler_calls_total')['handle connect,Connection']).toBe(1)
  })

  it('say how long authentication took, by what came of it', async () => {
    const { client, families } = metered()
    await client()
    expect(valuesOf(await families(), 'mqtt_authentication_seconds')).toEqual({
      success: 1,
      continue: 0,
      failure: 0,
      error: 0,
    })
  })

  it('of yours may count what they like, and wrong names do not take the others down', async () => {
    const one = (name: string, labels: Record<string, string>): MetricFamily => ({
      name,
      type: 'gauge',
      help: 'Mine.',
      samples: [
        { labels, value: 1 },
        { labels, value: 2 },
      ],
    })
    const mine: MiddlewareLike = {
      name: 'Mine',
      lookupMetrics(_ctx, store) {
        store.push(one('my_gauge', { kind: 'a' }), one('my gauge', {}), one('my_other', { 'a-b': 'c' }), {
          ...one('my_gauge', {}),
          type: 'counter',
        })
        // As plain JavaScript may say it.
        const families: unknown[] = [
          { name: 'bare', type: 'gauge', help: 'Mine.', samples: [{ value: 1 }] },
          { name: 'words', type: 'gauge', help: 'Mine.', samples: [{ labels: {}, value: 'abc' }] },
          { name: 'weird', type: 'strange', help: 'Mine.', samples: [] },
          { name: 'none', type: 'gauge', help: 'Mine.' },
        ]
        store.push(...(families as MetricFamily[]))
      },
    }
    const failing: MiddlewareLike = {
      name: 'Failing',
      lookupMetrics: () => Promise.reject(new Error('no count')),
    }
    const { metrics, logger, families, seconds } = metered({}, {}, mine, failing)
    const all = await families()
    expect(valuesOf(all, 'my_gauge')).toEqual({ a: 1 })
    expect(all.some(({ name }) => name === 'my_other' || name === 'my gauge')).toBe(false)
    expect(await metrics.text()).toContain('my_gauge{kind="a"} 1\n')
    await seconds(2)
    await families()
    expect(logger.warnings.filter((text) => text.startsWith('metrics'))).toEqual([
      'metrics: "my gauge" is no name of a metric: it is left out',
      'metrics: "my_other" has the label "a-b", which is no name of one: it is left out',
      'metrics: "my_gauge" is of two types: it is left out',
      'metrics: "bare" has a sample without labels (`{}` is fine), or whose value is no number: it is left out',
      'metrics: "words" has a sample without labels (`{}` is fine), or whose value is no number: it is left out',
      'metrics: "weird" is of the type "strange", which is none: it is left out',
      'metrics: "none" has no list of samples: it is left out',
    ])
  })

  it.each([
    ['mqtt_sessions', 'gauge', 'MemoryBackend'],
    ['mqtt_authentication_seconds', 'gauge', 'Authentication'],
    ['mqtt_clients_connected', 'counter', 'Metrics'],
    ['mqtt_queued_messages', 'gauge', 'OutboundManager'],
  ] as const)(
    'of yours do not replace %s, whatever they are and wherever they stand',
    async (name, type, owner) => {
      const mine: MiddlewareLike = {
        name: 'Mine',
        lookupMetrics(_ctx, store) {
          store.unshift({ name, type, help: 'Mine.', samples: [{ labels: {}, value: 7 }] })
          store.push({ name: 'mine_too', type: 'gauge', help: 'Mine.', samples: [{ labels: {}, value: 8 }] })
        },
      }
      const without = metered()
      const first = { middleware: mine, before: 'packetEmitter' } as const
      for (const use of [first, mine]) {
        const { families, seconds, logger } = metered({}, {}, use as MiddlewareLike)
        const all = await families()
        expect(valuesOf(all, name)).toEqual(valuesOf(await without.families(), name))
        expect(valuesOf(all, 'mine_too')).toEqual({ '': 8 })
        await seconds(2)
        await families()
        expect(logger.warnings.filter((text) => text.startsWith('metrics'))).toEqual([
          `metrics: "${name}" of Mine has the name of one that ${owner} counts: choose another name: it is left out`,
        ])
      }
    },
  )

  it('that are built in are all known to be', async () => {
    const { broker, families } = metered()
    await families()
    const { steps } = await broker.stack.trace('lookupMetrics', {})
    const counting = steps
      .filter(({ said }) => Object.keys(said).length > 0)
      .map(({ middleware }) => middleware)
    expect(counting.filter((name) => !COUNTING.has(name))).toEqual(['MemoryBackend'])
  })

  it('that do not answer keep nobody waiting for ever, and nobody from the rest', async () => {
    const mute: MiddlewareLike = { name: 'Mute', lookupMetrics: () => new Promise(() => {}) }
    const { broker, metrics, seconds } = metered({}, {}, mute)
    await broker.start()
    const gathered = metrics.gather()
    await seconds(5)
    expect((await gathered).map(({ name }) => name)).toContain('mqtt_clients_connected_max')
  })
})
