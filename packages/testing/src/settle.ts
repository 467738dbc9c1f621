/** Waiting until everything that follows from what was done has happened, in no real time. */

// Taken now, so that a test runner's fake timers do not stop us.
const later = setImmediate

/** Quiet turns in a row that count as settled. */
const QUIET = 2
/** Turns after which we give up on somebody who never rests; about half a second. */
const LIMIT = 100_000

/** What Node calls an immediate, a file request, and a file handle that is being closed. */
const PENDING: ReadonlySet<string> = new Set(['Immediate', 'FSReqCallback', 'FSReqPromise', 'CloseReq'])

let quiet = 0
let settling: Promise<void> | undefined

/**
 * Resolves when all is quiet: promises, `process.nextTick`, `setImmediate` and file requests that follow from what was
 * done so far have been worked off. Timers, sockets and threads are not waited for.
 */
export function settle(): Promise<void> {
  // All callers share one loop: each would take the other's turns for work to come.
  quiet = 0
  settling ??= untilQuiet().finally(() => {
    settling = undefined
  })
  return settling
}

async function untilQuiet(): Promise<void> {
  for (let turns = 0; turns < LIMIT && quiet < QUIET; turns++) {
    await new Promise<void>((resolve) => later(resolve))
    quiet = isBusy() ? 0 : quiet + 1
  }
}

function isBusy(): boolean {
  return process.getActiveResourcesInfo().some((name) => PENDING.has(name))
}
