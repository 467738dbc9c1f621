import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import './program-limit.ts'

/** What `needs` uses of vitest's test context. */
interface Skippable {
  skip(reason: string): void
}

/**
 * The path of an installed program, Debian's `sbin` folders included, or undefined.
 */
export function programPath(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
}

/**
 * For a test, or a `beforeEach`, that runs programs from Debian: where one is missing the test is skipped and says
 * why. In CI, which installs them, that is a failure.
 *
 *     test('…', (context) => { needs(context, 'mosquitto_sub') … })
 */
export function needs(context: Skippable, ...programs: string[]): void {
  const missing = programs.filter((name) => !programPath(name))
  if (missing.length === 0) return
  const reason = `not installed: ${missing.join(', ')} (apt-get install mosquitto mosquitto-clients openssl strace haproxy nginx-light libnginx-mod-stream chromium redis-server redis-sentinel prometheus zsh fish)`
  if (process.env.CI && process.env.CI !== 'false') throw new Error(reason)
  context.skip(reason)
}
