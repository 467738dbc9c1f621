/** Beneath a backend nothing stays of sessions that have ended, nor of messages whose time is over. */
import { MemoryStore } from '@mqtt-stack/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Bench } from '../../../conformance/src/backend/bench.ts'
import { makeMessage } from '../../../conformance/src/backend/message.ts'
import { overStore } from '../../../conformance/src/backend/over-store.ts'
import type { Session } from '../../../conformance/src/backend/session.ts'
import { KIND } from './disk/keys.ts'

const NAMES = new Map<number, string>(Object.entries(KIND).map(([name, kind]) => [kind, name]))

/** A backend over a store in memory, and the kinds of the keys that the store holds. */
async function backendOver(): Promise<{ bench: Bench; kept: () => string[] }> {
  const store = new MemoryStore()
  const bench = new Bench(await overStore(() => ({ open: () => store }))({}))
  await bench.start()
  onTestFinished(() => bench.close())
  return { bench, kept: () => keptIn(store) }
}

/** Format and counters, which stay, left out. */
function keptIn(store: MemoryStore): string[] {
  const all = store.read({ from: new Uint8Array(0), to: Uint8Array.of(0xff) }, Number.POSITIVE_INFINITY)
  const names = all.map(({ key }) => NAMES.get(key[0]) ?? 'unknown')
  return names.filter((name) => name !== 'format' && name !== 'counters')
}

/** Stores the same message in a session's log, as a retained one is that several clients get one after the other. */
function storeIn(bench: Bench, { address, client }: Session): Promise<unknown> {
  const ctx = { ...address, client, packet: MESSAGE, messageId: 77, qos: 2, retain: true } as const
  const rest = { identifiers: undefined, expiresAt: 0, share: undefined, publisher: undefined }
  return bench.call('storeOfflineMessage', { ...ctx, ...rest })
}
const MESSAGE = makeMessage({ qos: 2 })

describe('a session that ended leaves nothing', () => {
  it('of what was just being written of its retained messages', async () => {
    const { bench, kept } = await backendOver()
    const alice = await bench.open('alice')
    await alice.subscribe('t')
    const due = { topic: 't', since: 1, qos: 1, identifier: undefined, after: undefined } as const
    const writing = bench.call('storeDueRetained', {
      ...alice.address,
      client: alice.client,
      topic: 't',
      due,
    })
    await Promise.all([writing, alice.leave(0)])
    expect(kept()).toEqual([])
  })

  it('of a message that another session got while the store was busy', async () => {
    const { bench, kept } = await backendOver()
    const [alice, bob] = [await bench.open('alice'), await bench.open('bob')]
    const held = bench.holdCommits()
    const before = alice.hold(1)
    await bench.settle()
    const stored = storeIn(bench, alice)
    const ended = alice.leave(0)
    const storedToo = storeIn(bench, bob)
    held.release()
    await Promise.all([before, stored, ended, storedToo])
    expect(kept()).toEqual(['session', 'entry'])
    await bob.leave(0)
    expect(kept()).toEqual([])
  })

  it.each([
    ['an identifier is freed', (alice: Session) => alice.free(5)],
    ['a subscription is removed', (alice: Session) => alice.unsubscribe('t')],
    ['a message is acknowledged', async (alice: Session) => alice.acknowledge(await alice.log())],
    ['a message is released', async (alice: Session) => alice.release(await alice.log())],
    [
      'its subscriptions are cleared',
      ({ client, address }: Session, bench: Bench) =>
        bench.call('clearSubscriptions', { client, packet: undefined, ...address }),
    ],
    [
      'its log is cleared',
      ({ client, address }: Session, bench: Bench) =>
        bench.call('clearOfflineMessages', { client, packet: undefined, ...address } as never),
    ],
    ['it ends', (alice: Session) => alice.leave(0)],
  ])('where the store could not commit when %s', async (_, change) => {
    const { bench, kept } = await backendOver()
    const [alice, bob] = [await bench.open('alice'), await bench.open('bob')]
    for (const one of [alice, bob]) await one.subscribe('t', { qos: 2 })
    const due = { topic: 't', since: 1, qos: 1, identifier: undefined, after: undefined } as const
    await bench.call('storeDueRetained', { ...alice.address, client: alice.client, topic: 't', due })
    await bench.relay({ qos: 2, from: alice, packetId: 5 })
    const mend = bench.failWrites()
    await expect(Promise.resolve(change(alice, bench))).rejects.toMatchObject({ code: 'STORE_FAILED' })
    mend()
    await bob.leave(0)
    await alice.remove()
    await bench.settle()
    expect(kept()).toEqual([])
  })

  it('of a will that is not to be published, where the store could not commit', async () => {
    const { bench, kept } = await backendOver()
    const alice = await bench.open('alice', { will: { delay: 5 } })
    const bob = await bench.open('bob')
    const mend = bench.failWrites()
    await expect(alice.leave(0)).rejects.toMatchObject({ code: 'STORE_FAILED' })
    mend()
    await bob.leave(0)
    await bench.settle()
    expect(kept()).toEqual([])
    await bench.restart()
    expect(await bench.dueWillPayloads()).toEqual([])
  })

  it('but what took the place of a retained message that was over stays', async () => {
    const { bench, kept } = await backendOver()
    await bench.retain('t', { expiresAt: bench.clock.now() + 100 })
    await bench.seconds(0.2)
    const mend = bench.failWrites()
    expect(await bench.retained('#')).toEqual([])
    await bench.settle()
    mend()
    await bench.retain('t', { payload: 'new' })
    await bench.settle()
    expect([kept(), (await bench.retained('#')).length]).toEqual([['retained'], 1])
  })

  it('but a new session of its name stays', async () => {
    const { bench, kept } = await backendOver()
    const first = await bench.open('alice')
    await first.subscribe('t')
    const mend = bench.failWrites()
    await expect(first.leave(0)).rejects.toMatchObject({ code: 'STORE_FAILED' })
    mend()
    const second = await bench.open('alice')
    await bench.settle()
    expect([second.present, kept()]).toEqual([false, ['session']])
  })
})

