/** Where a client may put properties: how it comes there, and the packet around them. */
import { Buffer } from 'node:buffer'
import type { RawClient } from '../../harness/raw-client.ts'
import type { TestContext } from '../../harness/test-context.ts'
import { byte, join, packet, two } from '../../wire/bytes.ts'
import * as encode from '../../wire/encode.ts'
import { TYPE } from '../../wire/packet-types.ts'
import type { PropertyPlace } from '../../wire/properties.ts'

/** Packets of a client with properties, and the will. */
export type Place = Exclude<PropertyPlace, 'connack' | 'suback' | 'unsuback' | 'pingreq' | 'pingresp'>

/** All of them. */
export const PLACES: readonly Place[] = [
  'connect',
  'will',
  'publish',
  'puback',
  'pubrec',
  'pubrel',
  'pubcomp',
  'subscribe',
  'unsubscribe',
  'disconnect',
  'auth',
]

/** Brings a client to where the packet may come, and sends it with these properties behind their length. */
export async function sent(t: TestContext, place: Place, bytes: Uint8Array): Promise<RawClient> {
  const { client, id } = await ready(t, place)
  client.send(whole(t, place, id, bytes))
  return client
}

interface Ready {
  readonly client: RawClient
  /** What the packet acknowledges. */
  readonly id: number
}

/** Brings a client to where the packet may come. */
export async function ready(t: TestContext, place: Place): Promise<Ready> {
  if (place === 'connect' || place === 'will') return { client: await t.open(), id: 0 }
  if (place === 'disconnect') return { client: await t.connect({ properties: { sessionExpiry: 60 } }), id: 0 }
  const client = await t.connect()
  if (place === 'pubrel') {
    client.send(encode.publish(5, { topic: t.topic(), payload: 'x', qos: 2, id: 3 }))
    await client.expect('pubrec', { id: 3 })
    return { client, id: 3 }
  }
  if (place !== 'puback' && place !== 'pubrec' && place !== 'pubcomp') return { client, id: 4 }
  const qos = place === 'puback' ? 1 : 2
  const topic = t.topic(t.clientId())
  await client.subscribe({ filter: topic, qos })
  await client.publish({ topic, payload: 'x', qos })
  const { id } = await client.expect('publish', { qos })
  if (place === 'pubcomp') {
    client.send(encode.ack(5, 'pubrec', id))
    await client.expect('pubrel', { id })
  }
  return { client, id }
}

/** A packet that is good but for its properties, which are given with their length. */
function whole(t: TestContext, place: Place, id: number, bytes: Uint8Array): Uint8Array {
  const topic = Buffer.from(t.topic())
  const name = join(two(topic.length), topic)
  const clientId = Buffer.from(t.clientId())
  const identifier = join(two(clientId.length), clientId)
  const start = join(two(4), Buffer.from('MQTT'), byte(5))
  switch (place) {
    case 'connect':
      return packet(TYPE.connect, 0, start, byte(0x02), two(0), bytes, identifier)
    case 'will':
      return packet(TYPE.connect, 0, start, byte(0x06), two(0), byte(0), identifier, bytes, name, two(0))
    case 'publish':
      return packet(TYPE.publish, 0, name, bytes, Buffer.from('payload'))
    case 'subscribe':
      return packet(TYPE.subscribe, 2, two(id), bytes, name, byte(0))
    case 'unsubscribe':
      return packet(TYPE.unsubscribe, 2, two(id), bytes, name)
    case 'disconnect':
    case 'auth':
      return packet(TYPE[place], 0, byte(place === 'auth' ? 0x19 : 0), bytes)
    default:
      return packet(TYPE[place], place === 'pubrel' ? 2 : 0, two(id), byte(0), bytes)
  }
}
