import { Buffer } from 'node:buffer'
import type { Kind } from '../disk/keys.ts'
import { KIND } from '../disk/keys.ts'
import type { KeyRange } from '../ordered-store.ts'
import { MAX_KEY_BYTES } from '../ordered-store.ts'
import { readPages } from '../read-pages.ts'
import { decodeEntry } from './entry.ts'
import type { SharedStore } from './shared-store.ts'

/** What a node keeps for itself: nobody misses it where there is nothing else. */
const OWN: ReadonlySet<number> = new Set<Kind>([KIND.format, KIND.counters, KIND.position, KIND.origin])
const ALL: KeyRange = { from: Buffer.alloc(0), to: Buffer.alloc(MAX_KEY_BYTES + 1, 0xff) }
/** Entries of the inbox that are asked for at a time. */
const PAGE = 1_000
/** Others may send meanwhile, until they know. */
const TRIES = 5

/**
 * A node that stops and has nothing that another one would take over goes, and leaves nothing in the store. Where some node is dead it stays, for
 * that one may have meant to send something here: who adopts both sees to it.
 * @param received What others sent is applied up to here.
 */
export async function leaveNothing(store: SharedStore, received: string): Promise<void> {
  const nodes = await store.nodes()
  if (nodes.some(({ node, alive }) => !alive && node !== store.node)) return
  for await (const entries of readPages(store, ALL)) if (entries.some(({ key }) => !OWN.has(key[0]))) return
  for (let tries = 0; tries < TRIES && !(await store.leave(received)); tries++) {
    const entries = await store.receive(received, PAGE)
    if (entries.some(({ bytes }) => isMissed(bytes))) return
    received = entries.at(-1)?.position ?? received
  }
}

/** Messages for groups find another member where they are read, and wills are published; all else is for sessions, and there is none. */
function isMissed(bytes: Uint8Array): boolean {
  try {
    return decodeEntry(bytes).frames.some(
      (frame) =>
        frame.kind === 'group' ||
        frame.kind === 'will' ||
        (frame.kind === 'message' && frame.groups.length > 0),
    )
  } catch {
    // Nobody could ever apply it.
    return false
  }
}
