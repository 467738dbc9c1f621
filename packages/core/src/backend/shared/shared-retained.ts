/** The retained messages of a service: all nodes hold all of them in memory, and the shared store's map is what counts. */
import { randomBytes } from 'node:crypto'
import type { Context, RetainedMessage, Stack, Store } from '../../contract/index.ts'
import { nextMessageId } from '../../contract/index.ts'
import type { StackError } from '../../errors/index.ts'
import { Publish } from '../../packets/index.ts'
import type { Clock } from '../../time/index.ts'
import { fromWall, proceed, toWall } from '../../time/index.ts'
import * as keys from '../disk/keys.ts'
import type { Change, Entry } from '../ordered-store.ts'
import { readPages } from '../read-pages.ts'
import type { RetainedMessages } from '../retained-messages.ts'
import type { FeedReceiver } from './retained-feed.ts'
import { RetainedFeed } from './retained-feed.ts'
import type { Note } from './retained-record.ts'
import { readNotes, readValue, unreadable, writeValue } from './retained-record.ts'
import { RetainedWriter } from './retained-writer.ts'
import type { Posted, SharedMap } from './shared-store.ts'

/** Messages in memory that are looked at at a time. */
const PAGE = 1_000
/** What is over is taken out of the store by the node that wrote it; so many ms later by any. */
const GRACE = 30_000

/** A message as it is held here. */
interface Tagged extends RetainedMessage {
  readonly tag: string
}

/**
 * A change is one write: map and feed. It counts in memory when the feed brings it, in the feed's order, for the node that wrote it too. Whoever
 * looks a message up waits until all is here that any node had written before.
 */
export class SharedRetained implements FeedReceiver {
  readonly #map: SharedMap
  /** The stack's clock, with the wall clock of the service. */
  readonly #clock: Clock
  readonly #stack: Stack
  readonly #messages: RetainedMessages
  readonly #writer: RetainedWriter
  readonly #feed: RetainedFeed
  /** Begins the tags of what this node writes. */
  readonly #name = randomBytes(6).toString('base64url')
  #count = 0
  /** Those whose time is over here, and that the store still has: by topic. */
  readonly #over = new Map<string, { readonly tag: string; readonly since: number }>()
  /** What the map has up to here was read at once: notes up to it say nothing of what the map has now. */
  #loaded = ''
  #started = false

