/** What a directory may hold that is no store, and what may be wrong with the place. */
import { Buffer } from 'node:buffer'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import '../../../test/support/program-limit.ts'
import type { Sync } from './database-options.ts'
import { LmdbStore } from './lmdb-store.ts'

const ALL = { from: Buffer.alloc(0), to: Buffer.alloc(481, 0xff) }

/** A process that has the database of its last argument open. */
const HOLDER = `
  import { open } from 'lmdb'
  const db = open({ path: process.argv.at(-1), noSubdir: false, encoding: 'binary', keyEncoding: 'binary' })
  db.useReadTransaction().done()
  console.log('open')
  setInterval(() => {}, 1_000)
`

let path: string
let file: string
let told: string[][]

beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'lmdb-open-'))
  file = join(path, 'data.mdb')
  told = []
})

afterEach(() => {
  vi.restoreAllMocks()
  rmSync(path, { recursive: true, force: true })
})

function make(at = path, sync: Sync = 'commit'): LmdbStore {
  return new LmdbStore({ path: at, sync, onSetAside: (...what) => told.push(what) })
}

/** A store with a thousand entries, some of them on pages of their own. */
async function fill(sync: Sync = 'commit'): Promise<void> {
  const store = make(path, sync)
  await store.open()
  for (let round = 0; round < 4; round++) {
    const entry = (i: number) => ({
      key: Buffer.from(`${round} ${i}`),
      value: Buffer.alloc(i % 50 === 0 ? 9_000 : 100, i),
    })
    await store.write(Array.from({ length: 250 }, (_, i) => entry(i)))
  }
  await store.close()
}

async function count(store: LmdbStore): Promise<number> {
  return (await store.read(ALL, 10_000)).length
}

function overwrite(at: number, bytes: Uint8Array): void {
  const fd = openSync(file, 'r+')
  writeSync(fd, bytes, 0, bytes.length, at)
  closeSync(fd)
}

/** Opens what is there: it is set aside as it is, and an empty store takes its place. */
async function expectSetAside(reason: RegExp): Promise<void> {
  const before = readFileSync(file)
  const store = make()
  await store.open()
  expect(told).toEqual([[file, `${file}.set-aside-1`, expect.stringMatching(reason)]])
  expect(readFileSync(`${file}.set-aside-1`).equals(before)).toBe(true)
  expect(await count(store)).toBe(0)
  await store.write([{ key: Buffer.from('a'), value: Buffer.from('b') }])
  await store.close()
  await store.open()
  expect(await count(store)).toBe(1)
  await store.close()
}

describe('A file that is no database', () => {
  it.each([
    ['a text', Buffer.from('temperature=21\n')],
    ['another program’s', Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(20_000, 7)])],
    ['random bytes', Buffer.from(Array.from({ length: 20_000 }, (_, i) => (i * 7_919) % 251))],
    ['an LMDB database of before', oldLmdb()],
  ])('is set aside: %s', async (_, bytes) => {
    writeFileSync(file, bytes)
    await expectSetAside(/no database of this program/)
  })

  it('is set aside under a name that is free', async () => {
    writeFileSync(`${file}.set-aside-1`, 'kept')
    writeFileSync(file, 'text')
    const store = make()
    await store.open()
    await store.close()
    expect(readFileSync(`${file}.set-aside-1`, 'utf8')).toBe('kept')
    expect(readFileSync(`${file}.set-aside-2`, 'utf8')).toBe('text')
  })

  it('is a new store where it is empty', async () => {
    writeFileSync(file, '')
    const store = make()
    await store.open()
    expect([told, await count(store)]).toEqual([[], 0])
    await store.close()
  })
})

