import { Buffer } from 'node:buffer'
import type { Duplex } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { settle } from './settle.ts'
import { streamPair } from './stream-pair.ts'

/** Notes what happens to a stream. */
function watch(stream: Duplex): string[] {
  const events: string[] = []
  stream.on('data', (chunk: Buffer) => events.push(`data ${chunk.toString()}`))
  for (const event of ['end', 'finish', 'close']) stream.on(event, () => events.push(event))
  stream.on('error', (error: NodeJS.ErrnoException) => events.push(`error ${error.code ?? error.message}`))
  return events
}

describe('streamPair', () => {
  it('carries what is written to the other side, in order and in a later turn', async () => {
    const [a, b] = streamPair()
    const events = watch(b)
    a.write('one')
    a.write('two')
    a.write('three')
    expect(events).toEqual([])
    await settle()
    expect(events).toEqual(['data one', 'data two', 'data three'])
  })

  it('carries both ways', async () => {
    const [a, b] = streamPair()
    const events = watch(a)
    b.write('back')
    await settle()
    expect(events).toEqual(['data back'])
  })

  it('copies: a buffer may be used again once its write was called back, and not before', async () => {
    const [a, b] = streamPair()
    const chunks: Buffer[] = []
    b.on('data', (chunk: Buffer) => chunks.push(chunk))
    const buffer = Buffer.from('good')
    a.write(buffer, () => buffer.fill('x'))
    await settle()
    a.write(buffer)
    buffer.write('soon')
    await settle()
    expect(chunks.map(String)).toEqual(['good', 'soon'])
  })

  it('holds a writer back whose other side does not read', async () => {
    const [a, b] = streamPair({ highWaterMark: 100 })
    let called = 0
    for (let i = 0; i < 10; i++) a.write(Buffer.alloc(50), () => called++)
    await settle()
    expect(a.writableNeedDrain).toBe(true)
    expect(called).toBeLessThan(10)
    expect(a.writableLength).toBeGreaterThanOrEqual(100)
    expect(b.readableLength).toBeLessThanOrEqual(150)
    b.resume()
    await settle()
    expect(called).toBe(10)
    expect(a.writableLength).toBe(0)
  })

  it('holds a writer back while the other side is paused', async () => {
    const [a, b] = streamPair({ highWaterMark: 10 })
    const events = watch(b)
    b.pause()
    a.write('0123456789')
    a.write('waits')
    await settle()
    expect(events).toEqual([])
    expect(a.writableLength).toBe(5)
    b.resume()
    await settle()
    expect(events).toEqual(['data 0123456789', 'data waits'])
    expect(a.writableLength).toBe(0)
  })

  it('gives nothing to a frozen side until it is thawed', async () => {
    const [a, b] = streamPair()
    const events = watch(b)
    b.freeze()
    a.write('late')
    await settle()
    expect(events).toEqual([])
    expect(a.writableLength).toBe(4)
    b.thaw()
    await settle()
    expect(events).toEqual(['data late'])
    expect(a.writableLength).toBe(0)
  })

  it('writes corked chunks in one go', async () => {
    const [a, b] = streamPair()
    const events = watch(b)
    a.cork()
    a.write('one')
    a.write('two')
    await settle()
    expect(events).toEqual([])
    a.uncork()
    await settle()
    expect(events).toEqual(['data one', 'data two'])
  })

  it('end() ends both sides, after all that was written', async () => {
    const [a, b] = streamPair()
    const [atA, atB] = [watch(a), watch(b)]
    a.end('last words')
    await settle()
    expect(atB).toEqual(['data last words', 'end', 'finish', 'close'])
    expect(atA).toEqual(['finish', 'end', 'close'])
  })

  it('lets the other side say its last words after the end', async () => {
    const [a, b] = streamPair()
    const atA = watch(a)
    b.resume()
    b.once('end', () => b.write('goodbye'))
    a.end()
    await settle()
    expect(atA).toEqual(['finish', 'data goodbye', 'end', 'close'])
  })

  it('destroy() closes both sides', async () => {
    const [a, b] = streamPair()
    const [atA, atB] = [watch(a), watch(b)]
    a.destroy()
    await settle()
    expect(atA).toEqual(['close'])
    expect(atB).toEqual(['end', 'finish', 'close'])
  })

  it('tells a paused side of the end only behind what it has not read', async () => {
    const [a, b] = streamPair()
    const events = watch(b)
    b.pause()
    a.write('before')
    await settle()
    a.destroy()
    await settle()
    expect(events).toEqual([])
    b.resume()
    await settle()
    expect(events).toEqual(['data before', 'end', 'finish', 'close'])
  })

  it('closes a frozen side when the other is destroyed', async () => {
    const [a, b] = streamPair()
    const events = watch(b)
    b.freeze()
    a.write('never seen')
    await settle()
    a.destroy()
    await settle()
    expect(events).toEqual(['close'])
  })

  it('fails writes under way, and later ones, when the other side is gone', async () => {
    const [a, b] = streamPair()
    const events = watch(a)
    b.freeze()
    const errors: unknown[] = []
    a.write('under way', (error) => errors.push((error as NodeJS.ErrnoException).code))
    await settle()
    b.destroy()
    await settle()
    expect(errors).toEqual(['ECONNRESET'])
    expect(events).toContain('error ECONNRESET')
    expect(events.at(-1)).toBe('close')
  })

  it('fails a write to a side that is closed with EPIPE', async () => {
    const [a, b] = streamPair()
    const events = watch(a)
    a.pause()
    b.destroy()
    await settle()
    a.write('too late')
    await settle()
    expect(events).toEqual(['error EPIPE', 'close'])
  })

  it('reset() closes this side and breaks the other with an error', async () => {
    const [a, b] = streamPair()
    const [atA, atB] = [watch(a), watch(b)]
    a.write('lost')
    a.reset()
    await settle()
    expect(atA).toEqual(['close'])
    expect(atB).toEqual(['error ECONNRESET', 'close'])
  })

  it('reset() takes an error of the user’s own', async () => {
    const [a, b] = streamPair()
    const events = watch(b)
    a.reset(new Error('cable cut'))
    await settle()
    expect(events).toEqual(['error cable cut', 'close'])
  })

  it('closes by itself when both sides have ended', async () => {
    const [a, b] = streamPair()
    const events = watch(b)
    a.resume()
    a.end()
    b.end()
    await settle()
    expect(events.at(-1)).toBe('close')
    expect([a.destroyed, b.destroyed]).toEqual([true, true])
  })
})
