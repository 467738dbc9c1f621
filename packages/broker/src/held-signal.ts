/** A signal that may come before anybody can act on it. */

/** From its making on the signal ends nothing. */
export class HeldSignal {
  readonly #name: NodeJS.Signals
  #hasCome = false
  #act: (() => void) | undefined
  readonly #listener = (): void => {
    if (this.#act === undefined) this.#hasCome = true
    else this.#act()
  }

  constructor(name: NodeJS.Signals) {
    this.#name = name
    process.on(name, this.#listener)
  }

  /** Does this each time that it comes; once at once, where it has come before. */
  answer(act: () => void): void {
    this.#act = act
    if (this.#hasCome) act()
  }

  /** Nobody holds it any more: it does what it does to any process, also where it has come before. */
  release(): void {
    process.off(this.#name, this.#listener)
    if (this.#hasCome) process.kill(process.pid, this.#name)
  }
}