describe.each<Sync>(['commit', 'interval'])('A damaged database (sync "%s")', (sync) => {
  beforeEach(() => fill(sync))

  it('is found sound where it is', async () => {
    const store = make()
    await store.open()
    expect([told, await count(store)]).toEqual([[], 1_000])
    await store.close()
  })

  it.each([100, 5_000, 8_192, 20_000, 100_000])('is set aside: cut off behind %i bytes', async (length) => {
    truncateSync(file, length)
    await expectSetAside(/damaged/)
  })

  it('is set aside: its first page is full of zeros', async () => {
    overwrite(0, Buffer.alloc(4_096))
    await expectSetAside(/damaged/)
  })

  it.each([
    ['zeros', Buffer.alloc(40_000)],
    ['ones', Buffer.alloc(40_000, 0xff)],
    ['other bytes', Buffer.from(Array.from({ length: 40_000 }, (_, i) => (i * 7_919) % 251))],
  ])('is set aside: %s in the middle of it', async (_, bytes) => {
    overwrite(40_000, bytes)
    await expectSetAside(/damaged/)
  })

  it('is set aside: its pages are in another order', async () => {
    const bytes = readFileSync(file)
    const half = Math.floor(statSync(file).size / 2 / 4_096) * 4_096
    overwrite(8_192, bytes.subarray(half))
    overwrite(half + 8_192, bytes.subarray(8_192, half))
    await expectSetAside(/damaged/)
  })
})

describe.each<Sync>(['commit', 'interval'])(
  'A machine that crashes before a flush (opened with sync "%s")',
  (sync) => {
    it('goes back to the commit before, and goes on from there', async () => {
      const store = make(path, 'interval')
      await store.open()
      for (let i = 0; i < 10; i++) await store.write([{ key: Buffer.from(`${i}`), value: Buffer.alloc(100) }])
      // As it is in the middle of things.
      const bytes = readFileSync(file)
      await store.close()
      loseLastCommit(bytes)
      writeFileSync(file, bytes)

      for (const next of [sync, 'commit'] as const) {
        const again = make(path, next)
        await again.open()
        expect([told, await count(again)]).toEqual([[], 9])
        await again.write([{ key: Buffer.from('5'), value: Buffer.from('again') }])
        await again.close()
      }
    })
  },
)

describe('A database of a later version', () => {
  it('is STORE_FORMAT, and stays where it is', async () => {
    await fill()
    overwrite(28, Buffer.of(3, 0, 0, 0))
    const before = readFileSync(file)
    const message = expect.stringMatching(/data\.mdb was written by a later version/)
    await expect(make().open()).rejects.toMatchObject({ code: 'STORE_FORMAT', message })
    expect(readFileSync(file).equals(before)).toBe(true)
    expect(readdirSync(path).filter((name) => name.includes('aside'))).toEqual([])
  })
})

