/** The driver: a store in Redis that several nodes share. */
import type { Buffer } from 'node:buffer'
import type { MetricFamily } from '@mqtt-stack/core'
import { resolveOptions, StackError } from '@mqtt-stack/core'
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
import { Casts } from './casts.ts'
import { Keys } from './keys.ts'
import type { LinkOptions } from './link.ts'
import { Link } from './link.ts'
import { Names } from './names.ts'
import { NODE_NAME, randomName } from './node-name.ts'
import type { RedisOptions } from './options.ts'
import { REDIS_OPTIONS } from './options.ts'
import { lookAt } from './preflight.ts'
import { RedisPart } from './redis-part.ts'
import { RetainedMap } from './retained-map.ts'
import { CLOCK, LEAVE, REGISTER, WAITING } from './scripts/service.ts'
import { StreamReader } from './stream-reader.ts'
import { watchSuccession } from './succession.ts'
import type { Target } from './target.ts'
import { checkNames, targetOf } from './target.ts'

/** What the keys are written in. A later version that writes otherwise has another one. */
const FORMAT = '1'

/** What is there while the store is open. */
interface Open {
  readonly link: Link
  readonly inbox: StreamReader
  readonly feed: StreamReader
  readonly casts: Casts
  readonly own: RedisPart
  readonly retained: RetainedMap
  readonly names: Names
}

export class RedisStore implements SharedStore {
  readonly node: string
  readonly lease: number
  readonly retained: SharedMap = {
    write: async (batch, posted) => this.#opened.retained.write(batch, posted),
    read: async (range, limit) => this.#opened.retained.read(range, limit),
    position: async () => this.#opened.retained.position(),
    changes: async (after, limit) => this.#opened.retained.changes(after, limit),
  }
  readonly #options: ReturnType<typeof resolve>
  readonly #keys: Keys
  readonly #warn: (store: string, lack: string) => void
  readonly #claims = new Map<string, RedisPart>()
  #events: SharedStoreEvents = { reach: () => {}, cast: () => {} }
  #open: Open | undefined
  #hasJoined = false

