import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** Reads what Linux tells of processes; elsewhere a tree is empty and figures are left out. */

// USER_HZ: 100 on every Linux that Node runs on; the kernel converts its own rate to it.
const TICKS_A_SECOND = 100

/** A process and all that it started, as process identifiers. */
export function processTree(pid: number): number[] {
  if (!existsSync(`/proc/${pid}/stat`)) return []
  const tree = [pid]
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const children = readProc(`/proc/${pid}/task/${task}/children`)
    for (const child of children.split(' ').filter(Boolean)) tree.push(...processTree(Number(child)))
  }
  return tree
}

/** Seconds of processor time, of all threads, in user and in kernel mode. */
export function usedProcessorTime(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + parseProcessorTime(readProc(`/proc/${pid}/stat`)), 0)
}

/**
 * Seconds that a process's first thread was ready to run and had no core: on a busy machine it is this that a pause
 * measures. NaN where the system does not tell.
 */
export function waitedForCore(pid: number): number {
  const [, waited] = readProc(`/proc/${pid}/task/${pid}/schedstat`).split(' ')
  return waited === undefined ? Number.NaN : Number(waited) / 1e9
}

export function residentBytes(pids: readonly number[]): number {
  if (pids.length === 0) return Number.NaN
  return pids.reduce((sum, pid) => {
    const kilobytes = /VmRSS:\s+(\d+)/.exec(readProc(`/proc/${pid}/status`))?.[1] ?? 0
    return sum + Number(kilobytes) * 1024
  }, 0)
}

export function parseProcessorTime(stat: string): number {
  // The name, in parentheses, may itself hold spaces and parentheses: fields are counted from its end.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return stat ? (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND : 0
}

function readProc(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
