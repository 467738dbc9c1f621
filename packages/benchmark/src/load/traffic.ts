import type { Qos } from '../mqtt/encode.ts'
import { publish } from '../mqtt/encode.ts'
import type { LoadClient } from './client.ts'
import { CONNECTING, inParallel } from './parallel.ts'
import { Publisher } from './publisher.ts'
import type { Tally } from './sequence.ts'
import { Sequence } from './sequence.ts'
import { Subscriber } from './subscriber.ts'
import { Window } from './window.ts'
import type { Target } from './wire.ts'

/** Who publishes what and who hears whom. */
export interface Layout {
  readonly publishers: number
  readonly subscribers: number
  /** Deliveries that one message makes. */
  readonly fan: number
  topic(publisher: number): string
  filter(subscriber: number): string
  /** The publishers that a subscriber hears: the first, and how many from it on. */
  hears(subscriber: number): readonly [number, number]
}

export interface Plan extends Layout {
  readonly qos: Qos
  /** Bytes. */
  readonly payload: number
  /** Messages a write. */
  readonly batch: number
  /** Most deliveries under way, over all clients. */
  readonly window: number
  /** 5.0: properties of each PUBLISH, encoded. */
  readonly properties?: Uint8Array
  /** 5.0: publishers name their topic once and then send this alias in its place. */
  readonly alias?: number
}

const DRAIN_MS = 3000

/** Publishers and subscribers of a plan, connected, and the closed loop between them. */
export class Traffic {
  readonly window: Window
  readonly #plan: Plan
  readonly #target: Target
  readonly #tally: Tally
  readonly #publishers: Publisher[] = []
  readonly #subscribers: Subscriber[] = []
  readonly #sequences: Sequence[] = []

  constructor(plan: Plan, target: Target, tally: Tally) {
    this.#plan = plan
    this.#target = target
    this.#tally = tally
    this.window = new Window(plan.window, plan.batch * plan.fan)
    this.#buildSubscribers()
    this.#buildPublishers()
  }

  async connect(): Promise<void> {
    await inParallel(this.#publishers.length, CONNECTING, async (i) => {
      const publisher = this.#publishers[i]
      await publisher.connect()
      this.#introduce(publisher)
    })
    await inParallel(this.#subscribers.length, CONNECTING, async (i) => {
      await this.#subscribers[i].connect()
      await this.#subscribers[i].subscribe([this.#plan.filter(i)], this.#plan.qos)
    })
  }

  /** A subscriber to the first topic that counts for nothing: neither the window nor the tally sees it. */
  bystander(id: string): LoadClient {
    const { qos, payload, publishers } = this.#plan
    const tally = { delivered: 0, lost: 0, doubled: 0, reordered: 0, wrong: 0 }
    const sequence = new Sequence(tally, 0, publishers)
    return new Subscriber({ target: this.#target, id, qos, payload, sequence, tally, delivered() {} })
  }

  /** Lets the load run for so long and tells how many messages were delivered meanwhile. */
  async run(seconds: number): Promise<number> {
    const before = this.#tally.delivered
    this.window.open()
    await sleep(seconds * 1000)
    return this.#tally.delivered - before
  }

  /** Stops publishing, waits for what is under way (ms without any delivery) and counts what never comes. */
  async settle(patience: number = DRAIN_MS): Promise<void> {
    this.window.close()
    let last = -1
    let since = Date.now()
    while (!this.#publishers.every((publisher) => publisher.isSettled())) {
      if (this.#tally.delivered !== last) {
        last = this.#tally.delivered
        since = Date.now()
      } else if (Date.now() - since > patience) break
      await sleep(10)
    }
    // A doubled message comes after the one that settled the count.
    await sleep(50)
    for (const sequence of this.#sequences) sequence.settle((publisher) => this.#publishers[publisher].sent)
  }

  async close(): Promise<void> {
    const clients = [...this.#publishers, ...this.#subscribers]
    await inParallel(clients.length, CONNECTING, (i) => clients[i].leave())
  }

  #buildSubscribers(): void {
    const { qos, payload, subscribers, hears } = this.#plan
    const delivered = (publisher: number): void => this.window.delivered(publisher)
    for (let i = 0; i < subscribers; i++) {
      const sequence = new Sequence(this.#tally, ...hears(i))
      const id = `bench-sub-${i}`
      this.#sequences.push(sequence)
      this.#subscribers.push(
        new Subscriber({ target: this.#target, id, qos, payload, sequence, tally: this.#tally, delivered }),
      )
    }
  }

  #buildPublishers(): void {
    const { publishers, fan, batch, alias } = this.#plan
    const window = Math.max(batch, Math.floor(this.#plan.window / fan / publishers))
    for (let index = 0; index < publishers; index++) {
      const publisher = new Publisher({
        ...this.#plan,
        target: this.#target,
        id: `bench-pub-${index}`,
        index,
        topic: alias ? '' : this.#plan.topic(index),
        properties: Buffer.concat([aliasProperty(alias), this.#plan.properties ?? Buffer.alloc(0)]),
        window,
        acknowledged: (from) => this.window.acknowledged(from),
      })
      this.#publishers.push(publisher)
      this.window.add(publisher)
    }
  }

  /** Before anybody subscribes: a message that only tells the broker what the alias stands for. */
  #introduce(publisher: Publisher): void {
    if (!this.#plan.alias) return
    const topic = this.#plan.topic(publisher.index)
    const properties = aliasProperty(this.#plan.alias)
    publisher.send(publish({ topic, payload: Buffer.alloc(0), version: 5, properties }))
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function aliasProperty(alias: number | undefined): Buffer {
  return alias ? Buffer.from([0x23, alias >> 8, alias & 0xff]) : Buffer.alloc(0)
}
