/** The part of JSON Schema (2020-12) that our schemas are made of, and what it says of a value. */

export interface JsonSchema {
  readonly $schema?: string
  readonly $id?: string
  readonly title?: string
  readonly description?: string
  readonly type?: 'object' | 'array' | 'string' | 'number' | 'integer' | 'boolean'
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: false
  readonly items?: JsonSchema
  readonly maxItems?: number
  readonly enum?: readonly (string | number)[]
  readonly minimum?: number
  readonly minLength?: number
  readonly maxLength?: number
  /** With the flag `u`. */
  readonly pattern?: string
}

/** What is wrong with a value, in words, such as `"result" must be one of "allow", "deny"`; undefined: nothing. */
export function problemOf(value: unknown, schema: JsonSchema, at = ''): string | undefined {
  const name = at === '' ? 'it' : JSON.stringify(at)
  if (schema.enum !== undefined) {
    if ((schema.enum as readonly unknown[]).includes(value)) return undefined
    return `${name} must be one of ${schema.enum.map((one) => JSON.stringify(one)).join(', ')}`
  }
  if (!isOfType(value, schema.type)) return `${name} must be ${NAMES[schema.type ?? 'object']}`
  if (typeof value === 'string') return problemOfText(value, schema, name)
  if (typeof value === 'number' && value < (schema.minimum ?? value))
    return `${name} must be at least ${schema.minimum}`
  if (Array.isArray(value)) return problemOfList(value, schema, at, name)
  return typeof value === 'object' ? problemOfObject(value as object, schema, at) : undefined
}

const NAMES: Readonly<Record<NonNullable<JsonSchema['type']>, string>> = {
  object: 'an object',
  array: 'a list',
  string: 'a string',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
}

function isOfType(value: unknown, type: JsonSchema['type']): boolean {
  if (type === 'array') return Array.isArray(value)
  if (type === 'integer') return Number.isInteger(value)
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value)
  return type === undefined || typeof value === type
}

function problemOfText(text: string, schema: JsonSchema, name: string): string | undefined {
  const { minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern } = schema
  // The standard counts characters, not the units of UTF-16.
  const length = text.length <= maxLength && text.length > minLength ? text.length : [...text].length
  if (length < minLength) return `${name} must have at least ${minLength} characters`
  if (length > maxLength) return `${name} must have at most ${maxLength} characters`
  if (pattern === undefined || new RegExp(pattern, 'u').test(text)) return undefined
  return `${name} must match ${pattern}`
}

function problemOfList(
  list: readonly unknown[],
  { items, maxItems = Number.POSITIVE_INFINITY }: JsonSchema,
  at: string,
  name: string,
): string | undefined {
  if (list.length > maxItems) return `${name} must have at most ${maxItems} items`
  if (items === undefined) return undefined
  for (const [i, item] of list.entries()) {
    const problem = problemOf(item, items, `${at}[${i}]`)
    if (problem !== undefined) return problem
  }
  return undefined
}

function problemOfObject(
  value: object,
  { properties = {}, required = [], additionalProperties }: JsonSchema,
  at: string,
): string | undefined {
  const path = (key: string): string => (at === '' ? key : `${at}.${key}`)
  for (const key of required) if (!Object.hasOwn(value, key)) return `${JSON.stringify(path(key))} is missing`
  for (const [key, member] of Object.entries(value)) {
    const known = Object.hasOwn(properties, key) ? properties[key] : undefined
    if (known === undefined && additionalProperties === false)
      return `${JSON.stringify(path(key).slice(0, 64))} is not known (known: ${Object.keys(properties).join(', ')})`
    const problem = known && problemOf(member, known, path(key))
    if (problem !== undefined) return problem
  }
  return undefined
}
