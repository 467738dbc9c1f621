/** Sessions that expire together take turns with the packets of others. */
import type { MiddlewareLike } from '@mqtt-stack/core'
import type { TestClient } from '@mqtt-stack/testing'
import { settle } from '@mqtt-stack/testing'
import { expect, it } from 'vitest'
import { defaultStack } from '../../../test/rig/default-stack.ts'

const SESSIONS = 200

it.each(['expire', 'end with their connections'])(
  'many sessions that %s at once keep nobody waiting for more than a turn',
  async (how) => {
    let ended = 0
    let spend = (): void => {}
    /** How many had ended when a ping came. */
    const pings: number[] = []
    const watcher: MiddlewareLike = {
      name: 'Watcher',
      handles: ['pingreq'],
      handle: () => void pings.push(ended),
      sessionEnded: () => spend(),
    }
    const { client, clock } = await defaultStack({ use: [watcher] })
    const bob = await client({ clientId: 'bob' })
    const keepPinging = async (): Promise<void> => {
      while (ended < SESSIONS) await bob.ping()
    }
    let pinging: Promise<void> | undefined
    spend = () => {
      ended++
      clock.spend(2)
      pinging ??= keepPinging()
    }
    const sleepers: TestClient[] = []
    for (let i = 0; i < SESSIONS; i++) {
      const sessionExpiryInterval = how === 'expire' ? 1 : 0
      const options = { protocolVersion: 5, properties: { sessionExpiryInterval } } as const
      sleepers.push(await client({ clientId: `s${i}`, ...options }))
    }
    await Promise.all(sleepers.map((sleeper) => sleeper.drop()))
    await settle()
    if (how === 'expire') await clock.advance(5_000)
    await pinging
    expect(ended).toBe(SESSIONS)
    // Five of 2 ms a turn: a ping comes every few turns.
    const between = pings.map((count, i) => count - (pings[i - 1] ?? 0))
    expect(Math.max(...between)).toBeLessThanOrEqual(40)
  },
)
