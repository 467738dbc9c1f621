/** Fields of frames, and what is said of those that are none. */
import { StackError } from '../../errors/index.ts'
import type { FieldReader } from '../disk/fields.ts'

export function readFlag(fields: FieldReader): boolean {
  const value = fields.byte()
  if (value > 1) throw damaged(`a flag of ${value}`)
  return value === 1
}

/** The bytes bound how long it can be: each item reads some. */
export function readList<Item>(fields: FieldReader, read: () => Item): Item[] {
  const count = fields.number()
  if (!Number.isInteger(count) || count < 0) throw damaged(`a list of ${count}`)
  const items: Item[] = []
  for (let i = 0; i < count; i++) items.push(read())
  return items
}

/** Bytes that no node of this version sent. */
export function damaged(what: string): StackError {
  return new StackError('STORE_DAMAGED', `another node sent ${what}`)
}