describe('A directory', () => {
  it('is made with those above it', async () => {
    const store = make(join(path, 'a/b/c'))
    await store.open()
    await store.close()
    expect(readdirSync(join(path, 'a/b/c'))).toContain('data.mdb')
  })

  it('is STORE_LOCKED while another store of this process has it', async () => {
    const store = make()
    await store.open()
    await expect(make(`${path}/../${path.split('/').at(-1)}`).open()).rejects.toMatchObject({
      code: 'STORE_LOCKED',
    })
    await store.close()
    const next = make()
    await next.open()
    await next.close()
  })

  it('is STORE_LOCKED while another process has it, and free as soon as that was killed', async () => {
    await fill()
    const child = spawn(process.execPath, ['--input-type=module', '--eval', HOLDER, path], {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    const message = expect.stringContaining(`${path} is in use by process ${child.pid}`)
    await expect(make().open()).rejects.toMatchObject({ code: 'STORE_LOCKED', message })
    child.kill('SIGKILL')
    await once(child, 'exit')
    const store = make()
    await store.open()
    expect(await count(store)).toBe(1_000)
    await store.close()
  })

  it('is STORE_UNUSABLE where it is a file', async () => {
    writeFileSync(join(path, 'file'), '')
    const error = {
      code: 'STORE_UNUSABLE',
      message: expect.stringMatching(/ cannot be used: it is no directory/),
    }
    await expect(make(join(path, 'file')).open()).rejects.toMatchObject(error)
    await expect(make(join(path, 'file/below')).open()).rejects.toMatchObject(error)
  })
})

describe('A file system', () => {
  const mounted =
    (options: string, use: (at: string) => Promise<void>) => async (context: { skip(why: string): void }) => {
      const at = join(path, 'mounted')
      mkdirSync(at)
      const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', at])
      if (mount.status !== 0) return context.skip('nothing can be mounted here')
      try {
        await use(at)
      } finally {
        spawnSync('umount', [at])
      }
    }

  it(
    'that is read-only is STORE_UNUSABLE',
    mounted('size=1m', async (at) => {
      const store = make(at)
      await store.open()
      await store.close()
      spawnSync('mount', ['-o', 'remount,ro', at])
      const error = {
        code: 'STORE_UNUSABLE',
        message: expect.stringMatching(/ cannot be used: .* read-only/),
      }
      await expect(make(at).open()).rejects.toMatchObject(error)
      await expect(make(join(at, 'below')).open()).rejects.toMatchObject(error)
    }),
  )

  it(
    'that is full is STORE_UNUSABLE',
    mounted('size=64k', async (at) => {
      writeFileSync(join(at, 'other'), Buffer.alloc(64 * 1_024))
      const error = {
        code: 'STORE_UNUSABLE',
        message: expect.stringMatching(/cannot be used: no space is left/),
      }
      await expect(make(at).open()).rejects.toMatchObject(error)
      rmSync(join(at, 'other'))
      const store = make(at)
      await store.open()
      await store.close()
    }),
  )

  it(
    'that gets full is STORE_FAILED, changes nothing, and is written to again once there is room',
    mounted('size=1m', async (at) => {
      const store = make(at)
      await store.open()
      await store.write([{ key: Buffer.from('a'), value: Buffer.from('before') }])
      writeFileSync(join(at, 'other'), Buffer.alloc(900 * 1_024))
      const many = Array.from({ length: 200 }, (_, i) => ({
        key: Buffer.from(`b${i}`),
        value: Buffer.alloc(3_000),
      }))
      const error = {
        code: 'STORE_FAILED',
        message: expect.stringMatching(/cannot write to .*: no space is left/),
      }
      for (let i = 0; i < 3; i++) await expect(store.write(many)).rejects.toMatchObject(error)
      expect(await count(store)).toBe(1)
      rmSync(join(at, 'other'))
      // It is not tried at once.
      await expect(store.write(many)).rejects.toMatchObject(error)
      const now = performance.now() + 1_000
      vi.spyOn(performance, 'now').mockImplementation(() => now)
      await store.write(many)
      expect(await count(store)).toBe(201)
      await store.close()
      await store.open()
      expect(await count(store)).toBe(201)
      await store.close()
    }),
  )
})

/** The commit before the last is the last that was flushed, and the machine was started anew. */
function loseLastCommit(bytes: Buffer): void {
  const size = bytes.readUInt32LE(48)
  const metas = [0, size].map((at) => bytes.subarray(at + 24, at + 24 + 144))
  const flushed = bytes.subarray(size / 2 + 24, size / 2 + 24 + 144)
  const [older] = metas.toSorted((a, b) => Number(a.readBigUInt64LE(128) - b.readBigUInt64LE(128)))
  older.copy(flushed)
  for (const meta of metas) meta.writeUInt16LE(0x1008, 28)
  flushed.writeUInt16LE(0x0008, 28)
  for (const meta of [...metas, flushed]) meta.writeBigInt64LE(1n, 136)
}

/** As LMDB 0.9 begins its file: its pages have another header. */
function oldLmdb(): Buffer {
  const bytes = Buffer.alloc(16_384)
  for (const at of [0, 4_096]) {
    bytes.writeUInt32LE(0xbeefc0de, at + 16)
    bytes.writeUInt32LE(1, at + 20)
  }
  return bytes
}
