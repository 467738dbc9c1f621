import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { VirtualClock } from '@mqtt-stack/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { FileWatch } from './watch-file.ts'
import { watchFile } from './watch-file.ts'

interface Setup {
  path: string
  told: string[]
  clock: VirtualClock
  watch: FileWatch
  seconds(count: number): Promise<void>
}

function watched(contents: string | undefined): Setup {
  const folder = mkdtempSync(join(tmpdir(), 'watch-file-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'users')
  if (contents !== undefined) writeFileSync(path, contents)
  const clock = new VirtualClock()
  const told: string[] = []
  const tell = (now: Buffer | Error): void => {
    told.push(now instanceof Error ? String((now as NodeJS.ErrnoException).code) : String(now))
  }
  const watch = watchFile(path, tell, clock)
  return { path, told, clock, watch, seconds: (count) => clock.advance(count * 1_000) }
}

describe('watchFile', () => {
  it('tells of a file that was written', async () => {
    const { path, told, seconds } = watched('one')
    await seconds(5)
    expect(told).toEqual([])
    writeFileSync(path, 'two')
    await seconds(2)
    expect(told).toEqual(['two'])
    await seconds(5)
    expect(told).toEqual(['two'])
  })

  it('tells of a change between the call and the first look', async () => {
    const { path, told, seconds } = watched('one')
    writeFileSync(path, 'two')
    await seconds(2)
    expect(told).toEqual(['two'])
  })

  it('tells of a file that was replaced by another', async () => {
    const { path, told, seconds } = watched('one')
    await seconds(5)
    writeFileSync(`${path}.new`, 'two')
    renameSync(`${path}.new`, path)
    await seconds(2)
    expect(told).toEqual(['two'])
  })

  it('leaves a file alone that is being written', async () => {
    const { path, told, seconds } = watched('')
    await seconds(5)
    for (const part of ['a', 'b', 'c']) {
      appendFileSync(path, part)
      await seconds(1)
    }
    expect(told).toEqual([])
    await seconds(1)
    expect(told).toEqual(['abc'])
  })

  it('tells nothing where the contents are the same', async () => {
    const { path, told, seconds } = watched('one')
    await seconds(5)
    utimesSync(path, 1, 1)
    await seconds(5)
    expect(told).toEqual([])
  })

  it('tells once that the file is gone, and that it is there again', async () => {
    const { path, told, seconds } = watched('one')
    await seconds(5)
    rmSync(path)
    await seconds(5)
    expect(told).toEqual(['ENOENT'])
    writeFileSync(path, 'one')
    await seconds(5)
    expect(told).toEqual(['ENOENT', 'one'])
  })

  it('says nothing of a file that is away for less than a second', async () => {
    const { path, told, seconds } = watched('one')
    await seconds(5)
    rmSync(path)
    await seconds(1)
    writeFileSync(path, 'one')
    await seconds(5)
    expect(told).toEqual([])
  })

  it('waits for no pipe that stands in its place', async () => {
    const { path, told, seconds } = watched('one')
    rmSync(path)
    execFileSync('mkfifo', [path])
    await seconds(3)
    expect(told).toEqual(['ERR_NOT_A_FILE'])
    rmSync(path)
    writeFileSync(path, 'two')
    await seconds(3)
    expect(told).toEqual(['ERR_NOT_A_FILE', 'two'])
  })

  it('waits for a file that is not there yet', async () => {
    const { path, told, seconds } = watched(undefined)
    await seconds(5)
    expect(told).toEqual([])
    writeFileSync(path, 'one')
    await seconds(2)
    expect(told).toEqual(['one'])
  })

  it('is silent and sets no timer once it is closed', async () => {
    const { path, told, watch, clock, seconds } = watched('one')
    await seconds(5)
    writeFileSync(path, 'two')
    await seconds(1)
    watch.close()
    await seconds(5)
    expect([told, clock.timers]).toEqual([[], 0])
  })
})
