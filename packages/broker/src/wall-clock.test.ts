/** No interval follows the wall clock: setting it ends nothing, and makes nothing live longer. */
import type { Context, Store } from '@mqtt-stack/core'
import { MemoryBackend } from '@mqtt-stack/memory-backend'
import type { TestClient, VirtualClock } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { broker5 } from '../../../test/rig/broker.ts'
import { messagesOf } from '../../../test/rig/bytes.ts'

const DAY = 86_400_000

/** Seconds left of the messages that came. */
const left = ({ received }: TestClient): (number | undefined)[] =>
  received.flatMap((packet) => (packet.cmd === 'publish' ? [packet.properties?.messageExpiryInterval] : []))

const lasting = { clientId: 'one', clean: false, properties: { sessionExpiryInterval: 600 } }
const expiring = { qos: 1, properties: { messageExpiryInterval: 60 } } as const

describe.each([
  ['back by a day', -DAY],
  ['forward by 30 days', 30 * DAY],
])('the wall clock is set %s', (_name, jump) => {
  const set = (clock: VirtualClock): void => clock.set(clock.wall() + jump)

  it('a retained message goes out with what is left, and is over when its time has passed', async () => {
    const { client, clock, seconds } = broker5()
    await (await client()).publish('a', 'kept', { ...expiring, retain: true })
    set(clock)
    await seconds(10)
    const early = await client()
    await early.subscribe('a', { qos: 1 })
    await seconds(0)
    expect(left(early)).toEqual([50])
    await seconds(50)
    const late = await client()
    await late.subscribe('a', { qos: 1 })
    await seconds(0)
    expect(left(late)).toEqual([])
  })

  it('a message in a log goes out with what is left, and is over when its time has passed', async () => {
    const { client, clock, seconds } = broker5()
    const away = await client(lasting)
    await away.subscribe('a', { qos: 1 })
    await away.drop()
    const publisher = await client()
    await publisher.publish('a', 'long', expiring)
    await publisher.publish('a', 'short', { qos: 1, properties: { messageExpiryInterval: 5 } })
    set(clock)
    await seconds(10)
    const back = await client(lasting)
    await seconds(0)
    expect(messagesOf(back)).toEqual(['a long q1'])
    expect(left(back)).toEqual([50])
  })

  it('a message in a queue goes out with what is left, and is over when its time has passed', async () => {
    const { client, clock, seconds } = broker5()
    const one = await client({ autoAck: false, properties: { receiveMaximum: 1 } })
    await one.subscribe('a', { qos: 1 })
    const publisher = await client()
    await publisher.publish('a', 'in flight', expiring)
    await publisher.publish('a', 'long', expiring)
    await publisher.publish('a', 'short', { qos: 1, properties: { messageExpiryInterval: 5 } })
    set(clock)
    await seconds(10)
    one.autoAck = true
    one.send({ cmd: 'puback', messageId: (await one.next('publish')).messageId })
    await seconds(0)
    expect(messagesOf(one)).toEqual(['a in flight q1', 'a long q1'])
    expect(left(one)).toEqual([60, 50])
  })

  it('a session lasts as long as it was to last', async () => {
    const { client, accepted, clock, seconds, memory } = broker5()
    await (await client(lasting)).drop()
    await (await client({ ...lasting, clientId: 'two' })).drop()
    set(clock)
    await seconds(590)
    expect((await accepted(lasting))[1].sessionPresent).toBe(true)
    expect(memory.stats.sessions).toBe(2)
    await seconds(12)
    expect(memory.stats.sessions).toBe(1)
  })

  it('a delayed will waits as long as it was to wait', async () => {
    const { client, clock, seconds } = broker5()
    const watcher = await client()
    await watcher.subscribe('gone')
    const will = { topic: 'gone', payload: 'one', qos: 0, retain: false } as const
    const one = await client({ ...lasting, will: { ...will, properties: { willDelayInterval: 100 } } })
    await one.drop()
    set(clock)
    await seconds(99)
    expect(messagesOf(watcher)).toEqual([])
    await seconds(2)
    expect(messagesOf(watcher)).toEqual(['gone one q0'])
  })
})

/** It says that everything retained has a day more. */
class Astray extends MemoryBackend {
  override lookupRetainedMessages(
    ctx: Context<'lookupRetainedMessages'>,
    store: Store<'lookupRetainedMessages'>,
  ): void {
    super.lookupRetainedMessages(ctx, store)
    store.splice(0, store.length, ...store.map((one) => ({ ...one, expiresAt: one.expiresAt + DAY })))
  }
}

it('what goes out has never more time than came in, whatever a store says', async () => {
  const { client, seconds } = broker5({ backend: new Astray() })
  await (await client()).publish('a', 'kept', { ...expiring, retain: true })
  const one = await client()
  await one.subscribe('a', { qos: 1 })
  await seconds(0)
  expect(left(one)).toEqual([60])
})
