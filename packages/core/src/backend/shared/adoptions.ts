import { isStackError } from '../../errors/index.ts'
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
  /** Those that are dead for long enough to be claimed, by this node or another one. */
  readonly #abandoned = new Set<string>()
  /** Those of them that this node has claimed; what they had meant to send is sent. */
  readonly #claimed = new Map<string, LeftIntents>()
  readonly #claiming = new Map<string, Promise<LeftIntents | undefined>>()
  /** Nodes that are dead, as {@link quiet} answers. */
  #quiet: ReadonlySet<string> = new Set()
  #settling = false
  #running: Promise<void> | undefined
  #closed = false

  constructor(moving: Moving, wills: AdoptedWills) {
    this.#moving = moving
    this.#wills = wills
    moving.node.peers.on({
      abandoned: (node) => {
        if (this.#closed || !moving.node.mayAdopt) return
        this.#waiting.add(node)
        this.#abandoned.add(node)
        this.#running ??= this.#run()
      },
      // Whoever had claimed one may be that which is dead now, and who is back sends more.
      dead: () => this.#forgetQuiet(),
      joined: (node) => {
        this.#abandoned.delete(node)
        this.#forgetQuiet()
      },
      vanished: (node) => void this.#abandoned.delete(node),
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
      for (const node of peers.known) if (node !== left && peers.hasLeft(node)) settled.add(node)
      const isOpen = (node: string): boolean => node !== left && !peers.alive.has(node) && !settled.has(node)
      const dead = [...peers.known].filter(isOpen)
      if (dead.length === 0 || this.#closed) return settled
      for (const node of dead)
        if (this.#abandoned.has(node) && (await this.#isSettled(node))) settled.add(node)
      if (dead.every((node) => settled.has(node))) continue
      await new Promise<void>((resolve) => void this.#moving.parts.stack.clock.after(LOOK, resolve))
    }
  }

  /**
   * Other nodes that are dead: what they had meant to send is where it is to go, or comes there before the next marks of all who are alive.
   * Nothing where that is to be waited for, of one that is dead for a short time, or is back and was not heard of: then ask again.
   */
  quiet(): ReadonlySet<string> | undefined {
    const { peers } = this.#moving.node
    const { known, live } = peers
    const quiet = new Set<string>()
    for (const node of known) {
      if (live.has(node)) continue
      if (!this.#quiet.has(node) && !peers.hasLeft(node)) {
        if (!this.#settling) void this.#settle()
        return undefined
      }
      quiet.add(node)
    }
    return quiet
  }

  async #settle(): Promise<void> {
    this.#settling = true
    try {
      this.#forgetQuiet()
      const before = this.#quiet
      const settled = await this.settleOthers('')
      // Somebody may have died, or come back, meanwhile.
      if (this.#quiet === before) this.#quiet = settled
    } catch {
      // Whoever watches the store tells of it; it is asked for again.
    }
    this.#settling = false
  }

  #forgetQuiet(): void {
    this.#quiet = new Set()
  }

  async #isSettled(node: string): Promise<boolean> {
    try {
      if ((await this.#claim(node)) !== undefined) return true
    } catch (error) {
      // Nobody can ever send it: that is told where the node is to be adopted.
      if (isStackError(error) && error.code === 'STORE_DAMAGED') return true
      throw error
    }
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
  #claim(left: string): Promise<LeftIntents | undefined> {
    const known = this.#claimed.get(left)
    if (known !== undefined) return Promise.resolve(known)
    const underWay = this.#claiming.get(left)
    if (underWay !== undefined) return underWay
    const claiming = this.#claimNow(left).finally(() => this.#claiming.delete(left))
    this.#claiming.set(left, claiming)
    // Whoever adopts a node that it is sent to has it before the mark of this one.
    this.#moving.node.routes.marks.holdUntil(claiming)
    return claiming
  }

  async #claimNow(left: string): Promise<LeftIntents | undefined> {
    const { node } = this.#moving
    const part = await node.store.claim(left)
    if (part === undefined) return undefined
    const intents = new LeftIntents(node, left, part)
    await intents.replay()
    this.#claimed.set(left, intents)
    return intents
  }
}
