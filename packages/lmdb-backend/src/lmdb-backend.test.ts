/** What the backend says of a database that LMDB can read, and that holds something else. */
import { Buffer } from 'node:buffer'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Stack } from '@mqtt-stack/core'
import { RecordingLogger } from '@mqtt-stack/testing'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { LmdbBackend } from './lmdb-backend.ts'
import { LmdbStore } from './lmdb-store.ts'

const FORMAT_KEY = Buffer.of(1)

let path: string
let file: string
let logger: RecordingLogger

beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'lmdb-backend-'))
  file = join(path, 'data.mdb')
  logger = new RecordingLogger()
})

afterEach(() => rmSync(path, { recursive: true }))

function stack(): Stack {
  return new Stack({ logger }).use(new LmdbBackend({ path }))
}

/** Writes into the database behind the backend's back. */
async function write(key: Uint8Array, value: Uint8Array): Promise<void> {
  const store = new LmdbStore({ path, sync: 'commit', onSetAside: () => {} })
  await store.open()
  await store.write([{ key, value }])
  await store.close()
}

async function startAndStop(): Promise<void> {
  const one = stack()
  await one.start()
  await one.stop()
}

it('starts over what it left', async () => {
  await startAndStop()
  await startAndStop()
  expect(logger.lines.filter(({ level }) => level === 'error')).toEqual([])
})

it('a database of a later format is STORE_FORMAT, which names it, and stays as it is', async () => {
  await startAndStop()
  await write(FORMAT_KEY, Buffer.of(99))
  const message = expect.stringMatching(/data\.mdb.* 99.*nothing was changed/)
  await expect(stack().start()).rejects.toMatchObject({ code: 'STORE_FORMAT', message })
  expect(readdirSync(path).filter((name) => name.includes('aside'))).toEqual([])
})

it('a database of another program is STORE_FORMAT, which names it, and stays as it is', async () => {
  await write(Buffer.from('user:1'), Buffer.from('somebody'))
  const message = expect.stringMatching(/data\.mdb.*nothing was changed/)
  await expect(stack().start()).rejects.toMatchObject({ code: 'STORE_FORMAT', message })
  expect(existsSync(file)).toBe(true)
})

it('a database with values that nobody can read is set aside, and the next start begins anew', async () => {
  await startAndStop()
  await write(Buffer.of(0x30, 0x61), Buffer.of(1, 2, 3))
  const message = expect.stringMatching(/data\.mdb is damaged .*set-aside-1 now/)
  await expect(stack().start()).rejects.toMatchObject({ code: 'STORE_DAMAGED', message })
  expect(existsSync(`${file}.set-aside-1`)).toBe(true)
  await startAndStop()
})

it('what cannot be read is set aside, and an error in the log names both files', async () => {
  writeFileSync(file, 'no database')
  await startAndStop()
  const [line] = logger.lines.filter(({ level }) => level === 'error')
  expect(line.message).toContain(file)
  expect(line.message).toContain(`${file}.set-aside-1`)
})

it('a directory that cannot be used is let go of: it can be used later', async () => {
  const holder = new LmdbStore({ path, sync: 'commit', onSetAside: () => {} })
  await holder.open()
  await expect(stack().start()).rejects.toMatchObject({ code: 'STORE_LOCKED' })
  await holder.close()
  await startAndStop()
})
