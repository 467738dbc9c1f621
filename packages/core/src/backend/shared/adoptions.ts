import { Adoption } from './adoption.ts'
import type { Moving } from './moving.ts'

/** Takes what dead nodes have left, of one node after the other. */
export class Adoptions {
  readonly #moving: Moving
  /** Those that are adopted, or are about to be. */
  readonly #waiting = new Set<string>()
  #running: Promise<void> | undefined
  #closed = false

  constructor(moving: Moving) {
    this.#moving = moving
    moving.node.peers.on({
      abandoned: (node) => {
        if (this.#closed || !moving.node.mayAdopt) return
        this.#waiting.add(node)
        this.#running ??= this.#run()
      },
    })
  }

  close(): void {
    this.#closed = true
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
    const { node, parts } = this.#moving
    const { log } = parts.stack
    try {
      const part = await node.store.claim(left)
      if (part === undefined) return
      log.event('node.dead', { node: left })
      await new Adoption(this.#moving, left, part, () => this.#closed).run()
      log.event('node.adopted', { node: left })
    } catch (error) {
      if (!this.#closed)
        log.event('node.adopt-failed', { node: left, cause: (error as Error).message }, error as Error)
    }
  }
}
