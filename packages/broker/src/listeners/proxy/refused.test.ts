/** Who does not say for whom it connects, or may not. */
import { Buffer } from 'node:buffer'
import { VirtualClock } from '@mqtt-stack/testing'
import { describe, expect, test } from 'vitest'
import { closeOf, testBroker } from '../../../../../test/rig/broker.ts'
import { broker, dial, refusals, TCP, trickle, V1, V2 } from '../../../../../test/rig/proxied.ts'
import type { ListenerOptions } from '../options.ts'

describe('who is refused, and told', () => {
  const cases: readonly [string, ListenerOptions, Buffer, string][] = [
    [
      'from elsewhere',
      { ...TCP, proxy: { from: ['10.0.0.0/8'] } },
      V1,
      'it does not come from a proxy (option "proxy")',
    ],
    [
      'no header',
      TCP,
      Buffer.from([0x10, 12, 0, 4]),
      'a PROXY header that cannot be read: it does not begin with one',
    ],
    [
      'malformed',
      TCP,
      Buffer.from('PROXY TCP4 x\r\n'),
      'a PROXY header that cannot be read: not two addresses and two ports',
    ],
  ]
  test.each(cases)('%s', async (_what, listener, bytes, cause) => {
    const one = await broker(listener)
    const socket = await dial(one)
    const remote = `127.0.0.1:${socket.localPort}`
    socket.write(bytes)
    await closeOf(socket.resume())
    expect(refusals(one)).toEqual([expect.objectContaining({ cause, transport: 'tcp', remote })])
    expect(one.stack.clients.size).toBe(0)
  })

  test('a header that is cut off', async () => {
    const one = await broker(TCP)
    const socket = await dial(one)
    const closed = closeOf(socket.resume())
    socket.end(V2.subarray(0, 20))
    await closed
    expect(refusals(one)).toEqual([
      expect.objectContaining({ cause: 'a PROXY header that cannot be read: it is cut off' }),
    ])
  })

  test('nothing at all is closed without a word', async () => {
    const one = await broker({ ...TCP, transport: 'ws' } as ListenerOptions)
    const socket = await dial(one)
    const closed = closeOf(socket.resume())
    socket.end()
    await closed
    expect(refusals(one)).toEqual([])
  })

  test('a header that takes too long', async () => {
    const clock = new VirtualClock()
    const one = await broker({ ...TCP, proxyTimeout: 100 }, { stack: { clock } })
    const socket = await dial(one)
    const closed = closeOf(socket.resume())
    await trickle(socket, [V1.subarray(0, 20)])
    // Until it was accepted, and its time is over.
    while (refusals(one).length === 0) await clock.advance(100)
    await closed
    expect(refusals(one)).toEqual([expect.objectContaining({ cause: 'no PROXY header within 100 ms' })])
  })

  test('closing cuts off who has not said who it is', async () => {
    const one = await broker(TCP)
    const socket = await dial(one)
    await trickle(socket, [V1.subarray(0, 5)])
    const closed = closeOf(socket.resume())
    await one.close()
    await closed
  })
})

describe('what cannot be meant is refused', () => {
  const rule = 'tcp listener: option "proxy" must be { from: [addresses and networks] }, not '
  test.each([
    [
      { from: ['10.0.0.0/40'] },
      'tcp listener: option "proxy" has "10.0.0.0/40", which is no address and no network: write it as 10.0.0.1, 10.0.0.0/8 or 2001:db8::/32',
    ],
    [
      { from: ['lb.example'] },
      'tcp listener: option "proxy" has "lb.example", which is no address and no network: write it as 10.0.0.1, 10.0.0.0/8 or 2001:db8::/32',
    ],
    [{ from: [] }, `${rule}{"from":[]}`],
    [{ from: '10.0.0.1' }, `${rule}{"from":"10.0.0.1"}`],
    [{ from: ['10.0.0.1'], version: 2 }, `${rule}{"from":["10.0.0.1"],"version":2}`],
    [true, `${rule}true`],
  ])('%j', (given, message) => {
    const listener = { proxy: given } as unknown as ListenerOptions
    expect(() => testBroker({ listeners: [listener] })).toThrow(message)
  })
})
