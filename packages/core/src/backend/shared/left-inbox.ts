import { decodeEntry } from './entry.ts'
import type { Frame } from './frames.ts'
import type { NodePart } from './shared-store.ts'

/** Entries that are asked for at a time. */
const PAGE = 64

/** A frame of the inbox, and the node that sent it. */
export interface LeftFrame {
  readonly from: string
  /** Of its entry, of those of this node. */
  readonly seq: number
  /** Of its entry in the inbox. */
  readonly position: string
  readonly frame: Frame
}

/** What other nodes have sent to one that is dead, from where it had come to. */
export class LeftInbox {
  readonly #part: Pick<NodePart, 'receive'>
  readonly #seqs: Map<string, number>
  #position: string

  /** @param seqs Of each node that had sent something: the number of its last entry. */
  constructor(part: Pick<NodePart, 'receive'>, position: string, seqs: ReadonlyMap<string, number>) {
    this.#part = part
    this.#position = position
    this.#seqs = new Map(seqs)
  }

  /** Up to here all was read. */
  get position(): string {
    return this.#position
  }

  /** What comes next, each entry once; waits for about a second where there is nothing. Bytes that cannot be read are passed over. */
  async next(): Promise<LeftFrame[]> {
    const found: LeftFrame[] = []
    for (const { position, bytes } of await this.#part.receive(this.#position, PAGE)) {
      this.#position = position
      try {
        const { origin, seq, frames } = decodeEntry(bytes)
        if (seq <= (this.#seqs.get(origin) ?? 0)) continue
        this.#seqs.set(origin, seq)
        for (const frame of frames) found.push({ from: origin, seq, position, frame })
      } catch {
        // Nobody could ever apply them.
      }
    }
    return found
  }
}
