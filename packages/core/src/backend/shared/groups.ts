import type { Share } from '../../contract/index.ts'
import type { SharePreference } from './options.ts'
import type { NodeRoute } from './route-tree.ts'

/** What this node has of a group. */
export interface OwnMembers {
  readonly members: number
  readonly connected: boolean
}

/** Chooses the node that has the member which gets a message. */
export class GroupChooser {
  readonly #preference: SharePreference
  /** Where the round robin of a group stands; of groups that no other node has there is none. */
  readonly #turns = new Map<string, number>()

  constructor(preference: SharePreference) {
    this.#preference = preference
  }

  /**
   * Nodes with a connected member come first. Among equals: this one, where it is preferred; otherwise each in its turn, as often as
   * it has members.
   * @param others Nodes with members.
   * @param connectedOnly Nobody waits for the message.
   * @returns A node; `undefined`: this one, or nobody.
   */
  choose(
    share: Share,
    own: OwnMembers,
    others: readonly NodeRoute[],
    connectedOnly: boolean,
  ): string | undefined {
    const connected = others.filter((other) => other.connected)
    const anyConnected = own.connected || connected.length > 0
    if (!anyConnected && connectedOnly) return undefined
    const isOwn = anyConnected ? own.connected : own.members > 0
    // Who waits for its client waits as well here.
    if (isOwn && (this.#preference === 'local' || !anyConnected)) return undefined
    return this.#next(share, isOwn ? own.members : 0, anyConnected ? connected : others)
  }

  #next({ group, filter }: Share, own: number, nodes: readonly NodeRoute[]): string | undefined {
    const all = nodes.reduce((sum, { members }) => sum + members, own)
    if (all === 0) return undefined
    const key = `${group}/${filter}`
    const turn = ((this.#turns.get(key) ?? -1) + 1) % all
    this.#turns.set(key, turn)
    let left = turn - own
    if (left < 0) return undefined
    for (const { node, members } of nodes) {
      left -= members
      if (left < 0) return node
    }
    return undefined
  }

  /** No other node has members of this group any more. */
  forget({ group, filter }: Share): void {
    this.#turns.delete(`${group}/${filter}`)
  }
}
