import { nextMessageId } from '../../contract/index.ts'
import * as keys from '../disk/keys.ts'
import type { StoredIntent } from '../disk/node-records.ts'
import { writeIntent } from '../disk/node-records.ts'
import type { Change } from '../ordered-store.ts'
import { readIntents } from './left-part.ts'
import type { SharedNode } from './shared-node.ts'
import type { ClaimedPart } from './shared-store.ts'

/**
 * What is sent in the name of a dead node. It is written down in the part that the node left, in one step with what it takes the place of,
 * and sent in an entry of its number: whoever adopts the node next sends it again, and who had it knows it by that.
 */
export class LeftIntents {
  readonly part: ClaimedPart
  readonly #node: SharedNode
  readonly #left: string
  #seq = 0

  constructor(node: SharedNode, left: string, part: ClaimedPart) {
    this.#node = node
    this.#left = left
    this.part = part
  }

  /** Sends what the node itself had meant to, and whoever has adopted it before. */
  async replay(): Promise<void> {
    const intents: StoredIntent[] = []
    for await (const intent of readIntents(this.part)) intents.push(intent)
    for (const { targets } of intents) for (const { seq } of targets) this.#seq = Math.max(this.#seq, seq)
    await this.#node.intents.replay(this.#left, intents)
  }

  /**
   * Frames go to the inbox of this node, each once whoever dies meanwhile.
   * @param frames As `encodeFrame()` has them.
   * @param changes Of the part, made in the same step: what the frames were made of is gone then.
   */
  async take(frames: readonly Uint8Array[], changes: readonly Change[]): Promise<void> {
    const { node, intents } = this.#node
    const seq = this.#nextSeq()
    const made = frames.map((frame) => ({ id: nextMessageId(), targets: [{ node, seq, frame }] }))
    const written = made.map((intent) => ({ key: keys.intentKey(intent.id), value: writeIntent(intent) }))
    await this.part.write([...written, ...changes])
    if (made.length === 0) return
    await intents.replay(this.#left, made)
    await this.part.write(written.map(({ key }) => ({ key, value: undefined })))
  }

  /** Greater than all that were sent in this name: the clock of the service went on since, or nobody would have claimed the part. */
  #nextSeq(): number {
    this.#seq = Math.max(this.#seq + 1, Math.floor(this.#node.clock.now()) * 1_000)
    return this.#seq
  }
}
