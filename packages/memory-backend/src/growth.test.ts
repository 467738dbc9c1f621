/** Whatever clients do that is legal, what is held for them goes when they go. */
import { Buffer } from 'node:buffer'
import type { TestClient } from '@mqtt-stack/testing'
import { settle } from '@mqtt-stack/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BACKENDS } from '../../../test/rig/backends.ts'
import type { DefaultStack } from '../../../test/rig/default-stack.ts'
import { defaultStack } from '../../../test/rig/default-stack.ts'

const NAMES = ['ann', 'ben', 'cy'] as const
const FILTERS = ['a', 'a/b', 'a/+', '#', '+/b', 'a/#'] as const
const TOPICS = ['a', 'a/b', 'a/b/c'] as const

const name = fc.constantFrom(...NAMES)
const qos = fc.constantFrom(0, 1, 2)
const step = fc.oneof(
  fc.record({ what: fc.constant('connect' as const), name, clean: fc.boolean() }),
  fc.record({ what: fc.constantFrom('disconnect' as const, 'drop' as const, 'destroy' as const), name }),
  fc.record({ what: fc.constant('subscribe' as const), name, filter: fc.constantFrom(...FILTERS), qos }),
  fc.record({ what: fc.constant('unsubscribe' as const), name, filter: fc.constantFrom(...FILTERS) }),
  fc.record({
    what: fc.constant('publish' as const),
    name,
    topic: fc.constantFrom(...TOPICS),
    qos,
    retain: fc.boolean(),
    size: fc.constantFrom(0, 10),
  }),
  fc.record({ what: fc.constantFrom('freeze' as const, 'thaw' as const, 'settle' as const), name }),
)
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

/** Clients by name, as far as they are connected; every step is taken without waiting for the one before. */
class Play {
  readonly #whole: DefaultStack
  readonly #clients = new Map<string, TestClient>()
  /** Also those that another took the name of: they stay where it was refused. */
  readonly #all: TestClient[] = []
  #nextId = 0

  constructor(whole: DefaultStack) {
    this.#whole = whole
  }

  async take(step: Step): Promise<void> {
    const client = this.#clients.get(step.name)
    if (step.what === 'settle') await settle()
    else if (step.what === 'connect') this.#connect(step.name, step.clean)
    else if (client === undefined || client.stream.destroyed) return
    else this.#act(client, step)
  }

  #connect(clientId: string, clean: boolean): void {
    const client = this.#whole.open({ clientId })
    this.#clients.set(clientId, client)
    this.#all.push(client)
    const will = { topic: 'a', payload: Buffer.from(clientId), qos: 1, retain: false } as const
    client.connect({ clean, will }).catch(() => {})
  }

  #act(client: TestClient, step: Exclude<Step, { what: 'connect' | 'settle' }>): void {
    const messageId = (this.#nextId++ % 65_535) + 1
    if (step.what === 'subscribe') {
      const subscriptions = [{ topic: step.filter, qos: step.qos as 0 | 1 | 2 }]
      client.send({ cmd: 'subscribe', messageId, subscriptions })
    } else if (step.what === 'unsubscribe') {
      client.send({ cmd: 'unsubscribe', messageId, unsubscriptions: [step.filter] })
    } else if (step.what === 'publish') {
      const { topic, qos, retain, size } = step
      client.send({
        cmd: 'publish',
        messageId,
        topic,
        payload: 'x'.repeat(size),
        qos: qos as 0 | 1 | 2,
        retain,
        dup: false,
      })
    } else if (step.what === 'freeze') client.freeze()
    else if (step.what === 'thaw') client.thaw()
    else this.#leave(client, step.what)
  }

  #leave(client: TestClient, how: string): void {
    this.#clients.delete(client.clientId)
    client.thaw()
    if (how === 'disconnect') client.send({ cmd: 'disconnect' })
    if (how === 'destroy') client.stream.destroy()
    else client.stream.end()
  }

  /** Everybody goes, and everything that was kept for them: nobody is connected any more. */
  async end(): Promise<void> {
    const { clock, client } = this.#whole
    for (const one of this.#all) one.thaw()
    await settle()
    for (const one of this.#all) one.stream.destroy()
    await settle()
    const last = await client({ clientId: 'last' })
    for (const topic of TOPICS) await last.publish(topic, '', { retain: true })
    await last.disconnect()
    await clock.leap(30 * 86_400_000)
    await clock.advance(5_000)
  }
}

const SMALL = 1_000
/** Bytes: much, and so little that about half of what is asked for is refused. */
const CEILINGS = [1_000_000_000, 16_000] as const

describe.each(BACKENDS)('on a backend %s', (_name, backend) => {
  it.each(CEILINGS)(
    'every legal sequence ends with nothing held, nothing told as an error, and nobody connected, in memory of %i bytes',
    async (memoryCeiling) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
          const whole = await defaultStack({
            backend,
            stack: { highWater: 1_024, memoryCeiling },
            outboundManager: { inflight: 2 },
          })
          const timers = whole.clock.timers
          const play = new Play(whole)
          for (const one of steps) {
            await play.take(one)
            // Bytes that wait to be taken, and those of small things that are never refused, may come on top.
            const { ledger } = whole.stack
            expect(ledger.held - ledger.outboxes).toBeLessThanOrEqual(ledger.ceiling + SMALL)
          }
          await play.end()
          expect(Object.entries(whole.memory.stats).filter(([, count]) => count !== 0)).toEqual([])
          expect(whole.logger.errors).toEqual([])
          expect(whole.stack.clients.size).toBe(0)
          expect([whole.stack.ledger.held, whole.stack.ledger.owners]).toEqual([0, 0])
          expect(whole.clock.timers).toBe(timers)
        }),
        { numRuns: memoryCeiling > 1_000_000 ? 12 : 4 },
      )
    },
  )
})
