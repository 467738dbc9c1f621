/** Backends that are wrong in one thing each: the check that is named for it is red, and none that it is no matter of. */

import type { CreateBackend } from '@mqtt-stack/conformance/backend'
import { MemoryBackend } from '@mqtt-stack/memory-backend'
import { describe, expect, it } from 'vitest'
import { redChecks } from './collect.ts'
import * as durable from './durable.ts'
import * as memory from './in-memory.ts'
import { overMemoryStore, RightBackend } from './over-memory-store.ts'

interface Expectation {
  /** The check that is named for what is wrong. */
  readonly named: string
  /** How the titles of the others begin that may be red as well. */
  readonly also?: readonly string[]
}

const inMemory =
  (make: typeof MemoryBackend): CreateBackend =>
  (bounds) => ({ backend: new make(bounds) })

/** Wrong whatever it keeps things in. */
const IN_MEMORY: readonly (readonly [string, typeof MemoryBackend, Expectation])[] = [
  [
    'forgets the fence',
    memory.ForgetsTheFence,
    {
      named: 'fences: storeInboundMessage of an older epoch is refused with STALE_EPOCH, and changes nothing',
      also: ['fences: ', 'openSession, closeSession: closeSession with 0 removes a session that is away'],
    },
  ],
  [
    'gives back an epoch',
    memory.GivesBackAnEpoch,
    {
      named: 'epochs: an epoch is never given back: higher than any that the client identifier had',
      also: ['lookupExpiredSessions: a session whose time is over is not resumed'],
    },
  ],
  [
    'forgets no local',
    memory.ForgetsNoLocal,
    {
      named: 'relayMessage: with no local a client does not get its own messages, and others do',
      also: ['relayMessage: with no local'],
    },
  ],
  [
    'forgets expiry',
    memory.ForgetsExpiry,
    {
      named: 'lookupExpiredSessions: a session whose time is over is found, with its epoch, and not before',
      also: [
        'lookupExpiredSessions: ',
        'wills: openSession says that an older session ended',
        'sessions from outside: are found by identity',
        'sessions from outside: whose time is over',
      ],
    },
  ],
  [
    'forgets hand-on',
    memory.ForgetsHandOn,
    {
      named: 'hand-on: what a member has not acknowledged goes to another when its session is removed',
      also: ['hand-on: ', 'sessions from outside: give what a shared subscription owes'],
    },
  ],
  [
    'forgets properties',
    memory.ForgetsProperties,
    {
      named: 'properties and bytes: of a message in a log come back as they were',
      also: ['properties and bytes: '],
    },
  ],
  [
    'loses its place between pages',
    memory.LosesItsPlace,
    {
      named: 'pages of retained messages: hold each topic once, whatever their order is (2 a page)',
      also: ['pages of retained messages: '],
    },
  ],
  [
    'keeps wills',
    memory.KeepsWills,
    {
      named:
        'sessions from outside: are purged with the wills that wait, and with those of connections, by author',
      also: [],
    },
  ],
  [
    'goes on behind stop',
    memory.GoesOnBehindStop,
    { named: 'after stop: relayMessage fails with BACKEND_STOPPED', also: ['after stop: '] },
  ],
]

/** Wrong about what outlives the process. */
const ON_DISK: readonly (readonly [string, CreateBackend, Expectation])[] = [
  [
    'reads the identifiers before the commit',
    overMemoryStore(durable.ReadsIdentifiersEarly),
    {
      named:
        'quick reconnects: openSession reads the identifiers behind the commit of what was staged before',
      also: [
        'quick reconnects: ',
        'what is not committed: an openSession',
        'take-over: openSession',
        'over a restart: a session',
      ],
    },
  ],
  [
    'shows what is not committed',
    overMemoryStore(durable.ShowsWhatIsNotCommitted),
    {
      named:
        'what is not committed: a message that is not committed is neither found in the log nor forwarded',
      also: [
        'a store that hangs: holds up neither QoS 0 nor look-ups',
        'what is not committed: a QoS 1 message that is forwarded ahead of its commit',
      ],
    },
  ],
  [
    'keeps half a unit',
    overMemoryStore(durable.KeepsHalfAUnit),
    {
      named:
        'units: identifier and log entries of a relay are all there or none, at every crash point (the commit under way is lost)',
      also: ['units: '],
    },
  ],
  [
    'answers before the commit',
    overMemoryStore(durable.AcknowledgesEarly),
    // Whoever asks at once finds nothing, in any chapter.
    { named: 'what is not committed: relayMessage is answered behind its commit', also: [''] },
  ],
  [
    'hides a write that failed',
    overMemoryStore(durable.HidesFailures),
    {
      named: 'writes that fail: a message is not acknowledged, and nothing of it is kept',
      also: ['writes that fail: a message'],
    },
  ],
  [
    'hands out a sequence again',
    overMemoryStore(durable.HandsOutASequenceAgain),
    {
      named:
        'epochs and sequences over a restart: no sequence is handed out again over a crash, also where the log is empty',
      also: ['epochs and sequences over a restart: no sequence'],
    },
  ],
  [
    'forgets who was connected',
    overMemoryStore(durable.ForgetsWhoWasConnected),
    {
      named:
        'wills over a crash: the will of a client that was connected at the crash is due: at once, or when it has waited',
      also: [
        'wills over a crash: ',
        'wills: ',
        'sessions from outside: are purged with the wills',
        'sessions from outside, over a restart: messages and wills',
      ],
    },
  ],
  [
    'loses the last batch',
    durable.losesTheLastBatch,
    {
      named: 'over a crash: the very last answer is there, whatever it was',
      also: [
        'wills over a crash: ',
        'over a crash: ',
        'expiry over a crash: ',
        'epochs and sequences',
        'units: ',
        'a store that hangs: ',
        'sessions from outside, over a restart: ',
      ],
    },
  ],
]

describe('a backend that', () => {
  it('is right is green', async () => {
    expect(await redChecks(inMemory(MemoryBackend), {})).toEqual([])
    expect(await redChecks(overMemoryStore(RightBackend), { durable: true })).toEqual([])
  })

  it.each(IN_MEMORY)('%s is red', async (_what, make, expectation) => {
    expectRed(await redChecks(inMemory(make), {}), expectation)
  })

  it.each(ON_DISK)('%s is red', async (_what, create, expectation) => {
    expectRed(await redChecks(create, { durable: true }), expectation)
  })
})

function expectRed(red: readonly string[], { named, also = [] }: Expectation): void {
  expect(red).toContain(named)
  const others = red.filter((title) => title !== named && !also.some((start) => title.startsWith(start)))
  expect(others).toEqual([])
}
