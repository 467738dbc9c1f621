/** Connections that ended are not kept by what has grown old. */
import type { Broker } from '@mqtt-stack/broker'
import { streamPair } from '@mqtt-stack/testing'
import { generate } from 'mqtt-packet'
import { expect, it } from 'vitest'
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
