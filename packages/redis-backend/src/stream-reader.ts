/** Waits for the entries of a stream, on a connection of its own: nothing else can use one that waits. */
import type { Buffer } from 'node:buffer'
import type { Posted } from '@mqtt-stack/core/backend'
import type { LinkOptions } from './link.ts'
import { Link } from './link.ts'
import { PageSize } from './page-size.ts'
import { idOf, postedIn } from './positions.ts'
import type { Target } from './target.ts'

/** How long Redis waits for an entry, in ms. */
const WAIT = 1_000

export class StreamReader {
  readonly #link: Link
  readonly #page: PageSize = new PageSize()

  constructor(target: Target, options: LinkOptions) {
    const silence = options.silence + WAIT
    this.#link = new Link(target, { ...options, silence, patience: silence, reach: undefined })
  }

  async open(): Promise<void> {
    await this.#link.open()
    this.#link.begin()
  }

  close(): void {
    this.#link.close()
  }

  /**
   * Entries behind a position; waits about a second where there is none.
   * @throws StackError `STORE_FAILED` where Redis is out of reach for some seconds
   */
  read(stream: string, after: string, limit: number): Promise<Posted[]> {
    return this.#link.ask(() => this.#read(stream, after, limit), stream)
  }

  /** The same, and with it fields of a hash as they are then or later; the hash is in the slot of the stream. */
  readWith(
    stream: string,
    after: string,
    limit: number,
    hash: string,
    fields: readonly string[],
  ): Promise<[Posted[], (Buffer | null)[]]> {
    const { client } = this.#link
    return this.#link.ask(
      () =>
        Promise.all([
          this.#read(stream, after, limit),
          client.callBuffer('HMGET', [hash, ...fields]) as Promise<(Buffer | null)[]>,
        ]),
      stream,
    )
  }

  async #read(stream: string, after: string, limit: number): Promise<Posted[]> {
    const args = ['COUNT', this.#page.next(limit), 'BLOCK', WAIT, 'STREAMS', stream, idOf(after)]
    return this.#page.seen(postedIn(await this.#link.client.callBuffer('XREAD', args)))
  }
}
