/** One client identifier, taken over, subscribing and flooded at once, in orders that a seed finds. */

import { createBroker, MemoryBackend } from '@mqtt-stack/broker'
import {
  lateBackend,
  RecordingLogger,
  settle,
  streamPair,
  TestClient,
  VirtualClock,
} from '@mqtt-stack/testing'
import fc from 'fast-check'
import { expect } from 'vitest'
import type { Kept } from './many-clients.ts'

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const step = fc.constantFrom('connect', 'drop', 'churn', 'flood', 'turn', 'turn')

export interface OneIdentifierOptions {
  /** Sequences to try. */
  runs: number
  seed: number
  /** The backend takes some turns to answer. */
  late: boolean
  /** Makes the backend; one in memory by default. */
  open?: () => Kept
  /** ms of real time after which no more sequences are tried. */
  within?: number
}

/**
 * @returns How many sequences held: the last connection is the only one, has every message exactly once, and nothing
 * is left of the session when its time is over.
 */
export async function holdOneIdentifier({
  runs,
  seed,
  late,
  open = () => new MemoryBackend(),
  within,
}: OneIdentifierOptions): Promise<number> {
  let held = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 30, maxLength: 80 }), async (steps) => {
      await run(steps, late, open())
      held++
    }),
    { numRuns: runs, seed, ...(within !== undefined && { interruptAfterTimeLimit: within }) },
  )
  return held
}

async function run(steps: readonly string[], late: boolean, memory: Kept): Promise<void> {
  const logger = new RecordingLogger()
  const clock = new VirtualClock()
  const backend = late ? lateBackend(memory) : memory
  const sessionManager = { maximumExpiry: 60 }
  const broker = createBroker({ backend, sessionManager, stack: { logger, clock, strict: true } })
  await broker.start()
  const clients: TestClient[] = []
  const sent: string[] = []
  const relayed: Promise<unknown>[] = []
  const begin = (): void => {
    const [device, end] = streamPair()
    broker.stack.connect(end, { transport: 'memory', local: true })
    const client = new TestClient(device, { clientId: 'one' })
    clients.push(client)
    client.send({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clientId: 'one',
      clean: false,
      keepalive: 0,
    })
    client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'flood', qos: 2 }] })
  }
  begin()
  // From here on the session has its subscription.
  await settle()
  for (const what of steps) {
    const last = clients[clients.length - 1]
    if (what === 'connect') begin()
    else if (what === 'drop') last.stream.destroy()
    else if (what === 'turn') await nextTurn()
    else if (what === 'flood') {
      for (let i = 0; i < 5; i++) {
        sent.push(`${sent.length}`)
        relayed.push(broker.publish('flood', sent[sent.length - 1], { qos: 2 }))
      }
    } else if (!last.stream.destroyed) {
      last.send({ cmd: 'subscribe', messageId: 2, subscriptions: [{ topic: 'churn/+', qos: 1 }] })
      last.send({ cmd: 'unsubscribe', messageId: 3, unsubscriptions: ['churn/+'] })
    }
  }
  await Promise.all(relayed)
  await settle()
  // Whoever is left is the only one, and comes to have everything exactly once.
  begin()
  // One that was cut off between the two may have left it subscribed.
  clients[clients.length - 1].send({ cmd: 'unsubscribe', messageId: 4, unsubscriptions: ['churn/+'] })
  await settle()
  expect([...broker.stack.clients].map(({ id, connected }) => [id, connected])).toEqual([['one', true]])
  expect(clients.filter(({ stream }) => !stream.destroyed)).toHaveLength(1)
  expect(completed(clients)).toEqual(sent)
  expect([...logger.errors, ...logger.warnings]).toEqual([])
  expect(memory.stats).toMatchObject({ sessions: 1, subscriptions: 1, messages: 0 })
  for (const { stream } of clients) stream.destroy()
  await clock.advance(65_000)
  expect(memory.stats).toMatchObject({ sessions: 0, subscriptions: 0, messages: 0, expiring: 0 })
  expect(broker.stack.clients.size).toBe(0)
  await broker.close()
}

/**
 * What a device makes of what all its connections received, as the standard's receiver of QoS 2: an identifier is new
 * until its PUBREL came.
 */
function completed(clients: readonly TestClient[]): string[] {
  const known = new Set<number>()
  const messages: string[] = []
  for (const { received } of clients) {
    for (const packet of received) {
      const id = packet.messageId as number
      if (packet.cmd === 'pubrel') known.delete(id)
      if (packet.cmd !== 'publish' || known.has(id)) continue
      known.add(id)
      messages.push(packet.payload.toString())
    }
  }
  return messages
}
