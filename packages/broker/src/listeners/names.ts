/** Values by the names of servers, as clients ask for them (SNI). */

/** Names are compared without regard to case; `*.example.com` stands for each name with one more label. */
export class Names<Value> {
  readonly #values = new Map<string, Value>()

  add(names: readonly string[], value: Value): void {
    for (const name of names) this.#values.set(name.toLowerCase(), value)
  }

  /** The value of the name itself, or of the wildcard that it falls under. */
  find(name: string): Value | undefined {
    const asked = name.toLowerCase()
    return this.#values.get(asked) ?? this.#values.get(asked.replace(/^[^.]+/, '*'))
  }
}
