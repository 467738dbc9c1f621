/** A middleware of anybody’s that says no is named, and does nothing for that. */
import type { Finding, MiddlewareLike, PacketType } from '@mqtt-stack/core'
import { DONE, ReasonCode } from '@mqtt-stack/core'
import { describe, expect, it } from 'vitest'
import type { Broker } from '../../../../test/rig/traced.ts'
import { connected, tracedBroker } from '../../../../test/rig/traced.ts'

const LASTING = { sessionExpiryInterval: 3_600 }

const why = (broker: Broker, publisherId?: string, topic = 'a/b'): Promise<Finding[]> =>
  broker.stack.call('explainDelivery', { clientId: 'lamp', topic, publisherId })

async function noesOf(broker: Broker, publisherId?: string, topic?: string): Promise<unknown[]> {
  const found = await why(broker, publisherId, topic)
  const lately = found.filter(({ by, cause }) => by !== undefined && cause !== 'rule-denies')
  return lately.map(({ cause, by, text }) => [cause, by, text])
}

/** A stranger’s, that stands where packets come by first. */
async function gated(gate: Omit<MiddlewareLike, 'name'>, tracing = {}) {
  const middleware = { name: 'Gate', ...gate } as MiddlewareLike
  return tracedBroker({ use: [{ middleware, after: 'authentication' }] }, tracing)
}

async function turns(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise(setImmediate)
}

/** Lamp reads a/#, and pump publishes a/b; nobody minds what becomes of it. */
async function publishTo(broker: Broker): Promise<void> {
  const lamp = await connected(broker, { clientId: 'lamp', properties: LASTING })
  lamp.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'a/#', qos: 1 }] })
  await turns()
  const pump = await connected(broker, { clientId: 'pump' })
  pump.send({ cmd: 'publish', topic: 'a/b', payload: 'x', qos: 1, messageId: 1, dup: false, retain: false })
  await turns()
}

const allow: NonNullable<MiddlewareLike['authorizePacket']> = (_ctx, store) => {
  store.valid = true
}

const handles = (type: PacketType, answer: () => unknown): Omit<MiddlewareLike, 'name'> => ({
  handles: [type],
  handle: answer as NonNullable<MiddlewareLike['handle']>,
})

