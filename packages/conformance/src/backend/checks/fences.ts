import assert from 'node:assert/strict'
import type { CallbackName } from '@mqtt-stack/core'
import type { Bench } from '../bench.ts'
import type { Chapter } from '../check.ts'
import { chapter } from '../check.ts'
import { makeMessage } from '../message.ts'
import type { Session } from '../session.ts'

/** Calls that carry identifier and epoch, and what else they are made with. */
const FENCED: Readonly<Record<string, object>> = {
  closeSession: { expiryInterval: 60 },
  storeSubscription: {
    topic: 'a',
    qos: 0,
    options: { topic: 'a', qos: 0 },
    identifier: undefined,
    packet: { cmd: 'subscribe', subscriptions: [] },
  },
  removeSubscription: { topic: 't' },
  clearSubscriptions: { packet: undefined },
  releaseOfflineMessages: { messageIds: [1], sequences: [1] },
  removeOfflineMessages: { messageIds: [1], sequences: [1] },
  clearOfflineMessages: {},
  storeInboundMessage: { packetId: 9 },
  releaseInboundMessages: { packetIds: [7] },
}

export const fences: Chapter = chapter('fences', undefined, (check) => {
  for (const [name, more] of Object.entries(FENCED)) {
    check(`${name} of an older epoch is refused with STALE_EPOCH, and changes nothing`, async (bench) => {
      const first = await bench.open('alice')
      await first.subscribe('t')
      await first.hold(7)
      await bench.relay({ payload: 'kept' })
      const second = await bench.open('alice')
      for (const epoch of [first.epoch, 0, second.epoch + 99])
        await rejectsStale(call(bench, name, first, { ...more, epoch }))
      assert.deepEqual(await second.payloads(), ['kept'])
      assert.deepEqual(
        (await second.subscriptions()).map(({ topic }) => topic),
        ['t'],
      )
      await call(bench, name, second, more)
      if (name !== 'closeSession') await second.leave()
      const { inboundIds } = await bench.open('alice')
      const wanted: Record<string, number[]> = { releaseInboundMessages: [], storeInboundMessage: [7, 9] }
      assert.deepEqual([...inboundIds].sort(), wanted[name] ?? [7])
    })

    check(`${name} for a session that is gone is refused with STALE_EPOCH`, async (bench) => {
      const session = await bench.open('alice')
      await session.leave()
      assert.equal(await session.remove(), true)
      if (name === 'clearSubscriptions' || name === 'clearOfflineMessages') {
        // There is nothing to clear: no error either.
        await call(bench, name, session, more).catch(() => {})
      } else await rejectsStale(call(bench, name, session, more))
      assert.equal((await bench.open('alice')).present, false)
    })
  }

  check(
    'a relay whose identifier is of an older epoch is refused: nobody gets the message',
    async (bench) => {
      await (await bench.open('reader')).subscribe('t', { qos: 2 })
      const first = await bench.open('alice')
      const second = await bench.open('alice')
      await rejectsStale(bench.relay({ qos: 2, from: first, packetId: 5 }))
      assert.deepEqual(bench.forwards.all, [])
      await bench.relay({ qos: 2, payload: 'mine', from: second, packetId: 6 })
      assert.deepEqual(bench.forwards.payloads('reader'), ['mine'])
      await second.leave()
      assert.deepEqual((await bench.open('alice')).inboundIds, [6])
    },
  )

  check('a connection that lost its session can neither subscribe nor unsubscribe it', async (bench) => {
    const first = await bench.open('alice', { expiryInterval: 0 })
    await first.subscribe('t')
    const second = await bench.open('alice', { expiryInterval: 0 })
    await second.subscribe('u')
    await rejectsStale(first.subscribe('v'))
    await rejectsStale(first.unsubscribe('u'))
    await bench.relay({ topic: 'v' })
    await bench.relay({ topic: 'u', payload: 'once' })
    assert.deepEqual(bench.forwards.payloads('alice'), ['once'])
  })

  check('a log takes messages of any epoch of its session, and none of an older session', async (bench) => {
    const first = await bench.open('alice')
    const second = await bench.open('alice')
    const append = (epoch: number) =>
      bench.call('storeOfflineMessage', {
        client: undefined,
        clientId: 'alice',
        epoch,
        packet: makeMessage(),
        messageId: 1,
        qos: 1,
        retain: false,
        identifiers: undefined,
        expiresAt: 0,
        share: undefined,
      })
    assert.notEqual((await append(first.epoch)).sequence, undefined)
    assert.notEqual((await append(second.epoch)).sequence, undefined)
    assert.equal((await second.log()).length, 2)
    const third = await bench.open('alice', { cleanStart: true })
    for (const epoch of [first.epoch, second.epoch, third.epoch + 99]) {
      // That the receiver has gone is no error of the publisher.
      assert.equal((await append(epoch)).sequence, undefined)
    }
    assert.deepEqual(await third.log(), [])
  })
})

function call(bench: Bench, name: string, session: Session, more: object): Promise<unknown> {
  const ctx = { client: session.client, ...session.address, ...more }
  return bench.call(name as CallbackName, ctx as never)
}

async function rejectsStale(call: Promise<unknown>): Promise<void> {
  await assert.rejects(call, { code: 'STALE_EPOCH' })
}
