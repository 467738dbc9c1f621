/** What a request may say, as tables: read and checked by them, and printed into `/openapi.json`. */
import { nameHint } from '@mqtt-stack/core'
import { isSendable } from '../sendable.ts'
import { Problem } from './problem.ts'

export type JsonSchema = Readonly<Record<string, unknown>>

/** One value of a request. */
export interface Field<T> {
  readonly schema: JsonSchema
  /** One line for the documentation. */
  readonly doc: string
  /** It must be said. */
  readonly required: boolean
  /**
   * @param value As it was said: text in a query, anything in a body; `undefined` where it was not.
   * @param where Names it in the refusal.
   * @throws Problem `bad-request`
   */
  read(value: unknown, where: string): T
}

/** Values by their names. */
export type Fields = Readonly<Record<string, Field<unknown>>>

/** What a handler is given of fields. */
export type Read<F extends Fields> = {
  readonly [Name in keyof F]: F[Name] extends Field<infer T> ? T : never
}

interface TextRules {
  readonly doc: string
  /** The fewest characters; 1 by default. */
  readonly min?: number
  /** The most characters; 1,024 by default. */
  readonly max?: number
  readonly example?: string
  /** It may hold U+0000: what is no text of MQTT, and no name. */
  readonly raw?: boolean
}

/** A text that must be said. */
export function text({ doc, min = 1, max = 1_024, example, raw = false }: TextRules): Field<string> {
  const schema = { type: 'string', minLength: min, maxLength: max, ...(example !== undefined && { example }) }
  return {
    schema,
    doc,
    required: true,
    read(value, where) {
      const length = typeof value === 'string' ? value.length : -1
      if (length < min || length > max) throw wrong(where, `a text of ${min} to ${max} characters`, value)
      if (!raw && !isSendable(value as string))
        throw wrong(where, 'a text without U+0000 and halves of characters', escaped(value as string))
      return value as string
    },
  }
}

/** A whole number that must be said. */
export function integer(rules: {
  readonly doc: string
  readonly min: number
  readonly max: number
}): Field<number> {
  const { doc, min, max } = rules
  return {
    schema: { type: 'integer', minimum: min, maximum: max },
    doc,
    required: true,
    read(value, where) {
      const number = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value
      if (!Number.isInteger(number) || (number as number) < min || (number as number) > max)
        throw wrong(where, `a whole number from ${min} to ${max}`, value)
      return number as number
    },
  }
}

/** Yes or no. */
export function flag({ doc }: { readonly doc: string }): Field<boolean> {
  return {
    schema: { type: 'boolean' },
    doc,
    required: true,
    read(value, where) {
      if (value === true || value === 'true') return true
      if (value === false || value === 'false') return false
      throw wrong(where, 'true or false', value)
    },
  }
}

/** One of some words. */
export function choice<const T extends string | number>(
  choices: readonly T[],
  { doc }: { readonly doc: string },
): Field<T> {
  return {
    schema: { enum: choices },
    doc,
    required: true,
    read(value, where) {
      const found = choices.find(
        (one) => one === value || (typeof value === 'string' && String(one) === value),
      )
      if (found === undefined) throw wrong(where, `one of ${choices.join(', ')}`, value)
      return found
    },
  }
}

/** A list, in a body alone. */
export function list<T>(
  item: Field<T>,
  { doc, max }: { readonly doc: string; readonly max: number },
): Field<readonly T[]> {
  return {
    schema: { type: 'array', items: item.schema, maxItems: max },
    doc,
    required: true,
    read(value, where) {
      if (!Array.isArray(value) || value.length > max) throw wrong(where, `a list of at most ${max}`, value)
      return value.map((one, i) => item.read(one, `${where}[${i}]`))
    },
  }
}

/** An object that somebody else checks. */
export function map({ doc }: { readonly doc: string }): Field<Readonly<Record<string, unknown>>> {
  return {
    schema: { type: 'object' },
    doc,
    required: true,
    read(value, where) {
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        throw wrong(where, 'an object', value)
      return value as Readonly<Record<string, unknown>>
    },
  }
}

/** A field that may be left out. */
export function optional<T>(field: Field<T>): Field<T | undefined> {
  return {
    ...field,
    required: false,
    read: (value, where) => (value === undefined ? undefined : field.read(value, where)),
  }
}

/** A field that may be left out, and what holds then. */
export function usually<T>(field: Field<T>, usual: NoInfer<T>): Field<T> {
  return {
    ...field,
    schema: { ...field.schema, default: usual },
    required: false,
    read: (value, where) => (value === undefined ? usual : field.read(value, where)),
  }
}

/**
 * Reads what was said; what no field is for is refused.
 * @param place `query`, `body`, `path`: names the part of the request.
 * @throws Problem `bad-request`
 */
export function readFields<F extends Fields>(
  fields: F,
  said: Readonly<Record<string, unknown>>,
  place: string,
): Read<F> {
  const names = Object.keys(fields)
  for (const name of Object.keys(said)) {
    if (Object.hasOwn(fields, name)) continue
    throw new Problem('bad-request', `${place}: there is no "${show(name)}" (${nameHint(name, names)})`)
  }
  const read = names.map((name) => {
    const field = fields[name] as Field<unknown>
    const value = Object.hasOwn(said, name) ? said[name] : undefined
    if (value === undefined && field.required)
      throw new Problem('bad-request', `${place}: "${name}" is missing: ${field.doc}`)
    return [name, field.read(value, `${place}: "${name}"`)]
  })
  return Object.fromEntries(read) as Read<F>
}

/** The schema of an object with these fields. */
export function schemaOf(fields: Fields): JsonSchema {
  const entries = Object.entries(fields)
  const required = entries.filter(([, field]) => field.required).map(([name]) => name)
  return {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(
      entries.map(([name, { schema, doc }]) => [name, { ...schema, description: doc }]),
    ),
    ...(required.length > 0 && { required }),
  }
}

function wrong(where: string, wanted: string, value: unknown): Problem {
  return new Problem('bad-request', `${where} must be ${wanted}, not ${show(value)}`)
}

function escaped(value: string): string {
  return JSON.stringify(value).slice(1, -1)
}

/** Shown shortened: it may be anything, and nested deeper than can be written down. */
function show(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? '[]' : 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  const shown = typeof value === 'string' ? value : String(value)
  return shown.length > 60 ? `${shown.slice(0, 60)}…` : shown
}
