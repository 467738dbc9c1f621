// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of a configuration look so
/** YAML or JSON into a value, with the line of each part of it. */
import type { Document, Node, Pair, Scalar } from 'yaml'
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import { fillIn, plainValue } from './environment.ts'
import type { Parsed, Path } from './parsed.ts'
import { nameOf } from './parsed.ts'
import { Places } from './places.ts'
import type { Problem } from './problem.ts'
import { ConfigError } from './problem.ts'

/** Parts that a file may have: aliases multiply. */
const MOST_NODES = 200_000
const DEEPEST = 64
/** Of what is nested and never ends each level is one. */
const MOST_PROBLEMS = 100

/** Errors, and characters of their lines, in which a variable without quotes is looked for. */
const MOST_LOOKED_AT = 10
const LONGEST_LINE = 500

/** A variable without quotes, inside of { } or [ ]. */
const BARE = /[{[](?:[^'"]|'[^']*'|"[^"]*")*[:,[{]\s*\$\{/
/** What the library says for programmers. */
const WORDS: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: 'a second document begins here: write all settings into one',
}
const QUOTE = 'inside of { } and [ ] a variable stands in quotes: "${NAME}"'

/**
 * @param file Names it in messages.
 * @param env Where `${NAME}` is looked up.
 * @throws ConfigError with everything that is no YAML, and each variable that is missing.
 */
export function parseConfig(file: string, text: string, env: Readonly<NodeJS.ProcessEnv>): Parsed {
  return new Reader(file, text, env).read()
}

class Reader {
  readonly #text: string
  readonly #env: Readonly<NodeJS.ProcessEnv>
  readonly #lines = new LineCounter()
  readonly #document: Document.Parsed
  readonly #places: Places
  readonly #problems: Problem[] = []
  #nodes = 0

  constructor(file: string, text: string, env: Readonly<NodeJS.ProcessEnv>) {
    this.#text = text
    this.#env = env
    this.#places = new Places(file, this.#lines)
    const options = { lineCounter: this.#lines, prettyErrors: false, merge: false, strict: true } as const
    this.#document = parseDocument(text, options)
  }

  read(): Parsed {
    const { errors, warnings, contents } = this.#document
    const wrong = [...errors, ...warnings]
      .slice(0, MOST_PROBLEMS)
      .map(({ pos, code, message }) => this.#problem(pos[0], WORDS[code] ?? message))
    const bare = errors.slice(0, MOST_LOOKED_AT).find(({ pos }) => BARE.test(this.#lineAt(pos[0])))
    // The library takes its braces for a map, and is at a loss from there on.
    if (bare !== undefined) throw new ConfigError([this.#problem(bare.pos[0], QUOTE)])
    if (wrong.length > 0) throw new ConfigError(wrong)
    this.#places.note([], 0, contents?.range?.[0] ?? 0)
    const value = this.#valueOf(contents, [])
    if (this.#problems.length > 0) throw new ConfigError(this.#problems)
    return this.#places.of(value)
  }

  #valueOf(node: Node | null, path: Path): unknown {
    this.#nodes++
    if (this.#nodes > MOST_NODES || path.length > DEEPEST) {
      const message = `too much of it: at most ${MOST_NODES} parts, ${DEEPEST} levels deep`
      throw new ConfigError([this.#problem(this.#places.find(path).value, message)])
    }
    if (isAlias(node)) return this.#valueOf((node.resolve(this.#document) as Node | undefined) ?? null, path)
    if (isMap(node)) return this.#mapOf(node.items as Pair<Node, Node | null>[], path)
    if (isSeq(node)) return node.items.map((item, i) => this.#partOf(item as Node, [...path, i]))
    return isScalar(node) ? this.#scalarOf(node, path) : null
  }

  #mapOf(pairs: readonly Pair<Node, Node | null>[], path: Path): unknown {
    // Without a prototype: `__proto__` is a key like any other, and an unknown one.
    const value: Record<string, unknown> = Object.create(null)
    for (const { key, value: node } of pairs) {
      const start = key.range?.[0] ?? 0
      if (!isScalar(key)) {
        this.#problems.push(this.#problem(start, 'a key must be text'))
        continue
      }
      const name = String(key.value)
      value[name] = this.#partOf(node, [...path, name], start)
    }
    return value
  }

  #partOf(node: Node | null, path: Path, key?: number): unknown {
    const value = node?.range?.[0] ?? key ?? 0
    this.#places.note(path, key ?? value, value)
    return this.#valueOf(node, path)
  }

  #scalarOf(node: Scalar, path: Path): unknown {
    if (typeof node.value !== 'string' || !node.value.includes('$')) return node.value
    const filled = fillIn(node.value, this.#env)
    if (filled.missing !== undefined) {
      const { missing } = filled
      const fix = `set it, or write \${${missing}:-default}`
      const message = `${nameOf(path)}: the environment has no ${missing}: ${fix}`
      this.#problems.push(this.#problem(node.range?.[0] ?? 0, message))
      return node.value
    }
    if (filled.text === node.value) return node.value
    this.#places.fill(path, node.value)
    return node.type === 'PLAIN' ? plainValue(filled.text) : filled.text
  }

  #lineAt(offset: number): string {
    const { line } = this.#lines.linePos(offset)
    const start = this.#lines.lineStarts[line - 1] ?? 0
    return this.#text.slice(start, start + LONGEST_LINE).split('\n', 1)[0]
  }

  #problem(offset: number, message: string): Problem {
    // The library goes down into what is nested, and there is no bottom.
    if (/call stack/.test(message)) return this.#problem(offset, `nested too deep: at most ${DEEPEST} levels`)
    return { where: this.#places.where(offset), message: message.replace(/\s*\n\s*/g, ' ') }
  }
}
