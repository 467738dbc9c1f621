/** The driver alone: an ordered store as core's kit wants one. */
import { Buffer } from 'node:buffer'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Entry } from '@mqtt-stack/core/backend'
import { MAX_KEY_BYTES } from '@mqtt-stack/core/backend'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Sync } from './database-options.ts'
import { LmdbStore } from './lmdb-store.ts'

const ALL = { from: Buffer.alloc(0), to: Buffer.alloc(MAX_KEY_BYTES + 1, 0xff) }

let path: string
let open: LmdbStore[]

beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'lmdb-store-'))
  open = []
})

afterEach(async () => {
  for (const store of open) await store.close()
  rmSync(path, { recursive: true })
})

async function opened(sync: Sync = 'commit'): Promise<LmdbStore> {
  const store = new LmdbStore({ path, sync, onSetAside: (file) => expect.unreachable(file) })
  open.push(store)
  await store.open()
  return store
}

function put(key: string | Uint8Array, value: string | Uint8Array): Entry {
  return { key: Buffer.from(key as string), value: Buffer.from(value as string) }
}

async function keys(store: LmdbStore, range = ALL, limit = 1_000): Promise<string[]> {
  return (await store.read(range, limit)).map(({ key }) => Buffer.from(key).toString('hex'))
}

describe.each<Sync>(['commit', 'interval'])('LmdbStore with sync "%s"', (sync) => {
  it('reads what was written, in the order of bytes', async () => {
    const store = await opened(sync)
    const written = [[0x80], [0], [0, 0], [0x7f, 0xff], [0xff], [1, 2, 3], [0, 1]].map((key) =>
      Buffer.from(key),
    )
    await store.write(written.map((key) => put(key, key)))
    const sorted = written.toSorted(Buffer.compare).map((key) => key.toString('hex'))
    expect(await keys(store)).toEqual(sorted)
  })

  it('reads from the first key of a range up to the last, and without it', async () => {
    const store = await opened(sync)
    await store.write(['a', 'b', 'ba', 'c'].map((key) => put(key, key)))
    expect(await keys(store, { from: Buffer.from('b'), to: Buffer.from('c') })).toEqual(['62', '6261'])
    expect(await keys(store, { from: Buffer.from('aa'), to: Buffer.from('b') })).toEqual([])
  })

  it('reads no more than the limit', async () => {
    const store = await opened(sync)
    await store.write(['a', 'b', 'c'].map((key) => put(key, key)))
    expect(await keys(store, ALL, 2)).toEqual(['61', '62'])
    expect(await keys(store, ALL, 0)).toEqual([])
  })

  it('ends a page where its values have a MiB', async () => {
    const store = await opened(sync)
    await store.write(['a', 'b', 'c', 'd'].map((key) => put(key, Buffer.alloc(400_000))))
    expect(await keys(store)).toEqual(['61', '62', '63'])
    expect(await keys(store, { ...ALL, from: Buffer.from('d') })).toEqual(['64'])
  })

  it('keeps values of any length, and keys of the greatest', async () => {
    const store = await opened(sync)
    const long = Buffer.alloc(MAX_KEY_BYTES, 0xff)
    const values = [0, 1, 4_096, 1_000_000].map((length) => Buffer.alloc(length, length))
    await store.write(
      values.map((value, i) => ({ key: Buffer.concat([long.subarray(1), Buffer.of(i)]), value })),
    )
    const read = await store.read(ALL, 10)
    expect(read.map(({ value }, i) => Buffer.compare(value, values[i]))).toEqual([0, 0, 0, 0])
  })

  it('hands out bytes that stay as they are', async () => {
    const store = await opened(sync)
    await store.write([put('a', 'first')])
    const [{ value }] = await store.read(ALL, 1)
    for (let i = 0; i < 50; i++) await store.write([put('a', `later ${i}`)])
    expect(Buffer.from(value).toString()).toBe('first')
  })

  it('makes the changes of a batch in their order: the last one of a key counts', async () => {
    const store = await opened(sync)
    await store.write([
      put('a', '1'),
      put('b', '1'),
      { key: Buffer.from('a'), value: undefined },
      put('b', '2'),
    ])
    const read = await store.read(ALL, 10)
    expect(read.map(({ value }) => Buffer.from(value).toString())).toEqual(['2'])
  })

  it('takes a key away that there is not', async () => {
    const store = await opened(sync)
    await store.write([{ key: Buffer.from('a'), value: undefined }])
    expect(await keys(store)).toEqual([])
  })

  it('shows a batch whole or not at all', async () => {
    const store = await opened(sync)
    const seen = new Set<number>()
    for (let round = 0; round < 20; round++) {
      const batch = Array.from({ length: 2_000 }, (_, i) => put(`${i}`, `${round}`))
      let under = true
      const written = store.write(batch).finally(() => {
        under = false
      })
      while (under) {
        const read = await store.read(ALL, 5_000)
        seen.add(new Set(read.map(({ value }) => Buffer.from(value).toString())).size)
        await new Promise(setImmediate)
      }
      await written
    }
    expect(Math.max(...seen)).toBe(1)
  })

  it('has everything when it is opened again, with either sync', async () => {
    const store = await opened(sync)
    await store.write(['a', 'b'].map((key) => put(key, key)))
    await store.close()
    for (const next of ['commit', 'interval', 'commit'] as const) {
      const again = await opened(next)
      expect(await keys(again)).toEqual(['61', '62'])
      await again.close()
    }
  })

  it('gives the room of what goes to what comes', { timeout: 60_000 }, async () => {
    const store = await opened(sync)
    const batch = (round: number) =>
      Array.from({ length: 100 }, (_, i) => {
        const key = Buffer.alloc(8)
        key.writeUInt32BE(round * 100 + i)
        return { key, value: round < 0 ? undefined : Buffer.alloc(1_000, i) }
      })
    let early = 0
    for (let round = 0; round < 400; round++) {
      const old = round < 5 ? [] : batch(round - 5).map(({ key }) => ({ key, value: undefined }))
      await store.write([...batch(round), ...old])
      await store.read(ALL, 10)
      if (round === 100) early = statSync(join(path, 'data.mdb')).size
    }
    expect(statSync(join(path, 'data.mdb')).size).toBeLessThanOrEqual(early * 1.5)
  })
})

describe('LmdbStore', () => {
  it('fails with STORE_CLOSED before it is opened and after it is closed', async () => {
    const store = new LmdbStore({ path, sync: 'commit', onSetAside: () => {} })
    const closed = { code: 'STORE_CLOSED' }
    await expect(store.write([])).rejects.toMatchObject(closed)
    await expect(async () => store.read(ALL, 1)).rejects.toMatchObject(closed)
    await store.open()
    await store.close()
    await expect(store.write([])).rejects.toMatchObject(closed)
    await expect(async () => store.read(ALL, 1)).rejects.toMatchObject(closed)
  })

  it('writes an empty batch', async () => {
    const store = await opened()
    await store.write([])
    expect(await keys(store)).toEqual([])
  })
})
