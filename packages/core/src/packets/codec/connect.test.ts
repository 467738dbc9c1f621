/** CONNECT as core reads it, held equal to mqtt-packet; what is refused stands with the other frames. */
import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import * as mqtt from 'mqtt-packet'
import { describe, expect, it } from 'vitest'
import { grouped } from '../../../../../test/support/grouped.ts'
import type { ConnectPacket, ProtocolVersion } from '../packets.ts'
import { readConnect } from './connect.ts'
import { Inbox } from './inbox.ts'

const word = fc.string({ unit: fc.constantFrom(...'abcXYZ019_-äß世界🌍'), minLength: 1, maxLength: 12 })
const bytes = fc.uint8Array({ maxLength: 300 }).map((content) => Buffer.from(content))
const seconds = fc.integer({ min: 0, max: 0xffff_ffff })
const pairs = fc.dictionary(word, fc.oneof(word, fc.array(word, { minLength: 2, maxLength: 3 })), {
  minKeys: 1,
  maxKeys: 3,
})
const most = fc.integer({ min: 1, max: 65_535 })

const will = fc.record({
  topic: word,
  payload: bytes,
  qos: fc.constantFrom<0 | 1 | 2>(0, 1, 2),
  retain: fc.boolean(),
})
const willProperties = fc.record(
  {
    willDelayInterval: seconds,
    payloadFormatIndicator: fc.boolean(),
    messageExpiryInterval: seconds,
    contentType: word,
    responseTopic: word,
    correlationData: bytes,
    userProperties: pairs,
  },
  { requiredKeys: [] },
)
const properties = fc.record(
  {
    sessionExpiryInterval: seconds,
    receiveMaximum: most,
    maximumPacketSize: fc.integer({ min: 1, max: 0xffff_ffff }),
    topicAliasMaximum: most,
    requestResponseInformation: fc.boolean(),
    requestProblemInformation: fc.boolean(),
    userProperties: pairs,
    authenticationMethod: word,
  },
  { requiredKeys: [] },
)
const connect = fc
  .record({
    clean: fc.boolean(),
    keepalive: fc.integer({ min: 0, max: 65_535 }),
    clientId: word,
    name: fc.option(word),
    password: fc.option(bytes),
    will: fc.option(will),
    extra: properties,
    willExtra: willProperties,
    version: fc.constantFrom<ProtocolVersion>(3, 4, 5),
  })
  .map((given): mqtt.IConnectPacket => {
    const { name, password, version, extra, willExtra, will: message, ...rest } = given
    const v5 = version === 5
    return {
      cmd: 'connect',
      ...rest,
      protocolId: version === 3 ? 'MQIsdp' : 'MQTT',
      protocolVersion: version,
      ...(name !== null && { username: name }),
      ...(name !== null && password !== null && { password }),
      ...(message !== null && { will: { ...message, ...(v5 && { properties: willExtra }) } }),
      ...(v5 && { properties: extra }),
    }
  })

function read(chunk: Buffer): ConnectPacket {
  const inbox = new Inbox(100_000)
  inbox.push(chunk)
  if (!inbox.advance()) throw new Error('the frame is not whole')
  return readConnect(inbox.bytes, inbox.start, inbox.body, inbox.end, { levels: 64, bytes: 4_096 })
}

function reference(chunk: Buffer): mqtt.IConnectPacket {
  let found: mqtt.Packet | undefined
  const parser = mqtt.parser()
  parser.on('packet', (packet) => {
    found = packet
  })
  parser.parse(chunk)
  return found as mqtt.IConnectPacket
}

/** What users read; mqtt-packet's object has fields of other packets too, and properties without a prototype. */
function said({
  clean,
  keepalive,
  clientId,
  username,
  password,
  will: message,
  ...rest
}: ConnectPacket): object {
  const { protocolId, protocolVersion, properties: extra } = rest
  const { topic, payload, qos, retain, properties: willExtra } = message ?? {}
  return JSON.parse(
    JSON.stringify([
      [protocolId, protocolVersion, clean, keepalive, clientId, username, password, inGroups(extra)],
      [topic, payload, qos, retain, inGroups(willExtra)],
    ]),
  )
}

/** Properties with the user properties by their names, as mqtt-packet has them. */
function inGroups(given: { userProperties?: unknown } | undefined): object | undefined {
  const { userProperties } = given ?? {}
  return Array.isArray(userProperties) ? { ...given, userProperties: grouped(userProperties) } : given
}

describe('a CONNECT', () => {
  it('is read as mqtt-packet reads it, in every version', () => {
    fc.assert(
      fc.property(connect, (packet) => {
        const chunk = mqtt.generate(packet)
        expect(said(read(chunk))).toEqual(said(reference(chunk) as ConnectPacket))
      }),
      { numRuns: 500 },
    )
  })

  it('holds nothing of the chunk that it came in', () => {
    const chunk = mqtt.generate({
      cmd: 'connect',
      clientId: 'a',
      keepalive: 0,
      username: 'user',
      password: Buffer.from('secret'),
      will: { topic: 't', payload: Buffer.from('gone'), qos: 0, retain: false },
    } as mqtt.IConnectPacket)
    const { password, will: message } = read(chunk)
    chunk.fill(0)
    expect(`${password} ${message?.payload}`).toBe('secret gone')
  })
})
