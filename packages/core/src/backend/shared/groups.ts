import type { SharedGroup } from '../../topics/index.ts'
import type { SharePreference } from './options.ts'
import type { NodeRoute } from './route-tree.ts'

/** What this node has of a group. */
export interface OwnMembers {
  readonly members: number
  readonly connected: boolean
}

/** What other nodes have of it; the `cursor` is the chooser's own. */
export type OtherMembers = Pick<SharedGroup<NodeRoute>, 'members'> & { cursor: number }

/** Chooses the node that has the member which gets a message. */
export class GroupChooser {
  readonly #preference: SharePreference

  constructor(preference: SharePreference) {
    this.#preference = preference
  }

  /**
   * Nodes with a connected member come first. Among equals: this one, where it is preferred; otherwise each in its turn, as often as
   * it has members.
   * @param connectedOnly Nobody waits for the message.
   * @returns A node; `undefined`: this one, or nobody.
   */
  choose(own: OwnMembers, others: OtherMembers, connectedOnly: boolean): string | undefined {
    const connected = others.members.filter((other) => other.connected)
    const anyConnected = own.connected || connected.length > 0
    if (!anyConnected && connectedOnly) return undefined
    const isOwn = anyConnected ? own.connected : own.members > 0
    // Who waits for its client waits as well here.
    if (isOwn && (this.#preference === 'local' || !anyConnected)) return undefined
    const nodes = anyConnected ? connected : others.members
    const first = isOwn ? own.members : 0
    const all = nodes.reduce((sum, { members }) => sum + members, first)
    if (all === 0) return undefined
    others.cursor = (others.cursor + 1) % all
    let left = others.cursor - first
    if (left < 0) return undefined
    for (const { node, members } of nodes) {
      left -= members
      if (left < 0) return node
    }
    return undefined
  }
}
