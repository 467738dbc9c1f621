import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { fileProblem } from './index.ts'

/** What reading throws, of real files. */
function thrownBy(read: () => unknown): unknown {
  try {
    read()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

const withCode = (code: string): Error => Object.assign(new Error(`${code}: some words of Node`), { code })

it('says why a file cannot be read', () => {
  const folder = mkdtempSync(join(tmpdir(), 'file-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'file'), Buffer.of(0xff))
  symlinkSync(join(folder, 'loop'), join(folder, 'loop'))
  const decode = (): string =>
    new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(join(folder, 'file')))
  const problems = [
    () => readFileSync(join(folder, 'none')),
    () => readFileSync(join(folder, 'file', 'below')),
    () => readFileSync(folder),
    () => readFileSync(join(folder, 'loop')),
    () => readFileSync(join(folder, 'x'.repeat(300))),
    decode,
  ].map((read) => fileProblem(thrownBy(read)))
  expect(problems).toEqual([
    'there is no such file',
    'there is no such file',
    'it is a folder',
    'its links lead in a circle',
    'its name is too long',
    'it is not UTF-8',
  ])
})

it.each([
  ['EACCES', 'this user may not read it'],
  ['EPERM', 'this user may not read it'],
  ['EMFILE', 'too many files are open'],
  ['ENFILE', 'too many files are open'],
  ['EIO', 'EIO: some words of Node'],
])('says of %s: %s', (code, words) => {
  expect(fileProblem(withCode(code))).toBe(words)
})

it('says what to do, where it is told', () => {
  const fixes = { ENOENT: 'make it', EIO: 'look at the disk' }
  expect(['ENOENT', 'EIO', 'EACCES'].map((code) => fileProblem(withCode(code), fixes))).toEqual([
    'there is no such file: make it',
    'EIO: some words of Node: look at the disk',
    'this user may not read it',
  ])
})
