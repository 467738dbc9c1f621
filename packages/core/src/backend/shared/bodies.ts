import { nextMessageId } from '../../contract/index.ts'
import type { Disk } from '../disk/disk.ts'
import * as keys from '../disk/keys.ts'

/** A message that is in several of the logs that come here. */
export interface Body {
  /** What it is called here. */
  readonly messageId: number
  readonly bytes: Uint8Array
}

/** Messages with a key of their own, of another node: each is kept once here too, and only if some log wants it. */
export class Bodies {
  readonly #disk: Disk
  /** By the number that it had there. */
  readonly #there = new Map<number, Uint8Array>()
  readonly #here = new Map<number, Body>()

  constructor(disk: Disk) {
    this.#disk = disk
  }

  add(messageId: number, bytes: Uint8Array): void {
    this.#there.set(messageId, bytes)
  }

  of(messageId: number): Body | undefined {
    const known = this.#here.get(messageId)
    const bytes = this.#there.get(messageId)
    if (known !== undefined || bytes === undefined) return known
    const body = { messageId: nextMessageId(), bytes }
    this.#here.set(messageId, body)
    this.#disk.commits.put(keys.messageKey(body.messageId), bytes)
    return body
  }
}
