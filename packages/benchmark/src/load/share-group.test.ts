import { beforeEach, describe, expect, it } from 'vitest'
import type { Check, Tally } from './sequence.ts'
import { createTally } from './sequence.ts'
import { ShareGroup } from './share-group.ts'

const NO_FAULTS = { lost: 0, doubled: 0, reordered: 0, wrong: 0 }

describe('a group of a shared subscription', () => {
  let tally: Tally
  let group: ShareGroup
  let one: Check
  let other: Check

  beforeEach(() => {
    tally = createTally()
    group = new ShareGroup(tally, 5, 2)
    one = group.member()
    other = group.member()
  })

  function send(member: Check, ...sequences: number[]): boolean[] {
    return sequences.map((sequence) => member.accept(6, sequence))
  }

  it('gets each message once, whoever of its members it comes to', () => {
    send(other, 1, 2, 5)
    send(one, 0, 3, 4)
    expect(one.accept(5, 0)).toBe(true)
    group.settle((publisher) => (publisher === 6 ? 6 : 1))
    expect(tally).toEqual({ ...NO_FAULTS, delivered: 7 })
  })

  it('goes on for longer than it remembers', () => {
    for (let n = 0; n < 200_000; n++) (n % 3 === 0 ? one : other).accept(6, n)
    group.settle((publisher) => (publisher === 6 ? 200_000 : 0))
    expect(tally).toEqual({ ...NO_FAULTS, delivered: 200_000 })
  })

  it('tells a message that two members got', () => {
    expect([send(one, 0, 2), send(other, 0, 1, 2)]).toEqual([
      [true, true],
      [false, true, false],
    ])
    expect(tally).toMatchObject({ ...NO_FAULTS, doubled: 2, delivered: 3 })
  })

  it('tells what came to nobody, also long ago, and finds it again when it comes late', () => {
    for (let n = 0; n < 100_000; n++) if (n !== 7 && n !== 8) one.accept(6, n)
    expect(send(other, 8)).toEqual([true])
    group.settle((publisher) => (publisher === 6 ? 100_003 : 0))
    expect(tally).toEqual({ ...NO_FAULTS, delivered: 99_999, lost: 4 })
  })

  it('tells what one member got in another order', () => {
    send(one, 0, 2, 1)
    send(other, 3)
    expect(tally).toMatchObject({ ...NO_FAULTS, reordered: 1, delivered: 4 })
  })

  it('tells a number and a publisher that there is not', () => {
    expect([one.accept(6, 1 << 30), one.accept(9, 0), one.accept(0, 0)]).toEqual([false, false, false])
    expect(tally).toMatchObject({ ...NO_FAULTS, wrong: 3 })
  })
})
