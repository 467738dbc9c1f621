import type { TestClient } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { broker5 } from '../../../test/rig/broker.ts'
import { bytesOf, frame, messagesOf, pair, properties, text } from '../../../test/rig/bytes.ts'

type Version = 3 | 4 | 5

/** Publishers and receivers of different versions. */
const PAIRS: readonly (readonly [Version, Version])[] = [3, 4, 5].flatMap((from) =>
  [3, 4, 5].map((to) => [from as Version, to as Version] as const),
)

const EVERYTHING = {
  payloadFormatIndicator: true,
  messageExpiryInterval: 60,
  contentType: 'text/plain',
  responseTopic: 'answer',
  correlationData: Buffer.from('7'),
  userProperties: [
    ['b', '1'],
    ['a', '2'],
    ['b', '3'],
  ],
} as const

/** What a 5.0 receiver sees of a message's properties. */
function seen({ received }: TestClient): unknown[] {
  return received.flatMap((packet) => {
    if (packet.cmd !== 'publish') return []
    return [packet.properties ?? {}]
  })
}

const lasting = (version: Version): object => ({
  clientId: 'receiver',
  protocolVersion: version,
  clean: false,
  ...(version === 5 ? { properties: { sessionExpiryInterval: 60 } } : {}),
})

describe.each(PAIRS)('from level %i to level %i', (from, to) => {
  const properties = from === 5 ? EVERYTHING : undefined
  const wanted = from === 5 && to === 5 ? EVERYTHING : {}

  it.each([
    [0, 0],
    [0, 2],
    [1, 0],
    [1, 1],
    [1, 2],
    [2, 0],
    [2, 1],
    [2, 2],
  ] as const)('at QoS %i, granted %i', async (sent, granted) => {
    const { client, seconds } = broker5()
    const receiver = await client({ protocolVersion: to })
    await receiver.subscribe('a/+', { qos: granted })
    const publisher = await client({ protocolVersion: from })
    const payloads = ['', 'x', 'long'.repeat(50)]
    for (const payload of payloads) await publisher.publish('a/b', payload, { qos: sent, properties })
    await seconds(0)
    const qos = Math.min(sent, granted)
    expect(messagesOf(receiver)).toEqual(
      payloads.map((one) => ['a/b', one, `q${qos}`].filter(Boolean).join(' ')),
    )
    expect(seen(receiver)).toEqual([wanted, wanted, wanted])
  })

  it('retained, and replaced', async () => {
    const { client, seconds } = broker5()
    const publisher = await client({ protocolVersion: from })
    await publisher.publish('a', 'first', { qos: 1, retain: true })
    await publisher.publish('a', 'kept', { qos: 1, retain: true, properties })
    const receiver = await client({ protocolVersion: to })
    await receiver.subscribe('a', { qos: 1 })
    await seconds(0)
    expect(messagesOf(receiver)).toEqual(['a kept q1 r'])
    expect(seen(receiver)).toEqual([wanted])
    await publisher.publish('a', '', { retain: true })
    const late = await client({ protocolVersion: to })
    await late.subscribe('a')
    await seconds(0)
    expect(messagesOf(late)).toEqual([])
  })

  it('into a session, and out of it again', async () => {
    const { client, seconds } = broker5()
    const first = await client(lasting(to))
    await first.subscribe('a', { qos: 2 })
    await first.drop()
    const publisher = await client({ protocolVersion: from })
    for (const qos of [1, 2] as const) await publisher.publish('a', 'x', { qos, properties })
    const second = await client(lasting(to))
    await seconds(0)
    expect(messagesOf(second)).toEqual(['a x q1', 'a x q2'])
    expect(seen(second)).toEqual([wanted, wanted])
  })

  it('as a will', async () => {
    const { client, seconds } = broker5()
    const receiver = await client({ protocolVersion: to })
    await receiver.subscribe('gone', { qos: 1 })
    const will = { topic: 'gone', payload: Buffer.from('bye'), qos: 1, retain: false, properties } as const
    await (await client({ protocolVersion: from, will })).drop()
    await seconds(0)
    expect(messagesOf(receiver)).toEqual(['gone bye q1'])
    expect(seen(receiver)).toEqual([wanted])
  })
})

describe('one message for receivers of all versions', () => {
  it.each([0, 1, 2] as const)('comes as each can take it, QoS %i', async (qos) => {
    const { client, seconds } = broker5()
    const receivers = []
    for (const protocolVersion of [3, 4, 5] as const)
      for (const granted of [0, 1, 2] as const) {
        const one = await client({ protocolVersion })
        await one.subscribe('a', { qos: granted })
        receivers.push({ one, protocolVersion, granted, bytes: bytesOf(one) })
      }
    const publisher = await client()
    const held = properties(pair('b', '1'), pair('a', '2'), pair('b', '3'))
    publisher.raw(frame(0x30 | (qos << 1), text('a'), qos > 0 ? [0, 1] : [], held, Buffer.from('x')))
    await seconds(0)
    for (const { one, protocolVersion, granted, bytes } of receivers) {
      expect(messagesOf(one)).toEqual([`a x q${Math.min(qos, granted)}`])
      expect(bytes().includes(held)).toBe(protocolVersion === 5)
    }
  })

  it('a topic alias stays with its publisher', async () => {
    const { client, seconds } = broker5()
    const all = []
    for (const protocolVersion of [3, 4, 5] as const) {
      const one = await client({ protocolVersion })
      await one.subscribe('#', { qos: 1 })
      all.push(one)
    }
    const publisher = await client()
    const alias = properties([35, 0, 1], [3], text('t'))
    publisher.raw(frame(0x32, text('a/b'), [0, 1], alias, Buffer.from('set')))
    publisher.raw(frame(0x32, text(''), [0, 2], alias, Buffer.from('used')))
    publisher.raw(frame(0x30, text(''), alias, Buffer.from('used')))
    await seconds(0)
    for (const one of all) expect(messagesOf(one)).toEqual(['a/b set q1', 'a/b used q1', 'a/b used q0'])
    expect(seen(all[2])).toEqual(Array(3).fill({ contentType: 't' }))
  })
})

describe('requests and responses', () => {
  it('go from a 5.0 client to another and back', async () => {
    const { client, seconds } = broker5()
    const [asker, answerer] = [await client(), await client()]
    await answerer.subscribe('requests/#', { qos: 1 })
    await asker.subscribe('answers/asker', { qos: 1 })
    const correlationData = Buffer.from([1, 2, 3])
    await asker.publish('requests/time', '?', {
      qos: 1,
      properties: { responseTopic: 'answers/asker', correlationData },
    })
    const { properties: asked } = await answerer.next('publish')
    await answerer.publish(asked?.responseTopic ?? '', 'noon', {
      qos: 1,
      properties: { correlationData: asked?.correlationData },
    })
    await seconds(0)
    const answer = await asker.next('publish')
    expect([String(answer.payload), answer.properties]).toEqual(['noon', { correlationData }])
  })
})
