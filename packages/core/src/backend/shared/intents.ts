import { nextMessageId } from '../../contract/index.ts'
import { StackError } from '../../errors/index.ts'
import type { Disk } from '../disk/disk.ts'
import * as keys from '../disk/keys.ts'
import type { StoredIntent } from '../disk/node-records.ts'
import { writeIntent } from '../disk/node-records.ts'
import { encodeEntry } from './entry.ts'
import type { Outcome } from './lane.ts'
import type { Sender } from './sender.ts'

/** What goes to a node. */
export interface Target {
  readonly node: string
  /** As `encodeFrame()` has it. */
  readonly frame: Uint8Array
}

/**
 * Messages that come to other nodes exactly once: written down, in one unit with what else is staged in the turn, before they are sent, and
 * kept until they are in the inboxes. After a crash they are sent again, in the same entries: who had them knows them by their numbers.
 */
export class Intents {
  readonly #sender: Sender
  readonly #node: string
  #left: StoredIntent[] = []

  constructor(node: string, sender: Sender) {
    this.#node = node
    this.#sender = sender
  }

  /** One that an earlier process of this name left. */
  restore(intent: StoredIntent): void {
    this.#left.push(intent)
  }

  /** Sends what was restored; before anything else is sent. */
  sendRestored(disk: Disk): void {
    const left = this.#left
    this.#left = []
    const remove = (): void => {
      for (const { id } of left) disk.removeIntent(id)
    }
    // Where this node stops before, the next process of this name does it.
    this.replay(this.#node, left).then(remove, () => {})
  }

  /**
   * Sends what a node had meant to, in its name. Fulfils when all of it is in the inboxes of those who are there; rejects where this node
   * stops before.
   */
  async replay(origin: string, intents: readonly StoredIntent[]): Promise<void> {
    const entries = new Map<string, { node: string; seq: number; frames: Uint8Array[] }>()
    for (const { targets } of intents) {
      for (const { node, seq, frame } of targets) {
        const key = `${seq} ${node}`
        const known = entries.get(key)
        if (known === undefined) entries.set(key, { node, seq, frames: [frame] })
        else known.frames.push(frame)
      }
    }
    const inOrder = [...entries.values()].sort((one, other) => one.seq - other.seq)
    const outcomes = await Promise.all(
      inOrder.map(({ node, seq, frames }) => this.#sender.resend(node, encodeEntry(origin, seq, frames))),
    )
    if (outcomes.includes('closed')) throw new StackError('STORE_CLOSED', 'this node stops')
  }

  /**
   * Stages the intent, in this turn's unit, and sends when that is committed. Fulfils when it is committed and in the inboxes, or tried in
   * vain: then it is tried again. Rejects with `STORE_FAILED` where it could not be committed: then it is not sent.
   */
  async send(disk: Disk, targets: readonly Target[]): Promise<void> {
    const id = nextMessageId()
    let left = targets.length
    const onEnd = (outcome: Outcome): void => {
      if (outcome !== 'closed' && --left === 0) disk.removeIntent(id)
    }
    let settle!: { fulfil: () => void; reject: (error: Error) => void }
    const ready = new Promise<void>((fulfil, reject) => {
      settle = { fulfil, reject }
    })
    const posted = targets.map(({ node, frame }) => ({
      node,
      frame,
      ...this.#sender.postIntent(node, frame, ready, onEnd),
    }))
    disk.commits.put(
      keys.intentKey(id),
      writeIntent({ targets: posted.map(({ node, seq, frame }) => ({ node, seq, frame })) }),
    )
    disk.commits.commit().then(settle.fulfil, (error: Error) => {
      // Whether it was written nobody knows.
      disk.removeIntent(id)
      settle.reject(error)
    })
    await ready
    await Promise.allSettled(posted.map(({ sent }) => sent))
  }
}
