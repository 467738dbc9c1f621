/** What passes between a soak and its broker's process. */

export interface SoakQuestion {
  /** Whether to collect all garbage before memory is read. */
  readonly collect: boolean
}

/** One stop of the broker for garbage collection. */
export interface Pause {
  readonly kind: 'minor' | 'major' | 'incremental' | 'weak callbacks' | 'other'
  readonly ms: number
}

/** Bytes, and the pauses since the last sample. */
export interface Sample {
  readonly rss: number
  readonly heapUsed: number
  /** Outside the heap, buffers among it. */
  readonly external: number
  readonly pauses: readonly Pause[]
}
