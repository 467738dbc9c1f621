import type { Context, MiddlewareLike, ReasonCode, Store } from '@mqtt-stack/core'
import { DONE } from '@mqtt-stack/core'
import { MemoryBackend } from '@mqtt-stack/memory-backend'
import type { TestClient } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { BACKENDS } from '../../../test/rig/backends.ts'
import { broker5 } from '../../../test/rig/broker.ts'
import { frame, messagesOf, properties, text } from '../../../test/rig/bytes.ts'

/** Refuses topics named like a reason code, in decimals. */
const rules: MiddlewareLike = {
  name: 'Rules',
  authorizePacket({ packet }: Context<'authorizePacket'>, store: Store<'authorizePacket'>) {
    const code = packet.cmd === 'publish' ? Number.parseInt(packet.topic, 10) : Number.NaN
    store.valid = !(code > 0)
    if (code > 1) store.reasonCode = code
  },
}

/** PUBLISH with its identifier, and nobody waiting for the answer. */
function send(client: TestClient, qos: 0 | 1 | 2, messageId: number, topic = 'a', payload = 'x'): void {
  client.send({ cmd: 'publish', topic, payload, qos, messageId, dup: false, retain: false })
}

/** The packets that came, with identifier and reason code. */
function codes({ received }: TestClient): string[] {
  return received.map((packet) => {
    const code = 'reasonCode' in packet ? packet.reasonCode : undefined
    const parts = [packet.cmd, packet.messageId, code ? `0x${code.toString(16)}` : undefined]
    return parts.filter((part) => part !== undefined).join(' ')
  })
}

async function endsWith(client: TestClient, reasonCode: ReasonCode): Promise<void> {
  expect((await client.next('disconnect')).reasonCode).toBe(reasonCode)
  await client.closed
}

describe.each(BACKENDS)('the receive maximum, with %s', (_name, backend) => {
  const three = (): Parameters<typeof broker5>[0] => ({
    inboundManager: { receiveMaximum: 3 },
    backend: backend(),
  })

  it('is told in CONNACK', async () => {
    const [, { properties }] = await broker5(three()).accepted()
    expect(properties?.receiveMaximum).toBe(3)
  })

  it('[MQTT-3.3.4-7] may be used up by QoS 2, in one chunk', async () => {
    const { client, seconds } = broker5(three())
    const one = await client({ autoAck: false })
    for (const id of [1, 2, 3]) send(one, 2, id)
    await seconds(0)
    expect(codes(one)).toEqual(['connack', 'pubrec 1 0x10', 'pubrec 2 0x10', 'pubrec 3 0x10'])
    for (let round = 1; round < 5; round++) {
      one.send({ cmd: 'pubrel', messageId: round })
      await one.next('pubcomp')
      send(one, 2, round + 3)
      await seconds(0)
      expect(codes(one).at(-1)).toBe(`pubrec ${round + 3} 0x10`)
    }
  })

  it('[MQTT-3.3.4-7] ends who passes it by QoS 2', async () => {
    const { client } = broker5(three())
    const one = await client({ autoAck: false })
    for (const id of [1, 2, 3, 4]) send(one, 2, id)
    await endsWith(one, 0x93)
  })

  it('does not count QoS 0, nor the same message again', async () => {
    const { client } = broker5(three())
    const one = await client({ autoAck: false })
    for (const id of [1, 2, 3, 3, 1, 2]) send(one, 2, id)
    for (let i = 0; i < 10; i++) send(one, 0, 0)
    await one.ping()
  })

  it('is free again where a message was refused', async () => {
    const { client, seconds } = broker5({ ...three(), use: [{ middleware: rules, after: 'authorize' }] })
    const one = await client({ autoAck: false })
    for (let id = 1; id <= 10; id++) {
      send(one, 2, id, '1')
      await seconds(0)
    }
    expect(codes(one).slice(1)).toEqual(Array.from({ length: 10 }, (_, i) => `pubrec ${i + 1} 0x87`))
    for (const id of [1, 2, 3]) send(one, 2, id)
    await one.ping()
    send(one, 2, 4)
    await endsWith(one, 0x93)
  })

  it('does not count what an earlier connection left', async () => {
    const { client, seconds } = broker5(three())
    const session = {
      clientId: 'one',
      clean: false,
      properties: { sessionExpiryInterval: 60 },
      autoAck: false,
    }
    const first = await client(session)
    for (const id of [1, 2, 3]) send(first, 2, id)
    await seconds(0)
    await first.drop()
    const second = await client(session)
    for (const id of [11, 12, 13]) send(second, 2, id)
    await second.ping()
    for (const id of [1, 2, 3]) second.send({ cmd: 'pubrel', messageId: id })
    await seconds(0)
    expect(codes(second).filter((code) => code.startsWith('pubcomp'))).toEqual([
      'pubcomp 1',
      'pubcomp 2',
      'pubcomp 3',
    ])
  })

  it('is not for older clients', async () => {
    const { client } = broker5(three())
    const old = await client({ autoAck: false, protocolVersion: 4 })
    for (let id = 1; id <= 20; id++) send(old, 2, id)
    await old.ping()
  })
})

