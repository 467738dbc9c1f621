/** Several brokers over a store that is wrong in one thing each: the check that is named for it is red. */
import { overService } from '@mqtt-stack/conformance/backend'
import { MemoryService, VirtualClock } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { redServiceChecks } from './collect.ts'
import * as services from './services.ts'
import type { Spoil } from './shared-stores.ts'
import { spoilt } from './shared-stores.ts'

/** What is wrong, the check that is named for it, and how the titles of the others begin that may be red as well. */
const WRONG: readonly (readonly [string, Spoil, string, readonly string[]])[] = [
  [
    'loses casts',
    services.losesCasts,
    'several brokers: at QoS 0 a message comes to the clients of all brokers, once to each and in order',
    // What brokers tell each other goes the same way.
    ['several brokers: what one broker tells the others'],
  ],
  [
    'claims nothing',
    services.claimsNothing,
    'brokers that are lost: the sessions of a broker that was killed are at others, with each message that was answered',
    ['brokers that are lost: '],
  ],
  [
    'keeps names',
    services.keepsNames,
    'several brokers: nothing is left where all sessions have ended and all retained messages were cleared',
    ['several brokers: ', 'sessions at several brokers: ', 'brokers that are lost: '],
  ],
  [
    'says that the feed has nothing',
    services.feedsNobody,
    'several brokers: a retained message is found at every broker as soon as it is stored at one',
    ['several brokers: ', 'brokers that are lost: a broker that was cut off'],
  ],
]

const redOf = (spoil: Spoil): Promise<string[]> =>
  redServiceChecks(
    overService(() => {
      const clock = new VirtualClock()
      const service = new MemoryService({ clock })
      const left = (): Record<string, number> => ({
        names: service.left.names,
        retained: service.left.retained,
      })
      return {
        clock,
        lease: service.lease,
        pass: (ms) => clock.advance(ms),
        left,
        open: (node) => spoilt(service.node(node), spoil),
      }
    }),
  )

describe('several brokers over a store that', () => {
  it('is right are green', async () => {
    expect(await redOf(() => ({}))).toEqual([])
  }, 120_000)

  it.each(WRONG)(
    '%s are red',
    async (_what, spoil, named, also) => {
      const red = await redOf(spoil)
      expect(red).toContain(named)
      expect(
        red.filter((title) => title !== named && !also.some((start) => title.startsWith(start))),
      ).toEqual([])
    },
    120_000,
  )
})
