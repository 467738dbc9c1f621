/** Where one frame lies in the buffer: `first` is its first byte, `start` to `end` what follows the length. */
export interface FrameSink {
  frame(buffer: Buffer, first: number, start: number, end: number): void
}

/**
 * Hands every whole frame between `start` and `end` to the sink and returns where the first incomplete one
 * begins. Nothing is allocated: a load that parses millions of frames a second must not feed the collector.
 */
export function splitFrames(buffer: Buffer, start: number, end: number, sink: FrameSink): number {
  let at = start
  while (at + 1 < end) {
    let cursor = at + 1
    let byte = buffer[cursor++]
    let length = byte & 127
    for (let shift = 7; byte > 127; shift += 7) {
      if (shift > 21) throw new Error('a frame with a length of more than four bytes')
      if (cursor === end) return at
      byte = buffer[cursor++]
      length += (byte & 127) << shift
    }
    if (cursor + length > end) return at
    sink.frame(buffer, buffer[at], cursor, cursor + length)
    at = cursor + length
  }
  return at
}
