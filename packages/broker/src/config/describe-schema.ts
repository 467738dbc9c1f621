/** What a schema allows, in words. */
import type { JsonSchema } from './json-schema.ts'

/** The kind of a value, as schemas name it. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

/** Whether kind, choices, range and pattern are right; what is inside a map or a list is looked at elsewhere. */
export function fitsKind(value: unknown, schema: JsonSchema): boolean {
  const { type, enum: choices, minimum = -Infinity, maximum = Infinity, minLength = 0, pattern } = schema
  if (choices !== undefined) return choices.includes(value)
  if (type === undefined) return true
  const kind = kindOf(value)
  if (type === 'integer') return Number.isInteger(value) && inRange(value as number, minimum, maximum)
  if (type !== kind) return false
  if (kind === 'number') return inRange(value as number, minimum, maximum)
  if (kind === 'string' && (value as string).length < minLength) return false
  return pattern === undefined || new RegExp(pattern, 'u').test(value as string)
}

/** `a number from 1 to 10`; `one of "error", "warn"`; `a map or false`. */
export function describeSchema(schema: JsonSchema, resolve: (schema: JsonSchema) => JsonSchema): string {
  if (schema.anyOf !== undefined) {
    const all = schema.anyOf.map((one) => describeSchema(resolve(one), resolve))
    return [...new Set(all)].join(' or ')
  }
  if (schema.enum !== undefined) {
    const all = schema.enum.map((one) => JSON.stringify(one)).join(', ')
    return schema.enum.length === 1 ? all : `one of ${all}`
  }
  switch (schema.type) {
    case 'object':
      return schema.title ?? 'a map'
    case 'array':
      return `a list of ${LISTED[resolve(schema.items ?? {}).type ?? ''] ?? 'values'}`
    case 'string':
      return schema.title ?? (schema.format === 'path' ? 'a path' : textOfLength(schema))
    case 'boolean':
      return 'true or false'
    case 'number':
      return `a number${rangeOf(schema)}`
    case 'integer':
      return `a whole number${rangeOf(schema)}`
    default:
      return 'a value'
  }
}

function textOfLength({ minLength = 0 }: JsonSchema): string {
  if (minLength === 0) return 'text'
  return minLength === 1 ? 'text that is not empty' : `text of ${minLength} characters or more`
}

const LISTED: Readonly<Record<string, string>> = { object: 'maps', string: 'texts', number: 'numbers' }

function rangeOf({ minimum, maximum }: JsonSchema): string {
  if (minimum === undefined) return maximum === undefined ? '' : ` of at most ${maximum}`
  return maximum === undefined ? ` of at least ${minimum}` : ` from ${minimum} to ${maximum}`
}

function inRange(value: number, minimum: number, maximum: number): boolean {
  return !Number.isNaN(value) && value >= minimum && value <= maximum
}
