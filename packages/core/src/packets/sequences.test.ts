import { describe, expect, it } from 'vitest'
import { packetIdOf, Sequences } from './sequences.ts'

const IDENTIFIERS = 65_535

/** Hands out `count` sequences for messages that are acknowledged at once; answers the last. */
function pass(sequences: Sequences, log: Map<number, string>, count: number): number {
  for (let i = 0; i < count; i++) sequences.next(log)
  return sequences.last
}

describe('the sequences of a log', () => {
  it('go up by one', () => {
    const sequences = new Sequences()
    expect([1, 2, 3].map(() => sequences.next(new Map()))).toEqual([1, 2, 3])
  })

  it('pass over the packet identifiers of messages that are still in it, round after round', () => {
    const sequences = new Sequences()
    const log = new Map([
      [3, 'never acknowledged'],
      [4, 'nor this one'],
    ])
    expect(pass(sequences, log, IDENTIFIERS + 2)).toBe(IDENTIFIERS + 2)
    expect(sequences.next(log)).toBe(IDENTIFIERS + 5)
    expect(pass(sequences, log, IDENTIFIERS - 3)).toBe(2 * IDENTIFIERS + 2)
    log.delete(4)
    expect(sequences.next(log)).toBe(2 * IDENTIFIERS + 4)
  })

  it('pass over a message of the round before', () => {
    const sequences = new Sequences(IDENTIFIERS - 1)
    const log = new Map([[IDENTIFIERS, 'late']])
    pass(sequences, log, IDENTIFIERS)
    expect(packetIdOf(sequences.last)).toBe(IDENTIFIERS - 1)
    expect(packetIdOf(sequences.next(log))).toBe(1)
  })

  it('pass over a message that was committed after the round began', () => {
    const sequences = new Sequences()
    const log = new Map<number, string>()
    pass(sequences, log, IDENTIFIERS + 1)
    log.set(IDENTIFIERS, 'late')
    pass(sequences, log, IDENTIFIERS - 2)
    expect(sequences.next(log)).toBe(2 * IDENTIFIERS + 1)
  })

  it('go on behind those that were handed out before a restart', () => {
    const log = new Map([
      [2, 'not acknowledged'],
      [IDENTIFIERS + 1, 'nor this one'],
    ])
    expect(new Sequences(IDENTIFIERS + 1).next(log)).toBe(IDENTIFIERS + 3)
  })

  it('are unique even where the log holds more messages than there are identifiers', () => {
    const sequences = new Sequences()
    const log = new Map<number, string>()
    for (let i = 0; i < IDENTIFIERS; i++) log.set(sequences.next(log), '')
    expect(sequences.next(log)).toBe(IDENTIFIERS + 1)
  })
})
