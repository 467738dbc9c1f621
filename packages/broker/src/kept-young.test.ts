/** What is over is not kept by what has grown old, and leaves nothing old behind, as a hidden class of its own would be. */
import type { Duplex } from 'node:stream'
import type { Broker } from '@mqtt-stack/broker'
import { streamPair } from '@mqtt-stack/testing'
import type { Packet } from 'mqtt-packet'
import { generate, parser } from 'mqtt-packet'
import { describe, expect, it } from 'vitest'
import { testBroker } from '../../../test/rig/broker.ts'
import { collectYoung, keptYoung } from '../../../test/rig/young.ts'

const GOODBYE = generate({ cmd: 'disconnect' })

function connectOf(clientId: string): Buffer {
  return generate({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clientId, keepalive: 60 })
}

/** Connects and leaves so many times, ten at once. */
function comeAndGo({ stack }: Broker, times: number): Promise<void> {
  let [begun, there] = [0, 0]
  return new Promise((resolve) => {
    const next = (): void => {
      const number = begun++
      there++
      const [device, end] = streamPair()
      stack.connect(end, { transport: 'memory', local: true })
      device.write(connectOf(`c${number}`))
      device.on('data', () => device.end(GOODBYE))
      device.on('close', () => {
        there--
        if (number % 25 === 0) collectYoung()
        if (begun < times) next()
        else if (there === 0) resolve()
      })
    }
    for (let i = 0; i < 10; i++) next()
  })
}

it('a connection that ended is not kept until the whole heap is collected', async () => {
  const broker = testBroker()
  await broker.start()
  const kept = await keptYoung(5_000, (times) => comeAndGo(broker, times))
  expect(broker.stack.clients.size).toBe(0)
  // One with its session and its stream is more than 4,000.
  expect(kept).toBeLessThan(2_000)
})

/** A connection on which each step waits for its answer. */
class Talk {
  readonly #device: Duplex
  readonly #parser = parser({ protocolVersion: 5 })
  #answered: (cmd: string) => void = () => {}

  constructor({ stack }: Broker) {
    const [device, end] = streamPair()
    this.#device = device
    this.#parser.on('packet', ({ cmd }) => this.#answered(cmd))
    device.on('data', (bytes: Buffer) => this.#parser.parse(bytes))
    stack.connect(end, { transport: 'memory', local: true })
  }

  /** Resolves at the first packet of this kind. */
  step(packet: Packet, answer: string): Promise<void> {
    return new Promise((resolve) => {
      this.#answered = (cmd) => {
        if (cmd === answer) resolve()
      }
      this.#device.write(generate(packet, { protocolVersion: 5 }))
    })
  }

  over(): Promise<void> {
    return new Promise((resolve) => {
      this.#device.once('close', resolve)
      this.#device.end()
    })
  }
}

function connect5(clientId: string, more: object = {}): Packet {
  const properties = { topicAliasMaximum: 10, sessionExpiryInterval: 60 }
  return {
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 5,
    clientId,
    keepalive: 60,
    clean: true,
    properties,
    ...more,
  }
}

const FILTERS = ['a/+', '$share/g/b/+']
const SUBSCRIBE: Packet = {
  cmd: 'subscribe',
  messageId: 1,
  subscriptions: FILTERS.map((topic) => ({ topic, qos: 1 as const, rh: 0, nl: false, rap: false })),
}

function publishOf(topic: string, payload: string, qos: 0 | 1, retain: boolean): Packet {
  const properties = { messageExpiryInterval: 60, userProperties: { a: 'b' } }
  return { cmd: 'publish', topic, payload, qos, retain, dup: false, messageId: 7, properties } as Packet
}

const will = { topic: 'w', payload: Buffer.from('gone'), qos: 1, retain: false }

/** What clients do again and again, and bytes that may stay of each. */
const DEEDS: readonly (readonly [
  string,
  number,
  (talk: Talk, i: number, broker: Broker) => Promise<void>,
])[] = [
  [
    'a SUBSCRIBE and an UNSUBSCRIBE',
    1_000,
    async (talk) => {
      await talk.step(SUBSCRIBE, 'suback')
      await talk.step({ cmd: 'unsubscribe', messageId: 2, unsubscriptions: FILTERS }, 'unsuback')
    },
  ],
  [
    'a retained message that is set and cleared',
    800,
    async (talk) => {
      await talk.step(publishOf('r', 'hello', 1, true), 'puback')
      await talk.step(publishOf('r', '', 1, true), 'puback')
    },
  ],
  [
    'a connection with a will and a session',
    2_000,
    async (_, i, broker) => {
      const talk = new Talk(broker)
      await talk.step(connect5(`w${i % 10}`, { clean: i % 2 === 0, will }), 'connack')
      await talk.over()
    },
  ],
]

describe.each(DEEDS)('%s', (_name, most, act) => {
  it(`leaves less than ${most} bytes`, async () => {
    const broker = testBroker()
    await broker.start()
    const talk = new Talk(broker)
    await talk.step(connect5('d'), 'connack')
    let i = 0
    const kept = await keptYoung(5_000, async (times) => {
      for (const end = i + times; i < end; i++) {
        await act(talk, i, broker)
        if (i % 25 === 0) collectYoung()
      }
    })
    expect(kept).toBeLessThan(most)
  })
})
