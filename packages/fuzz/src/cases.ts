/** Mutated packets as connections. */
import type { Buffer } from 'node:buffer'
import type { Phase, Sample } from './corpus.ts'
import { CORPUS, phasesOf } from './corpus.ts'
import { cut, isPrefix, isWhole, mutate, mutationsOf } from './mutations.ts'
import type { Case } from './stand.ts'

/** A packet in a phase: what is exhausted mutation by mutation. */
export interface Ground {
  readonly sample: Sample
  readonly phase: Phase
  /** Mutations there are. */
  readonly size: number
}

/** The corpus in every phase that its version knows. */
export const GROUNDS: readonly Ground[] = CORPUS.flatMap((sample) =>
  phasesOf(sample.version).map((phase) => ({ sample, phase, size: mutationsOf(lengthOf(sample)) })),
)

/** The mutation that leaves the packet as it is. */
export function wholeOf({ sample }: Ground): number {
  return lengthOf(sample)
}

/** One mutation, cut into chunks at these places. */
export function caseOf({ sample, phase }: Ground, mutation: number, places: readonly number[]): Case {
  const length = lengthOf(sample)
  const prefix = isPrefix(mutation, length)
  const whole = isWhole(mutation, length)
  const good = sample.goodIn.includes(phase)
  // The first byte may be wrong enough to say so.
  const mayBegin = phase !== 'first' || sample.goodIn.includes('first')
  return {
    name: `${sample.name}, mutation ${mutation}`,
    version: sample.version,
    phase,
    chunks: (clientId: string): Buffer[] => cut(mutate(sample.make(clientId), mutation), places),
    ...(whole && good && { open: true }),
    ...(whole && !good && { open: false }),
    ...(prefix && mayBegin && { open: true, silent: true }),
  }
}

function lengthOf(sample: Sample): number {
  return sample.make('000000').length
}
