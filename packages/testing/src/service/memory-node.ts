import { StackError } from '@mqtt-stack/core'
import type {
  Change,
  ClaimedPart,
  Entry,
  KeyRange,
  NodeState,
  Posted,
  SharedMap,
  SharedStore,
  SharedStoreEvents,
} from '@mqtt-stack/core/backend'
import { nodeTaken } from '@mqtt-stack/core/backend'
import { MemoryMap } from './memory-map.ts'
import { MemoryPart } from './memory-part.ts'
import { Part } from './part.ts'
import type { PostedLog } from './posted-log.ts'
import type { ServiceState } from './service-state.ts'
import { Way } from './way.ts'

/** What is asked of the store where the answer may be lost. */
export type Asked = 'write' | 'send' | 'retain'

/** Names that are answered at a time. */
const PAGE = 100

/** A service's store, as one of its nodes sees it. */
export class MemoryNode implements SharedStore {
  readonly node: string
  readonly retained: SharedMap
  readonly way: Way
  readonly #service: ServiceState
  readonly #losses = new Map<Asked, 'retried' | 'failed'>()
  /** What is asked and not made yet, in its order. */
  readonly #underWay = new Set<() => void>()
  readonly #sending = new Set<string>()
  #events: SharedStoreEvents | undefined
  #part: Part | undefined
  #own: MemoryPart | undefined

  constructor(node: string, service: ServiceState, patience: number) {
    this.node = node
    this.#service = service
    this.way = new Way(service.clock, patience)
    this.retained = new MemoryMap(this, service.map, () => service.feed)
  }

  get lease(): number {
    return this.#service.lease
  }

  listen(events: SharedStoreEvents): void {
    this.#events = events
  }

