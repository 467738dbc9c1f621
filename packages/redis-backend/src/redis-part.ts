import type { Buffer } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Change, ClaimedPart, Entry, KeyRange, Posted } from '@mqtt-stack/core/backend'
import { leaseLost, nodeTaken, PAGE_BYTES } from '@mqtt-stack/core/backend'
import { argumentsOf, entriesIn } from './changes.ts'
import { isFull } from './failures.ts'
import type { PartKeys } from './keys.ts'
import type { Link } from './link.ts'
import { PageSize } from './page-size.ts'
import { idBehind, idOf, postedIn } from './positions.ts'
import { CLAIM, FORGET, GIVE_UP, JOIN, RENEW, TRIM, WRITE, WRITE_WHEN_FULL } from './scripts/part.ts'
import { READ } from './scripts/script.ts'
import type { StreamReader } from './stream-reader.ts'

/** How often the inbox of a claimed part is looked at, and how many times, where there is nothing in it. */
const LOOK = 50
const LOOKS = 20

/** What a part belongs to. */
export interface PartPlace {
  readonly link: Link
  readonly keys: PartKeys
  /** Whose part it is. */
  readonly node: string
  /** Who has it. */
  readonly holder: string
  /** Of its own part: who has started this process, and does so when the one before has ended. */
  readonly parent: string | undefined
  /** In ms. */
  readonly lease: number
}

/** A part in the hands of this node: its own, or one that it has claimed. */
export class RedisPart implements ClaimedPart {
  /** Tells Redis who writes. Whoever joins or claims has a new one. */
  readonly token: string
  readonly #place: PartPlace
  readonly #reader: StreamReader | undefined
  /** What to do once it is gone, with the token of who had joined. */
  readonly #gone: ((joined: string) => Promise<void>) | undefined
  readonly #page = new PageSize()
  #joined = ''
  /** The batch that was tried last, and the last one that is known to be made. */
  #tried = 0
  #made = 0

  /**
   * @param reader Waits for the inbox; without it the inbox is looked at.
   * @param gone Asked behind {@link forget}.
   */
  constructor(place: PartPlace, reader?: StreamReader, gone?: (joined: string) => Promise<void>) {
    this.#place = place
    this.#reader = reader
    this.#gone = gone
    this.token = `${this.#line}${randomUUID()}`
  }

  /** What tokens of this node begin with, and those of the processes before that had the same parent. */
  get #line(): string {
    const { holder, parent } = this.#place
    return parent === undefined ? `${holder}/` : `${holder}/${parent}/`
  }

  /**
   * It is this node’s from now on. Answers with the token of the one before, maybe empty.
   * @throws StackError `NODE_TAKEN`
   */
  async join(): Promise<string> {
    const { link, keys, lease, node, parent } = this.#place
    const ended = parent === undefined ? '' : this.#line
    const all = [keys.meta, keys.lease, keys.inbox]
    const answer = (await link.run(JOIN, all, [this.token, lease, ended])) as [number, Buffer]
    const name = String(answer[1])
    if (answer[0] === 0) throw nodeTaken(node, name === '' ? undefined : name)
    return name
  }

  /** Whether it is this node’s now. */
  async claim(): Promise<boolean> {
    const { link, keys, lease, holder } = this.#place
    const joined = await link.run(CLAIM, [keys.meta, keys.lease, keys.inbox], [this.token, lease, holder])
    if (joined === null) return false
    this.#joined = String(joined)
    return true
  }

  /** The token of whoever had joined with it before it was claimed; maybe empty. */
  get joined(): string {
    return this.#joined
  }

  async renew(): Promise<void> {
    const { link, keys, lease } = this.#place
    this.#check(await link.run(RENEW, [keys.meta, keys.lease], [this.token, lease]))
  }

  /** The lease ends. Whether nothing is left. */
  async giveUp(patience: number): Promise<boolean> {
    const { link, keys } = this.#place
    const all = [keys.meta, keys.lease, keys.order, keys.inbox]
    return (await link.run(GIVE_UP, all, [this.token], patience)) === 1
  }

  async read({ from, to }: KeyRange, limit: number): Promise<readonly Entry[]> {
    const { link, keys } = this.#place
    return entriesIn(await link.run(READ, [keys.order, keys.values], [from, to, limit, PAGE_BYTES]))
  }

  /** Of a batch that failed it is not known whether it was made; it is not made any more behind the next one. Where memory is full, what frees some goes on. */
  async write(batch: readonly Change[]): Promise<void> {
    if (batch.length === 0) return
    const { link, keys } = this.#place
    const number = ++this.#tried
    const args = [this.token, number, this.#made, ...argumentsOf(batch)]
    const all = [keys.meta, keys.order, keys.values]
    try {
      this.#check(await link.runSafely(WRITE, all, args))
    } catch (error) {
      if (!isFull(error)) throw error
      const answer = await link.runSafely(WRITE_WHEN_FULL, all, args)
      if (answer === -1) throw error
      this.#check(answer)
    }
    this.#made = number
  }

  async receive(after: string, limit: number): Promise<readonly Posted[]> {
    const { link, keys } = this.#place
    if (this.#reader !== undefined) return this.#reader.read(keys.inbox, after, limit)
    const args = ['COUNT', this.#page.next(limit), 'STREAMS', keys.inbox, idOf(after)]
    for (let looks = 0; ; looks++) {
      const posted = this.#page.seen(postedIn(await link.command('XREAD', args)))
      if (posted.length > 0 || looks === LOOKS) return posted
      await delay(LOOK)
    }
  }

  async trim(upTo: string): Promise<void> {
    if (upTo === '') return
    const { link, keys } = this.#place
    this.#check(await link.run(TRIM, [keys.meta, keys.inbox], [this.token, idBehind(upTo)]))
  }

  async forget(received: string): Promise<boolean> {
    const { link, keys } = this.#place
    const all = [keys.meta, keys.lease, keys.order, keys.values, keys.inbox]
    const answer = await link.run(FORGET, all, [this.token, idOf(received)])
    if (answer === 0) return false
    if (answer !== 1) throw this.#lost()
    await this.#gone?.(this.#joined)
    return true
  }

  #check(answer: unknown): void {
    if (answer !== 1) throw this.#lost()
  }

  #lost(): Error {
    return leaseLost(this.#place.holder, this.#place.node)
  }
}
