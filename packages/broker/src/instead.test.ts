/** Packets that a handler changes on their way in, through the whole broker. */
import type { MiddlewareLike } from '@mqtt-stack/core'
import { instead } from '@mqtt-stack/core'
import { describe, expect, it } from 'vitest'
import { broker5 } from '../../../test/rig/broker.ts'
import { messagesOf } from '../../../test/rig/bytes.ts'

/** Puts `in/` before every topic and filter. */
const prefixes: MiddlewareLike = {
  name: 'Prefixes',
  handles: ['publish', 'subscribe', 'unsubscribe'],
  handle(_client, packet) {
    if (packet.cmd === 'publish') return instead(packet.with({ topic: `in/${packet.topic}` }))
    if (packet.cmd === 'unsubscribe')
      return instead({ ...packet, unsubscriptions: packet.unsubscriptions.map((topic) => `in/${topic}`) })
    if (packet.cmd !== 'subscribe') return undefined
    const subscriptions = packet.subscriptions.map((one) => ({ ...one, topic: `in/${one.topic}` }))
    return instead({ ...packet, subscriptions })
  },
}

describe('a client whose packets are changed', () => {
  it('[MQTT-3.8.4-6] [MQTT-3.11.3-2] is answered filter by filter in its own order', async () => {
    const rules: MiddlewareLike = {
      name: 'Rules',
      authorizePacket({ packet }, store) {
        store.valid = true
        if (packet.cmd !== 'subscribe' || store.grants === undefined) return
        for (const [i, { topic }] of packet.subscriptions.entries())
          if (topic === 'in/b') store.grants[i] = 0x87
      },
    }
    const { client } = broker5({
      use: [
        { middleware: prefixes, after: 'authentication' },
        { middleware: rules, after: 'authorize' },
      ],
    })
    const device = await client()
    const { granted } = await device.subscribe([
      { topic: 'a', qos: 1 },
      { topic: 'b', qos: 1 },
      { topic: 'c', qos: 2 },
    ])
    expect(granted).toEqual([1, 0x87, 2])
    expect((await device.unsubscribe(['c', 'b', 'a'])).granted).toEqual([0, 0x11, 0])
  })

  it('[MQTT-4.3.3-10] sends QoS 2 once, however often it repeats it', async () => {
    const { client, seconds } = broker5({ use: [{ middleware: prefixes, after: 'authentication' }] })
    const receiver = await client()
    await receiver.subscribe('a')
    const device = await client({ autoAck: false })
    for (const dup of [false, true]) await device.publish('a', '1', { qos: 2, messageId: 7, dup })
    device.send({ cmd: 'pubrel', messageId: 7 })
    expect(await device.next('pubcomp')).toMatchObject({ messageId: 7 })
    await seconds(0)
    expect(messagesOf(receiver)).toEqual(['in/a 1 q0'])
  })

  it('may use topic aliases: they stand for the topics that it knows', async () => {
    const { client, seconds } = broker5({
      stack: { topicAliases: 2 },
      use: [{ middleware: prefixes, after: 'authentication' }],
    })
    const receiver = await client()
    await receiver.subscribe('a')
    const device = await client()
    const properties = { topicAlias: 1, userProperties: { a: 'b' } }
    await device.publish('a', '1', { properties })
    await device.publish('', '2', { properties, qos: 1 })
    await seconds(0)
    expect(messagesOf(receiver)).toEqual(['in/a 1 q0', 'in/a 2 q0'])
    for (const packet of receiver.received.filter(({ cmd }) => cmd === 'publish'))
      expect(packet).toMatchObject({ properties: { userProperties: [['a', 'b']] } })
  })

  it('may have another client identifier: the session, its take-over and its resumption are of that', async () => {
    const tenants: MiddlewareLike = {
      name: 'Tenants',
      handles: ['connect'],
      handle: (_client, packet) =>
        packet.cmd === 'connect' && packet.username !== undefined
          ? instead({ ...packet, clientId: `${packet.username}/${packet.clientId}` })
          : undefined,
    }
    const { client, broker, seconds } = broker5({
      use: [{ middleware: tenants, before: 'connection' }],
      allowAnonymous: true,
    })
    const session = { clientId: 'one', clean: false, properties: { sessionExpiryInterval: 60 } }
    const [acme, other] = [
      await client({ ...session, username: 'acme' }),
      await client({ ...session, username: 'other' }),
    ]
    expect([...broker.stack.clients].map(({ id }) => id)).toEqual(['acme/one', 'other/one'])
    await acme.subscribe('a', { qos: 1 })
    const again = await client({ ...session, username: 'acme' })
    expect(await acme.next('disconnect')).toMatchObject({ reasonCode: 0x8e })
    await other.publish('a', '1', { qos: 1 })
    await seconds(0)
    expect(messagesOf(again)).toEqual(['a 1 q1'])
    expect(messagesOf(other)).toEqual([])
  })
})
