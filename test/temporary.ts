/**
 * The temporary folder of a run of tests: whatever tests make in `tmpdir()` is made in it, and gone with it, also where a
 * worker was ended before it could tidy up. What a run has left that was killed itself is taken away by the next one.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Short: sockets of tests are in it, and their paths may have 104 bytes. */
const NAME = /^mt-(\d+)-/

/** Where programs look for it, on Unix and on Windows. */
const PLACES = ['TMPDIR', 'TEMP', 'TMP']

/** For vitest: once a run, before there are workers. */
export default function setup(): (() => void) | undefined {
  const outside = tmpdir()
  // Each project of the configuration comes by here.
  if (NAME.test(outside.split(/[\\/]/).at(-1) ?? '')) return undefined
  takeAway(outside)
  const folder = mkdtempSync(join(outside, `mt-${process.pid}-`))
  for (const name of PLACES) process.env[name] = folder
  return () => remove(folder)
}

/** Removes folders of runs whose process is gone. */
export function takeAway(outside: string): void {
  for (const name of readdirSync(outside)) {
    const pid = Number(NAME.exec(name)?.[1] ?? process.pid)
    if (!isAlive(pid)) remove(join(outside, name))
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // It is somebody else's.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** What a program of a test still holds is no reason to fail. */
function remove(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  } catch {}
}
