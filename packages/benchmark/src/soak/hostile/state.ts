/** What passes between a hostile soak and the gauge in its broker's process, and how two states are compared. */

/** What is open and kept; each must return to what it was. */
export interface Counts {
  /** Of the broker. */
  readonly clients: number
  readonly sessions: number
  readonly subscriptions: number
  readonly retained: number
  /** Bytes that clients make the broker keep. */
  readonly held: number
  /** Timers of the whole process, those that do not keep it alive too. */
  readonly timers: number
  /** File descriptors; 0 where the system does not tell. */
  readonly descriptors: number
  /** What keeps the event loop alive, by type as Node calls it, without timers. */
  readonly handles: Readonly<Record<string, number>>
}

/** Bytes, besides the counts. */
export interface State extends Counts {
  readonly rss: number
  readonly heapUsed: number
  /** Outside the heap, buffers among it. */
  readonly external: number
  readonly stops: Stops
}

/** How long garbage collection stopped the event loop since the last answer, in ms; what was forced is left out. */
export interface Stops {
  readonly count: number
  readonly total: number
  readonly longest: number
}

/** The gauge's answer; the broker may tell its parent other things by the same way. */
export interface StateAnswer {
  readonly soakState: State
}

export interface StateQuestion {
  /** Whether to collect all garbage before memory is read. */
  readonly collect: boolean
}

type Counted = Exclude<keyof Counts, 'handles'>

export const COUNTED: readonly Counted[] = [
  'clients',
  'sessions',
  'subscriptions',
  'retained',
  'held',
  'timers',
  'descriptors',
]

/** One line for each count that is not what it was: `timers: 14, and 12 before`. */
export function differences(before: Counts, after: Counts): string[] {
  const types = new Set([...Object.keys(before.handles), ...Object.keys(after.handles)])
  return [
    ...COUNTED.map((name) => difference(name, before[name], after[name])),
    ...[...types].map((type) => difference(type, before.handles[type] ?? 0, after.handles[type] ?? 0)),
  ].flat()
}

/** Bytes that the good clients' own tables may have grown by, with what they had under way at most. */
const HELD_SLACK = 4096

function difference(name: string, before: number, after: number): string[] {
  const slack = name === 'held' ? HELD_SLACK : 0
  return Math.abs(after - before) <= slack ? [] : [`${name}: ${after}, and ${before} before`]
}
