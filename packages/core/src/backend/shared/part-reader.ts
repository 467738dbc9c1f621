import type { Kind } from '../disk/keys.ts'
import * as keys from '../disk/keys.ts'
import type { Entry, KeyRange } from '../ordered-store.ts'
import type { NodePart } from './shared-store.ts'

/** Entries that are read at a time. */
const PAGE = 1_000

/** All that a node has of a kind, in the order of keys. */
export async function* readKind(part: Pick<NodePart, 'read'>, kind: Kind): AsyncGenerator<Entry> {
  let range: KeyRange | undefined = keys.rangeOf(kind)
  while (range !== undefined) {
    const page: readonly Entry[] = await part.read(range, PAGE)
    yield* page
    range = page.length < PAGE ? undefined : keys.behind(page[page.length - 1].key, range)
  }
}
