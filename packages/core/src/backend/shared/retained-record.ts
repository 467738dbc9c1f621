/** What the shared store has of retained messages: a value of the map for each topic, and notes of what changed in the feed. */
import { Buffer } from 'node:buffer'
import { StackError } from '../../errors/index.ts'
import { FieldReader, FieldWriter } from '../disk/fields.ts'
import type { StoredRetained } from '../disk/records.ts'
import { readRetained, writeRetained } from '../disk/records.ts'

/** The format of values and entries: their first byte. */
const FORMAT = 1

/** A value of the map. */
export interface MapValue {
  /** Which message it is: no two have the same. */
  readonly tag: string
  readonly stored: StoredRetained
}

export function writeValue({ tag, stored }: MapValue): Uint8Array {
  // One record is done before the next begins.
  const message = writeRetained(stored)
  return new FieldWriter().byte(FORMAT).text(tag).bytes(message).done()
}

/** @throws StackError `STORE_FORMAT`, `STORE_DAMAGED`. */
export function readValue(bytes: Uint8Array): MapValue {
  return reading(bytes, (fields) => ({ tag: fields.text() ?? '', stored: readRetained(fields.bytes()) }))
}

/** What changed. */
export type Note =
  /** The topic has this message now. */
  | { readonly kind: 'put'; readonly value: Uint8Array }
  /** The topic has none any more, whatever it had. */
  | { readonly kind: 'clear'; readonly topic: string }
  /** The topic has this message no more. If it has another by now the map has lost that: who wrote this mends it. */
  | { readonly kind: 'drop'; readonly topic: string; readonly tag: string; readonly by: string }
  /** The map has this message again, if the topic still has it. */
  | { readonly kind: 'mend'; readonly topic: string; readonly tag: string; readonly by: string }

const KINDS = ['put', 'clear', 'drop', 'mend'] as const

/** An entry of the feed. */
export function writeNotes(notes: readonly Note[]): Uint8Array {
  const fields = new FieldWriter().byte(FORMAT).number(notes.length)
  for (const note of notes) {
    fields.byte(KINDS.indexOf(note.kind))
    if (note.kind === 'put') fields.bytes(note.value)
    else fields.text(note.topic)
    if (note.kind === 'drop' || note.kind === 'mend') fields.text(note.tag).text(note.by)
  }
  return fields.done()
}

/** @throws StackError `STORE_FORMAT`, `STORE_DAMAGED`. */
export function readNotes(bytes: Uint8Array): Note[] {
  return reading(bytes, (fields) => {
    const notes: Note[] = []
    const count = fields.number()
    while (notes.length < count) notes.push(readNote(fields))
    return notes
  })
}

function readNote(fields: FieldReader): Note {
  const kind = KINDS[fields.byte()]
  if (kind === undefined) throw new StackError('STORE_DAMAGED', 'a note of a retained message is of no kind')
  if (kind === 'put') return { kind, value: fields.bytes() }
  const topic = fields.text() ?? ''
  if (kind === 'clear') return { kind, topic }
  return { kind, topic, tag: fields.text() ?? '', by: fields.text() ?? '' }
}

function reading<T>(bytes: Uint8Array, read: (fields: FieldReader) => T): T {
  let format: number
  try {
    const fields = new FieldReader(bytes)
    format = fields.byte()
    if (format === FORMAT) return read(fields)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new StackError('STORE_DAMAGED', `a retained message of the service cannot be read: ${reason}`, {
      cause,
    })
  }
  throw new StackError(
    'STORE_FORMAT',
    `the service holds retained messages of format ${format}, and this version knows ${FORMAT}`,
  )
}

/** The same error, and under which key the message is that cannot be read. */
export function unreadable(key: Uint8Array, cause: StackError): StackError {
  const name = JSON.stringify(Buffer.from(key).toString('latin1'))
  return new StackError(
    cause.code,
    `${cause.message}; it is under the key ${name} of the retained messages: where nobody of yours wrote it, take it away`,
    { cause },
  )
}
