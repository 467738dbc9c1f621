/** Things that happen at the same time, in every order that a seed finds. */
import { connect as connectSocket } from 'node:net'
import { lateBackend, RecordingLogger, settle, streamPair, VirtualClock } from '@mqtt-stack/testing'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import * as encode from '../../../../packages/conformance/src/wire/encode.ts'
import { closeOf, listeningBroker } from '../../../../test/rig/broker.ts'
import { holdOneIdentifier } from '../../../fuzz/src/one-identifier.ts'
import { createBroker, MemoryBackend } from '../index.ts'

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

// mochi #541.
describe('stop() in the middle of a storm of connects', () => {
  const storm = fc.record({
    /** What each connection does, a turn after the other. */
    clients: fc.array(
      fc.record({ id: fc.integer({ min: 0, max: 9 }), turn: fc.nat(8), version: fc.constantFrom(3, 4, 5) }),
      {
        minLength: 20,
        maxLength: 60,
      },
    ),
    stopAt: fc.nat(10),
    late: fc.boolean(),
  })

  test('settles, closes everybody and fails in nothing', async () => {
    await fc.assert(
      fc.asyncProperty(storm, async ({ clients, stopAt, late }) => {
        const memory = new MemoryBackend()
        const logger = new RecordingLogger()
        const backend = late ? lateBackend(memory) : memory
        const broker = createBroker({ backend, stack: { logger, clock: new VirtualClock() } })
        // Nobody waits for the start.
        const starting = broker.start()
        let stopped: Promise<void> | undefined
        const devices = []
        for (let turn = 0; turn <= 10; turn++) {
          for (const { id, version } of clients.filter((one) => one.turn === turn)) {
            const [device, end] = streamPair()
            broker.stack.connect(end, { transport: 'memory', local: true })
            devices.push(device.on('error', () => {}).resume())
            const input = { clientId: `c${id}`, clean: id % 2 === 0, will: { topic: 'gone', qos: 1 } }
            device.write(encode.connect(version as 3 | 4 | 5, input))
            device.write(encode.subscribe(version as 3 | 4 | 5, { filters: [{ filter: '#', qos: 1 }] }))
            device.write(encode.publish(version as 3 | 4 | 5, { topic: 'a', qos: 2, id: 1 }))
          }
          if (turn === stopAt) stopped = broker.close()
          await nextTurn()
        }
        await starting
        await stopped
        await settle()
        expect(broker.stack.clients.size).toBe(0)
        expect(devices.filter(({ destroyed }) => !destroyed)).toEqual([])
        expect([...logger.errors, ...logger.warnings]).toEqual([])
      }),
      { numRuns: 40, seed: 10 },
    )
  })

  test('with sockets: every one is closed, and the port is free again', async () => {
    const broker = await listeningBroker()
    const { port } = broker.addresses[0]
    const sockets = Array.from({ length: 100 }, (_, i) => {
      const socket = connectSocket(port as number, '127.0.0.1').on('error', () => {})
      onTestFinished(() => void socket.destroy())
      socket.resume()
      socket.write(encode.connect(4, { clientId: `c${i % 10}` }))
      return socket
    })
    const closed = sockets.map(closeOf)
    // Some are accepted, some wait for it.
    await new Promise<void>((resolve) => broker.once('clientConnected', () => resolve()))
    await broker.close()
    await Promise.all(closed)
    expect(broker.stack.clients.size).toBe(0)
  })
})

// NanoMQ CVE-2025-59946 and its family.
describe('one client identifier', () => {
  test.each([
    ['at once', false],
    ['late', true],
  ])(
    'taken over, subscribing and flooded at once keeps its promises; the backend answers %s',
    async (_when, late) => {
      expect(await holdOneIdentifier({ runs: 20, seed: 11, late })).toBe(20)
    },
  )
})
