/** What {@link SortedTopics} holds: anything that has a topic. */
export interface Topical {
  readonly topic: string
}

/** The most items of a block: adding moves no more than these. */
const BLOCK_SIZE = 512

/**
 * Items sorted by topic (by UTF-16 code unit), one a topic, in blocks: adding, removing and seeking cost two
 * binary searches and one short move, however many there are. Everything below a level is one run.
 */
export class SortedTopics<E extends Topical> {
  /** None of them is ever empty. */
  readonly #blocks: E[][] = []

  /** How many blocks hold the items: 0 when there are none. */
  get blocks(): number {
    return this.#blocks.length
  }

  /** Adds an item whose topic is not there yet. */
  add(item: E): void {
    const blocks = this.#blocks
    const at = blockOf(blocks, item.topic, 0)
    const block = blocks[at]
    if (block === undefined) {
      blocks.push([item])
      return
    }
    block.splice(firstNotBelow(block, item.topic, 0), 0, item)
    if (block.length > BLOCK_SIZE) blocks.splice(at + 1, 0, block.splice(BLOCK_SIZE / 2))
  }

  /** Removes the item of a topic; false when there is none. */
  remove(topic: string): boolean {
    const blocks = this.#blocks
    const at = blockOf(blocks, topic, 0)
    const block = blocks[at]
    if (block === undefined) return false
    const index = firstNotBelow(block, topic, 0)
    if (block[index]?.topic !== topic) return false
    block.splice(index, 1)
    if (block.length === 0) blocks.splice(at, 1)
    else if (!this.#joinNext(at) && at > 0) this.#joinNext(at - 1)
    return true
  }

  /** Removes all items. */
  clear(): void {
    this.#blocks.length = 0
  }

  /** A cursor on the first item whose topic is not below `from`; good until the next add or remove. */
  seek(from: string): TopicCursor<E> {
    const cursor = new TopicCursor(this.#blocks)
    cursor.seek(from)
    return cursor
  }

  /** Makes one block of two that have become small, so that removing gives the memory back. */
  #joinNext(at: number): boolean {
    const block = this.#blocks[at]
    const next = this.#blocks[at + 1]
    if (block === undefined || next === undefined || block.length + next.length > BLOCK_SIZE / 2) return false
    this.#blocks.splice(at, 2, block.concat(next))
    return true
  }
}

/** A place among sorted items that only moves up. */
export class TopicCursor<E extends Topical> {
  readonly #blocks: readonly (readonly E[])[]
  #at = 0
  #index = 0

  constructor(blocks: readonly (readonly E[])[]) {
    this.#blocks = blocks
  }

  /** The item here; `undefined` behind the last. */
  get item(): E | undefined {
    return this.#blocks[this.#at]?.[this.#index]
  }

  /** Goes to the next item. */
  next(): void {
    this.#index++
    this.#leaveBlock()
  }

  /** Goes up to the first item whose topic is not below `target`. */
  seek(target: string): void {
    const at = blockOf(this.#blocks, target, this.#at)
    if (at !== this.#at) this.#index = 0
    this.#at = at
    this.#index = firstNotBelow(this.#blocks[at] ?? [], target, this.#index)
    this.#leaveBlock()
  }

  #leaveBlock(): void {
    if (this.#index < (this.#blocks[this.#at]?.length ?? 0)) return
    this.#at++
    this.#index = 0
  }
}

/** The last block, from `low` on, that begins at or below `topic`; `low` when none does. */
function blockOf(blocks: readonly (readonly Topical[])[], topic: string, low: number): number {
  let high = blocks.length
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if (blocks[middle]![0]!.topic <= topic) low = middle
    else high = middle
  }
  return low
}

/** The first item, from `low` on, whose topic is not below `topic`; the length when there is none. */
function firstNotBelow(block: readonly Topical[], topic: string, low: number): number {
  let high = block.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (block[middle]!.topic < topic) low = middle + 1
    else high = middle
  }
  return low
}
