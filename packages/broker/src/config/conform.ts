/** Holds a configuration against its schema, and makes of it what the schema means: paths, and texts out of files. */
import { dirname, resolve } from 'node:path'
import { fileProblem, nameHint, nearestName, readRegularSync } from '@mqtt-stack/core'
import { describeSchema, fitsKind, kindOf } from './describe-schema.ts'
import { plainValue } from './environment.ts'
import type { JsonSchema } from './json-schema.ts'
import type { Parsed, Path } from './parsed.ts'
import { nameOf } from './parsed.ts'
import type { Problem } from './problem.ts'
import { ConfigError } from './problem.ts'

/** `{ file: path }` in place of a text: the schema's definition of it. */
export const FROM_FILE = '#/$defs/fromFile'
/** A secret is short; a file that is not is another one than was meant. */
const LONGEST_SECRET = 1_048_576

/**
 * The value as the schema means it: paths are absolute, `{ file: path }` is the text of that file without its last line
 * end, and what was left empty (`password:`) is an empty map where a map belongs there.
 * @throws ConfigError with everything that does not fit.
 */
export function conform(parsed: Parsed, schema: JsonSchema): unknown {
  const conforming = new Conforming(parsed, schema)
  const value = conforming.check(parsed.value, schema, [])
  if (conforming.problems.length > 0) throw new ConfigError(conforming.problems)
  return value
}

/**
 * As {@link conform}, of a part whose schema is known only when who takes it is made.
 * @throws ConfigError with everything that does not fit.
 */
export function conformPart(parsed: Parsed, value: unknown, schema: JsonSchema, path: Path): void {
  const conforming = new Conforming(parsed, schema)
  conforming.check(value, schema, path)
  if (conforming.problems.length > 0) throw new ConfigError(conforming.problems)
}

class Conforming {
  readonly problems: Problem[] = []
  readonly #parsed: Parsed
  readonly #schema: JsonSchema
  readonly #folder: string

  constructor(parsed: Parsed, schema: JsonSchema) {
    this.#parsed = parsed
    this.#schema = schema
    this.#folder = dirname(resolve(parsed.file))
  }

  check(given: unknown, wanted: JsonSchema, path: Path): unknown {
    const schema = this.#resolve(wanted)
    const value = this.#typed(given === null && schema.type === 'object' ? {} : given, schema, path)
    if (schema.anyOf !== undefined) return this.#checkAny(value, schema, path)
    if (!fitsKind(value, schema)) return this.#wrong(value, schema, path)
    if (schema.type === 'object') return this.#checkMap(value as Record<string, unknown>, schema, path)
    if (schema.type === 'array') return this.#checkList(value as unknown[], schema, path)
    if (schema.format === 'path') return resolve(this.#folder, value as string)
    return value
  }

  /** What a variable holds is text: where a number belongs it is one, and so with true and false. */
  #typed(value: unknown, { type }: JsonSchema, path: Path): unknown {
    if (typeof value !== 'string' || !this.#parsed.isFilled(path)) return value
    const typed = type === 'number' || type === 'integer' || type === 'boolean'
    return typed ? plainValue(value) : value
  }

  /** The first of the schemas that fits; where none does, what is wrong with the one that was most likely meant. */
  #checkAny(value: unknown, schema: JsonSchema, path: Path): unknown {
    const branches = (schema.anyOf ?? []).filter((one) => {
      const { type, enum: choices } = this.#resolve(one)
      return choices === undefined ? type === undefined || type === kindOf(value) : choices.includes(value)
    })
    const [meant] = branches
    if (meant === undefined) return this.#wrong(value, schema, path)
    if (meant.$ref === FROM_FILE) {
      const text = this.#readText(value as Record<string, unknown>, meant, path)
      return text === undefined ? '' : this.#checkText(text, schema, path)
    }
    const before = this.problems.length
    for (const one of branches) {
      const result = this.check(value, one, path)
      if (this.problems.length === before) return result
      this.problems.length = before
    }
    return this.check(value, meant, path)
  }

  #checkMap(value: Record<string, unknown>, schema: JsonSchema, path: Path): unknown {
    const { properties = {}, additionalProperties = true, required = [] } = schema
    const checked: Record<string, unknown> = {}
    for (const [key, one] of Object.entries(value)) {
      const inner = [...path, key]
      const known = Object.hasOwn(properties, key) ? properties[key] : additionalProperties
      if (known === false || key === '__proto__') this.#unknown(inner, Object.keys(properties))
      else if (known !== true && known.not !== undefined)
        this.#add(this.#parsed.atKey(inner), `${nameOf(inner)} ${known.title}`)
      else if (one === null && this.#mayBeEmpty(known)) checked[key] = undefined
      else checked[key] = known === true ? plain(one) : this.check(one, known, inner)
    }
    for (const key of required) {
      if (Object.hasOwn(value, key)) continue
      const { description } = this.#resolve(properties[key] ?? {})
      const what = description === undefined ? '' : `: ${description}`
      this.#add(this.#parsed.atKey(path), `${nameOf(path)} needs "${key}"${what}`)
    }
    const count = Object.keys(value).length
    if (count < (schema.minProperties ?? 0) || count > (schema.maxProperties ?? count)) {
      const message = `${nameOf(path)} must have one of ${Object.keys(properties).join(', ')}`
      this.#add(this.#parsed.atKey(path), message)
    }
    return checked
  }

