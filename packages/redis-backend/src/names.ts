import type { Buffer } from 'node:buffer'
import type { Keys } from './keys.ts'
import { BUCKETS } from './keys.ts'
import type { Link } from './link.ts'
import { SCAN, SWAP } from './scripts/service.ts'

/** The names that all nodes share, in a fixed number of hashes. */
export class Names {
  readonly #link: Link
  readonly #keys: Keys

  constructor(link: Link, keys: Keys) {
    this.#link = link
    this.#keys = keys
  }

  /** One whose answer was lost is asked again, and knows its own value. */
  async swap(
    name: string,
    expected: string | undefined,
    value: string | undefined,
  ): Promise<string | undefined> {
    let asked = 0
    const key = this.#keys.namesOf(name)
    const args = [
      name,
      expected === undefined ? 0 : 1,
      expected ?? '',
      value === undefined ? 0 : 1,
      value ?? '',
    ]
    const before = await this.#link.ask(() => {
      asked++
      return this.#link.once(SWAP, [key], args)
    }, key)
    const found = before === null ? undefined : String(before)
    return asked > 1 && found === value ? expected : found
  }

  async *pages(prefix: string): AsyncIterable<{ readonly name: string; readonly value: string }> {
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const seen = new Set<string>()
      let cursor = '0'
      do {
        const [next, ...found] = (await this.#link.run(
          SCAN,
          [this.#keys.bucket(bucket)],
          [cursor, prefix],
        )) as Buffer[]
        cursor = String(next)
        for (let i = 0; i < found.length; i += 2) {
          const name = String(found[i])
          if (seen.has(name)) continue
          seen.add(name)
          yield { name, value: String(found[i + 1]) }
        }
      } while (cursor !== '0')
    }
  }
}
