import type { Author, Share } from '../../contract/index.ts'
import { Publish, readRelayed } from '../../packets/index.ts'
import * as keys from '../disk/keys.ts'
import * as nodeRecords from '../disk/node-records.ts'
import type { Frame } from './frames.ts'
import type { Moving } from './moving.ts'
import type { ClaimedPart } from './shared-store.ts'

/** A message for a group, which the dead node was chosen for. */
interface LeftMessage {
  readonly share: Share
  readonly except: string | undefined
  readonly publisher: Author | undefined
  readonly expiresAt: number
  readonly packet: Publish
}

/** What others had sent to a node that is dead, for one member of a group each. */
export class LeftGroups {
  readonly #moving: Moving
  #messages: LeftMessage[] = []

  constructor(moving: Moving) {
    this.#moving = moving
  }

  /** Keeps what a frame has for groups. */
  take(frame: Frame): void {
    if (frame.kind !== 'group' && frame.kind !== 'message') return
    const groups = frame.kind === 'group' ? [frame.share] : frame.groups
    if (groups.length === 0) return
    const { publisher, expiresAt } = frame
    const except = frame.kind === 'group' ? frame.except : undefined
    const packet =
      frame.kind === 'group' ? Publish.decode(frame.packet) : readRelayed(frame.relayed).own(true)
    for (const share of groups) this.#messages.push({ share, except, publisher, expiresAt, packet })
  }

  /** They go to members, here or elsewhere; then nobody takes them out of the inbox again. */
  async handOn(part: ClaimedPart, position: string): Promise<void> {
    const { stack } = this.#moving.parts
    const { clock } = this.#moving.node
    const messages = this.#messages
    if (messages.length === 0) return
    this.#messages = []
    const handed = messages.map(({ share, except = '', publisher, expiresAt, packet: sent }) => {
      const packet = clock.age(sent, expiresAt)
      if (packet === undefined) return undefined
      const { qos } = packet
      const ctx = { clientId: except, share, packet, qos, expiresAt: clock.toStack(expiresAt), publisher }
      return stack.call('handOnMessage', ctx)
    })
    await Promise.all(handed)
    await part.write([{ key: keys.POSITION_KEY, value: nodeRecords.writePosition(position) }])
  }
}
