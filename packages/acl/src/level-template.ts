/** Whose names a template is filled in with. */
export interface Names {
  readonly user: string | undefined
  readonly clientId: string
  /** `undefined`: nobody knows, for the client is away. */
  readonly groups: readonly string[] | undefined
}

/** Whether a level fits; `maybe` where it depends on groups that nobody knows. */
export type Fit = 'yes' | 'no' | 'maybe'

const PLACEHOLDER = /%[ucg%]/g

/** A level of a topic with names in it: `lamp-%c`. */
export class LevelTemplate {
  readonly text: string
  /** What stands between and around the names. */
  readonly #parts: readonly string[]
  /** `u`, `c` or `g`. */
  readonly #names: readonly string[]
  readonly #first: boolean

  private constructor(text: string, parts: readonly string[], names: readonly string[], first: boolean) {
    this.text = text
    this.#parts = parts
    this.#names = names
    this.#first = first
  }

  /**
   * A template, or the text where there is no name in it.
   * @param names Which letters are names; others stay as they are.
   * @param first It is the first level of its topic.
   */
  static parse(text: string, names: string, first: boolean): string | LevelTemplate {
    const parts = ['']
    const found: string[] = []
    let at = 0
    for (const { 0: sign, index } of text.matchAll(PLACEHOLDER)) {
      const letter = sign.charAt(1)
      const isName = names.includes(letter)
      const upTo = text.slice(at, index)
      at = index + 2
      parts[parts.length - 1] += upTo
      if (isName && letter !== '%') {
        found.push(letter)
        parts.push('')
      } else parts[parts.length - 1] += isName ? '%' : sign
    }
    parts[parts.length - 1] += text.slice(at)
    return found.length === 0 ? parts.join('') : new LevelTemplate(text, parts, found, first)
  }

  /** Whether this level of a topic or filter is the template with the names of somebody. */
  fits(level: string, { user, clientId, groups }: Names): Fit {
    if (!this.#names.includes('g')) return this.#fill(user, clientId, '') === level ? 'yes' : 'no'
    if (groups === undefined) return 'maybe'
    return groups.some((group) => this.#fill(user, clientId, group) === level) ? 'yes' : 'no'
  }

  /** Whether anybody with these names meets it at all. */
  fitsSome({ user, clientId, groups }: Names): Fit {
    if (!this.#names.includes('g')) return this.#fill(user, clientId, '') === undefined ? 'no' : 'yes'
    if (groups === undefined) return 'maybe'
    return groups.some((group) => this.#fill(user, clientId, group) !== undefined) ? 'yes' : 'no'
  }

  /** The level with names in it; none where a name would make it mean something else. */
  #fill(user: string | undefined, clientId: string, group: string): string | undefined {
    let text = this.#parts[0]
    for (const [i, letter] of this.#names.entries()) {
      const name = letter === 'u' ? user : letter === 'c' ? clientId : group
      if (name === undefined || !isPlain(name)) return undefined
      text += name + this.#parts[i + 1]
    }
    // Topics that begin so are the broker's, or shares.
    return this.#first && text.startsWith('$') && !this.#parts[0].startsWith('$') ? undefined : text
  }
}

/** A name that is one level, and no wildcard, whatever stands around it. */
function isPlain(name: string): boolean {
  return name !== '' && !/[+#/]/.test(name)
}
