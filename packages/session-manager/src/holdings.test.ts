/** Who holds how much, as `lookupHoldings` says. */
import type { Context, Holdings, Listener } from '@mqtt-stack/core'
import { describe, expect, it } from 'vitest'
import { BACKENDS } from '../../../test/rig/backends.ts'
import type { Broker5 } from '../../../test/rig/broker.ts'
import { broker5 } from '../../../test/rig/broker.ts'
import { everybody } from '../../../test/rig/everybody.ts'

const from = (remote: string): Listener => ({ transport: 'tcp', local: false, remote })
const kept = (clientId: string, username: string) => ({
  clientId,
  username,
  clean: false,
  properties: { sessionExpiryInterval: 600 },
})

async function look({ broker }: Broker5, ctx: Partial<Context<'lookupHoldings'>> = {}): Promise<Holdings[]> {
  return broker.stack.call('lookupHoldings', { limit: 100, ...ctx })
}

/** Without the bytes, which are the ledger's own matter. */
const counts = (all: Holdings[]): unknown[] =>
  all.map(({ identity, address, connections, sessions, subscriptions, retained }) => [
    identity ?? address,
    connections,
    sessions,
    subscriptions,
    retained,
  ])

describe.each(BACKENDS)('who holds how much, with %s', (_, backend) => {
  const begin = () =>
    broker5({ backend: backend(), use: [{ middleware: everybody, after: 'authentication' }] })

  it('is counted by user, for who is connected and who is away', async () => {
    const whole = begin()
    const one = await whole.client(kept('one', 'alice'))
    const two = await whole.client({ clientId: 'two', username: 'alice' })
    const away = await whole.client(kept('away', 'bob'))
    await whole.client({ clientId: 'x', listener: from('192.0.2.1:1') })
    await whole.client({ clientId: 'y', listener: from('192.0.2.1:2') })
    await one.subscribe(['a', 'b', 'c'])
    await two.subscribe(['a'])
    await two.publish('r/1', 'x', { qos: 1, retain: true })
    await away.subscribe(['a', 'b'])
    await away.disconnect()
    expect(counts(await look(whole, { by: 'subscriptions' }))).toEqual([
      ['alice', 2, 1, 4, 1],
      ['bob', 0, 1, 2, 0],
      ['192.0.2.1', 2, 0, 0, 0],
    ])
    const [first] = await look(whole)
    expect([first.identity, first.bytes > 0]).toEqual(['alice', true])
    expect(await look(whole, { by: 'connections', limit: 1 })).toHaveLength(1)
  })

  it('is told of one user, also of one who holds nothing', async () => {
    const whole = begin()
    await whole.client(kept('one', 'alice'))
    expect(counts(await look(whole, { identity: 'alice' }))).toEqual([['alice', 1, 1, 0, 0]])
    expect(await look(whole, { identity: 'nobody' })).toEqual([
      {
        identity: 'nobody',
        address: undefined,
        connections: 0,
        sessions: 0,
        subscriptions: 0,
        retained: 0,
        bytes: 0,
      },
    ])
  })

  it('is nothing when all is over', async () => {
    const whole = begin()
    const one = await whole.client(kept('one', 'alice'))
    await one.subscribe(['a', 'b'])
    await one.publish('r', 'x', { qos: 1, retain: true })
    await one.publish('r', 'y', { qos: 1, retain: true })
    await one.publish('r', '', { qos: 1, retain: true })
    await one.disconnect()
    await whole.broker.stack.call('endSession', { clientId: 'one' })
    expect(await look(whole)).toEqual([])
    expect(whole.broker.stack.ledger.held).toBe(0)
  })
})
