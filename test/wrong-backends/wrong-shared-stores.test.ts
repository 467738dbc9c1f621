/** Stores that several nodes share, each wrong in one thing: the check that is named for it is red, and none that it is no matter of. */
import { MemoryService, VirtualClock } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { redSharedStoreChecks } from './collect.ts'
import type { Spoil } from './shared-stores.ts'
import * as wrong from './shared-stores.ts'

/** What is wrong, the check that is named for it, and how the titles of the others begin that may be red as well. */
const WRONG: readonly (readonly [string, Spoil, string, readonly string[]])[] = [
  [
    'writes without a fence',
    wrong.writesWithoutFence,
    'claims: who has lost its part writes nothing any more, and may not renew its lease',
    ['claims: of a part that was forgotten', 'nodes and leases: who joins under the name'],
  ],
  [
    'swaps in two steps',
    wrong.swapsInTwoSteps,
    'names: of many that set a name at once one has it',
    ['names: '],
  ],
  [
    'turns the inbox round',
    wrong.turnsTheInboxRound,
    'inboxes: entries come in the order in which they were sent, and positions grow as strings',
    ['inboxes: '],
  ],
  [
    'includes the position',
    wrong.includesThePosition,
    'inboxes: those behind a position come, and no more than the limit',
    ['inboxes: '],
  ],
  [
    'forgets late entries',
    wrong.forgetsLateEntries,
    'claims: a part with an entry behind what was received is not forgotten',
    ['claims: '],
  ],
  [
    'leaves late entries',
    wrong.leavesLateEntries,
    'claims: a node that leaves takes its part with it, unless its inbox has more',
    ['nodes and leases: a node with an entry behind'],
  ],
  [
    'feeds apart from the map',
    wrong.feedsApart,
    'retained messages: each write is an entry of the feed, at the position that it was answered with',
    ['retained messages: ', 'claims: who has lost its part'],
  ],
  [
    'writes the map in halves',
    wrong.writesTheMapInHalves,
    'retained messages: who reads the map while it is written sees all of a write or nothing',
    ['retained messages: '],
  ],
  [
    'hides what waits',
    wrong.hidesWhatWaits,
    'inboxes: how much waits in an inbox is told, about, until it is trimmed',
    [],
  ],
  [
    'casts out of order',
    wrong.castsOutOfOrder,
    'inboxes: casts come to the node that they are for, in their order, and are kept nowhere',
    [],
  ],
  [
    'takes a prefix for a pattern',
    wrong.globsNames,
    'names: names are found by what their value begins with, every character as it is',
    [],
  ],
  [
    'lets anybody in',
    wrong.letsAnybodyIn,
    'nodes and leases: a name that a live node has is refused with NODE_TAKEN, and the node goes on',
    ['claims: a name whose part'],
  ],
  [
    'has no leases',
    wrong.hasNoLeases,
    'nodes and leases: a lease that is not renewed ends, and one that is lasts',
    ['claims: ', 'nodes and leases: '],
  ],
  [
    'sends to nobody',
    wrong.sendsToNobody,
    'inboxes: what is sent to nobody is answered with false, and makes no node',
    [
      'claims: of a part that was forgotten',
      'claims: no entry is lost',
      'nodes and leases: a node that leaves',
    ],
  ],
]

const redOf = (spoil: Spoil): Promise<string[]> =>
  redSharedStoreChecks(() => {
    const clock = new VirtualClock()
    const service = new MemoryService({ clock, feed: 100 })
    return {
      open: (node) => wrong.spoilt(service.node(node), spoil),
      pass: (ms) => clock.advance(ms),
      feed: 100,
    }
  })

describe('a store that several nodes share and that', () => {
  it('is right is green', async () => {
    expect(await redOf(() => ({}))).toEqual([])
  })

  it.each(WRONG)('%s is red', async (_what, spoil, named, also) => {
    const red = await redOf(spoil)
    expect(red).toContain(named)
    expect(red.filter((title) => title !== named && !also.some((start) => title.startsWith(start)))).toEqual(
      [],
    )
  })
})
