import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import './program-limit.ts'

export interface SpawnedOptions {
  cwd?: string
  env?: NodeJS.ProcessEnv
  /** File descriptors that it inherits, as 3, 4 and so on. */
  inherits?: readonly number[]
}

/**
 * A program that a test runs: it is waited for by what it prints, never by time, and is gone when the test is over.
 *
 *     const cli = spawned(process.execPath, ['dist/cli.js'])
 *     const [, port] = await cli.prints(/mqtt:\/\/.*:(\d+)/)
 */
export function spawned(file: string, args: readonly string[], options: SpawnedOptions = {}): Spawned {
  const { inherits = [], ...rest } = options
  const child = spawn(file, args, { ...rest, stdio: ['pipe', 'pipe', 'pipe', ...inherits] })
  const program = new Spawned(child)
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await program.exited
  })
  return program
}

export class Spawned {
  readonly child: ChildProcess
  stdout = ''
  stderr = ''
  /** Exit code, or the signal that ended it. */
  readonly exited: Promise<number | string>
  #over = false
  /** Whoever waits for what it prints. */
  readonly #wakers = new Set<() => void>()

  constructor(child: ChildProcess) {
    this.child = child
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
      this.#wake()
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
      this.#wake()
    })
    this.exited = once(child, 'close').then(([code, signal]) => {
      this.#over = true
      this.#wake()
      return code ?? signal
    })
  }

  /** Waits until stdout or stderr has what `pattern` matches. Fails with all output if the program ends without it. */
  async prints(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.stdout) ?? pattern.exec(this.stderr)
      if (found !== null) return found
      if (this.#over) throw new Error(`ended without ${pattern}\n${this.stdout}\n${this.stderr}`)
      await new Promise<void>((resolve) => this.#wakers.add(resolve))
    }
  }

  #wake(): void {
    for (const wake of this.#wakers) wake()
    this.#wakers.clear()
  }

  /** The lines of stdout. */
  get lines(): string[] {
    return this.stdout.split('\n').filter((line) => line !== '')
  }
}
