import { Buffer } from 'node:buffer'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** Stands in the buffer of a socket that is to read no further: the runtime would read one more chunk into it. */
const FILLING = Buffer.alloc(65_536)

/** Nothing more is read before the stream is resumed. Answers how many bytes come before what the client sent. */
export function fill(stream: Duplex): number {
  if (!(stream instanceof Socket)) return 0
  stream.unshift(FILLING)
  return FILLING.length
}
