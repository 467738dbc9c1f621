import { nextMessageId } from '../../contract/index.ts'
import { StackError } from '../../errors/index.ts'
import type { Adoptions } from './adoptions.ts'
import type { Moving } from './moving.ts'
import { passInbox } from './pass-inbox.ts'

/** How often it is looked whether something has come, in ms. */
const LOOK = 50

/** What an adoption does with what has come for the dead node. */
export interface LeftReader {
  /**
   * Takes what comes next; answers whether there was anything.
   * @param nodes Loses those of whom the mark of this number has come.
   */
  readOn(tag: number, nodes: Set<string>): Promise<boolean>
}

/** Waits until nothing is on its way to a dead node, whoever else has died or lapsed meanwhile. */
export class LastCalls {
  readonly #moving: Moving
  readonly #left: string
  readonly #adoptions: Pick<Adoptions, 'closed' | 'settleOthers'>
  readonly #reader: LeftReader

  constructor(
    moving: Moving,
    left: string,
    adoptions: Pick<Adoptions, 'closed' | 'settleOthers'>,
    reader: LeftReader,
  ) {
    this.#moving = moving
    this.#left = left
    this.#adoptions = adoptions
    this.#reader = reader
  }

  /**
   * Reads what others had sent, up to the marks of this number; to the end, where somebody is dead and marks nothing now.
   * @param nodes Who has not marked.
   */
  async readUpTo(tag: number, nodes: Set<string>): Promise<void> {
    const { peers, node } = this.#moving.node
    while (nodes.size > 0) {
      this.#check()
      const isWaiting = [...nodes].some((one) => one === node || peers.live.has(one))
      const isEnd = !(await this.#reader.readOn(tag, nodes))
      if (isEnd && !isWaiting) return
    }
  }

  /**
   * Fulfils when every other node has been heard of, and what those that are dead had meant to send is read.
   * @param isHeard Whether nothing of a live node comes any more.
   */
  async hearAll(isHeard: (node: string) => boolean): Promise<void> {
    const { peers } = this.#moving.node
    for (;;) {
      const settled = await this.#adoptions.settleOthers(this.#left)
      const missing = settled.size === 0 ? new Set<string>() : (await this.#round([], true)).missing
      if (missing.size === 0 && this.#others().every((node) => settled.has(node) || isHeard(node))) return
      this.#check()
      await this.#pause()
      // Who is alive and was asked marks in his own time; who is dead is no more than that.
      if (settled.size === 0) await this.#reader.readOn(0, new Set(peers.live))
    }
  }

  /** All others are told that the node is no more; fulfils when nobody sends to it any more, and all of that is read. */
  async tellAll(): Promise<void> {
    for (;;) {
      const settled = await this.#adoptions.settleOthers(this.#left)
      const { asked, missing } = await this.#round([this.#left], settled.size > 0)
      const isHeard = (node: string): boolean => settled.has(node) || (asked.has(node) && !missing.has(node))
      if (this.#others().every(isHeard)) return
      this.#check()
      await this.#pause()
    }
  }

  /**
   * Has all who are alive mark, behind what they send in the name of dead ones too.
   * @param isSent Whether this node may have sent something so itself.
   */
  async #round(
    gone: readonly string[],
    isSent: boolean,
  ): Promise<{ asked: ReadonlySet<string>; missing: ReadonlySet<string> }> {
    const { node } = this.#moving
    const tag = nextMessageId()
    const asked = new Set([...node.peers.live, node.node])
    const missing = new Set(asked)
    const announced = node.routes.announce([], [this.#left, node.node], gone, tag)
    announced.catch(() => {})
    await this.readUpTo(tag, missing)
    await announced
    if (isSent) await passInbox(this.#moving, () => this.#check())
    return { asked, missing }
  }

  #others(): string[] {
    return [...this.#moving.node.peers.known].filter((node) => node !== this.#left)
  }

  #check(): void {
    if (this.#adoptions.closed) throw new StackError('STORE_CLOSED', 'this node stops')
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => void this.#moving.parts.stack.clock.after(LOOK, resolve))
  }
}
