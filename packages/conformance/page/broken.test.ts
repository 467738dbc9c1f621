/** Titles prove nothing: a broker that breaks a statement must fail the tests that are named for it. */
import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { runTest } from '../src/harness/run-test.ts'
import { chaptersOf } from '../src/protocol/index.ts'
import { TYPE } from '../src/wire/packet-types.ts'
import { mqttStack } from './mqtt-stack-target.ts'
import type { Change, Tampering } from './tamper.ts'
import { tampered } from './tamper.ts'

interface Broken extends Tampering {
  /** The statement that is broken. */
  readonly statement: string
  readonly version: 4 | 5
  /** In words. */
  readonly how: string
  /** Part of the title of the tests that must fail, where not all tests of the statement can see it. */
  readonly title?: string
}

const BROKEN: readonly Broken[] = [
  {
    statement: '3.3.1-8',
    version: 4,
    how: 'retained messages lose their RETAIN flag',
    toClient: of('publish', (packet) => [flags(packet, packet[0] & ~1)]),
  },
  {
    statement: '3.3.1-9',
    version: 4,
    how: 'every message has the RETAIN flag',
    toClient: of('publish', (packet) => [flags(packet, packet[0] | 1)]),
  },
  {
    statement: '2.3.1-6',
    version: 4,
    how: 'PUBACK and PUBREC carry another identifier',
    toClient: either(['puback', 'pubrec'], (packet) => [at(packet, 3, packet[3] ^ 1)]),
  },
  {
    statement: '2.3.1-7',
    version: 4,
    how: 'SUBACK and UNSUBACK carry another identifier',
    toClient: either(['suback', 'unsuback'], (packet) => [at(packet, 3, packet[3] ^ 1)]),
  },
  {
    statement: '3.12.4-1',
    version: 4,
    how: 'every second PINGREQ is not answered',
    toClient: () => {
      let count = 0
      return (packet) => (packet[0] >> 4 === TYPE.pingresp && ++count % 2 === 0 ? [] : [packet])
    },
  },
  {
    statement: '3.2.0-1',
    version: 4,
    how: 'something comes before CONNACK',
    toClient: of('connack', (packet) => [Buffer.of(0xd0, 0), packet]),
  },
  {
    statement: '3.2.2-2',
    version: 4,
    how: 'no session is ever said to be present',
    toClient: of('connack', (packet) => [at(packet, 2, 0)]),
  },
  {
    statement: '3.9.3-1',
    version: 4,
    how: 'the codes of SUBACK are in reverse order',
    toClient: of('suback', (packet) => [
      Buffer.concat([packet.subarray(0, 4), packet.subarray(4).reverse()]),
    ]),
  },
  {
    statement: '4.6.0-6',
    version: 4,
    how: 'two messages change places',
    toClient: () => {
      let held: Buffer | undefined
      return (packet) => {
        if (packet[0] >> 4 !== TYPE.publish) return [packet]
        const [before, now] = [held, packet]
        held = before === undefined ? now : undefined
        return before === undefined ? [] : [now, before]
      }
    },
  },
  {
    statement: '3.3.1-3',
    version: 4,
    how: 'DUP is set on messages that are new',
    toClient: of('publish', (packet) => [flags(packet, packet[0] & 6 ? packet[0] | 8 : packet[0])]),
  },
  {
    statement: '3.1.2-3',
    version: 4,
    how: 'the reserved connect flag is overlooked',
    toBroker: of('connect', (packet) => [at(packet, 9, packet[9] & ~1)]),
  },
  {
    statement: '3.1.2-6',
    version: 4,
    how: 'clean session is overlooked',
    toBroker: of('connect', (packet) => [at(packet, 9, packet[9] & ~2)]),
  },
  {
    statement: '3.1.2-8',
    version: 4,
    how: 'a lost connection is taken for a good-bye',
    title: 'when the network fails',
    lastWords: Buffer.of(0xe0, 0),
  },
  {
    statement: '4.3.3-2',
    version: 4,
    how: 'a QoS 2 message that is sent again is taken for another',
    title: 'delivers a QoS 2 message once',
    toBroker: () => {
      const seen = new Set<number>()
      return (packet) => {
        if (packet[0] >> 4 !== TYPE.publish || (packet[0] & 6) !== 4) return [packet]
        const end = topicEnd(packet)
        const id = packet.readUInt16BE(end)
        if (!seen.has(id)) seen.add(id)
        else
          return [
            packet,
            Buffer.concat([
              Buffer.of(0x30, packet[1] - 2),
              packet.subarray(2, end),
              packet.subarray(end + 2),
            ]),
          ]
        return [packet]
      }
    },
  },
  {
    statement: '4.7.2-1',
    version: 4,
    how: 'topics that begin with $ are topics like others',
    title: 'to a subscription to',
    toBroker: of('publish', (packet) => [replaced(packet, '$conformance', 'conformance!')]),
    toClient: of('publish', (packet) => [replaced(packet, 'conformance!', '$conformance')]),
  },
  {
    statement: '3.8.3-3',
    version: 5,
    how: 'no local is overlooked',
    title: 'does not send a message back',
    toBroker: of('subscribe', (packet) => [at(packet, packet.length - 1, packet[packet.length - 1] & ~4)]),
  },
  {
    statement: '3.3.2-18',
    version: 5,
    how: 'user properties are in another order',
    title: 'hands on user properties',
    toClient: of('publish', (packet) => [
      replaced(packet, '&\x00\x01b\x00\x012&\x00\x01a\x00\x011', '&\x00\x01a\x00\x011&\x00\x01b\x00\x012'),
    ]),
  },
  {
    statement: '3.3.4-9',
    version: 5,
    how: 'the receive maximum of the client is overlooked',
    title: 'to a client that takes',
    toBroker: of('connect', (packet) => [
      replaced(replaced(packet, '\x21\x00\x01', '\x21\x00\x40'), '\x21\x00\x03', '\x21\x00\x40'),
    ]),
  },
  {
    statement: '3.3.2-6',
    version: 5,
    how: 'message expiry is not counted down',
    title: 'counts down the expiry of a',
    toClient: of('publish', (packet) => {
      const start = topicEnd(packet) + (packet[0] & 6 ? 2 : 0)
      // Message expiry, and no property but it.
      if (packet[start] === 5 && packet[start + 1] === 2) packet.writeUInt32BE(100, start + 2)
      return [packet]
    }),
  },
  {
    statement: '3.1.2-24',
    version: 5,
    how: 'the maximum packet size of the client is overlooked',
    title: 'too large',
    toBroker: of('connect', (packet) => [replaced(packet, '\x27\x00\x00\x00\xc8', '\x27\x00\x02\x00\x00')]),
  },
  {
    statement: '3.14.4-1',
    version: 5,
    how: 'something comes behind DISCONNECT',
    title: 'nothing more',
    toClient: of('disconnect', (packet) => [packet, Buffer.of(0xd0, 0)]),
  },
  {
    statement: '4.13.1-1',
    version: 5,
    how: 'the connection stays open after a QoS of 3',
    title: 'a malformed packet',
    toBroker: of('publish', (packet) => ((packet[0] & 6) === 6 ? [] : [packet])),
  },
]

