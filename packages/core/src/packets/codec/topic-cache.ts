/** Topics seen lately, by their bytes: a topic that comes again is neither decoded nor checked again. */
import type { Buffer } from 'node:buffer'
import { isUtf8 } from 'node:buffer'
import { malformed } from './malformed.ts'

// A power of two. Direct-mapped: a collision costs one decode, never a search.
const ENTRIES = 4_096
// Longer topics are rare, and comparing them would cost more than it saves.
const LONGEST = 128

export class TopicCache {
  readonly #bytes: (Uint8Array | undefined)[] = new Array(ENTRIES).fill(undefined)
  readonly #topics: string[] = new Array(ENTRIES).fill('')
  readonly #check: (topic: string) => void
  /** The entry that was read last: of a burst, most messages are to one topic. */
  #latest = 0

  /** @param check Throws for what is no topic name, or is too large. */
  constructor(check: (topic: string) => void) {
    this.#check = check
  }

  /**
   * The topic name at `bytes[at..end)`.
   * @throws ProtocolError for what is not UTF-8; what the check throws.
   */
  read(bytes: Buffer, at: number, end: number): string {
    const latest = this.#bytes[this.#latest]
    if (latest !== undefined && equal(latest, bytes, at, end)) return this.#topics[this.#latest]
    if (end - at > LONGEST) return this.#decode(bytes, at, end)
    let hash = end - at
    for (let i = at; i < end; i++) hash = (Math.imul(hash, 31) + bytes[i]) | 0
    const entry = (hash ^ (hash >>> 15)) & (ENTRIES - 1)
    this.#latest = entry
    const known = this.#bytes[entry]
    if (known !== undefined && equal(known, bytes, at, end)) return this.#topics[entry]
    const topic = this.#decode(bytes, at, end)
    this.#bytes[entry] = Uint8Array.prototype.slice.call(bytes, at, end)
    this.#topics[entry] = topic
    return topic
  }

  #decode(bytes: Buffer, at: number, end: number): string {
    if (!isUtf8(bytes.subarray(at, end))) {
      throw malformed('a topic that is not UTF-8', 'MQTT-1.5.4-1')
    }
    const topic = bytes.toString('utf8', at, end)
    this.#check(topic)
    return topic
  }
}

/** Compared from the end, where topics that are not the same mostly differ. */
function equal(known: Uint8Array, bytes: Uint8Array, at: number, end: number): boolean {
  if (known.length !== end - at) return false
  for (let i = end - 1, j = known.length - 1; j >= 0; i--, j--) if (known[j] !== bytes[i]) return false
  return true
}
