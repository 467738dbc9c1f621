import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Answer, Outcome, Task } from './load/task.ts'
import { merge } from './merge.ts'
import { LOAD_CORE, pinned } from './pin.ts'

const MAIN = fileURLToPath(new URL('./load/main.js', import.meta.url))

// Beyond what any scenario takes for its set-up; a broker that hangs must not hang the whole run.
const GRACE_MS = 120_000

export interface LoadOptions {
  readonly pin: boolean
  readonly signal: AbortSignal
}

/**
 * Runs a task in so many processes of their own, so that the load shares neither heap nor event loop with anything,
 * and counts them as one. When one fails, all end.
 */
export async function runLoad(
  task: Omit<Task, 'part'>,
  parts: number,
  options: LoadOptions,
): Promise<Outcome> {
  const failed = new AbortController()
  const signal = AbortSignal.any([options.signal, failed.signal])
  const ready: ChildProcess[] = []
  const whenReady = (child: ChildProcess): void => {
    if (ready.push(child) === parts) for (const each of ready) each.send('go')
  }
  const outcomes = Array.from({ length: parts }, (_, part) =>
    runPart({ ...task, part }, { ...options, signal }, whenReady),
  )
  try {
    return merge(await Promise.all(outcomes))
  } catch (error) {
    failed.abort()
    throw error
  }
}

function runPart(
  task: Task,
  { pin, signal }: LoadOptions,
  whenReady: (child: ChildProcess) => void,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const { file, args } = pinned({ file: process.execPath, args: [MAIN] }, LOAD_CORE, pin)
    const child = spawn(file, args, { signal, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    const patience = GRACE_MS + 4 * 1000 * (task.seconds + task.warmup)
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error('the load did not come to an end'))
    }, patience)
    child.on('message', (answer: Answer) => {
      if ('ready' in answer) whenReady(child)
      else if ('error' in answer) reject(new Error(answer.error))
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