  /**
   * @param messages In memory; what is over there is told by {@link expired}.
   * @param service The clock that instants in the store are of.
   */
  constructor(map: SharedMap, stack: Stack, messages: RetainedMessages, service: { now(): number }) {
    const { clock } = stack
    this.#clock = {
      now: () => clock.now(),
      wall: () => service.now(),
      after: (ms, task) => clock.after(ms, task),
      every: (ms, task) => clock.every(ms, task),
    }
    this.#map = map
    this.#stack = stack
    this.#messages = messages
    this.#writer = new RetainedWriter(map)
    this.#feed = new RetainedFeed(map, stack.clock, this)
  }

  /**
   * Reads what there is, and follows what changes.
   * @throws StackError `STORE_FORMAT`, `STORE_DAMAGED`
   */
  async start(): Promise<void> {
    await this.#feed.start()
    this.#started = true
  }

  /** Fulfils when all that was to be stored is, or has failed, and nothing is held here. The store is open until then. */
  async stop(): Promise<void> {
    await this.#writer.settled()
    this.#feed.stop()
    this.#keepOnly(new Set())
  }

  /**
   * Fulfils when all is here that any node had written before this call. A filter is subscribed to behind it: what comes later
   * reaches the subscriber live.
   */
  current(): Promise<void> {
    return this.#feed.current()
  }

  /** Fulfils when it is stored. */
  async store(ctx: Context<'storeRetainedMessage'>, store: Store<'storeRetainedMessage'>): Promise<void> {
    const { ledger, clock } = this.#stack
    const { topic } = ctx
    const account = ledger.accountFor(ctx)
    store.replaced = this.#messages.newest(topic) !== undefined
    const staged = this.#messages.stage(ctx, store, account, clock.now())
    const { message } = staged
    const written =
      message === undefined
        ? this.#writer.add({ key: keys.retainedKey(topic), value: undefined }, { kind: 'clear', topic })
        : this.#put({ tag: `${this.#name}.${++this.#count}`, ...message }, account.owner)
    try {
      await this.#until(written, staged.revert)
    } catch (error) {
      staged.revert()
      throw error
    }
  }

  /** Fulfils when it is written; `applied` is called when the feed has brought it. */
  async #until(written: Promise<string>, applied: () => void): Promise<void> {
    const position = await written
    void Promise.resolve(this.#feed.reached(position)).then(applied)
  }

  /** Where the store is out of reach what is known here is what there is. */
  async lookup(
    ctx: Context<'lookupRetainedMessages'>,
    store: Store<'lookupRetainedMessages'>,
  ): Promise<void> {
    await this.current().catch(() => {})
    const { clock, pace } = this.#stack
    await proceed(this.#messages.lookup(ctx, store, clock.now(), pace))
  }

  /** Takes a message away, if its topic still has it; fulfils when it is gone here. */
  async remove(message: RetainedMessage): Promise<void> {
    await this.#feed.reached(await this.#drop(message.topic, (message as Tagged).tag))
  }

  /** Its time was over, and it is not held any more. */
  expired(message: RetainedMessage): void {
    const { topic, tag } = message as Tagged
    this.#over.set(topic, { tag, since: this.#stack.clock.now() })
    if (this.#isOwn(tag)) this.#takeAway(topic, tag)
  }

  /** Takes out of the store what is over, and whose node has not done so. */
  sweep(now: number): void {
    for (const [topic, { tag, since }] of this.#over) {
      // They are in the order in which they were found.
      if (since > now - GRACE) return
      this.#over.delete(topic)
      this.#over.set(topic, { tag, since: now })
      this.#takeAway(topic, tag)
    }
  }

  // What the feed brings

  async reload(): Promise<string> {
    const position = await this.#map.position()
    const found = new Set<string>()
    for await (const page of readPages(this.#map, keys.rangeOf(keys.KIND.retained)))
      for (const entry of page) this.#load(entry, found)
    this.#loaded = await this.#map.position()
    this.#keepOnly(found)
    return position
  }

  /** What cannot be read ends the start; later it is told. */
  #load({ key, value }: Entry, found: Set<string>): void {
    try {
      found.add(this.#take(value, false))
    } catch (error) {
      const told = unreadable(key, error as StackError)
      if (!this.#started) throw told
      this.#stack.fail(told, undefined, undefined)
    }
  }

  apply({ position, bytes }: Posted): void {
    try {
      for (const note of readNotes(bytes)) this.#applyNote(note, position > this.#loaded)
    } catch (error) {
      this.#stack.fail(error as Error, undefined, undefined)
    }
  }

  #applyNote(note: Note, isNew: boolean): void {
    if (note.kind === 'put') {
      this.#take(note.value, true)
      return
    }
    const { topic } = note
    const held = this.#held(topic)
    if (note.kind === 'clear') {
      this.#over.delete(topic)
      this.#messages.remove(topic)
      return
    }
    const { kind, tag, by } = note
    if (kind === 'drop' && this.#over.get(topic)?.tag === tag) this.#over.delete(topic)
    if (held?.tag === tag) {
      if (kind === 'drop') this.#messages.remove(topic)
    } else if (isNew && (by === this.#name || (held !== undefined && this.#isOwn(held.tag)))) {
      this.#mend(note, held)
    }
  }

  /** The map does not have what the feed says: `held` is what the topic has. */
  #mend({ kind, topic, tag }: Exclude<Note, { kind: 'put' | 'clear' }>, held: Tagged | undefined): void {
    if (held !== undefined) {
      const { owner } = this.#stack.ledger.accountFor({ client: undefined, publisher: held.publisher })
      this.#stack.background(() =>
        this.#put(held, owner, { kind: 'mend', topic, tag: held.tag, by: this.#name }),
      )
    } else if (kind === 'mend') this.#takeAway(topic, tag)
  }

  /** @param isNew It came by the feed: whoever was subscribed by now has got it live. */
  #take(bytes: Uint8Array, isNew: boolean): string {
    const { tag, stored } = readValue(bytes)
    const { topic, owner, publisher, expiresAt: wall, message } = stored
    this.#over.delete(topic)
    if (this.#held(topic)?.tag === tag) return topic
    const { ledger } = this.#stack
    const clock = this.#clock
    const packet = Publish.decode(message)
    const expiresAt = fromWall(clock, wall, packet.expiryInterval)
    const id = nextMessageId()
    const messageId = isNew ? id : Math.min(stored.messageId, id)
    this.#messages.remove(topic)
    if (expiresAt !== 0 && expiresAt <= clock.now()) {
      this.#over.set(topic, { tag, since: clock.now() })
      return topic
    }
    const tagged: Tagged = { topic, packet, messageId, expiresAt, publisher, tag }
    this.#messages.restore(tagged, ledger.account(owner))
    return topic
  }

  /** Others are not in the map any more. */
  #keepOnly(found: ReadonlySet<string>): void {
    for (const topic of this.#over.keys()) if (!found.has(topic)) this.#over.delete(topic)
    let after: string | undefined
    do {
      const page = this.#messages.page(undefined, after, PAGE)
      for (const { topic } of page.messages) if (!found.has(topic)) this.#messages.remove(topic)
      after = page.after
    } while (after !== undefined)
  }

  // What is written

  #put(message: Tagged, owner: string, note?: Note): Promise<string> {
    const { topic, tag, messageId, packet, publisher, expiresAt } = message
    const stored = {
      topic,
      owner,
      messageId,
      publisher,
      expiresAt: toWall(this.#clock, expiresAt),
      message: packet.encode(),
    }
    const value = writeValue({ tag, stored })
    return this.#writer.add({ key: keys.retainedKey(topic), value }, note ?? { kind: 'put', value })
  }

  #drop(topic: string, tag: string): Promise<string> {
    const change: Change = { key: keys.retainedKey(topic), value: undefined }
    return this.#writer.add(change, { kind: 'drop', topic, tag, by: this.#name })
  }

  /** Where the store cannot do it now a later sweep does. */
  #takeAway(topic: string, tag: string): void {
    this.#drop(topic, tag).catch(() => {})
  }

  #isOwn(tag: string): boolean {
    return tag.startsWith(this.#name)
  }

  #held(topic: string): Tagged | undefined {
    return this.#messages.get(topic) as Tagged | undefined
  }
}
