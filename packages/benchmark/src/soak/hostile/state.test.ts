import { describe, expect, it } from 'vitest'
import type { Counts } from './state.ts'
import { differences } from './state.ts'

const before: Counts = {
  clients: 100,
  sessions: 0,
  subscriptions: 50,
  retained: 0,
  held: 250_000,
  timers: 9,
  descriptors: 123,
  handles: { TCPSocketWrap: 100, TCPServerWrap: 3 },
}

describe('what is not as before', () => {
  it('is nothing where all counts are the same', () => {
    expect(differences(before, { ...before, handles: { ...before.handles } })).toEqual([])
  })

  it('is each count that is another, higher or lower, by one already', () => {
    expect(differences(before, { ...before, timers: 10, clients: 99 })).toEqual([
      'clients: 99, and 100 before',
      'timers: 10, and 9 before',
    ])
  })

  it('is each type of handle that there were more or fewer of, new ones too', () => {
    expect(differences(before, { ...before, handles: { TCPSocketWrap: 101, FSEventWrap: 1 } })).toEqual([
      'TCPSocketWrap: 101, and 100 before',
      'TCPServerWrap: 0, and 3 before',
      'FSEventWrap: 1, and 0 before',
    ])
  })

  it('is what is kept from 4 KiB on', () => {
    expect(differences(before, { ...before, held: 250_000 + 4096 })).toEqual([])
    expect(differences(before, { ...before, held: 250_000 + 4097 })).toEqual([
      'held: 254097, and 250000 before',
    ])
  })
})
