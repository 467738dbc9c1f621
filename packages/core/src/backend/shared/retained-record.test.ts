import { describe, expect, it } from 'vitest'
import type { Note } from './retained-record.ts'
import { readNotes, readValue, writeNotes, writeValue } from './retained-record.ts'

const STORED = {
  topic: 'a/ü',
  owner: 'someone',
  messageId: 12.5,
  expiresAt: 0,
  publisher: { clientId: 'c', identity: undefined },
  message: Buffer.from('message'),
}

describe('retained messages in the store of a service', () => {
  it('are read as they were written', () => {
    expect(readValue(writeValue({ tag: 'n.1', stored: STORED }))).toEqual({ tag: 'n.1', stored: STORED })
    const notes: Note[] = [
      { kind: 'put', value: Buffer.from('value') },
      { kind: 'clear', topic: 't' },
      { kind: 'drop', topic: 't', tag: 'n.1', by: 'n' },
      { kind: 'mend', topic: '', tag: 'n.2', by: 'm' },
    ]
    expect(readNotes(writeNotes(notes))).toEqual(notes)
    expect(readNotes(writeNotes([]))).toEqual([])
  })

  it.each([
    ['nothing', [], 'a retained message of the service cannot be read: a record of 0 bytes is cut off'],
    [
      'a note of no kind',
      [1, ...numberBytes(1), 9],
      'a retained message of the service cannot be read: a note of a retained message is of no kind',
    ],
    [
      'notes that are cut off',
      [1, ...numberBytes(2), 1, 0, 0, 0, 1, 0x61],
      'a retained message of the service cannot be read',
    ],
  ])('are refused with STORE_DAMAGED where there is %s', (_what, bytes, message) => {
    const read = (): unknown => readNotes(Uint8Array.from(bytes))
    expect(read).toThrow(expect.objectContaining({ code: 'STORE_DAMAGED' }))
    expect(read).toThrow(message)
  })
})

function numberBytes(value: number): number[] {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(value)
  return [...bytes]
}
