import type { Kind } from '../disk/keys.ts'
import * as keys from '../disk/keys.ts'
import type { Entry } from '../ordered-store.ts'
import { readPages } from '../read-pages.ts'
import type { NodePart } from './shared-store.ts'

/** All that a node has of a kind, in the order of keys. */
export async function* readKind(part: Pick<NodePart, 'read'>, kind: Kind): AsyncGenerator<Entry> {
  for await (const page of readPages(part, keys.rangeOf(kind))) yield* page
}
