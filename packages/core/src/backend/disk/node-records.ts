/** What a node of a service keeps of others, as bytes and back. */
import { FieldReader, FieldWriter } from './fields.ts'

/** How far an inbox is applied. */
export function writePosition(position: string): Uint8Array {
  return new FieldWriter().text(position).done()
}

export function readPosition(value: Uint8Array): string {
  return new FieldReader(value).text() ?? ''
}

/** The last entry of another node that was applied. */
export interface StoredOrigin {
  readonly node: string
  readonly seq: number
}

export function writeOrigin({ node, seq }: StoredOrigin): Uint8Array {
  return new FieldWriter().text(node).number(seq).done()
}

export function readOrigin(value: Uint8Array): StoredOrigin {
  const fields = new FieldReader(value)
  return { node: fields.text() ?? '', seq: fields.number() }
}

/** A message that is to come to other nodes exactly once: kept until it is in their inboxes. */
export interface StoredIntent {
  readonly id: number
  /** What goes where, in the entry of which number. */
  readonly targets: readonly { readonly node: string; readonly seq: number; readonly frame: Uint8Array }[]
}

export function writeIntent({ targets }: Omit<StoredIntent, 'id'>): Uint8Array {
  // Most targets get the same.
  const frames = [...new Set(targets.map(({ frame }) => frame))]
  const fields = new FieldWriter().number(frames.length)
  for (const frame of frames) fields.bytes(frame)
  fields.number(targets.length)
  for (const { node, seq, frame } of targets) fields.text(node).number(seq).number(frames.indexOf(frame))
  return fields.done()
}

export function readIntent(id: number, value: Uint8Array): StoredIntent {
  const fields = new FieldReader(value)
  const frames = Array.from({ length: fields.number() }, () => fields.bytes())
  const targets = Array.from({ length: fields.number() }, () => {
    const node = fields.text() ?? ''
    return { node, seq: fields.number(), frame: frames[fields.number()] }
  })
  return { id, targets }
}
