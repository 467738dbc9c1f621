import { fork } from 'node:child_process'
import { once } from 'node:events'
import { constants, setPriority } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Ports } from './broker.ts'
import { BUSY } from './broker.ts'
import type { Crowd, CrowdOutcomes } from './crowd.ts'

const PROGRAM = fileURLToPath(new URL('crowd-main.js', import.meta.url))
const ANSWER_MS = 60_000

/** What the process of the crowd is asked. */
export type CrowdQuestion = 'begin' | 'end'

/** What it is started with, as JSON: where the broker is, and which kinds there are. */
export interface CrowdSettings {
  readonly ports: Ports
  readonly acts: readonly string[]
}

export interface CrowdProcess extends Crowd {
  readonly pid: number
  stop(): Promise<void>
}

/**
 * Hostile clients in a process of their own. It yields to all others: in the field they have a processor of their own,
 * and the broker and the good clients must not wait for theirs.
 */
export function startCrowd(settings: CrowdSettings): CrowdProcess {
  const child = fork(PROGRAM, [JSON.stringify(settings)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const exited = once(child, 'exit')
  if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW)

  async function ask(question: CrowdQuestion): Promise<CrowdOutcomes> {
    const late = AbortSignal.timeout(ANSWER_MS)
    const answer = once(child, 'message', { signal: late }).catch((error: unknown) => {
      if (!late.aborted) throw error
      throw new Error(`the hostile clients did not ${question} within ${ANSWER_MS / 1000} s: ${BUSY}`)
    })
    child.send(question)
    const end = exited.then(([code, signal]) => {
      throw new Error(`the hostile clients ended with ${signal ?? code}`)
    })
    const [outcomes] = (await Promise.race([answer, end])) as [CrowdOutcomes]
    return outcomes
  }

  return {
    pid: child.pid ?? 0,
    async begin() {
      await ask('begin')
    },
    end: () => ask('end'),
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
      await exited
    },
  }
}
