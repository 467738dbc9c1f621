/** Who goes first where all of it runs at a real-time priority of Linux: `chrt -r 10 pnpm soak`. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Where `/proc/PID/stat` has them, behind the name, which may hold anything. */
const PRIORITY = 37
const POLICY = 38
const ROUND_ROBIN = '2'

/** The priority of a process that takes turns in real time; undefined for any other. */
export function roundRobinPriority(stat: string): number | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[POLICY] === ROUND_ROBIN ? Number(fields[PRIORITY]) : undefined
}

/**
 * In real time nice values count for nothing, and whoever computes keeps its core for 100 ms, though somebody wakes up who has
 * waited. So the threads of the broker's and the good clients' event loops go before all helpers (collectors of garbage,
 * compilers, passwords), as they do with the scheduler that everybody has; and the hostile clients go behind.
 * @returns Whether this process runs in real time.
 */
export async function arrangePriorities(broker: number, crowd: number): Promise<boolean> {
  const priority = roundRobinPriority(ownStat())
  if (priority === undefined) return false
  const behind = Math.max(1, priority - 1)
  await run('chrt', ['--all-tasks', '--rr', '--pid', `${behind}`, `${crowd}`])
  for (const pid of [broker, process.pid]) await run('chrt', ['--rr', '--pid', `${priority + 1}`, `${pid}`])
  return true
}

function ownStat(): string {
  try {
    return readFileSync('/proc/self/stat', 'utf8')
  } catch {
    return ''
  }
}