describe.each(BROKEN)(
  'MQTT $version with [MQTT-$statement] broken: $how',
  ({ statement, version, title = '', ...how }) => {
    const tests = chaptersOf(version)
      .flatMap((chapter) => chapter.tests)
      .filter((test) => test.statements.includes(`MQTT-${statement}`) && test.title.includes(title))

    it('has tests', () => expect(tests.length).toBeGreaterThan(0))

    it.each(tests)('fails: $title', async (test) => {
      const { status, message } = await runTest(test, [tampered(mqttStack, how)], { patience: 300 })
      expect(`${status}: ${message}`).toMatch(/^fail: /)
    })
  },
)

/** Changes packets of one type. */
function of(name: keyof typeof TYPE, change: Change): () => Change {
  return either([name], change)
}

function either(names: readonly (keyof typeof TYPE)[], change: Change): () => Change {
  const types = names.map((name) => TYPE[name] as number)
  return () => (packet) => (types.includes(packet[0] >> 4) ? change(packet) : [packet])
}

/** The packet with another byte. */
function at(packet: Buffer, index: number, value: number): Buffer {
  packet[index] = value
  return packet
}

function flags(packet: Buffer, first: number): Buffer {
  return at(packet, 0, first)
}

/** The packet with some of its bytes exchanged for as many others. */
function replaced(packet: Buffer, from: string, to: string): Buffer {
  const found = packet.indexOf(from, 0, 'latin1')
  if (found >= 0) packet.write(to, found, 'latin1')
  return packet
}

/** Where the topic of a short PUBLISH ends. */
function topicEnd(packet: Buffer): number {
  return 4 + packet.readUInt16BE(2)
}
