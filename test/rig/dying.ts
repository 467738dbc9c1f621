/** For tests of adoptions: nodes that die behind a certain step of one. */
import type { ClaimedPart, SharedStore } from '@mqtt-stack/core/backend'
import type { TestService } from './nodes.ts'

/** What an adopter asks of the store. */
const OWN = ['write', 'send', 'swap'] as const
const OF_PART = ['read', 'write', 'receive', 'forget'] as const

/** Watches who adopts, and kills those behind a step each. */
export class Dying {
  /** Who has claimed something, in their order, each once. */
  readonly adopters: string[] = []
  /** What was asked of the store by each since its first claim. */
  readonly steps: Map<string, number> = new Map<string, number>()
  readonly #service: TestService
  readonly #deaths: readonly number[]
  readonly #dead = new Set<string>()
  #isOver = false

  /** @param deaths The first adopter dies behind so many steps, the second one behind so many, … */
  constructor(service: TestService, nodes: readonly string[], deaths: readonly number[]) {
    this.#service = service
    this.#deaths = deaths
    for (const node of nodes) this.#watch(node, service.storeOf(node))
  }

  /** Those that were killed. */
  get dead(): ReadonlySet<string> {
    return this.#dead
  }

  /** Nobody else dies. */
  stop(): void {
    this.#isOver = true
  }

  #watch(node: string, store: SharedStore): void {
    const claim = store.claim.bind(store)
    store.claim = async (left) => {
      const part = await claim(left)
      if (part === undefined) return undefined
      if (!this.steps.has(node)) {
        this.adopters.push(node)
        this.steps.set(node, 0)
        this.#count(node, store, OWN)
      }
      this.#count(node, part, OF_PART)
      return part
    }
  }

  #count<Of extends SharedStore | ClaimedPart>(
    node: string,
    of: Of,
    names: readonly (keyof Of & string)[],
  ): void {
    for (const name of names) {
      const call = (of[name] as (...args: unknown[]) => Promise<unknown>).bind(of)
      const counted = async (...args: unknown[]): Promise<unknown> => {
        const answer = await call(...args)
        this.#step(node)
        // Whoever is dead hears nothing.
        return this.#dead.has(node) ? new Promise(() => {}) : answer
      }
      Object.defineProperty(of, name, { value: counted, configurable: true })
    }
  }

  #step(node: string): void {
    const step = (this.steps.get(node) ?? 0) + 1
    this.steps.set(node, step)
    if (this.#isOver || this.#dead.has(node) || step !== this.#deaths[this.adopters.indexOf(node)]) return
    this.#dead.add(node)
    this.#service.store.kill(node)
  }
}
