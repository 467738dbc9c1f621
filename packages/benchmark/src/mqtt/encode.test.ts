import { Buffer } from 'node:buffer'
import { generate } from 'mqtt-packet'
import { describe, expect, it } from 'vitest'
import {
  connect,
  PacketType,
  publish,
  subscribe,
  unsubscribe,
  variableLength,
  writeAcknowledgement,
} from './encode.ts'

describe('the encoders of the load', () => {
  it.each([4, 5] as const)('make the packets that mqtt-packet makes, version %i', (version) => {
    const payload = Buffer.from('21.5')
    const { topic, packetId } = { topic: 'bench/pair/0001', packetId: 513 }
    const protocolVersion = version
    expect(connect({ clientId: 'bench-1', version, keepalive: 300 })).toEqual(
      generate({ cmd: 'connect', clientId: 'bench-1', protocolVersion, clean: true, keepalive: 300 }),
    )
    const login = { username: 'good', password: 'secret' }
    expect(connect({ clientId: 'bench-1', version, keepalive: 300, ...login })).toEqual(
      generate({
        cmd: 'connect',
        clientId: 'bench-1',
        protocolVersion,
        clean: true,
        keepalive: 300,
        ...login,
        password: Buffer.from(login.password),
      }),
    )
    const options = { protocolVersion }
    expect(publish({ topic, payload, version })).toEqual(
      generate({ cmd: 'publish', topic, payload, qos: 0, dup: false, retain: false }, options),
    )
    expect(publish({ topic, payload, version, qos: 2, packetId, retain: true })).toEqual(
      generate(
        { cmd: 'publish', topic, payload, qos: 2, messageId: packetId, dup: false, retain: true },
        options,
      ),
    )
    expect(unsubscribe(packetId, ['a/b', '+'], version)).toEqual(
      generate({ cmd: 'unsubscribe', messageId: packetId, unsubscriptions: ['a/b', '+'] }, options),
    )
    const subscriptions = ['a/b', '+'].map((filter) => ({ topic: filter, qos: 1 as const }))
    expect(subscribe(packetId, ['a/b', '+'], 1, version)).toEqual(
      generate({ cmd: 'subscribe', messageId: packetId, subscriptions }, options),
    )
  })

  it('encode the properties they are given', () => {
    const properties = Buffer.from([0x23, 0, 7])
    expect(publish({ topic: '', payload: Buffer.from('x'), version: 5, properties })).toEqual(
      generate(
        {
          cmd: 'publish',
          topic: '',
          payload: 'x',
          qos: 0,
          dup: false,
          retain: false,
          properties: { topicAlias: 7 },
        },
        { protocolVersion: 5 },
      ),
    )
  })

  it('write acknowledgements in place', () => {
    const buffer = Buffer.alloc(10)
    for (const [type, cmd] of [
      [PacketType.PUBACK, 'puback'],
      [PacketType.PUBREC, 'pubrec'],
      [PacketType.PUBREL, 'pubrel'],
      [PacketType.PUBCOMP, 'pubcomp'],
    ] as const) {
      writeAcknowledgement(buffer, 3, type, 40_000)
      expect(buffer.subarray(3, 7)).toEqual(generate({ cmd, messageId: 40_000 }))
    }
  })

  it.each([
    [0, [0]],
    [127, [127]],
    [128, [128, 1]],
    [16_384, [128, 128, 1]],
  ])('write a length of %i', (length, bytes) => {
    expect(variableLength(length)).toEqual(bytes)
  })
})