  async open(): Promise<void> {
    await this.way.pass(this.#service.lag)
    const service = this.#service
    const known = service.parts.get(this.node)
    if (known !== undefined && service.isAlive(known)) throw nodeTaken(this.node)
    if (known !== undefined && service.isAdopted(known)) throw nodeTaken(this.node, known.holder.node)
    const part = known ?? new Part(this, service.clock)
    part.holder = this
    part.leaseEnd = service.clock.now() + service.lease
    service.parts.set(this.node, part)
    this.#part = part
    this.#own = this.#partOf(part)
  }

  async close(): Promise<void> {
    const part = this.#part
    if (part === undefined) return
    this.#part = undefined
    if (this.way.state === 'open' && part.holder === this) part.leaseEnd = this.#service.clock.now()
    this.wake(part)
  }

  /** Looks that wait end. */
  wake(part: Part | undefined = this.#part): void {
    part?.inbox.wake()
    this.#service.map.feed.wake()
  }

  // Its own part

  read(range: KeyRange, limit: number): Promise<readonly Entry[]> {
    return this.#opened().read(range, limit)
  }

  async write(batch: readonly Change[]): Promise<void> {
    return this.#opened().write(batch)
  }

  async receive(after: string, limit: number): Promise<readonly Posted[]> {
    return this.#opened().receive(after, limit)
  }

  async trim(upTo: string): Promise<void> {
    return this.#opened().trim(upTo)
  }

  async renew(): Promise<void> {
    const { clock, lease } = this.#service
    return this.#opened().renew(() => clock.now() + lease)
  }

  async leave(received: string): Promise<boolean> {
    return this.#opened().forget(received)
  }

  // Others

  nodes(): Promise<readonly NodeState[]> {
    const service = this.#service
    return this.call(() =>
      [...service.parts.values()].map((part) => ({ node: part.node, alive: service.isAlive(part) })),
    )
  }

  claim(node: string): Promise<ClaimedPart | undefined> {
    const service = this.#service
    return this.call(() => {
      const part = service.parts.get(node)
      if (part === undefined || node === this.node) return undefined
      if (service.isAlive(part) || service.isAdopted(part, this)) return undefined
      part.holder = this
      return this.#partOf(part)
    })
  }

  async send(node: string, bytes: Uint8Array): Promise<boolean> {
    if (this.#sending.has(node)) throw new Error(`two sends from ${this.node} to ${node} at once`)
    this.#sending.add(node)
    try {
      return await this.call(() => {
        const part = this.#service.parts.get(node)
        part?.inbox.add(bytes)
        return part !== undefined
      }, 'send')
    } finally {
      this.#sending.delete(node)
    }
  }

  waiting(node: string): Promise<number> {
    return this.call(() => this.#service.parts.get(node)?.inbox.bytes ?? 0)
  }

  cast(node: string, bytes: Uint8Array): void {
    if (this.#part === undefined || this.way.state !== 'open') return
    const { lag, clock, parts } = this.#service
    const copy = Uint8Array.from(bytes)
    const arrive = (): void => {
      const part = parts.get(node)
      if (part !== undefined && !part.isClaimed) part.holder.take(copy)
    }
    if (lag > 0) clock.after(lag, arrive)
    else setImmediate(arrive)
  }

  /** Bytes that another node cast come here. */
  take(bytes: Uint8Array): void {
    if (this.#part !== undefined && this.way.state === 'open') this.#events?.cast(bytes)
  }

  swap(name: string, expected: string | undefined, value: string | undefined): Promise<string | undefined> {
    const { names } = this.#service
    return this.call(() => {
      const before = names.get(name)
      if (before !== expected) return before
      if (value === undefined) names.delete(name)
      else names.set(name, value)
      return before
    })
  }

  async *names(prefix: string): AsyncIterable<{ readonly name: string; readonly value: string }> {
    let after = ''
    for (;;) {
      const page = await this.call(() =>
        [...this.#service.names]
          .filter(([name, value]) => name > after && value.startsWith(prefix))
          .sort(([one], [other]) => (one < other ? -1 : 1))
          .slice(0, PAGE),
      )
      for (const [name, value] of page) yield { name, value }
      if (page.length < PAGE) return
      after = page[PAGE - 1][0]
    }
  }

  time(): Promise<number> {
    return this.call(() => this.#service.clock.wall())
  }

  /** @throws StackError `LEASE_LOST` where another node has claimed its part. */
  check(): void {
    this.#opened().check()
  }

  // What tests do to it

  /** What its way is from now on; it is told where the store is out of reach, and where it is back. */
  turn(state: 'open' | 'cut' | 'hung'): void {
    const before = this.way.state
    this.way.turn(state)
    if (this.#part === undefined || before === state) return
    if (state === 'cut') this.#events?.reach(new Error('the store is out of reach'))
    else if (before === 'cut' && state === 'open') this.#events?.reach(undefined)
  }

  /** @param underWay What becomes of what it has asked, and has no answer to. */
  kill(underWay: 'lost' | 'written'): void {
    if (underWay === 'written')
      for (const make of this.#underWay) {
        try {
          make()
        } catch {
          // Nobody hears of it.
        }
      }
    this.way.turn('killed')
    this.wake()
  }

  /** The next answer of this kind is lost. */
  lose(asked: Asked, then: 'retried' | 'failed'): void {
    this.#losses.set(asked, then)
  }

  // The way there

  /** Makes something in the store, and answers with it. */
  async call<T>(make: () => T, asked?: Asked): Promise<T> {
    const part = this.#part
    if (part === undefined) throw closed(this.node)
    if (asked !== undefined) this.#underWay.add(make)
    try {
      await this.way.pass(this.#service.lag)
    } finally {
      this.#underWay.delete(make)
    }
    const answer = make()
    const loss = asked && this.#losses.get(asked)
    if (asked === undefined || loss === undefined) return answer
    this.#losses.delete(asked)
    if (loss === 'failed') throw new Error('the answer of the store was lost')
    await this.way.pass(this.#service.lag)
    // What is sent again comes twice; what is written again is known.
    return asked === 'send' ? make() : answer
  }

  /** Looks for entries; where there are none once more, when some may have come. */
  async look<T extends readonly Posted[] | undefined>(log: PostedLog, find: () => T): Promise<T> {
    let more: Promise<void> | undefined
    const found = await this.call(() => {
      const entries = find()
      if (entries?.length === 0) more = log.wait()
      return entries
    })
    if (more === undefined) return found
    await more
    return this.#part === undefined ? found : this.call(find)
  }

  #opened(): MemoryPart {
    if (this.#part === undefined || this.#own === undefined) throw closed(this.node)
    return this.#own
  }

  #partOf(part: Part): MemoryPart {
    return new MemoryPart(this, part, () => {
      part.isGone = true
      this.#service.parts.delete(part.node)
    })
  }
}

function closed(node: string): StackError {
  return new StackError('STORE_CLOSED', `the store of ${node} is not open`)
}
