/** Lists in pages: a page says where the next one begins, and nobody makes a list of all. */
import { Buffer } from 'node:buffer'
import type { Field, JsonSchema } from './http/fields.ts'
import { integer, optional, text, usually } from './http/fields.ts'
import { Problem } from './http/problem.ts'

/** The most of a page. */
const MOST = 1_000
/** So many are looked at for one page at most: a search that finds little answers, and goes on at the next. */
export const EFFORT = 20_000

/** A page of a list. */
export interface Page<T> {
  readonly items: readonly T[]
  /** Where the next one begins: `cursor` of the next request. Absent behind the last. */
  readonly next?: string
}

/** The fields of every request for a page. */
export const PAGE: {
  readonly limit: Field<number>
  readonly cursor: Field<string | undefined>
} = {
  limit: usually(integer({ doc: `The most on a page, ${MOST} at most.`, min: 1, max: MOST }), 100),
  cursor: optional(text({ doc: '`next` of the page before; absent: the first page.', max: 131_072 })),
}

/** The schema of a page of these. */
export function pageOf(item: JsonSchema): JsonSchema {
  return {
    type: 'object',
    properties: {
      items: { type: 'array', items: item },
      next: { type: 'string', description: 'Where the next page begins; absent behind the last.' },
    },
    required: ['items'],
  }
}

/** Where a page begins, as its reader gets it: nobody is to look into it. */
export function cursorOf(place: unknown): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url')
}

/**
 * What {@link cursorOf} was given.
 * @param isPlace Whether it is one of this list.
 * @throws Problem `bad-request`
 */
export function placeOfCursor<T>(
  cursor: string | undefined,
  isPlace: (place: unknown) => place is T,
): T | undefined {
  if (cursor === undefined) return undefined
  let place: unknown
  try {
    place = JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    place = undefined
  }
  if (isPlace(place)) return place
  throw new Problem('bad-request', 'query: "cursor" is not one of this list: give "next" of the page before')
}

/** Of a list that is sorted by one text. */
export function isText(place: unknown): place is string {
  return typeof place === 'string'
}

/** Of a list whose places are counted. */
export function isCount(place: unknown): place is number {
  return Number.isSafeInteger(place) && (place as number) >= 0
}
