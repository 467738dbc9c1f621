import type { Buffer } from 'node:buffer'

/** Lists that are kept for the next turn: a message to many is with all of them at once. */
const SPARE = 512
const spare: Identifiers[] = []

/** The packet identifiers that a stretch of frames goes out with, and their places in it. */
export class Identifiers {
  /** Place and identifier, in turn; what is behind the count is left over. */
  readonly #list: number[] = []
  #count = 0

  /** An empty list; {@link writeInto} gives it back. */
  static take(): Identifiers {
    return spare.pop() ?? new Identifiers()
  }

  /** @param at Place of the identifier's first byte. */
  add(at: number, id: number): void {
    const list = this.#list
    list[this.#count++] = at
    list[this.#count++] = id
  }

  /** Writes them where the stretch is now, `shift` bytes from where it was. */
  writeInto(buffer: Buffer, shift: number): void {
    const list = this.#list
    for (let i = 0; i < this.#count; i += 2) {
      const at = list[i] + shift
      const id = list[i + 1]
      buffer[at] = id >> 8
      buffer[at + 1] = id & 0xff
    }
    this.#count = 0
    if (spare.length < SPARE) spare.push(this)
  }
}
