/** A broker over a disk, its clients, and all that may happen to them; in the end all is quiet, and everything has come. */
import type { TestClient } from '@mqtt-stack/testing'
import { settle, TestStack, VirtualClock } from '@mqtt-stack/testing'
import type { Drop } from '../default-stack.ts'
import { defaultMiddlewares } from '../default-stack.ts'
import { StoredBackend } from '../stored-backend.ts'
import { ModelDisk, ProcessStore, turns } from './model-disk.ts'
import { ModelPublisher } from './model-publisher.ts'
import type { Level } from './model-receiver.ts'
import { ModelReceiver } from './model-receiver.ts'
import { Random } from './random.ts'

/** One process of the broker. */
interface Process {
  readonly test: TestStack
  readonly backend: StoredBackend
  readonly store: ProcessStore
}

/** What a publisher has under way at most: the broker takes 32. */
const MOST = 20
/** Rounds of acknowledging after which somebody who still gets something is not quiet any more. */
const ROUNDS = 3_000

export class World {
  readonly random: Random
  readonly receivers: readonly ModelReceiver[]
  readonly members: readonly ModelReceiver[]
  readonly publishers: readonly ModelPublisher[]
  readonly #drops: Drop[] = []
  readonly #disk: ModelDisk
  readonly #inflight: number
  readonly #highWater: number
  readonly #bound: number
  readonly #crashes: number
  #wall = Date.UTC(2026, 0, 1)
  #process!: Process

  constructor(seed: number) {
    const random = new Random(seed)
    this.random = random
    this.#disk = new ModelDisk(random)
    this.#inflight = random.pick([1, 2, 5, 20, 500])
    this.#highWater = random.pick([1_024, 4_096, 65_536])
    this.#crashes = random.pick([0, 0.02, 0.02, 0.1])
    this.#disk.readsToo = random.chance(0.5)
    this.#bound = random.pick([20, 100_000, 100_000])
    const maximum = (): number => random.pick([1, 3, 65_535])
    this.receivers = [
      new ModelReceiver('one-5', 5, 1, random, maximum()),
      new ModelReceiver('two-5', 5, 2, random, maximum()),
      new ModelReceiver('one-4', 4, 1, random, 0),
      new ModelReceiver('two-4', 4, 2, random, 0),
    ]
    this.members = ['m-1', 'm-2'].map((name) => new ModelReceiver(name, 5, 2, random, 65_535, '$share/g/a/#'))
    this.publishers = [new ModelPublisher('p5', 5), new ModelPublisher('p4', 4)]
  }

