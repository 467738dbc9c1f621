import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { getHeapStatistics } from 'node:v8'
import { describe, expect, it } from 'vitest'
import { collectLeftovers, keepHeapRoom, roomPercent } from './heap-room.ts'

const run = promisify(execFile)
const MIB = 1_048_576

describe('heap room', () => {
  it('gives a small heap 32 MiB to grow', () => {
    expect(roomPercent(16 * MIB, 4096 * MIB)).toBe(200)
    expect(roomPercent(32 * MIB, 4096 * MIB)).toBe(100)
  })

  it('leaves larger heaps to V8', () => {
    expect(roomPercent(64 * MIB, 4096 * MIB)).toBe(0)
    expect(roomPercent(1024 * MIB, 4096 * MIB)).toBe(0)
  })

  it('gives less to a process that may not become large', () => {
    expect(roomPercent(8 * MIB, 256 * MIB)).toBe(100)
    expect(roomPercent(24 * MIB, 256 * MIB)).toBe(0)
  })

  it('leaves a growth alone that node was started with', () => {
    for (const flag of ['--heap-growing-percent=900', '--heap_growing_percent=900']) {
      const set: string[] = []
      keepHeapRoom((one) => set.push(one), ['--expose-gc', flag])
      expect(set).toEqual([])
    }
  })

  it('is rid of what a start has left, where that is much', () => {
    const used = (): number => getHeapStatistics().used_heap_size
    collectLeftovers()
    let left: unknown[] = Array.from({ length: 1_500_000 }, (_, i) => ({ i, list: [i] }))
    expect(left.length).toBe(1_500_000)
    left = []
    const before = used()
    expect(collectLeftovers()).toBe(true)
    expect(used()).toBeLessThan(before - 64 * MIB)
  })

  it('has V8 collect the whole heap less often where much lives a while', async () => {
    const without = await collectionsOf('')
    const within = await collectionsOf('keepHeapRoom(undefined, [])')
    expect(within).toBeLessThan(without)
  })
})

/**
 * How often all of the heap is collected by a program that keeps much, and adds what lives a while. It begins with the least
 * growth, which V8 comes to by itself where that happens slowly.
 */
async function collectionsOf(first: string): Promise<number> {
  const program = `
    import { keepHeapRoom } from ${JSON.stringify(new URL('../dist/heap-room.js', import.meta.url).href)}
    const kept = Array.from({ length: 150_000 }, (_, i) => ({ i, list: [i, i] }))
    ${first}
    const ring = []
    for (let i = 0; i < 2_000_000; i++) {
      ring[i % 60_000] = { i, text: 'n' + i, list: [i, i] }
      if (i % 1_000 === 0) await new Promise(setImmediate)
    }
    console.log(kept.length)`
  const { stdout } = await run(process.execPath, [
    '--heap-growing-percent=10',
    '--trace-gc',
    '--input-type=module',
    '--eval',
    program,
  ])
  return stdout.match(/Mark-Compact/g)?.length ?? 0
}
