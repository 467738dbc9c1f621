/** The names of all keys. What one script touches has one hash tag, and so is in one slot of a Cluster. */

/** How many hashes the names of the service are spread over. It is part of the format. */
export const BUCKETS = 64

/** What Redis keeps of a node. */
export interface PartKeys {
  /** A hash: whose it is, and the number of the last batch. */
  readonly meta: string
  /** Is there as long as the lease lasts. */
  readonly lease: string
  /** A sorted set of the keys, all with the score 0: so they are in the order of their bytes. */
  readonly order: string
  /** A hash of the values. */
  readonly values: string
  /** A stream. */
  readonly inbox: string
  /** The channel for what is cast. */
  readonly casts: string
}

export interface MapKeys {
  readonly order: string
  readonly values: string
  /** A stream of what was changed. */
  readonly feed: string
  /** A hash: positions, how large the feed is, and the last write of each writer. */
  readonly meta: string
}

export class Keys {
  /** A hash: the format, and the nodes. */
  readonly service: string
  readonly retained: MapKeys
  readonly #prefix: string

  constructor(prefix: string) {
    this.#prefix = prefix
    this.service = `${prefix}service`
    const retained = `${prefix}{retained}:`
    this.retained = {
      order: `${retained}order`,
      values: `${retained}values`,
      feed: `${retained}feed`,
      meta: `${retained}meta`,
    }
  }

  part(node: string): PartKeys {
    const part = `${this.#prefix}{node:${node}}:`
    return {
      meta: `${part}meta`,
      lease: `${part}lease`,
      order: `${part}order`,
      values: `${part}values`,
      inbox: `${part}inbox`,
      casts: `${part}casts`,
    }
  }

  /** The hash that a name is in. */
  namesOf(name: string): string {
    return this.bucket(hash(name) % BUCKETS)
  }

  bucket(index: number): string {
    return `${this.#prefix}{names:${index}}`
  }
}

/** FNV-1a over UTF-16 units. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return value >>> 0
}
