import type { MiddlewareLike } from '@mqtt-stack/core'
import { DONE } from '@mqtt-stack/core'
import { expect, test } from 'vitest'
import { broker5 } from '../test/rig/broker.ts'
import { Counters } from './counters.ts'

test('counters know the messages and bytes of each client, each way, and nothing of what is withheld', async () => {
  const withholds: MiddlewareLike = {
    name: 'Withholds',
    sendMessage: ({ topic }) => (topic === 'withheld' ? DONE : undefined),
  }
  const counters = new Counters()
  const { client, broker } = broker5({ use: [withholds, counters] })
  const alice = await client({ clientId: 'alice' })
  const device = await client({ clientId: 'device' })
  await device.subscribe('#', { qos: 2 })
  for (const qos of [0, 1, 2] as const) await alice.publish('a', '1', { qos })
  await alice.publish('withheld', '', { qos: 1 })
  const [of, to] = counters.report()
  expect([of.clientId, of.messages, to.clientId, to.messages]).toEqual([
    'alice',
    { in: 4, out: 0 },
    'device',
    { in: 0, out: 3 },
  ])
  const [one, two] = broker.stack.clients
  expect([of.bytes, to.bytes]).toEqual([
    { in: one.bytesIn, out: one.bytesOut },
    { in: two.bytesIn, out: two.bytesOut },
  ])
  expect(Math.min(of.bytes.in, of.bytes.out, to.bytes.in, to.bytes.out)).toBeGreaterThan(0)
  await alice.disconnect()
  expect(counters.report().map(({ clientId }) => clientId)).toEqual(['device'])
})