describe('a stranger’s middleware that says no is named: it', () => {
  it.each<[string, Omit<MiddlewareLike, 'name'>, string]>([
    [
      'takes PUBLISH',
      handles('publish', () => DONE),
      'Gate answered no to handle publish for a message on a/b of pump',
    ],
    [
      'answers no to authorizePacket of PUBLISH',
      {
        authorizePacket({ action }, store) {
          store.valid = action !== 'publish'
        },
      },
      'Gate answered no to authorizePacket for a message on a/b of pump',
    ],
    [
      'answers no to authorizePacket of SUBSCRIBE, and says why',
      {
        authorizePacket({ action }, store) {
          store.valid = action !== 'subscribe'
          store.reason = 'not today'
        },
      },
      'Gate answered no to authorizePacket for the filter a/# of lamp: not today',
    ],
    [
      'vetoes relayMessage',
      { relayMessage: () => DONE },
      'Gate answered no to relayMessage for a message on a/b of pump',
    ],
    [
      'vetoes relayMessage by done()',
      { relayMessage: (_ctx, _store, _next, done) => done() },
      'Gate answered no to relayMessage for a message on a/b of pump',
    ],
    [
      'takes SUBSCRIBE',
      handles('subscribe', () => DONE),
      'Gate answered no to handle subscribe for the filter a/# of lamp',
    ],
    [
      'refuses subscribeTopic',
      {
        subscribeTopic(_ctx, store) {
          store.grant = false
        },
      },
      'Gate answered no to subscribeTopic for the filter a/# of lamp',
    ],
    [
      'takes forwardMessage',
      { forwardMessage: () => DONE },
      'Gate answered no to forwardMessage for a message on a/b to lamp',
    ],
    [
      'drops in sendMessage',
      { sendMessage: () => DONE },
      'Gate answered no to sendMessage for a message on a/b to lamp',
    ],
  ])('%s', async (_what, gate, text) => {
    const { broker } = await gated(gate)
    await publishTo(broker)
    expect(await noesOf(broker)).toEqual([['vetoed', 'Gate', text]])
  })

  it.each<[string, Omit<MiddlewareLike, 'name'>, string]>([
    ['takes CONNECT', handles('connect', () => DONE), 'Gate answered no to handle connect for lamp'],
    [
      'answers no to authenticateConnection',
      {
        authenticateConnection(_ctx, store) {
          store.valid = false
          store.reason = 'who are you'
        },
        authorizePacket: allow,
      },
      'Gate answered no to authenticateConnection for lamp: who are you',
    ],
  ])('%s', async (_what, gate, text) => {
    const { broker } = await gated(gate)
    void connected(broker, { clientId: 'lamp' }).catch(() => {})
    await turns()
    expect(await noesOf(broker)).toEqual([['vetoed', 'Gate', text]])
  })

  it('fails', async () => {
    const { broker } = await gated({
      relayMessage() {
        throw new Error('the table is gone')
      },
    })
    await publishTo(broker)
    expect(await noesOf(broker)).toEqual([
      [
        'handler-failed',
        'Gate',
        'Gate failed in relayMessage for a message on a/b of pump: the table is gone',
      ],
    ])
  })

  it('never answers', async () => {
    const { broker, clock } = await gated({ relayMessage: () => new Promise(() => {}) })
    await publishTo(broker)
    await clock.advance(120_000)
    expect(await noesOf(broker)).toEqual([
      ['handler-stalled', 'Gate', 'Gate did not answer relayMessage for a message of pump'],
    ])
  })
})

it('a stranger’s middleware that lowers what is granted is named, with the filter', async () => {
  const { broker } = await gated({
    authorizePacket({ packet }, store) {
      store.valid = true
      if (packet.cmd === 'subscribe' && store.grants !== undefined && packet.subscriptions[0].topic === 'a/#')
        store.grants[0] = ReasonCode.NOT_AUTHORIZED
    },
  })
  await publishTo(broker)
  const denied = (await why(broker)).find(({ cause }) => cause === 'rule-denies')
  expect([denied?.by, denied?.text]).toEqual(['Gate', 'lamp may not read a/#: Gate: says no'])
})

describe('who said no', () => {
  it('is told of the topic, the reader and the publisher that are asked about alone', async () => {
    const { broker } = await gated({ relayMessage: () => DONE })
    await publishTo(broker)
    expect(await noesOf(broker, 'pump')).toHaveLength(1)
    expect(await noesOf(broker, 'other')).toEqual([])
    expect(await noesOf(broker, 'pump', 'a/c')).toEqual([])
  })

  it('is one finding, however often it was', async () => {
    const { broker, clock } = await gated({ relayMessage: () => DONE })
    for (let i = 0; i < 500; i++) await broker.publish('a/b', 'x')
    await clock.advance(5_000)
    await broker.publish('a/b', 'x')
    const text = 'Gate answered no to relayMessage for a message on a/b of the broker, 501 times lately'
    expect(await noesOf(broker)).toEqual([['vetoed', 'Gate', text]])
  })

  it('is not who says yes, nor who is only asked what it would say', async () => {
    const { broker } = await gated({
      authenticateConnection(_ctx, store) {
        store.valid = true
      },
      authorizePacket({ dry }, store) {
        store.valid = dry !== true
        return DONE
      },
    })
    await publishTo(broker)
    await broker.explain({ client: 'pump', publish: 'a/b' })
    expect(await noesOf(broker)).toEqual([])
  })

  it('is not looked for where nothing is remembered', async () => {
    const { broker } = await gated({ relayMessage: () => DONE }, { history: 0 })
    await publishTo(broker)
    expect(await noesOf(broker)).toEqual([])
  })
})
