import type { AdoptedWills } from './adopted-wills.ts'
import { Adoption } from './adoption.ts'
import { LeftIntents } from './left-intents.ts'
import type { Moving } from './moving.ts'

/** How often it is looked who is alive, in ms. */
const LOOK = 200

/** Takes what dead nodes have left, of one node after the other. */
export class Adoptions {
  readonly #moving: Moving
  readonly #wills: AdoptedWills
  /** Those that are adopted, or are about to be. */
  readonly #waiting = new Set<string>()
  /** Those of them that this node has claimed; what they had meant to send is sent. */
  readonly #claimed = new Map<string, LeftIntents>()
  #running: Promise<void> | undefined
  #closed = false

  constructor(moving: Moving, wills: AdoptedWills) {
    this.#moving = moving
    this.#wills = wills
    moving.node.peers.on({
      abandoned: (node) => {
        if (this.#closed || !moving.node.mayAdopt) return
        this.#waiting.add(node)
        this.#running ??= this.#run()
      },
    })
  }

  get wills(): AdoptedWills {
    return this.#wills
  }

  get closed(): boolean {
    return this.#closed
  }

  close(): void {
    this.#closed = true
  }

  /**
   * Waits until what other dead nodes had meant to send is where it is to go, and for those that are dead for a short time until they are back
   * or may be claimed. What was meant for the one that is adopted is in its inbox then.
   * @returns The nodes that are dead: this node has sent it in their name, or another one that has claimed them does so before its next mark.
   */
  async settleOthers(left: string): Promise<ReadonlySet<string>> {
    const { peers } = this.#moving.node
    const settled = new Set<string>()
    for (;;) {
      const isOpen = (node: string): boolean => node !== left && !peers.alive.has(node) && !settled.has(node)
      const dead = [...peers.known].filter(isOpen)
      if (dead.length === 0 || this.#closed) return settled
      for (const node of dead) if (this.#waiting.has(node) && (await this.#isSettled(node))) settled.add(node)
      if (dead.every((node) => settled.has(node))) continue
      await new Promise<void>((resolve) => void this.#moving.parts.stack.clock.after(LOOK, resolve))
    }
  }

  async #isSettled(node: string): Promise<boolean> {
    if ((await this.#claim(node)) !== undefined) return true
    // Another one has claimed it, or it is back.
    const nodes = await this.#moving.node.store.nodes()
    return nodes.every((other) => other.node !== node || !other.alive)
  }

  async #run(): Promise<void> {
    for (const node of this.#waiting) {
      if (this.#closed) break
      await this.#adopt(node)
      // It is told of again as long as it is there.
      this.#waiting.delete(node)
    }
    this.#running = undefined
  }

  async #adopt(left: string): Promise<void> {
    const { log } = this.#moving.parts.stack
    try {
      const claimed = await this.#claim(left)
      if (claimed === undefined) return
      log.event('node.dead', { node: left })
      await new Adoption(this.#moving, left, claimed, this).run()
      log.event('node.adopted', { node: left })
    } catch (error) {
      if (!this.#closed)
        log.event('node.adopt-failed', { node: left, cause: (error as Error).message }, error as Error)
    } finally {
      this.#claimed.delete(left)
    }
  }

  /** Claims what a node left, and sends in its name what it had meant to; nothing where it is not to be had. */
  async #claim(left: string): Promise<LeftIntents | undefined> {
    const known = this.#claimed.get(left)
    if (known !== undefined) return known
    const { node } = this.#moving
    const claiming = (async () => {
      const part = await node.store.claim(left)
      if (part === undefined) return undefined
      const intents = new LeftIntents(node, left, part)
      await intents.replay()
      return intents
    })()
    // Whoever adopts a node that it is sent to has it before the mark of this one.
    node.routes.marks.holdUntil(claiming)
    const claimed = await claiming
    if (claimed !== undefined) this.#claimed.set(left, claimed)
    return claimed
  }
}