describe('the receive maximum and messages that take their time', () => {
  it.each([1, 2] as const)('[MQTT-3.3.4-7] counts them until they are acknowledged, QoS %i', async (qos) => {
    let release = (): void => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    /** Commits when it is told to. */
    class Slow extends MemoryBackend {
      override async relayMessage(ctx: Context<'relayMessage'>, store: Store<'relayMessage'>): Promise<void> {
        ctx.packet.own()
        ctx.stage()
        await released
        await super.relayMessage(ctx, store)
      }
    }
    const { client, seconds } = broker5({ inboundManager: { receiveMaximum: 3 }, backend: new Slow() })
    const [one, two] = [await client({ autoAck: false }), await client({ autoAck: false })]
    for (const id of [1, 2, 3]) send(one, qos, id)
    for (const id of [1, 2, 3, 4]) send(two, qos, id)
    await one.ping()
    await endsWith(two, 0x93)
    release()
    await seconds(0)
    expect(codes(one).filter((code) => code.startsWith('pub'))).toHaveLength(3)
    if (qos === 1) for (const id of [4, 5, 6]) send(one, qos, id)
    await one.ping()
  })
})

describe('what CONNACK says that there is not', () => {
  it.each([
    [0, 1],
    [0, 2],
    [1, 2],
  ] as const)(
    '[MQTT-3.2.2-9] [MQTT-3.2.2-11] maximum QoS %i ends a PUBLISH of QoS %i',
    async (maximumQoS, qos) => {
      const { accepted, client } = broker5({ inboundManager: { maximumQoS } })
      const [one, connack] = await accepted()
      expect(connack.properties?.maximumQoS).toBe(maximumQoS)
      send(one, qos, 1)
      await endsWith(one, 0x9b)
      const old = await client({ protocolVersion: 4 })
      send(old, qos, 1)
      await old.closed
    },
  )

  it('[MQTT-3.2.2-10] QoS 2 may be subscribed to all the same', async () => {
    const { client, broker, seconds } = broker5({ inboundManager: { maximumQoS: 1 } })
    const one = await client()
    const { granted } = await one.subscribe(
      ['a', 'b', 'c'].map((topic, qos) => ({ topic, qos: qos as 0 | 1 | 2 })),
    )
    expect(granted).toEqual([0, 1, 2])
    await one.publish('c', 'x', { qos: 1 })
    await broker.publish('c', 'y', { qos: 2 })
    await seconds(0)
    expect(messagesOf(one)).toEqual(['c x q1', 'c y q2'])
  })

  it('[MQTT-3.2.2-9] nothing is said of QoS 2', async () => {
    const [, connack] = await broker5().accepted()
    expect(connack.properties).not.toHaveProperty('maximumQoS')
    expect(connack.properties).not.toHaveProperty('retainAvailable')
  })

  it('[MQTT-3.2.2-14] without retain-manager a retained PUBLISH ends the connection', async () => {
    const { accepted } = broker5({ retainManager: false })
    const [one, connack] = await accepted()
    expect(connack.properties?.retainAvailable).toBe(false)
    await one.subscribe('a')
    send(one, 0, 0)
    expect((await one.message()).payload).toBe('x')
    await expect(one.publish('a', 'x', { qos: 1, retain: true })).rejects.toThrow('closed')
    await endsWith(one, 0x9a)
  })

  it('but that of an older client, which cannot know, is a message like any other', async () => {
    const { client } = broker5({ retainManager: false })
    const old = await client({ protocolVersion: 4 })
    await old.subscribe('a')
    await old.publish('a', 'x', { retain: true })
    expect(messagesOf(old)).toEqual(['a x q0'])
  })

  it('[MQTT-3.2.2-15] a packet over the maximum size ends the connection', async () => {
    const { accepted } = broker5({ stack: { packetLimit: 200 } })
    const [one, connack] = await accepted()
    expect(connack.properties?.maximumPacketSize).toBe(200)
    send(one, 0, 0, 'a', 'x'.repeat(200 - 7))
    await one.ping()
    send(one, 0, 0, 'a', 'x'.repeat(200 - 6))
    await endsWith(one, 0x95)
  })
})

