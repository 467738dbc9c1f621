import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Answer, Outcome, Task } from './load/task.ts'
import { LOAD_CORE, pinned } from './pin.ts'

const MAIN = fileURLToPath(new URL('./load/main.js', import.meta.url))

// Beyond what any scenario takes for its set-up; a broker that hangs must not hang the whole run.
const GRACE_MS = 120_000

export interface LoadOptions {
  readonly pin: boolean
  readonly signal: AbortSignal
}

/** Runs one task in a process of its own, so that the load shares neither heap nor event loop with anything. */
export function runLoad(task: Task, { pin, signal }: LoadOptions): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const { file, args } = pinned({ file: process.execPath, args: [MAIN] }, LOAD_CORE, pin)
    const child = spawn(file, args, { signal, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    const patience = GRACE_MS + 4 * 1000 * (task.seconds + task.warmup)
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error('the load did not come to an end'))
    }, patience)
    child.once('message', (answer: Answer) => {
      if ('error' in answer) reject(new Error(answer.error))
      else resolve(answer.outcome)
    })
    child.once('error', reject)
    child.once('exit', (code, by) => {
      clearTimeout(timer)
      reject(new Error(`the load ended without an answer (${by ?? code})`))
    })
    child.send(task)
  })
}
