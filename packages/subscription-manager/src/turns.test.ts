/** A packet of many filters, and a session of many subscriptions, take turns with the packets of others. */
import type { MiddlewareLike } from '@mqtt-stack/core'
import { describe, expect, it } from 'vitest'
import type { DefaultStack } from '../../../test/rig/default-stack.ts'
import { defaultStack } from '../../../test/rig/default-stack.ts'

const FILTERS = Array.from({ length: 400 }, (_, i) => `+/${i}`)

/** A stack in which each filter that comes or goes takes a millisecond; notes how many did when a ping came. */
async function setup(): Promise<DefaultStack & { readonly pings: number[] }> {
  const pings: number[] = []
  let filters = 0
  let spend = (): void => {}
  const slow: MiddlewareLike = {
    name: 'Slow',
    handles: ['connect', 'pingreq', 'subscribe', 'unsubscribe'],
    handle(_client, packet) {
      if (packet.cmd === 'pingreq') pings.push(filters)
      else filters = 0
    },
    subscribeTopic: () => spend(),
    unsubscribeTopic: () => spend(),
  }
  const whole = await defaultStack({ use: [slow] })
  spend = () => {
    filters++
    whole.clock.spend(1)
  }
  return Object.assign(whole, { pings })
}

describe('many filters take turns with others', () => {
  it.each(['SUBSCRIBE', 'UNSUBSCRIBE', 'a session that is resumed'])('in %s', async (what) => {
    const { client, open, pings } = await setup()
    const bob = await client({ clientId: 'bob' })
    const alice = await client({ clientId: 'alice', clean: false })
    if (what !== 'SUBSCRIBE') await alice.subscribe(FILTERS)
    let answered: Promise<unknown>
    if (what === 'SUBSCRIBE') answered = alice.subscribe(FILTERS)
    else if (what === 'UNSUBSCRIBE') answered = alice.unsubscribe(FILTERS)
    else {
      await alice.disconnect()
      answered = open({ clientId: 'alice' }).connect({ clientId: 'alice', clean: false })
    }
    for (let i = 0; i < 10; i++) await bob.ping()
    await answered
    // Ten milliseconds a turn; all 400 would have come before the first ping.
    expect(pings.length).toBe(10)
    expect(pings[0]).toBeLessThanOrEqual(20)
    expect(pings[4]).toBeLessThan(400)
  })
})
