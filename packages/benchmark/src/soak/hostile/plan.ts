/** How long the parts of a hostile soak are, in seconds. */
export interface HostilePlan {
  /** Hostile clients before anything is measured, so that what is compiled and cached once is there. */
  readonly rehearsal: number
  /** The good clients alone: what they are compared with. */
  readonly opening: number
  readonly cycles: number
  /** Of each cycle: hostile clients, and the good ones alone after them. */
  readonly hostile: number
  readonly quiet: number
}

const LONGEST_SPAN = 60
const SHORTEST_SPAN = 2
/** What a cycle is longer than its parts: the wait until everything is as it was. */
const SETTLING = 1.1

/** Spans of a minute in half an hour, and shorter ones in less. */
export function planOf(seconds: number): HostilePlan {
  const hostile = Math.min(LONGEST_SPAN, Math.max(SHORTEST_SPAN, seconds / 10))
  const quiet = hostile / 2
  const cycles = Math.floor((seconds - 2 * hostile) / ((hostile + quiet) * SETTLING))
  return { rehearsal: hostile, opening: hostile, cycles: Math.max(1, cycles), hostile, quiet }
}