it('a message that was released or acknowledged is not written again with the next receiver’s', async () => {
  const { bench } = await backendOver()
  const sessions = [await bench.open('alice'), await bench.open('bob'), await bench.open('carol')]
  const [alice, bob, carol] = sessions
  const held = bench.holdCommits()
  const before = alice.hold(1)
  await bench.settle()
  const done = [before, storeIn(bench, alice), storeIn(bench, bob)]
  done.push(bench.call('removeOfflineMessages', { ...alice.address, messageIds: [77] } as never) as never)
  done.push(
    bench.call('releaseOfflineMessages', {
      ...bob.address,
      messageIds: [77],
      sequences: [1],
    } as never) as never,
  )
  done.push(storeIn(bench, carol))
  held.release()
  await Promise.all(done)
  await bench.crash()
  const logs: unknown[] = []
  for (const { clientId } of sessions) {
    const log = await (await bench.open(clientId)).log()
    logs.push(log.map(({ released }) => (released ? 'released' : 'message')))
  }
  expect(logs).toEqual([[], ['released'], ['message']])
})

it('what could not be removed waits for the next start where the store can commit only as it closes', async () => {
  const { bench, kept } = await backendOver()
  const [alice, bob] = [await bench.open('alice'), await bench.open('bob')]
  const mend = bench.failWrites()
  await expect(alice.leave(0)).rejects.toMatchObject({ code: 'STORE_FAILED' })
  mend()
  const held = bench.holdCommits()
  const last = bob.hold(1)
  await bench.settle()
  const stopping = bench.stop()
  held.release()
  await Promise.all([last, stopping])
  await bench.restart()
  await bob.leave(0).catch(() => {})
  await bench.settle()
  expect(kept()).not.toContain('subscription')
})

describe('a retained message whose time is over leaves the store', () => {
  it('by a sweep', async () => {
    const { bench, kept } = await backendOver()
    await bench.retain('t', { expiresAt: bench.clock.now() + 1_000 })
    await bench.seconds(3)
    await bench.settle()
    expect(kept()).toEqual([])
  })

  it('where somebody looks for it', async () => {
    const { bench, kept } = await backendOver()
    await bench.retain('t', { expiresAt: bench.clock.now() + 100 })
    await bench.seconds(0.2)
    expect(await bench.retained('#')).toEqual([])
    await bench.settle()
    expect(kept()).toEqual([])
  })

  it('where it was over before the process began', async () => {
    const { bench, kept } = await backendOver()
    const properties = { messageExpiryInterval: 1 }
    await bench.retain('t', { properties, expiresAt: bench.clock.now() + 1_000 })
    await bench.restart(5)
    await bench.seconds(2)
    await bench.settle()
    expect(kept()).toEqual([])
  })

  it('but not the one that is just taking its place', async () => {
    const { bench, kept } = await backendOver()
    await bench.retain('t', { expiresAt: bench.clock.now() + 100 })
    await bench.seconds(0.2)
    const held = bench.holdCommits()
    const retaining = bench.retain('t', { payload: 'new' })
    expect(await bench.retained('#')).toEqual([])
    held.release()
    await retaining
    await bench.settle()
    expect([kept(), (await bench.retained('#')).length]).toEqual([['retained'], 1])
  })
})

it('a session that is closed twice has the time of the later close', async () => {
  const { bench } = await backendOver()
  const alice = await bench.open('alice')
  await alice.leave(10)
  await alice.leave(20)
  await bench.seconds(12)
  expect(await bench.expired()).toEqual([])
  await bench.seconds(10)
  expect(await bench.expired()).toHaveLength(1)
})
