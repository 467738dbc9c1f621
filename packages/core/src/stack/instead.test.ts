/** The one way in: a handler puts a changed packet in place of the one that it got. */
import type { TestStack } from '@mqtt-stack/testing'
import { acceptAll, testStack } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { asReceived, instead } from '../contract/instead.ts'
import type { MiddlewareLike } from '../contract/middleware.ts'
import { RelayContext, RelayStore } from '../contract/relay.ts'
import { SendContext } from '../contract/send.ts'
import { blameOf } from '../errors/index.ts'
import type { Packet, PacketType } from '../packets/packets.ts'
import { Publish } from '../packets/publish.ts'

type Handle = NonNullable<MiddlewareLike['handle']>

/** Notes the packets that get as far as this. */
class Behind implements MiddlewareLike {
  readonly name = 'Behind'
  readonly handles: readonly PacketType[] = ['connect', 'publish', 'subscribe', 'unsubscribe', 'pingreq']
  readonly packets: Packet[] = []
  handle: Handle = (_client, packet) => void this.packets.push(packet)
}

/** A stack in which `handle` stands before one who notes, and errors are noted. */
async function stackOf(
  handles: PacketType,
  ...handlers: Handle[]
): Promise<TestStack & { behind: Behind; errors: string[] }> {
  const errors: string[] = []
  const behind = new Behind()
  const test = await testStack({
    use: [
      ...handlers.map((handle, i) => ({ name: `Changes${i}`, handles: [handles], handle })),
      behind,
      acceptAll(),
    ],
    options: {
      errorHandler: (error, client) => {
        errors.push(error.message)
        client?.close(0x80)
      },
    },
  })
  return Object.assign(test, { behind, errors })
}

const last = ({ packets }: Behind): Packet => packets[packets.length - 1]

describe('instead(packet)', () => {
  it.each<[string, Handle]>([
    ['by return', (_client, packet) => instead((packet as Publish).with({ topic: 'b' }))],
    ['later', async (_client, packet) => instead((packet as Publish).with({ topic: 'b' }))],
    ['by next', (_client, packet, next) => next(instead((packet as Publish).with({ topic: 'b' })))],
    [
      'by next, later',
      (_client, packet, next) => {
        setImmediate(() => next(instead((packet as Publish).with({ topic: 'b' }))))
      },
    ],
  ])('as the answer %s gives all handlers behind the other packet', async (_how, handle) => {
    const { client, behind, errors } = await stackOf('publish', handle)
    const device = await client()
    await device.publish('a', '1', { qos: 0 })
    expect(last(behind)).toMatchObject({ cmd: 'publish', topic: 'b' })
    expect((last(behind) as Publish).payload.toString()).toBe('1')
    expect(errors).toEqual([])
  })

  it('may be answered by one after the other; what came is known at every time', async () => {
    const add: Handle = (_client, packet) => {
      const { topic } = packet as Publish
      return instead((packet as Publish).with({ topic: `${topic}!` }))
    }
    const { client, behind } = await stackOf('publish', add, add)
    await (await client()).publish('a', '1')
    const packet = last(behind) as Publish
    expect([packet.topic, (asReceived(packet) as Publish).topic]).toEqual(['a!!', 'a'])
    expect(asReceived(asReceived(packet))).toBe(asReceived(packet))
  })

  it('holds for that packet alone', async () => {
    const { client, behind } = await stackOf('publish', (_client, packet) => {
      const { topic } = packet as Publish
      return topic === 'a' ? instead((packet as Publish).with({ topic: 'b' })) : undefined
    })
    const device = await client()
    for (const topic of ['a', 'c', 'a']) await device.publish(topic, '1')
    expect(behind.packets.filter(({ cmd }) => cmd === 'publish')).toMatchObject([
      { topic: 'b' },
      { topic: 'c' },
      { topic: 'b' },
    ])
  })

  it('is for CONNECT, SUBSCRIBE and UNSUBSCRIBE too', async () => {
    const behind = new Behind()
    const { client, settle } = await testStack(
      {
        name: 'Changes',
        handles: ['connect', 'subscribe', 'unsubscribe'],
        handle(_client, packet) {
          if (packet.cmd === 'connect') return instead({ ...packet, clientId: 'b' })
          if (packet.cmd === 'unsubscribe') return instead({ ...packet, unsubscriptions: ['b'] })
          if (packet.cmd !== 'subscribe') return
          return instead({
            ...packet,
            subscriptions: packet.subscriptions.map((one) => ({ ...one, topic: 'b' })),
          })
        },
      },
      behind,
      acceptAll(),
    )
    const device = await client({ clientId: 'a' })
    device.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'a', qos: 1 }] })
    device.send({ cmd: 'unsubscribe', messageId: 2, unsubscriptions: ['a'] })
    await settle()
    expect(behind.packets).toMatchObject([
      { cmd: 'connect', clientId: 'b' },
      { cmd: 'subscribe', subscriptions: [{ topic: 'b', qos: 1 }] },
      { cmd: 'unsubscribe', unsubscriptions: ['b'] },
    ])
  })

  it('is read-only in a strict stack, as every packet', async () => {
    const { client, behind } = await stackOf('connect', (_client, packet) =>
      packet.cmd === 'connect' ? instead({ ...packet, clientId: 'b' }) : undefined,
    )
    await client({ clientId: 'a' })
    expect(behind.packets[0]).toMatchObject({ cmd: 'connect', clientId: 'b' })
    expect(Object.isFrozen(behind.packets[0])).toBe(true)
  })
})