  get #all(): (ModelReceiver | ModelPublisher)[] {
    return [...this.receivers, ...this.members, ...this.publishers]
  }

  /** Everybody is there, and has subscribed. */
  async begin(): Promise<void> {
    await this.#start()
    for (const client of this.#all) client.connect(this.#open(client))
    for (let i = 0; i < 3; i++) {
      await settle()
      this.#readAll()
    }
  }

  /** Something happens. */
  async step(): Promise<void> {
    const { random } = this
    if (random.chance(this.#crashes)) await this.crash()
    const roll = random.below(97)
    if (roll < 40) this.#publish()
    else if (roll < 60) random.pick([...this.receivers, ...this.members]).acknowledge(1 + random.below(6))
    else if (roll < 70) this.#leave(random.pick(this.#all))
    else if (roll < 84) this.#connect(random.pick(this.#all))
    else if (roll < 92) this.#treatDisk()
    else if (roll < 94) random.pick(this.receivers).freeze()
    else if (roll < 96) random.pick(this.receivers).thaw()
    else await this.#process.test.advance(random.below(1_500))
    if (random.chance(0.3)) await settle()
    else await turns(random.below(4))
    this.#readAll()
  }

  /** The process is killed, and another begins; at times that is killed before it is there. */
  async crash(): Promise<void> {
    this.#kill()
    while (this.random.chance(0.2)) {
      this.#disk.late = true
      void this.#start()
      await turns(this.random.below(8))
      this.#kill()
    }
    await this.#start()
  }

  /** Nothing is in anybody's way any more: what is wrong when all has come to rest. */
  async quiet(): Promise<string[]> {
    const disk = this.#disk
    disk.failing = false
    disk.release()
    await settle()
    // What was refused has closed connections.
    this.#readAll()
    for (const client of this.#all) {
      if (client instanceof ModelReceiver) client.thaw()
      if (!client.isConnecting) client.connect(this.#open(client))
      // The last ones come while the others are still being told what they have missed.
      await turns(this.random.below(3))
      this.#readAll()
      this.#publish()
    }
    const isQuiet = await this.#rest()
    const problems = isQuiet ? [] : ['it never comes to rest']
    problems.push(...this.#problems('at rest'))
    for (const publisher of this.publishers) publisher.publish('a/last', 1, 10)
    await this.#rest()
    problems.push(...this.#problems('behind it'))
    return problems
  }

  async end(): Promise<void> {
    for (const client of this.#all) client.leave(false)
    await settle()
    await this.#process.test.stop()
  }

  /** Acknowledges all that comes, until nothing does. */
  async #rest(): Promise<boolean> {
    let still = 0
    for (let round = 0; round < ROUNDS; round++) {
      await settle()
      let moved = this.#readAll()
      for (const client of this.#all) {
        if (client instanceof ModelReceiver) {
          if (client.owes > 0) moved = true
          client.acknowledge(1_000)
        }
        if (!client.isConnecting) {
          moved = true
          client.connect(this.#open(client))
        }
      }
      if (moved) still = 0
      else if (++still > 3) return true
      else await this.#process.test.advance(1_000)
    }
    return false
  }

  #problems(when: string): string[] {
    const problems: string[] = []
    const { messages, awaitingRelease } = this.#process.backend.stats
    if (messages > 0) problems.push(`${when} ${messages} messages are in logs`)
    if (awaitingRelease > 0) problems.push(`${when} ${awaitingRelease} identifiers await PUBREL`)
    for (const publisher of this.publishers)
      if (publisher.underWay > 0)
        problems.push(`${when} ${publisher.underWay} of ${publisher.clientId} are under way`)
    const dropped = new Set(this.#drops.map(({ clientId, payload }) => `${clientId} ${payload}`))
    for (const receiver of [...this.receivers, ...this.members])
      if (receiver.lost) problems.push(`${when} the session of ${receiver.clientId} is lost`)
    for (const { acknowledged, sent } of this.publishers) {
      for (const [payload, level] of acknowledged) {
        for (const { clientId, got } of this.receivers)
          if (!got.has(payload) && !dropped.has(`${clientId} ${payload}`))
            problems.push(`${when} ${clientId} has not got ${payload} (QoS ${level})`)
        const inGroup = this.members.some(
          ({ clientId, got }) => got.has(payload) || dropped.has(`${clientId} ${payload}`),
        )
        if (!inGroup) problems.push(`${when} the group has not got ${payload}`)
      }
      for (const [payload, level] of sent) {
        if (level === 1) continue
        for (const { clientId, qos, got } of this.receivers)
          if (qos === 2 && (got.get(payload) ?? 0) > 1)
            problems.push(`${when} ${clientId} got ${payload} twice`)
        const count = this.members.reduce((sum, { got }) => sum + (got.get(payload) ?? 0), 0)
        if (count > 1) problems.push(`${when} the group got ${payload} ${count} times`)
      }
    }
    return problems
  }

  #publish(): void {
    const { random } = this
    const publisher = random.pick(this.publishers)
    const count = Math.min(1 + random.below(8), MOST - publisher.underWay)
    if (!publisher.accepted) return
    const level: Level = random.chance(0.6) ? 1 : 2
    for (let i = 0; i < count; i++) {
      const size = random.chance(0.05) ? 9_000 : 20
      publisher.publish(random.pick(['a', 'a/b']), level, size, random.chance(0.1) ? 1 : undefined)
    }
  }

  #leave(client: ModelReceiver | ModelPublisher): void {
    client.leave(this.random.chance(0.4))
  }

  #connect(client: ModelReceiver | ModelPublisher): void {
    // While it is connected it takes its own session over at times.
    if (client.isConnecting && this.random.chance(0.7)) return
    client.leaveBehind()
    client.connect(this.#open(client))
  }

  #treatDisk(): void {
    const { random } = this
    const disk = this.#disk
    if (disk.isHeld) disk.release()
    else if (disk.failing) disk.failing = false
    else if (random.chance(0.4)) disk.hold()
    else if (random.chance(0.3)) disk.failing = true
    else disk.late = !disk.late
    if (random.chance(0.2)) disk.readsToo = !disk.readsToo
  }

  #open({ protocolVersion }: ModelReceiver | ModelPublisher): TestClient {
    return this.#process.test.open({ autoAck: false, protocolVersion })
  }

  #readAll(): boolean {
    let any = false
    for (const client of this.#all) if (client.read()) any = true
    return any
  }

  #kill(): void {
    this.#process.store.isKilled = true
    this.#disk.failing = false
    this.#disk.release()
    for (const client of this.#all) client.leave(false)
    this.#wall = this.#process.test.clock.wall() + 1
  }

  async #start(): Promise<void> {
    const store = new ProcessStore(this.#disk)
    const bounds = { sessionMessages: this.#bound, sessionBytes: 1_000_000_000 }
    const backend = new StoredBackend(bounds, store)
    const outboundManager = { inflight: this.#inflight }
    const use = defaultMiddlewares({ backend, outboundManager }, [], this.#drops)
    const test = new TestStack({
      use,
      options: { highWater: this.#highWater },
      clock: new VirtualClock({ wall: this.#wall }),
    })
    this.#process = { test, backend, store }
    await test.stack.start()
  }
}