/** A PUBLISH by hand: QoS 0 or, with an identifier, 1. */
function aliased(alias: number, topic: string, payload: string, id = 0): Buffer {
  const identifier = id === 0 ? [] : [id >> 8, id & 255]
  const held = properties([35, alias >> 8, alias & 255])
  return frame(id === 0 ? 0x30 : 0x32, text(topic), identifier, held, Buffer.from(payload))
}

describe('topic aliases of clients', () => {
  it('[MQTT-3.3.2-12] from 1 to the maximum are taken, and may be set anew', async () => {
    const { accepted } = broker5({ stack: { topicAliases: 300 } })
    const [one, connack] = await accepted()
    expect(connack.properties?.topicAliasMaximum).toBe(300)
    await one.subscribe('#')
    for (const alias of [1, 2, 255, 256, 300]) one.raw(aliased(alias, `t/${alias}`, 'set'))
    for (const alias of [300, 256, 255, 2, 1]) one.raw(aliased(alias, '', 'used'))
    one.raw(aliased(2, 't/new', 'set'))
    one.raw(aliased(2, '', 'used'))
    await one.ping()
    expect(messagesOf(one).map((message) => message.replace(' q0', ''))).toEqual([
      't/1 set',
      't/2 set',
      't/255 set',
      't/256 set',
      't/300 set',
      't/300 used',
      't/256 used',
      't/255 used',
      't/2 used',
      't/1 used',
      't/new set',
      't/new used',
    ])
    for (const packet of one.received) expect(packet).not.toHaveProperty('properties.topicAlias')
  })

  it.each([
    ['[MQTT-3.3.2-8] 0', 16, 0, 'a', 0x94],
    ['[MQTT-3.2.2-17] [MQTT-3.3.2-9] above the maximum', 16, 17, 'a', 0x94],
    ['[MQTT-3.2.2-17] above the maximum, never set', 16, 17, '', 0x94],
    ['[MQTT-3.2.2-18] where there are none', 0, 1, 'a', 0x94],
    ['that was never set', 16, 3, '', 0x82],
  ])('%s ends the connection', async (_what, topicAliases, alias, topic, code) => {
    const { accepted } = broker5({ stack: { topicAliases } })
    const [one, connack] = await accepted()
    expect(connack.properties?.topicAliasMaximum).toBe(topicAliases || undefined)
    one.raw(aliased(alias, topic, 'x'))
    await endsWith(one, code)
  })

  it('no topic and no alias end it too', async () => {
    const { client } = broker5()
    const one = await client()
    one.raw(frame(0x30, text(''), [0], Buffer.from('x')))
    await endsWith(one, 0x82)
  })

  it('[MQTT-3.3.2-7] are of one connection', async () => {
    const { client } = broker5()
    const session = { clientId: 'one', clean: false, properties: { sessionExpiryInterval: 60 } }
    const first = await client(session)
    first.raw(aliased(1, 'a', 'x'))
    await first.ping()
    await first.drop()
    const second = await client(session)
    second.raw(aliased(1, '', 'x'))
    await endsWith(second, 0x82)
  })

  it('are of one client', async () => {
    const { client } = broker5()
    const [one, two] = [await client(), await client()]
    one.raw(aliased(1, 'a', 'x'))
    two.raw(aliased(1, 'b', 'x'))
    await one.subscribe('#')
    one.raw(aliased(1, '', 'of one'))
    two.raw(aliased(1, '', 'of two'))
    await Promise.all([one.ping(), two.ping()])
    expect(messagesOf(one).sort()).toEqual(['a of one q0', 'b of two q0'])
  })

  it('are set by a PUBLISH that is refused, too', async () => {
    const { client } = broker5({ use: [{ middleware: rules, after: 'authorize' }] })
    const one = await client()
    one.raw(aliased(1, '1', 'x', 5))
    one.raw(aliased(1, '', 'x', 6))
    await one.ping()
    expect(codes(one)).toEqual(['connack', 'puback 5 0x87', 'puback 6 0x87', 'pingresp'])
  })

  it('are not for what is kept: queues, logs and retained messages have the topic', async () => {
    const { client, seconds } = broker5()
    const sleeper = { clientId: 'sleeper', clean: false, properties: { sessionExpiryInterval: 60 } }
    const first = await client(sleeper)
    await first.subscribe('a/#', { qos: 1 })
    await first.drop()
    const one = await client()
    one.raw(aliased(1, 'a/b', 'set', 1))
    one.raw(aliased(1, '', 'used', 2))
    one.raw(frame(0x31, text(''), properties([35, 0, 1]), Buffer.from('kept')))
    await one.ping()
    const [second, old] = [await client(sleeper), await client({ protocolVersion: 4 })]
    await old.subscribe('a/b')
    await seconds(0)
    expect(messagesOf(second)).toEqual(['a/b set q1', 'a/b used q1'])
    expect(messagesOf(old)).toEqual(['a/b kept q0 r'])
  })

  it('stand among other properties', async () => {
    const { client } = broker5()
    const one = await client()
    await one.subscribe('a')
    const type = [3, 0, 1, 0x74]
    const alias = [35, 0, 1]
    const expiry = [2, 0, 0, 0, 9]
    one.raw(frame(0x30, text('a'), properties(type, alias, expiry), Buffer.from('1')))
    one.raw(frame(0x30, text(''), properties(alias, type), Buffer.from('2')))
    one.raw(frame(0x30, text(''), properties(type, expiry, alias), Buffer.from('3')))
    await one.ping()
    const got = one.received.flatMap((packet) => (packet.cmd === 'publish' ? [{ ...packet.properties }] : []))
    expect(got).toEqual([
      { contentType: 't', messageExpiryInterval: 9 },
      { contentType: 't' },
      { contentType: 't', messageExpiryInterval: 9 },
    ])
  })
})

