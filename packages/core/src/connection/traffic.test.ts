/** What a connection carries, counted each way. */
import { Buffer } from 'node:buffer'
import { acceptAll, settle, testStack } from '@mqtt-stack/testing'
import { generate } from 'mqtt-packet'
import { describe, expect, it } from 'vitest'
import type { Client } from '../contract/client.ts'
import { Publish } from '../packets/publish.ts'

const CONNECT = generate({ cmd: 'connect', clientId: 'a', clean: true, keepalive: 0 })
const CONNACK = 4
/** A PUBLISH of 9 bytes. */
const MESSAGE = Buffer.from([0x30, 7, 0, 1, 0x6e, 1, 2, 3, 4])

const countsOf = ({ bytesIn, packetsIn, bytesOut, packetsOut }: Client): number[] => [
  bytesIn,
  packetsIn,
  bytesOut,
  packetsOut,
]

describe('what came', () => {
  it('is counted in bytes as they come, and in packets as they are found', async () => {
    const { connection } = await testStack(acceptAll())
    const { stream, client } = connection()
    expect(countsOf(client)).toEqual([0, 0, 0, 0])
    stream.write(CONNECT.subarray(0, 5))
    await settle()
    expect([client.bytesIn, client.packetsIn]).toEqual([5, 0])
    stream.write(CONNECT.subarray(5))
    await settle()
    expect([client.bytesIn, client.packetsIn]).toEqual([CONNECT.length, 1])
    stream.write(Buffer.concat([MESSAGE, MESSAGE, MESSAGE.subarray(0, 1)]))
    await settle()
    expect([client.bytesIn, client.packetsIn]).toEqual([CONNECT.length + 19, 3])
  })

  it('is counted though nobody can read it', async () => {
    const { connection } = await testStack(acceptAll())
    const { stream, client } = connection()
    stream.write(Buffer.from([0xff, 0xff]))
    await settle()
    expect(client.closed).toBe(true)
    expect([client.bytesIn, client.packetsIn]).toEqual([2, 0])
  })
})

describe('what goes out', () => {
  it('is counted in packets when it is written, and in bytes when the stream is given it', async () => {
    const { connection } = await testStack(acceptAll())
    const { stream, client } = connection()
    stream.write(CONNECT)
    await settle()
    expect([client.bytesOut, client.packetsOut]).toEqual([CONNACK, 1])
    const message = Publish.from({ topic: 'n', payload: Buffer.from([1, 2, 3, 4]) })
    client.publish(message, 0, false, false, 0)
    client.ack('puback', 1)
    client.write({ cmd: 'pingresp' })
    expect([client.bytesOut, client.packetsOut]).toEqual([CONNACK, 4])
    await settle()
    expect([client.bytesOut, client.packetsOut]).toEqual([CONNACK + 9 + 4 + 2, 4])
  })

  it('is a large message by reference and one with properties of its own too', async () => {
    const { open, stack } = await testStack(acceptAll())
    const device = open({ protocolVersion: 5, clientId: 'a' })
    await device.connect({ properties: { maximumPacketSize: 20_100 } })
    const [client] = stack.clients
    const before = client.bytesOut
    const large = Publish.from({ topic: 'n', payload: Buffer.alloc(20_000) })
    client.publish(large, 0, false, false, 0)
    client.publish(large, 0, false, false, 0, { identifiers: [7] })
    await settle()
    // Three bytes of length, the topic, the length of the properties; an identifier is two.
    expect(client.bytesOut - before).toBe(2 * (1 + 3 + 3 + 1 + 20_000) + 2)
    expect(client.packetsOut).toBe(3)
    const tooLarge = Publish.from({ topic: 'n', payload: Buffer.alloc(21_000) })
    expect(client.publish(tooLarge, 0, false, false, 0)).toBe(false)
    expect(client.publish(tooLarge, 0, false, false, 0, { identifiers: [7] })).toBe(false)
    expect(client.packetsOut).toBe(3)
  })

  it('is the farewell too, and nothing after it', async () => {
    const { client: accepted, stack } = await testStack(acceptAll())
    await accepted({ protocolVersion: 5 })
    const [client] = stack.clients
    const before = client.packetsOut
    client.close(0x8b)
    client.ack('puback', 1)
    client.write({ cmd: 'pingresp' })
    expect(client.packetsOut).toBe(before + 1)
  })
})

describe('connectedAt', () => {
  it('is when CONNECT was accepted', async () => {
    const { connection, clock } = await testStack(acceptAll())
    const { stream, client } = connection()
    await clock.advance(1_000)
    expect(client.connectedAt).toBeUndefined()
    stream.write(CONNECT)
    await settle()
    expect(client.connectedAt).toBe(clock.now())
    await clock.advance(1_000)
    expect(client.connectedAt).toBe(clock.now() - 1_000)
  })
})

describe('the traffic of all', () => {
  it('is counted by the first byte of packets, each way, and stays when a connection is over', async () => {
    const { connection, stack } = await testStack(acceptAll())
    const { stream, client } = connection()
    stream.write(Buffer.concat([CONNECT, MESSAGE, MESSAGE]))
    await settle()
    const message = Publish.from({ topic: 'n', payload: Buffer.from([1, 2, 3, 4]) })
    client.publish(message, 1, true, true, 7)
    client.ack('puback', 1)
    client.close()
    await settle()
    const { received, sent } = stack.traffic
    const counted = ({ packets, bytes }: typeof sent): Record<string, number[]> =>
      Object.fromEntries(
        [...packets].flatMap((count, i) => (count === 0 ? [] : [[i.toString(16), [count, bytes[i]]]])),
      )
    expect(counted(received)).toEqual({ 10: [1, CONNECT.length], 30: [2, 18] })
    expect(counted(sent)).toEqual({ 20: [1, 4], '3b': [1, 11], 40: [1, 4] })
  })
})
