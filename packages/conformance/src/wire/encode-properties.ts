/** Properties of MQTT 5.0 as bytes. */
import type { Buffer } from 'node:buffer'
import { byte, field, four, join, two, variable } from './bytes.ts'
import type { Properties, PropertyName } from './properties.ts'
import { PROPERTIES } from './properties.ts'

/** Properties by name, or, for wrong ones, their bytes without the length before them. */
export type PropertyInput = Properties | Uint8Array

/** One property, identifier and value. */
export function property(name: PropertyName, value: unknown): Buffer {
  const { id, kind } = PROPERTIES[name]
  const start = variable(id)
  switch (kind) {
    case 'byte':
      return join(start, byte(value as number))
    case 'two':
      return join(start, two(value as number))
    case 'four':
      return join(start, four(value as number))
    case 'variable':
      return join(start, variable(value as number))
    case 'pair': {
      const [key, text] = value as readonly [string, string]
      return join(start, field(key), field(text))
    }
    default:
      return join(start, field(value as string | Uint8Array))
  }
}

/** A packet's properties behind their length. */
export function properties(input: PropertyInput = {}): Buffer {
  const bytes = input instanceof Uint8Array ? input : join(...listed(input))
  return join(variable(bytes.length), bytes)
}

function listed(input: Properties): Buffer[] {
  return Object.entries(input).flatMap(([key, value]) => {
    const name = key as PropertyName
    if (value === undefined) return []
    const many = name === 'userProperty' || name === 'subscriptionIdentifier'
    return (many ? (value as unknown[]) : [value]).map((one) => property(name, one))
  })
}