  #checkList(value: readonly unknown[], { items = {}, minItems = 0 }: JsonSchema, path: Path): unknown {
    if (value.length < minItems) this.#add(this.#parsed.at(path), `${nameOf(path)} must not be empty`)
    return value.map((one, i) => this.check(one, items, [...path, i]))
  }

  /** What a file holds has to be what could have stood in its place. */
  #checkText(text: string, { anyOf = [] }: JsonSchema, path: Path): string {
    const wanted = anyOf.map((one) => this.#resolve(one)).filter(({ type }) => type === 'string')
    const [meant] = wanted
    if (meant === undefined || wanted.some((one) => fitsKind(text, one))) return text
    const given = 'what the file holds'
    const must = describeSchema(meant, (one) => this.#resolve(one))
    this.#add(this.#parsed.at([...path, 'file']), `${nameOf(path)} must be ${must}, not ${given}`)
    return text
  }

  /** `undefined` where it cannot be read. */
  #readText(value: Record<string, unknown>, schema: JsonSchema, path: Path): string | undefined {
    const before = this.problems.length
    const { file } = this.#checkMap(value, this.#resolve(schema), path) as { file: string }
    if (this.problems.length > before) return undefined
    try {
      const bytes = readRegularSync(file)
      if (bytes.length > LONGEST_SECRET) throw new Error(`it is larger than ${LONGEST_SECRET} bytes`)
      const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
      return text.replace(/\r?\n$/, '')
    } catch (error) {
      const message = `${nameOf(path)}: cannot read the file ${file}: ${fileProblem(error)}`
      this.#add(this.#parsed.at([...path, 'file']), message)
      return undefined
    }
  }

  /** What was left empty is as if it were not there, unless a map belongs there. */
  #mayBeEmpty(schema: JsonSchema | true): boolean {
    return schema === true || !this.#isMap(schema)
  }

  #isMap(wanted: JsonSchema): boolean {
    const { type, anyOf = [] } = this.#resolve(wanted)
    return type === 'object' || anyOf.some((one) => one.$ref !== FROM_FILE && this.#isMap(one))
  }

  #resolve(schema: JsonSchema): JsonSchema {
    const { $ref, const: only } = schema
    if ($ref !== undefined) return this.#schema.$defs?.[$ref.replace('#/$defs/', '')] ?? {}
    return only === undefined ? schema : { ...schema, enum: [only] }
  }

  #unknown(path: Path, known: readonly string[]): void {
    const key = String(path.at(-1))
    const parent = path.slice(0, -1)
    const place = parent.length === 0 ? '' : ` in ${nameOf(parent)}`
    this.#add(this.#parsed.atKey(path), `unknown key "${key}"${place} (${nameHint(key, known)})`)
  }

  #wrong(value: unknown, schema: JsonSchema, path: Path): undefined {
    const hidden = this.#parsed.isFilled(path)
    const message = `${nameOf(path)} must be ${describeSchema(schema, (one) => this.#resolve(one))}`
    const { choices, text } = shown(value, schema, hidden)
    const near = typeof value === 'string' && !hidden ? nearestName(value, choices) : undefined
    const fix = near === undefined ? '' : ` (did you mean "${near}"?)`
    const given = hidden ? `what ${this.#parsed.writtenAt(path)} stands for` : text
    this.#add(this.#parsed.at(path), `${message}, not ${given}${fix}`)
    return undefined
  }

  #add(where: string, message: string): void {
    this.problems.push({ where, message })
  }
}

/** A wrong value, unless it may be a secret: a text is shown where only certain words, or no texts, belong. */
function shown(value: unknown, schema: JsonSchema, hidden: boolean): { text: string; choices: string[] } {
  const all = schema.enum ?? schema.anyOf?.flatMap((one) => one.enum ?? []) ?? []
  const choices = all.filter((one): one is string => typeof one === 'string')
  const wantsWord =
    all.some((one) => typeof one !== 'boolean') || schema.type === 'number' || schema.type === 'boolean'
  if (!hidden && wantsWord && typeof value !== 'object') return { text: JSON.stringify(value), choices }
  return { text: KINDS[kindOf(value)] ?? 'nothing', choices }
}

const KINDS: Readonly<Record<string, string>> = {
  object: 'a map',
  array: 'a list',
  string: 'this text',
  number: 'a number',
  boolean: 'true or false',
}

/** Maps of the parser have no prototype; those of options do. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([key]) => key !== '__proto__')
  return Object.fromEntries(entries.map(([key, one]) => [key, plain(one)]))
}
