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

/** Keys and values in turn. */
export function entriesIn(reply: unknown): Entry[] {
  const flat = reply as readonly Uint8Array[]
  const entries: Entry[] = []
  for (let i = 0; i < flat.length; i += 2) entries.push({ key: flat[i], value: flat[i + 1] })
  return entries
}
