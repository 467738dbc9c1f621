/** What is over is not kept by what grew old: neither connections, nor what they did. */
import type { Broker } from '@mqtt-stack/broker'
import { streamPair } from '@mqtt-stack/testing'
import type { Packet } from 'mqtt-packet'
import { generate } from 'mqtt-packet'
import { describe, expect, it } from 'vitest'
import { testBroker } from '../../../test/rig/broker.ts'
import { keptYoung } from '../../../test/rig/young.ts'

const TIMES = 1_500

/** The other end of a connection to a broker: with as little around it as there can be. */
class Device {
  readonly #stream
  #came = (): void => {}

  constructor({ stack }: Broker) {
    const [device, end] = streamPair()
    this.#stream = device
    stack.connect(end, { transport: 'memory', local: true })
    device.on('data', () => this.#came())
    device.on('close', () => this.#came())
  }

  /** Sends packets at once, and waits for the next answer or the end. */
  ask(...packets: Packet[]): Promise<void> {
    this.#stream.write(Buffer.concat(packets.map((packet) => generate(packet))))
    return new Promise((resolve) => {
      this.#came = resolve
    })
  }
}

function connect(clientId: string, more: object = {}): Packet {
  return {
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clientId,
    clean: true,
    keepalive: 60,
    ...more,
  }
}

describe('is not kept', () => {
  it.each<[string, (device: Device, i: number) => Promise<unknown>]>([
    ['that ended', (device, i) => device.ask(connect(`c${i}`))],
    [
      'with a will',
      (device, i) =>
        device.ask(connect(`c${i}`, { will: { topic: `t/${i}`, payload: 'gone', qos: 0, retain: false } })),
    ],
    [
      'that had subscribed',
      async (device, i) => {
        await device.ask(connect(`c${i}`))
        const subscriptions = [
          { topic: `a/${i}`, qos: 1 as const },
          { topic: `b/${i}/#`, qos: 1 as const },
        ]
        await device.ask({ cmd: 'subscribe', messageId: 1, subscriptions })
      },
    ],
  ])('a connection %s', async (_what, act) => {
    const broker = testBroker()
    await broker.start()
    // Ten are there at any time.
    const there: Device[] = []
    const kept = await keptYoung(TIMES, async (i) => {
      const device = new Device(broker)
      await act(device, i)
      there.push(device)
      if (there.length > 10) await there.shift()?.ask({ cmd: 'disconnect' })
    })
    expect(broker.stack.clients.size).toBe(10)
    expect(kept).toBeLessThan(0)
  })
})
