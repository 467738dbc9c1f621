import { nextMessageId } from '../../contract/index.ts'
import * as keys from '../disk/keys.ts'
import * as records from '../disk/records.ts'
import { WillRecord } from '../wills.ts'
import { encodeFrame } from './frames.ts'
import type { LeftIntents } from './left-intents.ts'
import type { LeftWill } from './left-part.ts'
import type { MovingParts } from './moving.ts'

/** Wills that are written at once. */
const AT_ONCE = 100

/** Wills of dead nodes whose sessions were over: they are due. */
export class AdoptedWills {
  readonly #moving: MovingParts

  constructor(moving: MovingParts) {
    this.#moving = moving
    moving.node.inbox.on('will', ({ will }) => this.#take(will))
  }

  /** They go where they were, and come to this node, each once whoever dies meanwhile. */
  async adopt(left: readonly LeftWill[], intents: LeftIntents): Promise<void> {
    for (let i = 0; i < left.length; i += AT_ONCE) {
      const some = left.slice(i, i + AT_ONCE)
      await intents.take(
        some.map(({ will }) => encodeFrame({ kind: 'will', will: records.writeWill(will) })),
        some.map(({ key }) => ({ key, value: undefined })),
      )
    }
  }

  /** It is this node's, in one unit with its place in the inbox; then it is published. */
  #take(bytes: Uint8Array): void {
    const { parts, disk } = this.#moving
    const { wills, stack } = parts
    const { clientId, identity, owner, delay } = records.readWill(bytes)
    const account = stack.ledger.account(owner)
    const publisher = { clientId, identity, account }
    // Epochs are each node's own.
    const epoch = nextMessageId()
    const will = new WillRecord({
      clientId,
      epoch,
      packet: undefined,
      delay,
      publisher,
      account,
      session: undefined,
    })
    will.sessionId = nextMessageId()
    const key = keys.willKey(will.sessionId, epoch)
    disk.commits.put(key, Uint8Array.from(bytes))
    const apply = (): void => {
      const now = stack.clock.now()
      wills.add(will)
      wills.queue(will, now, now)
    }
    // It comes again.
    disk.commits.commit(apply, () => disk.undo(key)).catch(() => {})
  }
}
