/** How long messages wait for their receivers, as those hear of it who sample messages. */
import type { MessageSampler, MiddlewareLike } from '@mqtt-stack/core'
import { SendStore } from '@mqtt-stack/core'
import { MemoryStore } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { BACKENDS } from '../../../test/rig/backends.ts'
import type { DefaultStack, DefaultStackOptions } from '../../../test/rig/default-stack.ts'
import { defaultStack } from '../../../test/rig/default-stack.ts'
import { StoredBackend } from '../../../test/rig/stored-backend.ts'

const KIB = 'x'.repeat(1_024)

interface Sampled extends Pick<DefaultStack, 'client' | 'clock' | 'settle' | 'stack'> {
  /** `waited 3 s of 1`, and of deliveries at once the receivers. */
  readonly told: string[]
}

async function sampled(options: DefaultStackOptions = {}, sampler: MessageSampler = {}): Promise<Sampled> {
  const { client, clock, settle, stack } = await defaultStack(options)
  const told: string[] = []
  stack.sampleMessages({
    every: 1,
    delivered: (_seconds, _weight, receivers) => void told.push(`at once to ${receivers}`),
    waited: (seconds, weight) => void told.push(`waited ${Math.round(seconds * 10) / 10} s of ${weight}`),
    ...sampler,
  })
  return { client, clock, settle, stack, told }
}

describe.each(BACKENDS)('a message that waits, on a backend %s', (_name, backend) => {
  it.each([
    ['queue of a session that ends with its connection', true],
    ['log of a session that is kept', false],
  ])('for room in the window, in the %s, is told when it is sent', async (_where, clean) => {
    const { client, clock, settle, told } = await sampled({ backend, outboundManager: { inflight: 1 } })
    const receiver = await client({ clean, autoAck: false })
    await receiver.subscribe('t', { qos: 1 })
    const alice = await client()
    await alice.publish('t', 'first', { qos: 1 })
    await alice.publish('t', 'second', { qos: 1 })
    await settle()
    expect(told).toEqual(['at once to 1'])
    const { messageId } = await receiver.next('publish')
    await clock.advance(3_000)
    receiver.send({ cmd: 'puback', messageId })
    await settle()
    expect(told).toEqual(['at once to 1', 'waited 3 s of 1'])
  })

  it.each([true, false])(
    'for a receiver that does not read is told when it is sent (clean: %s)',
    async (clean) => {
      const { client, clock, settle, told } = await sampled({ backend, stack: { highWater: 8_192 } })
      const receiver = await client({ clean })
      await receiver.subscribe('t', { qos: 1 })
      const alice = await client()
      receiver.freeze()
      for (let i = 0; i < 100; i++) await alice.publish('t', KIB, { qos: 1 })
      await settle()
      const before = told.length
      expect(before).toBeGreaterThan(5)
      expect(told.every((one) => one === 'at once to 1')).toBe(true)
      await clock.advance(2_000)
      receiver.thaw()
      await settle()
      // One stands for all that came behind it.
      const rest = told.slice(before)
      expect(rest).toEqual([expect.stringMatching(/^waited 2(\.\d)? s of \d+$/)])
      expect(Number(rest[0].split(' ').at(-1))).toBe(100 - before)
    },
  )
})

