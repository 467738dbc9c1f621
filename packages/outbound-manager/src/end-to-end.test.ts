/** A publisher and a receiver that both come and go as they like: what one sends the other gets. */
import type { TestClient } from '@mqtt-stack/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BACKENDS } from '../../../test/rig/backends.ts'
import type { DefaultStack } from '../../../test/rig/default-stack.ts'
import { defaultStack } from '../../../test/rig/default-stack.ts'
import { ReliablePublisher, ReliableReceiver } from '../../../test/support/reliable-devices.ts'

const who = fc.constantFrom('sender' as const, 'receiver' as const)
const publish = fc.record({
  what: fc.constant('publish' as const),
  qos: fc.constantFrom(1 as const, 2 as const),
})
const answer = fc.record({ what: fc.constant('answer' as const), who, limit: fc.integer({ min: 1, max: 6 }) })
const how = fc.constantFrom('drop' as const, 'take over' as const)
const reconnect = fc.record({ what: fc.constant('reconnect' as const), who, how })
const wait = fc.record({ what: fc.constant('wait' as const), turns: fc.integer({ min: 1, max: 8 }) })
const stop = fc.record({ what: fc.constantFrom('freeze' as const, 'thaw' as const) })
const step = fc.oneof(
  { weight: 4, arbitrary: publish },
  { weight: 4, arbitrary: answer },
  { weight: 2, arbitrary: reconnect },
  { weight: 3, arbitrary: wait },
  { weight: 1, arbitrary: stop },
)
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

class Play {
  readonly sender: ReliablePublisher = new ReliablePublisher()
  readonly receiver: ReliableReceiver = new ReliableReceiver()
  readonly published: { payload: string; qos: 1 | 2 }[] = []
  readonly #whole: DefaultStack
  readonly #clients: Record<'sender' | 'receiver', TestClient>

  constructor(whole: DefaultStack, sender: TestClient, receiver: TestClient) {
    this.#whole = whole
    this.#clients = { sender, receiver }
  }

  async take(step: Step): Promise<void> {
    if (step.what === 'publish') this.#publish(step.qos)
    else if (step.what === 'answer') this[step.who].answer(this.#clients[step.who], step.limit)
    else if (step.what === 'wait') await this.#wait(step.turns)
    else if (step.what === 'reconnect') await this.#reconnect(step.who, step.how)
    else this.#clients.receiver[step.what]()
  }

  /** Both are connected, and read, until nothing is left to be said. */
  async end(): Promise<void> {
    this.#clients.receiver.thaw()
    for (const one of ['sender', 'receiver'] as const) await this.#reconnect(one, 'drop')
    while (!this.sender.done) await this.sender.serve(this.#clients.sender)
    await this.receiver.serve(this.#clients.receiver)
  }

  #publish(qos: 1 | 2): void {
    const payload = `${this.published.length} ${'x'.repeat(200)}`
    this.published.push({ payload, qos })
    this.sender.publish(qos, payload, this.#clients.sender)
  }

  async #wait(turns: number): Promise<void> {
    for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve))
  }

  /** The new connection may be there before the old one is gone. */
  async #reconnect(name: 'sender' | 'receiver', how: 'drop' | 'take over'): Promise<void> {
    const old = this.#clients[name]
    old.thaw()
    if (how === 'drop') old.stream.destroy()
    const fresh = this.#whole.open({ clientId: name, autoAck: false })
    this.#clients[name] = fresh
    await fresh.connect({ clean: false })
    if (name === 'sender') this.sender.resume(fresh)
  }
}

async function play(
  steps: readonly Step[],
  inflight: number,
  backend: (typeof BACKENDS)[0][1],
): Promise<void> {
  const whole = await defaultStack({ backend, outboundManager: { inflight }, stack: { highWater: 1_024 } })
  const open = (clientId: string): Promise<TestClient> =>
    whole.client({ clientId, clean: false, autoAck: false })
  const receiver = await open('receiver')
  await receiver.subscribe('t', { qos: 2 })
  const game = new Play(whole, await open('sender'), receiver)
  for (const one of steps) await game.take(one)
  await game.end()

  const number = (payload: string): number => Number.parseInt(payload, 10)
  const { delivered } = game.receiver
  const once = delivered.map(number).filter((i) => game.published[i].qos === 2)
  const expected = game.published.flatMap(({ qos }, i) => (qos === 2 ? [i] : []))
  expect(once).toEqual(expected)
  // QoS 1: each of them, and their first copies in order.
  const first = [...new Set(delivered.map(number).filter((i) => game.published[i].qos === 1))]
  expect(first).toEqual(game.published.flatMap(({ qos }, i) => (qos === 1 ? [i] : [])))
  expect(whole.logger.errors).toEqual([])
  expect(whole.drops).toEqual([])
  expect(whole.memory.stats).toMatchObject({ messages: 0, messageBytes: 0, awaitingRelease: 0 })
}

describe.each(BACKENDS)('from end to end, on a backend %s', (_name, backend) => {
  it('QoS 2 arrives exactly once and QoS 1 at least once, in order, whatever comes between', async () => {
    const steps = fc.array(step, { minLength: 20, maxLength: 80 })
    const property = fc.asyncProperty(steps, fc.integer({ min: 1, max: 5 }), (taken, inflight) =>
      play(taken, inflight, backend),
    )
    await fc.assert(property, { numRuns: 12 })
  })
})
