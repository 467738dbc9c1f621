import type { Change, Entry } from '@mqtt-stack/core/backend'
import type { Argument } from './link.ts'

/** Changes as arguments of a script: runs of removals (`R`, how many, keys) and of others (`S`, how many, keys and values in turn). */
export function argumentsOf(batch: readonly Change[]): Argument[] {
  const args: Argument[] = []
  for (let first = 0; first < batch.length; ) {
    const removes = batch[first].value === undefined
    const count = args.push(removes ? 'R' : 'S', 0) - 1
    let next = first
    for (; next < batch.length && (batch[next].value === undefined) === removes; next++) {
      const { key, value } = batch[next]
      args.push(key)
      if (value !== undefined) args.push(value)
    }
    args[count] = next - first
    first = next
  }
  return args
}

const NOTHING = new Uint8Array(0)

/** Keys and values in turn. */
export function entriesIn(reply: unknown): Entry[] {
  // Where somebody else has taken a value away, there are no bytes.
  const flat = reply as readonly (Uint8Array | null)[]
  const entries: Entry[] = []
  for (let i = 0; i < flat.length; i += 2)
    entries.push({ key: flat[i] ?? NOTHING, value: flat[i + 1] ?? NOTHING })
  return entries
}