describe('[MQTT-3.8.4-6] what does not answer what the client sent fails with ANSWER_INVALID, and goes no further:', () => {
  const message = Publish.from({ topic: 'a' })
  const wrong: [string, PacketType, (packet: Packet) => unknown][] = [
    ['another type', 'subscribe', () => instead(message)],
    ['no packet', 'publish', () => instead(undefined as unknown as Publish)],
    ['an object that is no message', 'publish', (packet) => instead({ ...packet } as unknown as Publish)],
    ['another QoS', 'publish', (packet) => instead((packet as Publish).with({ qos: 0, packetId: 0 }))],
    ['another packet identifier', 'publish', (packet) => instead((packet as Publish).with({ packetId: 9 }))],
    ['no topic name', 'publish', (packet) => instead((packet as Publish).with({ topic: 'a/#' }))],
    [
      'fewer filters',
      'subscribe',
      (packet) => packet.cmd === 'subscribe' && instead({ ...packet, subscriptions: [] }),
    ],
    [
      'no topic filter',
      'subscribe',
      (packet) =>
        packet.cmd === 'subscribe' && instead({ ...packet, subscriptions: [{ topic: 'a#', qos: 0 }] }),
    ],
    [
      'another packet identifier in SUBSCRIBE',
      'subscribe',
      (packet) => packet.cmd === 'subscribe' && instead({ ...packet, packetId: 9 }),
    ],
    [
      'more filters in UNSUBSCRIBE',
      'unsubscribe',
      (packet) => packet.cmd === 'unsubscribe' && instead({ ...packet, unsubscriptions: ['a', 'b'] }),
    ],
    [
      'another protocol version',
      'connect',
      (packet) => packet.cmd === 'connect' && instead({ ...packet, protocolVersion: 5 }),
    ],
    ['one for PINGREQ', 'pingreq', (packet) => ({ instead: packet })],
  ]

  it.each(wrong)('%s', async (_what, type, handle) => {
    const { open, behind, errors, settle } = await stackOf(type, ((_client: unknown, packet: Packet) =>
      handle(packet)) as Handle)
    const device = open()
    device.send({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clientId: 'a',
      clean: true,
      keepalive: 0,
    })
    device.send({ cmd: 'publish', topic: 'a', payload: '', qos: 1, messageId: 1, dup: false, retain: false })
    device.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'a', qos: 1 }] })
    device.send({ cmd: 'unsubscribe', messageId: 1, unsubscriptions: ['a'] })
    device.send({ cmd: 'pingreq' })
    await settle()
    expect(errors).toEqual([expect.stringMatching(/^Changes0 put another packet in place of/)])
    expect(behind.packets.map(({ cmd }) => cmd)).not.toContain(type)
  })

  it.each([
    ['a copy', (packet: Packet) => ({ ...packet, topic: 'b' })],
    ['an object with all parts', () => ({ cmd: 'publish', topic: 'b', payload: '', qos: 0, packetId: 0 })],
  ])('a message as %s, with what to do instead', async (_what, make) => {
    const { client, behind, errors } = await stackOf('publish', (_client, packet) =>
      instead(make(packet) as unknown as Publish),
    )
    const device = await client()
    await device.publish('a', '1')
    await device.closed
    expect(errors.join()).toContain('use packet.with({')
    expect(behind.packets.map(({ cmd }) => cmd)).not.toContain('publish')
  })

  it('the answer of a callback', async () => {
    const { stack } = await testStack({
      name: 'Rule',
      relayMessage: (() => instead(message)) as unknown as () => void,
    })
    await expect(stack.call('relayMessage', { packet: message } as never)).rejects.toThrow(/for packets/)
  })
})

describe('ctx.packet refuses what may not be published, as an error of who puts it there:', () => {
  const message = Publish.from({ topic: 'a', payload: 'x' })
  const nobody = { clientId: '', identity: undefined }
  const wrong: [string, Publish][] = [
    ['an empty topic', message.with({ topic: '' })],
    ['a topic with #', message.with({ topic: 'a/#' })],
    ['a topic with +', message.with({ topic: '+' })],
    ['a topic with U+0000', message.with({ topic: 'a\0b' })],
    ['a topic that is no UTF-8', message.with({ topic: 'a\ud800' })],
    ['what is no message', { topic: 'b', payload: 'x' } as unknown as Publish],
    ['nothing', undefined as unknown as Publish],
  ]

  it.each(wrong)('%s, in relayMessage', async (_what, packet) => {
    const relayed: string[] = []
    const { stack } = await testStack({
      use: [
        {
          name: 'Rule',
          relayMessage: async (ctx) => {
            await undefined
            ctx.packet = packet
          },
        },
        { name: 'Behind', relayMessage: ({ topic }) => void relayed.push(topic) },
      ],
    })
    const error: Error = await stack
      .call('relayMessage', new RelayContext(undefined, message, nobody, undefined), new RelayStore())
      .then(() => expect.unreachable('it was relayed'))
      .catch((one) => one)
    expect(error).toMatchObject({ code: 'ANSWER_INVALID' })
    expect(blameOf(error)).toEqual({ middleware: 'Rule', callback: 'relayMessage' })
    expect(relayed).toEqual([])
  })

  it.each(wrong)('%s, in sendMessage', async (_what, packet) => {
    const ctx = new SendContext({} as never, message, 0, false, false)
    expect(() => {
      ctx.packet = packet
    }).toThrow(expect.objectContaining({ code: 'ANSWER_INVALID' }))
    expect(ctx.packet).toBe(message)
  })

  it('and takes every other', () => {
    const ctx = new RelayContext(undefined, message, nobody, undefined)
    for (const topic of ['b', '/', '$x', 'a b', 'x'.repeat(65_535)]) {
      ctx.packet = message.with({ topic })
      expect(ctx.topic).toBe(topic)
    }
    ctx.packet = ctx.packet.with({ payload: 'y' })
    expect([ctx.payload.toString(), ctx.original]).toEqual(['y', message])
  })
})
