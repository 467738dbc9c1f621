/** What can go wrong between nodes and store while a group has members on all of them, at random: each message comes to one, once. */
import type { TestClient } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { Device, upTo } from '../../../../../test/rig/counting.ts'
import type { TestNode } from '../../../../../test/rig/nodes.ts'
import { TestService } from '../../../../../test/rig/nodes.ts'
import { randomOf } from '../../../../../test/rig/random.ts'
import { Steady } from '../../../../../test/rig/steady.ts'

const NAMES = ['one', 'two', 'three']
const SHARE = '$share/g/t/#'
const ROOM = { shared: { sessionMessages: 10_000, sharePreference: 'any' } } as const

/** A client without a session that outlives it, which subscribes and unsubscribes. */
class Passing {
  readonly device = new Device()
  readonly #client: TestClient
  readonly #random: () => number
  #ids = 0
  #isMember = false

  constructor(client: TestClient, random: () => number) {
    this.#client = client
    this.#random = random
  }

  start(service: TestService): this {
    service.clock.every(100, () => {
      this.device.read(this.#client)
      if (this.#random() < 0.15) this.turn()
    })
    return this
  }

  turn(isMember = !this.#isMember): void {
    if (isMember === this.#isMember) return
    this.#isMember = isMember
    const messageId = 60_000 + (this.#ids++ % 1_000)
    if (isMember)
      this.#client.send({ cmd: 'subscribe', messageId, subscriptions: [{ topic: SHARE, qos: 2 }] })
    else this.#client.send({ cmd: 'unsubscribe', messageId, unsubscriptions: [SHARE] })
  }
}

type Trouble = (service: TestService, at: number, random: () => number) => Promise<void>

const TROUBLES: Record<string, [rounds: number, trouble: Trouble]> = {
  'answers that are lost, and asked for again': [
    12,
    async ({ store }, at, random) => store.lose(NAMES[at], random() < 0.5 ? 'write' : 'send', 'retried'),
  ],
  'answers that are lost for good': [
    12,
    async ({ store }, at, random) => store.lose(NAMES[at], random() < 0.6 ? 'write' : 'send', 'failed'),
  ],
  'nodes that hang for a while': [
    6,
    async ({ store, clock }, at, random) => {
      store.hang(NAMES[at])
      await clock.advance(random() * 3_000)
      store.heal(NAMES[at])
    },
  ],
  'nodes that are cut off for a while': [
    6,
    async ({ store, clock }, at, random) => {
      store.cut(NAMES[at])
      await clock.advance(random() * 5_000)
      store.heal(NAMES[at])
    },
  ],
}

describe('with members that keep their sessions, others that come and go, and', () => {
  const cases = Object.entries(TROUBLES).flatMap(([name, [rounds, trouble]]) =>
    [1, 2].map((seed) => [name, seed, rounds, trouble] as const),
  )
  it.each(cases)('%s (seed %i) every message of QoS 2 comes once', async (_, seed, rounds, trouble) => {
    const service = new TestService()
    const random = randomOf(seed)
    const nodes: TestNode[] = []
    for (const name of NAMES) nodes.push(await service.join(name, ROOM))
    service.store.lag = 3
    // Publishers are where nobody passes.
    const steady = (clientId: string, what: { topic?: string; filter?: string }) =>
      new Steady(clientId, () => (what.topic === undefined ? nodes : nodes.slice(0, 2)), {
        ...what,
        random,
      }).start(service.clock)
    const members = ['a', 'b', 'c'].map((name) => steady(name, { filter: SHARE }))
    const passing: Passing[] = []
    for (const clientId of ['x', 'y', 'z']) {
      const client = nodes[2].open({ clientId })
      client.send({
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: 4,
        clientId,
        clean: true,
        keepalive: 0,
      })
      passing.push(new Passing(client, random).start(service))
    }
    await service.clock.advance(2_000)
    const senders = ['p', 'q', 'r'].map((name) => steady(name, { topic: `t/${name}` }))
    for (let i = 0; i < rounds; i++) {
      await service.clock.advance(500)
      await trouble(service, Math.floor(random() * NAMES.length), random)
    }
    for (const sender of senders) sender.stopPublishing()
    for (let i = 0; i < 60 && !senders.every(({ isIdle }) => isIdle); i++) await service.clock.advance(1_000)
    await service.clock.advance(20_000)
    for (const sender of senders) {
      expect(sender).toMatchObject({ isIdle: true, lost: 0 })
      expect(sender.last).toBeGreaterThan(5)
      const found = [...members, ...passing].flatMap(({ device }) => device.of(sender.clientId))
      expect(found.sort((one, other) => one - other)).toEqual(upTo(sender.last))
    }
    // Those that pass have had their part.
    expect(passing.some(({ device }) => device.payloads.length > 0)).toBe(true)
  })
})