  /**
   * @param warn Told what Redis does not promise.
   * @throws StackError `OPTION_…`, which names the option
   */
  constructor(options: RedisOptions, warn: (store: string, lack: string) => void = () => {}) {
    this.#options = resolve(options)
    checkNames('redis-backend', this.#options)
    this.node = this.#options.node ?? `n-${randomName()}`
    this.lease = this.#options.lease
    this.#keys = new Keys(this.#options.prefix)
    this.#warn = warn
  }

  listen(events: SharedStoreEvents): void {
    this.#events = events
  }

  /** @throws StackError `STORE_UNUSABLE`, `STORE_FORMAT` or `NODE_TAKEN` */
  async open(): Promise<void> {
    const target = targetOf('redis-backend', this.#options)
    const open = this.#make(target)
    this.#open = open
    const { link, own, retained } = open
    await link.open()
    await lookAt(link, target, this.#warn)
    await watchSuccession(link.client, target, this.#warn)
    await Promise.all([open.inbox.open(), open.feed.open()])
    await this.#register(target, '')
    const before = await own.join()
    this.#hasJoined = true
    if (before !== '') await retained.clear(before, false)
    await this.#register(target, own.token)
    await retained.begin()
    await open.casts.open()
    link.begin()
  }

  async close(): Promise<void> {
    const open = this.#open
    this.#open = undefined
    if (open === undefined) return
    try {
      if (this.#hasJoined && open.link.lost === undefined) await this.#leave(open)
    } catch {
      // The lease ends by itself.
    } finally {
      open.casts.close()
      open.inbox.close()
      open.feed.close()
      open.link.close()
    }
  }

  /** Round trips to Redis. What waits there for something, as the readers of streams do, is left out. */
  metrics(): MetricFamily[] {
    const trips = this.#open?.link.trips
    if (trips === undefined) return []
    return [trips.family('mqtt_redis_roundtrip_seconds', 'Calls of Redis that were answered.')]
  }

  // Its own part

  async read(range: KeyRange, limit: number): Promise<readonly Entry[]> {
    return this.#opened.own.read(range, limit)
  }

  async write(batch: readonly Change[]): Promise<void> {
    return this.#opened.own.write(batch)
  }

  async receive(after: string, limit: number): Promise<readonly Posted[]> {
    return this.#opened.own.receive(after, limit)
  }

  async trim(upTo: string): Promise<void> {
    return this.#opened.own.trim(upTo)
  }

  /** With it, what this node has claimed stays claimed. */
  async renew(): Promise<void> {
    const { link, own } = this.#opened
    await own.renew()
    await link.run(REGISTER, [this.#keys.service], [FORMAT, this.node, own.token])
    for (const [node, part] of this.#claims) await part.renew().catch((error) => this.#dropClaim(node, error))
  }

  async leave(received: string): Promise<boolean> {
    const { link, own, retained } = this.#opened
    if (!(await own.forget(received))) return false
    await this.#strike(link, retained, own.token)
    return true
  }

  // Others

  async nodes(): Promise<readonly NodeState[]> {
    const names = await this.#registered()
    const holders = await this.#opened.link.values(names.map((node) => this.#keys.part(node).lease))
    // Whoever has claimed it is another one.
    return names.map((node, i) => ({ node, alive: holders[i]?.startsWith(`${node}/`) === true }))
  }

  async claim(node: string): Promise<ClaimedPart | undefined> {
    const { link } = this.#opened
    if (node === this.node) return undefined
    const registered = await link.command('HGET', [this.#keys.service, node])
    if (registered === null) return undefined
    const part = this.#claims.get(node) ?? this.#partOf(link, node, undefined, String(registered))
    // Whoever asks meanwhile asks for the same, and so does who asks again because this fails.
    this.#claims.set(node, part)
    if (await part.claim()) {
      // What the other one still writes comes too late.
      if (part.joined !== '') await this.#opened.retained.clear(part.joined, false)
      return part
    }
    if (this.#claims.get(node) === part) this.#claims.delete(node)
    return undefined
  }

  async send(node: string, bytes: Uint8Array): Promise<boolean> {
    // The inbox is there as long as the node is.
    const args = [this.#keys.part(node).inbox, 'NOMKSTREAM', '*', 'b', bytes]
    return (await this.#opened.link.commandSafely('XADD', args)) !== null
  }

  async waiting(node: string): Promise<number> {
    return Number(await this.#opened.link.run(WAITING, [this.#keys.part(node).inbox], []))
  }

  cast(node: string, bytes: Uint8Array): void {
    this.#open?.casts.cast(this.#keys.part(node).casts, bytes)
  }

  async swap(
    name: string,
    expected: string | undefined,
    value: string | undefined,
  ): Promise<string | undefined> {
    return this.#opened.names.swap(name, expected, value)
  }

  names(prefix: string): AsyncIterable<{ readonly name: string; readonly value: string }> {
    return this.#opened.names.pages(prefix)
  }

  async time(): Promise<number> {
    const [seconds, micros] = (await this.#opened.link.run(CLOCK, [this.#keys.service], [])) as Buffer[]
    return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000)
  }

  get #opened(): Open {
    if (this.#open === undefined) throw new StackError('STORE_CLOSED', 'redis-backend: the store is closed')
    return this.#open
  }

  #make(target: Target): Open {
    const { patience, prefix, replicas } = this.#options
    // A connection that is dead is found out before the lease has ended.
    const silence = Math.min(5_000, Math.max(500, this.lease / 3))
    const options: LinkOptions = { patience, prefix, replicas, silence, connecting: silence }
    const link = new Link(target, { ...options, reach: (failure) => this.#events.reach(failure) })
    const [inbox, feed] = [new StreamReader(target, options), new StreamReader(target, options)]
    const own = this.#partOf(link, this.node, inbox)
    return {
      link,
      inbox,
      feed,
      own,
      casts: new Casts(link, target, options, this.#keys.part(this.node).casts, (bytes) =>
        this.#events.cast(bytes),
      ),
      retained: new RetainedMap(link, feed, this.#keys.retained, own.token),
      names: new Names(link, this.#keys),
    }
  }

  /** @param registered The token that the service has of the node: where Redis has lost the part, nothing else tells it. */
  #partOf(link: Link, node: string, reader?: StreamReader, registered = ''): RedisPart {
    const parent = node === this.node ? this.#options.parent : undefined
    const place = { link, node, keys: this.#keys.part(node), holder: this.node, lease: this.lease, parent }
    return new RedisPart(place, reader, async (joined) => {
      this.#claims.delete(node)
      await link.run(LEAVE, [this.#keys.service], [node, joined || registered])
      if (joined !== '') await this.#opened.retained.clear(joined, false)
    })
  }

  async #register({ label }: Target, token: string): Promise<void> {
    const { service } = this.#keys
    let format = ''
    try {
      const answer = await this.#opened.link.run(REGISTER, [service], [FORMAT, this.node, token])
      if (answer === 1) return
      format = String(answer)
    } catch (error) {
      // Of another type.
      if (!String((error as Error).cause).includes('WRONGTYPE')) throw error
    }
    const what = format === '' ? 'is of another program' : `is of a later version (format ${format})`
    const fix =
      format === '' ? 'give "prefix" another value' : 'use that version, or give "prefix" another value'
    throw new StackError(
      'STORE_FORMAT',
      `redis-backend: ${service} in ${label} ${what}: ${fix}; nothing was changed`,
    )
  }

  async #registered(): Promise<string[]> {
    const fields = (await this.#opened.link.command('HKEYS', [this.#keys.service])) as Buffer[]
    // What else is there nobody of ours has written.
    return fields.map(String).filter((name) => NODE_NAME.test(name))
  }

  /** A node of which nothing is left goes; and behind the last one, the feed. */
  async #leave({ link, own, retained }: Open): Promise<void> {
    const patience = Math.min(this.#options.patience, this.lease / 3)
    for (const part of this.#claims.values()) await part.giveUp(patience)
    if (await own.giveUp(patience)) await this.#strike(link, retained, own.token, patience)
  }

  /** This node is no more. */
  async #strike(link: Link, retained: RetainedMap, token: string, patience?: number): Promise<void> {
    const isLast = (await link.run(LEAVE, [this.#keys.service], [this.node, token], patience)) === 1
    await retained.clear(token, isLast, patience)
  }

  #dropClaim(node: string, error: Error & { code?: string }): void {
    if (error.code === 'LEASE_LOST') this.#claims.delete(node)
  }
}

function resolve(options: RedisOptions) {
  return resolveOptions('redis-backend', options, REDIS_OPTIONS)
}