describe('a payload that says that it is text', () => {
  const BAD = Buffer.from([0xc3, 0x28])

  it.each([
    [1, 'puback'],
    [2, 'pubrec'],
  ] as const)('and is none is refused at QoS %i where that is checked', async (qos, cmd) => {
    const { client } = broker5({ inboundManager: { validatePayloadFormat: true } })
    const one = await client({ autoAck: false })
    await one.subscribe('a')
    const properties = { payloadFormatIndicator: true }
    for (let i = 0; i < 2; i++) {
      const ack = await one.publish('a', BAD, { qos, messageId: 7, properties })
      expect(ack).toMatchObject({ cmd, reasonCode: 0x99 })
    }
    await one.publish('a', BAD, { properties })
    await one.publish('a', 'gut', { properties })
    await one.publish('a', BAD, { properties: { payloadFormatIndicator: false } })
    await one.publish('a', BAD)
    expect(messagesOf(one)).toHaveLength(3)
  })

  it('[MQTT-3.3.2-4] is passed on as it is where that is not checked', async () => {
    const { client } = broker5()
    const one = await client()
    await one.subscribe('a')
    await one.publish('a', BAD, { properties: { payloadFormatIndicator: true } })
    const { payload, properties } = await one.next('publish')
    expect([payload, properties]).toEqual([BAD, { payloadFormatIndicator: true }])
  })
})

