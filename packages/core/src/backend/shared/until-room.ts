import type { Clock, Timer } from '../../time/index.ts'
import type { Sender } from './sender.ts'

/** How often it is looked whether a node has room, in ms. */
const LOOK = 1_000

/**
 * Something that each of some nodes is to be told as it is when there is room for it: where too much waits for a node it does not hear of each
 * change, but of the last one.
 */
export class UntilRoom<Told> {
  readonly #sender: Pick<Sender, 'isFull'>
  readonly #clock: Clock
  readonly #tell: (node: string, told: Told) => void
  readonly #waiting = new Map<string, Told>()
  #timer: Timer | undefined

  /** @param tell Called when there is room for it. */
  constructor(sender: Pick<Sender, 'isFull'>, clock: Clock, tell: (node: string, told: Told) => void) {
    this.#sender = sender
    this.#clock = clock
    this.#tell = tell
  }

  /** Whether a node is told later: it has no room, or has not heard yet what came before. */
  delays(node: string): boolean {
    return this.#waiting.has(node) || this.#sender.isFull(node)
  }

  /** What a node has not been told. */
  of(node: string): Told | undefined {
    return this.#waiting.get(node)
  }

  set(node: string, told: Told): void {
    this.#waiting.set(node, told)
    this.#timer ??= this.#clock.after(LOOK, this.#look)
  }

  /** It is not told any more. */
  drop(node: string): void {
    this.#waiting.delete(node)
    this.#rest()
  }

  /** All are told now, room or not. */
  tellAll(): void {
    for (const [node, told] of this.#waiting) {
      this.#waiting.delete(node)
      this.#tell(node, told)
    }
    this.#rest()
  }

  readonly #look = (): void => {
    this.#timer = undefined
    for (const [node, told] of this.#waiting) {
      if (this.#sender.isFull(node)) continue
      this.#waiting.delete(node)
      this.#tell(node, told)
    }
    if (this.#waiting.size > 0) this.#timer = this.#clock.after(LOOK, this.#look)
  }

  #rest(): void {
    if (this.#waiting.size > 0) return
    this.#timer?.cancel()
    this.#timer = undefined
  }
}
