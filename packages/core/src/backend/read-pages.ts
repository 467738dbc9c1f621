/** All of a range, a page at a time. */
import * as keys from './disk/keys.ts'
import type { Entry, KeyRange, OrderedStore } from './ordered-store.ts'
import { PAGE_BYTES } from './ordered-store.ts'

/** Entries that are asked for at a time. */
const PAGE = 1_000

/** In the order of keys. What is behind a page is asked for when that is taken. */
export async function* readPages(
  store: Pick<OrderedStore, 'read'>,
  all: KeyRange,
): AsyncGenerator<readonly Entry[]> {
  for (let range = all; ; ) {
    const page = await store.read(range, PAGE)
    if (page.length === 0) return
    // Whoever takes the page may be done with it when it goes on.
    const { key } = page[page.length - 1]
    const isLast = page.length < PAGE && !isLarge(page)
    yield page
    if (isLast) return
    range = keys.behind(key, all)
  }
}

/** Whether a store may have stopped here. */
function isLarge(page: readonly Entry[]): boolean {
  let bytes = 0
  for (const { value } of page) bytes += value.length
  return bytes >= PAGE_BYTES
}
