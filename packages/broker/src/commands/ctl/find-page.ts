/** One entry of a list that comes in pages. */
import type { AdminClient, Query } from './admin-client.ts'

interface Page<T> {
  readonly items: readonly T[]
  readonly next?: string
}

/** The most that the API has on a page. */
const LARGEST = 1_000

/** The page that holds what `wanted` says yes to first; the last one where none does. */
export async function findPage<T, P extends Page<T>>(
  admin: AdminClient,
  path: string,
  query: Query,
  wanted: (item: T) => boolean,
): Promise<P> {
  let cursor: string | undefined
  for (;;) {
    const page = await admin.ask<P>('GET', path, { ...query, limit: LARGEST, cursor })
    if (page.next === undefined || page.items.some(wanted)) return page
    cursor = page.next
  }
}