describe('a message that waits', () => {
  it('in a log that is read on from the disk, is told', async () => {
    const { client, clock, settle, told } = await sampled({
      backend: new StoredBackend({}, new MemoryStore({ commit: 5 })),
      outboundManager: { inflight: 2 },
    })
    const receiver = await client({ clean: false, autoAck: false })
    await receiver.subscribe('t', { qos: 2 })
    const alice = await client()
    for (const i of [1, 2, 3, 4, 5, 6]) {
      await alice.publish('t', String(i), { qos: 2 })
      await settle()
    }
    await clock.advance(1_000)
    receiver.autoAck = true
    for (const _ of [1, 2]) {
      const { messageId } = await receiver.next('publish')
      receiver.send({ cmd: 'pubrec', messageId })
    }
    await settle()
    expect(told.filter((one) => one.startsWith('waited'))).toEqual(['waited 1 s of 4'])
  })

  it.each([true, false])('and is purged is not told, and the next one is (clean: %s)', async (clean) => {
    const { client, clock, settle, stack, told } = await sampled({ outboundManager: { inflight: 1 } })
    const receiver = await client({ clean, autoAck: false })
    await receiver.subscribe('#', { qos: 1 })
    const alice = await client()
    await alice.publish('a', 'x', { qos: 1 })
    await alice.publish('b', 'x', { qos: 1 })
    await stack.call('purgeMessages', { filter: 'b' })
    await alice.publish('c', 'x', { qos: 1 })
    await clock.advance(1_000)
    const { messageId } = await receiver.next('publish')
    receiver.send({ cmd: 'puback', messageId })
    const next = await receiver.next('publish')
    expect(next.topic).toBe('c')
    const before = told.filter((one) => one.startsWith('waited'))
    await alice.publish('d', 'x', { qos: 1 })
    await clock.advance(2_000)
    receiver.send({ cmd: 'puback', messageId: next.messageId })
    await settle()
    expect(told.filter((one) => one.startsWith('waited'))).toEqual([...before, 'waited 2 s of 1'])
    expect(before.length).toBeLessThan(2)
  })

  it('and is withheld at last is not told', async () => {
    let withholds = false
    const keeper: MiddlewareLike = {
      name: 'Keeper',
      sendMessage(_ctx, store) {
        if (withholds && store instanceof SendStore) store.dropped = true
      },
    }
    const { client, settle, told } = await sampled({ outboundManager: { inflight: 1 }, use: [keeper] })
    const receiver = await client({ autoAck: false })
    await receiver.subscribe('t', { qos: 1 })
    const alice = await client()
    await alice.publish('t', 'first', { qos: 1 })
    await alice.publish('t', 'second', { qos: 1 })
    withholds = true
    receiver.send({ cmd: 'puback', messageId: (await receiver.next('publish')).messageId })
    await settle()
    expect(told).toEqual(['at once to 1'])
  })

  it('for a connection that ends is not told, nor when its session goes on', async () => {
    const { client, clock, settle, told } = await sampled({ outboundManager: { inflight: 1 } })
    const receiver = await client({ clientId: 'r', clean: false, autoAck: false })
    await receiver.subscribe('t', { qos: 1 })
    const alice = await client()
    await alice.publish('t', 'first', { qos: 1 })
    await alice.publish('t', 'second', { qos: 1 })
    await receiver.drop()
    await clock.advance(1_000)
    await client({ clientId: 'r', clean: false })
    await settle()
    expect(told).toEqual(['at once to 1'])
  })

  it('is followed for 256 receivers at a time; the next one stands for those that were not', async () => {
    const { client, clock, settle, told } = await sampled({ outboundManager: { inflight: 1 } })
    const receivers = await Promise.all(Array.from({ length: 300 }, () => client({ autoAck: false })))
    for (const receiver of receivers) await receiver.subscribe('t', { qos: 1 })
    const alice = await client()
    await alice.publish('t', 'first', { qos: 1 })
    await alice.publish('t', 'second', { qos: 1 })
    const acknowledge = async (): Promise<void> => {
      for (const receiver of receivers)
        receiver.send({ cmd: 'puback', messageId: (await receiver.next('publish')).messageId })
      await settle()
    }
    await clock.advance(1_000)
    await acknowledge()
    const waited = told.filter((one) => one.startsWith('waited'))
    expect(waited).toEqual(Array.from({ length: 256 }, () => 'waited 1 s of 1'))
    told.length = 0
    await alice.publish('t', 'third', { qos: 1 })
    await clock.advance(2_000)
    await acknowledge()
    expect(
      told
        .filter((one) => one.startsWith('waited'))
        .toSorted()
        .at(-1),
    ).toBe('waited 2 s of 45')
  })

  it('makes room for others once it has waited for more than a minute', async () => {
    const { client, clock, settle, told } = await sampled({ outboundManager: { inflight: 1 } })
    const stuck = await Promise.all(Array.from({ length: 256 }, () => client({ autoAck: false })))
    for (const receiver of stuck) await receiver.subscribe('stuck', { qos: 1 })
    const slow = await client({ autoAck: false })
    await slow.subscribe('slow', { qos: 1 })
    const alice = await client({ keepalive: 0 })
    for (const topic of ['stuck', 'stuck', 'slow']) await alice.publish(topic, 'x', { qos: 1 })
    await clock.advance(60_001)
    await alice.publish('slow', 'x', { qos: 1 })
    await clock.advance(500)
    slow.send({ cmd: 'puback', messageId: (await slow.next('publish')).messageId })
    await settle()
    expect(told.filter((one) => one.startsWith('waited'))).toEqual(['waited 0.5 s of 1'])
  })

  it('is none once nobody samples any more', async () => {
    const { client, settle, stack } = await sampled({ outboundManager: { inflight: 1 } })
    const told: number[] = []
    const end = stack.sampleMessages({ every: 1, waited: (seconds) => void told.push(seconds) })
    const receiver = await client({ autoAck: false })
    await receiver.subscribe('t', { qos: 1 })
    const alice = await client()
    await alice.publish('t', 'first', { qos: 1 })
    await alice.publish('t', 'second', { qos: 1 })
    end()
    receiver.send({ cmd: 'puback', messageId: (await receiver.next('publish')).messageId })
    await settle()
    expect(told).toEqual([])
  })
})
