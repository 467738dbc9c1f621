/** The topic aliases that we set for one client: the first topics get them, and keep them. */
export class AliasesOut {
  readonly #most: number
  readonly #aliases = new Map<string, number>()

  constructor(most: number) {
    this.#most = most
  }

  get(topic: string): number | undefined {
    return this.#aliases.get(topic)
  }

  /** The next one that is free; `undefined` when all are taken. */
  get next(): number | undefined {
    return this.#aliases.size < this.#most ? this.#aliases.size + 1 : undefined
  }

  set(topic: string, alias: number): void {
    this.#aliases.set(topic, alias)
  }
}
