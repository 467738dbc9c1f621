import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { readRegular, readRegularSync } from './read-regular.ts'

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'read-regular-'))
  onTestFinished(() => rmSync(made, { recursive: true }))
  return made
}

async function bothRefuse(path: string, code: string, message: string): Promise<void> {
  const error = expect.objectContaining({ code, message })
  await expect(readRegular(path)).rejects.toEqual(error)
  expect(() => readRegularSync(path)).toThrow(error)
}

const NO_FILE = 'it is no regular file but a pipe, a socket or a device'

describe('readRegular', () => {
  it('reads a file, by a link as well', async () => {
    const [file, link] = [join(folder(), 'file'), join(folder(), 'link')]
    writeFileSync(file, 'text')
    symlinkSync(file, link)
    for (const path of [file, link]) {
      expect(String(await readRegular(path))).toBe('text')
      expect(String(readRegularSync(path))).toBe('text')
    }
  })

  it('says why there is none, as readFile does', async () => {
    await expect(readRegular('/no/such')).rejects.toMatchObject({ code: 'ENOENT' })
    expect(() => readRegularSync('/no/such')).toThrow(expect.objectContaining({ code: 'ENOENT' }))
    await bothRefuse(folder(), 'EISDIR', 'it is a folder')
  })

  it('waits for no pipe that nobody writes to', async () => {
    const pipe = join(folder(), 'pipe')
    execFileSync('mkfifo', [pipe])
    await bothRefuse(pipe, 'ERR_NOT_A_FILE', NO_FILE)
  })

  it('reads no device, which may have no end', () => bothRefuse('/dev/zero', 'ERR_NOT_A_FILE', NO_FILE))

  it('refuses a socket', async () => {
    const path = join(folder(), 'socket')
    const server = createServer()
    await new Promise<void>((resolve) => void server.listen(path, resolve))
    onTestFinished(() => void server.close())
    await expect(readRegular(path)).rejects.toThrow()
    expect(() => readRegularSync(path)).toThrow()
  })

  it('reads no file that would fill the memory', async () => {
    const file = join(folder(), 'file')
    writeFileSync(file, '')
    truncateSync(file, 256 * 1_024 * 1_024 + 1)
    await bothRefuse(file, 'ERR_FS_FILE_TOO_LARGE', 'it is larger than 256 MiB')
  })
})