describe.each(BACKENDS)('what a publisher is told, with %s', (_name, backend) => {
  const ruled = (): Parameters<typeof broker5>[0] => ({
    backend: backend(),
    use: [{ middleware: rules, after: 'authorize' }],
  })

  it('[MQTT-3.4.2-1] [MQTT-3.5.2-1] whether anybody matched: 0x10', async () => {
    const { client } = broker5(ruled())
    const one = await client({ autoAck: false })
    for (const [qos, cmd] of [
      [1, 'puback'],
      [2, 'pubrec'],
    ] as const) {
      expect(await one.publish(`nobody/${qos}`, 'x', { qos })).toMatchObject({ cmd, reasonCode: 0x10 })
      expect(await one.publish(`nobody/${qos}`, 'x', { qos, retain: true })).toMatchObject({
        reasonCode: 0x10,
      })
      await one.subscribe(`nobody/${qos}`)
      expect(await one.publish(`nobody/${qos}`, 'x', { qos })).toMatchObject({ cmd, reasonCode: 0 })
    }
  })

  it('that it alone matched, and wants no own messages, is nobody', async () => {
    const { client } = broker5(ruled())
    const one = await client()
    await one.subscribe('a', { nl: true })
    expect(await one.publish('a', 'x', { qos: 1 })).toMatchObject({ reasonCode: 0x10 })
  })

  it.each([
    ['1', 0x87],
    [String(0x97), 0x97],
    [String(0x90), 0x90],
    [String(0x80), 0x80],
    [String(0x83), 0x83],
  ])('[MQTT-3.4.2-1] [MQTT-3.5.2-1] that it may not: %s', async (topic, code) => {
    const { client, seconds } = broker5(ruled())
    const watcher = await client()
    await watcher.subscribe('#')
    const one = await client()
    expect(await one.publish(topic, 'x', { qos: 1 })).toMatchObject({ cmd: 'puback', reasonCode: code })
    expect(await one.publish(topic, 'x', { qos: 2 })).toMatchObject({ cmd: 'pubrec', reasonCode: code })
    await one.publish(topic, 'x')
    await one.publish('fine', 'x')
    await seconds(0)
    expect(messagesOf(watcher)).toEqual(['fine x q0'])
  })

  it('[MQTT-4.3.3-9] the identifier of a refused QoS 2 message is free', async () => {
    const { client, memory, seconds } = broker5({ use: [{ middleware: rules, after: 'authorize' }] })
    const watcher = await client()
    await watcher.subscribe('fine', { qos: 2 })
    const session = { clientId: 'one', clean: false, properties: { sessionExpiryInterval: 60 } }
    const one = await client(session)
    expect(await one.publish('1', 'x', { qos: 2, messageId: 7 })).toMatchObject({ reasonCode: 0x87 })
    expect(memory.stats.awaitingRelease).toBe(0)
    await one.drop()
    const again = await client(session)
    expect(await again.publish('fine', 'x', { qos: 2, messageId: 7 })).toMatchObject({ cmd: 'pubcomp' })
    await seconds(0)
    expect(messagesOf(watcher)).toEqual(['fine x q2'])
  })

  it('what a middleware of the user’s says', async () => {
    const veto: MiddlewareLike = {
      name: 'Veto',
      relayMessage({ topic }: Context<'relayMessage'>, store) {
        if (topic === 'plain') return DONE
        if (topic !== 'told') return
        store.reasonCode = 0x97
        return DONE
      },
    }
    const { client } = broker5({ backend: backend(), use: [veto] })
    const one = await client()
    expect(await one.publish('told', 'x', { qos: 1 })).toMatchObject({ reasonCode: 0x97 })
    expect(await one.publish('told', 'x', { qos: 2 })).toMatchObject({ cmd: 'pubrec', reasonCode: 0x97 })
    expect(await one.publish('plain', 'x', { qos: 1 })).toMatchObject({ reasonCode: 0 })
    expect(await one.publish('plain', 'x', { qos: 2 })).toMatchObject({ cmd: 'pubcomp', reasonCode: 0 })
  })

  it('that its identifier is in use: 0x91', async () => {
    const { client } = broker5(ruled())
    const one = await client({ autoAck: false })
    await one.publish('a', 'x', { qos: 2, messageId: 7 })
    expect(await one.publish('a', 'x', { qos: 1, messageId: 7 })).toMatchObject({ reasonCode: 0x91 })
    one.send({ cmd: 'pubrel', messageId: 7 })
    expect(await one.next('pubcomp')).toMatchObject({ messageId: 7, reasonCode: 0 })
    expect(await one.publish('a', 'x', { qos: 1, messageId: 7 })).toMatchObject({ reasonCode: 0x10 })
  })

  it('[MQTT-3.7.2-1] that there is nothing to release: 0x92', async () => {
    const { client } = broker5(ruled())
    const one = await client()
    one.send({ cmd: 'pubrel', messageId: 9 })
    expect(await one.next('pubcomp')).toMatchObject({ messageId: 9, reasonCode: 0x92 })
  })

  it('[MQTT-3.6.2-1] nor to receive: 0x92', async () => {
    const { client } = broker5(ruled())
    const one = await client({ autoAck: false })
    one.send({ cmd: 'pubrec', messageId: 9 })
    expect(await one.next('pubrel')).toMatchObject({ messageId: 9, reasonCode: 0x92 })
    one.send({ cmd: 'pubrec', messageId: 9, reasonCode: 0x80 })
    one.send({ cmd: 'puback', messageId: 9 })
    one.send({ cmd: 'pubcomp', messageId: 9, reasonCode: 0x92 })
    await one.ping()
    await one.expectNothing()
  })

  it('nothing of all that, if it is an older client', async () => {
    const { client } = broker5(ruled())
    const old = await client({ protocolVersion: 4 })
    for (const topic of ['1', 'nobody']) {
      expect(await old.publish(topic, 'x', { qos: 1 })).toMatchObject({ cmd: 'puback', length: 2 })
      expect(await old.publish(topic, 'x', { qos: 2 })).toMatchObject({ cmd: 'pubcomp', length: 2 })
    }
  })
})
