import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import type { Publish, PublishPropertiesInit } from '@mqtt-stack/core'
import type { Chapter } from '../check.ts'
import { chapter } from '../check.ts'
import { makeMessage } from '../message.ts'

/** Every property of a PUBLISH that travels. */
export const PROPERTIES: PublishPropertiesInit = {
  payloadFormatIndicator: false,
  messageExpiryInterval: 3_600,
  contentType: 'text/plain; charset=utf-8',
  responseTopic: 'answers/ünïcode/😀',
  correlationData: Buffer.from([0, 1, 2, 255]),
  userProperties: [
    ['b', '1'],
    ['a', '2'],
    ['b', '3'],
    ['', ''],
  ],
}

/** Every byte there is. */
export const BYTES: Buffer = Buffer.from(Array.from({ length: 256 }, (_, i) => i))

/** A topic of one to four bytes a character. */
export const TOPIC = 'a/ü/€/😀'

/** @throws AssertionError unless a stored message is what was published. */
export function assertSame(stored: Publish, published: Publish): void {
  assert.equal(stored.topic, published.topic)
  assert.deepEqual([...stored.payload], [...published.payload])
  assert.equal(stored.qos, published.qos)
  assert.deepEqual(plain(stored), plain(published))
}

/** Properties with their bytes as numbers. */
function plain({ properties }: Publish): unknown {
  return JSON.parse(JSON.stringify(properties ?? {}))
}

export const messageBytes: Chapter = chapter('properties and bytes', undefined, (check) => {
  check('of a message in a log come back as they were', async (bench) => {
    await bench.openAway('alice', '#')
    const init = { topic: TOPIC, payload: BYTES, qos: 2 as const, properties: PROPERTIES }
    await bench.relay(init)
    const [{ packet }] = await (await bench.open('alice')).log()
    assertSame(packet, makeMessage(init))
  })

  check('of a retained message come back as they were', async (bench) => {
    const init = { payload: BYTES, qos: 1 as const, retain: true, properties: PROPERTIES }
    await bench.retain(TOPIC, init)
    const [{ topic, packet }] = await bench.retained('#')
    assert.equal(topic, TOPIC)
    assertSame(packet, makeMessage({ ...init, topic: TOPIC }))
  })

  check('of an empty message, of long ones and of one without properties', async (bench) => {
    const session = await bench.open('alice')
    await session.subscribe('#', { qos: 2 })
    const inits = [
      { topic: 'empty', payload: '' },
      { topic: 'large', payload: Buffer.alloc(300_000, 'x') },
      { topic: `long/${'é'.repeat(30_000)}` },
      { topic: '/' },
      { topic: 'properties', properties: { userProperties: [['n', 'v'.repeat(60_000)]] } as const },
    ]
    for (const init of inits) await bench.relay(init as never)
    const found = await session.log()
    assert.equal(found.length, inits.length)
    for (const [i, init] of inits.entries()) assertSame(found[i].packet, makeMessage(init as never))
  })

  check('are kept apart from the bytes that came, which are used again', async (bench) => {
    await bench.openAway('alice', 't')
    const later: Promise<unknown>[] = []
    // As it comes off a socket: the payload is a view of what was read, and the backend's for this turn.
    await bench.receive({ payload: 'hello' }, (packet) => {
      const { payload } = packet
      later.push(bench.relayPacket(packet), bench.retainPacket(packet))
      payload.fill(0)
    })
    await Promise.all(later)
    const [{ packet: logged }] = await (await bench.open('alice')).log()
    const [{ packet: retained }] = await bench.retained('t')
    assert.deepEqual([logged.payload.toString(), retained.payload.toString()], ['hello', 'hello'])
  })
})
