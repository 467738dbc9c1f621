/** Where the parts of a configuration stand in its file, without the tree that its library made of the text. */
import { basename } from 'node:path'
import type { LineCounter } from 'yaml'
import type { Parsed, Path } from './parsed.ts'

/** Offsets in the text. */
interface Place {
  readonly key: number
  readonly value: number
}

export class Places {
  readonly #file: string
  readonly #lines: LineCounter
  readonly #places = new Map<string, Place>()
  readonly #filled = new Map<string, string>()

  constructor(file: string, lines: LineCounter) {
    this.#file = file
    this.#lines = lines
  }

  note(path: Path, key: number, value: number): void {
    this.#places.set(idOf(path), { key, value })
  }

  /** Variables were filled into this text. */
  fill(path: Path, text: string): void {
    this.#filled.set(idOf(path), text)
  }

  /** What the file says, with the places of its parts. */
  of(value: unknown): Parsed {
    return {
      file: this.#file,
      value,
      at: (path) => this.where(this.find(path).value),
      atKey: (path) => this.where(this.find(path).key),
      isFilled: (path) => this.#filled.has(idOf(path)),
      writtenAt: (path) => this.#filled.get(idOf(path)),
    }
  }

  /** The place of a part; of what is not there, that of the nearest part around it. */
  find(path: Path): Place {
    for (let length = path.length; length > 0; length--) {
      const place = this.#places.get(idOf(path.slice(0, length)))
      if (place !== undefined) return place
    }
    return this.#places.get('') ?? { key: 0, value: 0 }
  }

  /** `broker.yaml:4:3` */
  where(offset: number): string {
    const { line, col } = this.#lines.linePos(offset)
    // Of an empty file.
    return `${basename(this.#file)}:${Math.max(line, 1)}:${Math.max(col, 1)}`
  }
}

function idOf(path: Path): string {
  return path.length === 0 ? '' : JSON.stringify(path)
}
