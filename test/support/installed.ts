import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll } from 'vitest'
import { packInto } from '../../scripts/pack.mjs'

/**
 * What a user has: an empty folder, and in it the packages as they are published. Call it where tests are collected; the
 * folder is filled before the first of them, and gone behind the last.
 * @param manifest The folder's package.json.
 */
export function installedFolder(manifest: object = { private: true }): string {
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-stack-installed-'))
  beforeAll(async () => {
    const tarballs = packInto(folder).values()
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
    const args = ['install', '--no-audit', '--no-fund', '--prefer-offline', ...tarballs]
    await promisify(execFile)('npm', args, { cwd: folder })
  }, 300_000)
  afterAll(() => rmSync(folder, { recursive: true }))
  return folder
}
