/** Messages that are purged while they are on their way to a client. */
import type { Context, MiddlewareLike, Store } from '@mqtt-stack/core'
import { MemoryBackend } from '@mqtt-stack/memory-backend'
import type { TestClient } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { BACKENDS } from '../../../test/rig/backends.ts'
import { defaultStack } from '../../../test/rig/default-stack.ts'

const payloads = ({ received }: TestClient): string[] =>
  received.flatMap((packet) => (packet.cmd === 'publish' ? [packet.payload.toString()] : []))

describe.each(BACKENDS)('messages that are purged, on a backend %s', (_name, backend) => {
  it.each([0, 1, 2, 3, 5, 8, 13])(
    'while the log is read are not sent any more once that is answered (%i turns after CONNECT)',
    async (turns) => {
      const { stack, client, open, settle } = await defaultStack({
        backend,
        outboundManager: { inflight: 4 },
      })
      await (await client({ clientId: 'bob', clean: false })).subscribe('#', { qos: 1 })
      for (const one of stack.clients) if (one.id === 'bob') one.close()
      const alice = await client({ clientId: 'alice' })
      const open20 = Array.from({ length: 20 }, (_, i) => `open ${i}`)
      for (const [i, payload] of open20.entries()) {
        await alice.publish('open', payload, { qos: 1 })
        await alice.publish('secret', `secret ${i}`, { qos: 1 })
      }
      const bob = open({ clientId: 'bob' })
      const connected = bob.connect({ clean: false })
      for (let i = 0; i < turns; i++) await new Promise(setImmediate)
      await stack.call('purgeMessages', { filter: 'secret' })
      const before = payloads(bob).length
      await connected
      await settle()
      const after = payloads(bob).slice(before)
      // What was written by then may still have been on its way through the socket: no more than the window has room for.
      expect(after.filter((payload) => payload.startsWith('secret')).length).toBeLessThanOrEqual(4)
      expect(payloads(bob).filter((payload) => payload.startsWith('open'))).toEqual(open20)
    },
  )

  it('in flight for a shared subscription are not handed on when their receiver goes', async () => {
    const { stack, client, drops, settle } = await defaultStack({ backend })
    const bob = await client({ clientId: 'bob' })
    bob.autoAck = false
    await bob.subscribe('$share/g/t', { qos: 1 })
    const alice = await client({ clientId: 'alice' })
    for (const payload of ['1', '2']) await alice.publish('t', payload, { qos: 1 })
    const carol = await client({ clientId: 'carol' })
    await carol.subscribe('$share/g/t', { qos: 1 })
    await stack.call('purgeMessages', { filter: 't' })
    await bob.drop()
    await settle()
    expect(payloads(carol)).toEqual([])
    expect(drops).toEqual([])
  })

  it('from a queue are handed to another member of a shared subscription where one client is not to have them', async () => {
    const { stack, client, settle } = await defaultStack({ backend, outboundManager: { inflight: 1 } })
    const bob = await client({ clientId: 'bob' })
    bob.autoAck = false
    await bob.subscribe('$share/g/t', { qos: 1 })
    const alice = await client({ clientId: 'alice' })
    for (const payload of ['1', '2', '3']) await alice.publish('t', payload, { qos: 1 })
    const carol = await client({ clientId: 'carol' })
    await carol.subscribe('$share/g/t', { qos: 1 })
    expect((await stack.call('purgeMessages', { clientId: 'bob', filter: 't' })).waiting).toBe(2)
    await settle()
    expect(payloads(carol)).toEqual(['2', '3'])
  })

  it('leave the ledger', async () => {
    const { stack, client } = await defaultStack({ backend, outboundManager: { inflight: 1 } })
    const bob = await client({ clientId: 'bob' })
    bob.autoAck = false
    await bob.subscribe('t', { qos: 1 })
    const alice = await client({ clientId: 'alice' })
    await alice.publish('t', '1', { qos: 1 })
    const { held } = stack.ledger
    for (let i = 0; i < 5; i++) await alice.publish('t', 'x'.repeat(1_000), { qos: 1 })
    expect(stack.ledger.held).toBeGreaterThan(held + 5_000)
    await stack.call('purgeMessages', { clientId: 'bob' })
    expect(stack.ledger.held).toBe(held)
  })
})

/** Reads a log at once, and answers when it may. */
class LateReader extends MemoryBackend {
  gate: Promise<void> | undefined

  override lookupOfflineMessages(
    ctx: Context<'lookupOfflineMessages'>,
    store: Store<'lookupOfflineMessages'>,
  ): void | Promise<void> {
    const read = super.lookupOfflineMessages(ctx, store)
    return this.gate ?? read
  }
}

it('a purge sorts out what was read from the log and has not come yet', async () => {
  const reader = new LateReader()
  const { stack, client, settle } = await defaultStack({ backend: reader })
  const away = await client({ clientId: 'bob', clean: false })
  await away.subscribe('#', { qos: 1 })
  await away.disconnect()
  const alice = await client({ clientId: 'alice' })
  for (const topic of ['open', 'secret', 'open']) await alice.publish(topic, topic, { qos: 1 })
  let answer = (): void => {}
  reader.gate = new Promise((resolve) => {
    answer = resolve
  })
  const bob = await client({ clientId: 'bob', clean: false })
  expect((await stack.call('purgeMessages', { filter: 'secret' })).waiting).toBe(1)
  reader.gate = undefined
  answer()
  await settle()
  expect(payloads(bob)).toEqual(['open', 'open'])
  await alice.publish('secret', 'later', { qos: 1 })
  expect(payloads(bob)).toEqual(['open', 'open', 'later'])
})

it('a purge of many messages lets others have their turn', async () => {
  let purged = 0
  let over = false
  const pings: number[] = []
  let spend = (): void => {}
  const watcher: MiddlewareLike = {
    name: 'Watcher',
    handles: ['pingreq'],
    handle: () => void pings.push(purged),
    messageDropped: () => spend(),
  }
  const { stack, client, clock } = await defaultStack({ use: [watcher] })
  for (let i = 0; i < 20; i++) {
    const one = await client({ clientId: `s${i}`, clean: false })
    await one.subscribe('t', { qos: 1 })
    await one.disconnect()
  }
  const alice = await client({ clientId: 'alice' })
  for (let i = 0; i < 100; i++) await alice.publish('t', `${i}`, { qos: 1 })
  const bob = await client({ clientId: 'bob' })
  spend = () => {
    purged++
    clock.spend(0.2)
  }
  const pinging = (async () => {
    while (!over) await bob.ping()
  })()
  expect((await stack.call('purgeMessages', { filter: 't' })).waiting).toBe(2_000)
  over = true
  await pinging
  const between = pings.map((count, i) => count - (pings[i - 1] ?? 0))
  // A piece is a hundred messages of 0.2 ms, and a ping comes every few turns.
  expect(pings.length).toBeGreaterThan(5)
  expect(Math.max(...between)).toBeLessThanOrEqual(600)
})
