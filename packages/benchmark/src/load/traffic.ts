import { publish } from '../mqtt/encode.ts'
import type { LoadClient } from './client.ts'
import { CONNECTING, inParallel } from './parallel.ts'
import type { Plan } from './plan.ts'
import { Publisher } from './publisher.ts'
import type { Check, Tally } from './sequence.ts'
import { Sequence } from './sequence.ts'
import { ShareGroup } from './share-group.ts'
import { Subscriber } from './subscriber.ts'
import { Window } from './window.ts'
import type { Target } from './wire.ts'

const DRAIN_MS = 3000
/** Looks in a row at which nothing had come, each behind a read of all sockets: a process that stood still has not waited for anything. */
const QUIET_LOOKS = 10

/** Publishers and subscribers of a plan, connected, and the closed loop between them. */
export class Traffic {
  readonly window: Window
  readonly #plan: Plan
  readonly #target: Target
  readonly #tally: Tally
  readonly #publishers: Publisher[] = []
  readonly #subscribers: Subscriber[] = []
  /** A Sequence for each subscriber, or a ShareGroup for each group of them. */
  readonly #checked: (Sequence | ShareGroup)[] = []

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
      await this.#subscribers[i].connect({ clean: this.#plan.stored !== true })
      await this.#subscribers[i].subscribe([this.#plan.filter(i)], this.#plan.qos)
    })
  }

  /** A subscriber to the first topic that counts for nothing: neither the window nor the tally sees it. */
  bystander(id: string): LoadClient {
    const { qos, payload, publishers } = this.#plan
    const tally = { delivered: 0, lost: 0, doubled: 0, reordered: 0, wrong: 0 }
    const check = new Sequence(tally, 0, publishers)
    return new Subscriber({ target: this.#target, id, qos, payload, check, tally, delivered() {} })
  }

  /** Lets the load run for so long and tells how many messages were delivered meanwhile. */
  async run(seconds: number): Promise<number> {
    const before = this.#tally.delivered
    this.window.open()
    await sleep(seconds * 1000)
    return this.#tally.delivered - before
  }

  /** Stops publishing and waits for what is under way, at most `patience` ms without any delivery. */
  async pause(patience: number = DRAIN_MS): Promise<void> {
    this.window.close()
    let last = -1
    let since = Date.now()
    let looks = 0
    while (!this.#publishers.every((publisher) => publisher.isSettled())) {
      if (this.#tally.delivered !== last) {
        last = this.#tally.delivered
        since = Date.now()
        looks = 0
      } else if (++looks > QUIET_LOOKS && Date.now() - since > patience) break
      await sleep(10)
    }
  }

  /** Pauses for good and counts what never comes. */
  async settle(patience?: number): Promise<void> {
    await this.pause(patience)
    // A doubled message comes after the one that settled the count.
    await sleep(50)
    for (const check of this.#checked) check.settle((publisher) => this.#publishers[publisher].sent)
  }

  async close(): Promise<void> {
    const clients = [...this.#publishers, ...this.#subscribers]
    await inParallel(clients.length, CONNECTING, (i) => clients[i].leave())
  }

  /** Breaks all connections without a word. */
  break(): void {
    for (const client of [...this.#publishers, ...this.#subscribers]) client.break()
  }

  #buildSubscribers(): void {
    const { name = 'bench', qos, payload, subscribers } = this.#plan
    const delivered = (publisher: number): void => this.window.delivered(publisher)
    for (let i = 0; i < subscribers; i++) {
      const id = `${name}-sub-${i}`
      const check = this.#checkOf(i)
      this.#subscribers.push(
        new Subscriber({
          target: this.#targetOf('subscriber', i),
          id,
          qos,
          payload,
          check,
          tally: this.#tally,
          delivered,
        }),
      )
    }
  }

  #checkOf(subscriber: number): Check {
    const { group, hears } = this.#plan
    if (!group) {
      const sequence = new Sequence(this.#tally, ...hears(subscriber))
      this.#checked.push(sequence)
      return sequence
    }
    this.#checked[group(subscriber)] ??= new ShareGroup(this.#tally, ...hears(subscriber))
    return (this.#checked[group(subscriber)] as ShareGroup).member()
  }

  #buildPublishers(): void {
    const { name = 'bench', publishers, fan, batch, alias } = this.#plan
    const window = Math.max(batch, Math.floor(this.#plan.window / fan / publishers))
    for (let index = 0; index < publishers; index++) {
      const publisher = new Publisher({
        ...this.#plan,
        target: this.#targetOf('publisher', index),
        id: `${name}-pub-${index}`,
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

  #targetOf(client: 'publisher' | 'subscriber', index: number): Target {
    const { port, nodePorts = [port] } = this.#target
    const node = this.#plan.node?.(client, index, nodePorts.length) ?? 0
    return { ...this.#target, port: nodePorts[node] }
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
