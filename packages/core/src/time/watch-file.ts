/** Files that are read again when they change: users, rules, keys, certificates. */
import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import type { Clock } from './clock.ts'
import { systemClock } from './clock.ts'
import { readRegular, readRegularSync } from './read-regular.ts'

/** What {@link watchFile} hands out. */
export interface FileWatch {
  /** Nothing is told any more. */
  close(): void
}

/** How often a watched file is looked at, in ms. */
const PERIOD = 1_000

/**
 * Looks at a file every second and tells once what is in it differs from what was there before. This works on every file
 * system, and with files that are replaced by renaming another. A file that is still being written is left alone:
 * it is read when it has stayed as it is from one look to the next, so a change is told after one to two seconds.
 *
 * What is in the file now is the first state: watch before you read it yourself, so that no change is missed between.
 * @param onChange Gets what the file holds now, or the error if it cannot be read any more (told once). Catch your own
 *   errors in it: nobody else does. What cannot be used changes nothing and is logged as an error, and the next change
 *   is told again.
 */
export function watchFile(
  path: string,
  onChange: (contents: Buffer | Error) => void,
  clock: Clock = systemClock,
): FileWatch {
  const watch = new Watch(path, onChange)
  const timer = clock.every(PERIOD, () => void watch.look())
  return {
    close() {
      timer.cancel()
      watch.closed = true
    },
  }
}

class Watch {
  readonly #path: string
  readonly #onChange: (contents: Buffer | Error) => void
  closed = false
  #looking = false
  /** The contents that were told last, as a hash; the error's code where there are none. */
  #told: string
  /** How the file stood at the last look. */
  #seen = ''
  /** How it stood when it was read last. */
  #read = ''

  constructor(path: string, onChange: (contents: Buffer | Error) => void) {
    this.#path = path
    this.#onChange = onChange
    this.#told = fingerprint(readNow(path))
  }

  async look(): Promise<void> {
    // A file system that does not answer is asked no second time.
    if (this.#looking) return
    this.#looking = true
    const state = await stateOf(this.#path)
    const settled = state === this.#seen
    this.#seen = state
    if (settled && state !== this.#read) await this.#readAgain(state)
    this.#looking = false
  }

  async #readAgain(state: string): Promise<void> {
    const contents = await readRegular(this.#path).catch((error: Error) => error)
    this.#read = state
    const now = fingerprint(contents)
    if (now === this.#told || this.closed) return
    this.#told = now
    this.#onChange(contents)
  }
}

function readNow(path: string): Buffer | Error {
  try {
    return readRegularSync(path)
  } catch (error) {
    return error as Error
  }
}

/** Which file it is, how large, and when it was written last; the error's code where there is none. */
async function stateOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true })
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
  } catch (error) {
    return codeOf(error)
  }
}

function fingerprint(contents: Buffer | Error): string {
  return contents instanceof Error ? codeOf(contents) : createHash('sha256').update(contents).digest('base64')
}

function codeOf(error: unknown): string {
  return `unreadable: ${(error as NodeJS.ErrnoException).code}`
}
