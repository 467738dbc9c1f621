import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { publish } from './encode.ts'
import { splitFrames } from './frames.ts'

function collect(bytes: Buffer, start = 0, end: number = bytes.length): { frames: string[]; rest: number } {
  const frames: string[] = []
  const rest = splitFrames(bytes, start, end, {
    frame: (buffer, first, from, to) => void frames.push(`${first}:${buffer.toString('latin1', from, to)}`),
  })
  return { frames, rest }
}

describe('splitFrames', () => {
  const small = publish({ topic: 't', payload: Buffer.from('one') })
  const large = publish({ topic: 't', payload: Buffer.alloc(20_000, 0x61) })
  const stream = Buffer.concat([small, large, Buffer.from([0xd0, 0]), small])

  it('hands over every frame, in order', () => {
    const { frames, rest } = collect(stream)
    expect(frames.map((frame) => frame.length)).toEqual([9, 20_006, 4, 9])
    expect(frames[2]).toBe('208:')
    expect(rest).toBe(stream.length)
  })

  it('stops before an incomplete frame, wherever it is cut', () => {
    const cuts = [
      0,
      1,
      2,
      small.length - 1,
      small.length + 1,
      small.length + 2,
      small.length + 3,
      stream.length - 1,
    ]
    for (const cut of cuts) {
      const first = collect(stream, 0, cut)
      const second = collect(stream, first.rest)
      expect([...first.frames, ...second.frames]).toEqual(collect(stream).frames)
    }
  })

  it('refuses a length of five bytes', () => {
    expect(() => collect(Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 1]))).toThrow('length')
  })
})
