import type { MiddlewareLike } from '@mqtt-stack/core'
import type { TestClient } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { BACKENDS } from '../../../test/rig/backends.ts'
import type { DefaultStack } from '../../../test/rig/default-stack.ts'
import { anybody, defaultStack } from '../../../test/rig/default-stack.ts'

const will = (topic: string, qos: 0 | 1 | 2 = 0) =>
  ({ topic, payload: Buffer.from('bye'), qos, retain: false }) as const

/** Holds packets of one type until it is opened. */
function gate(cmd: 'publish' | 'subscribe'): MiddlewareLike & { open(): void } {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { name: 'Gate', handles: [cmd], handle: () => opened, open: () => open() }
}

const alive = (clients: readonly TestClient[]): TestClient[] =>
  clients.filter(({ stream }) => !stream.destroyed)

const count = ({ events }: DefaultStack, what: string): number =>
  events.filter((event) => event.startsWith(what)).length

describe.each(BACKENDS)('a session is taken over, with %s', (_name, backend) => {
  it('[MQTT-3.1.4-2] the older connection of the same client identifier is closed', async () => {
    const { client, stack, events } = await defaultStack({ backend: backend() })
    const old = await client({ clientId: 'alice' })
    const young = await client({ clientId: 'alice' })
    await old.closed
    await young.ping()
    expect([...stack.clients].map(({ id }) => id)).toEqual(['alice'])
    expect(events).toEqual([
      'connected alice',
      'unclean alice',
      'ended alice (closed)',
      'disconnected alice',
      'connected alice',
    ])
  })

  it('and is settled before the younger one is answered: will, session, all', async () => {
    const seen: string[] = []
    const young: TestClient[] = []
    const note = (what: string): void => {
      seen.push(`${what}, CONNACK ${young[0]?.received.length > 0 ? 'sent' : 'not sent'}`)
    }
    const { client, open, stack } = await defaultStack({
      backend: backend(),
      use: [
        { name: 'Relays', relayMessage: ({ topic }) => note(topic) },
        { name: 'Ends', clientDisconnected: ({ client: from }) => note(`${from.id} settled`) },
      ],
    })
    const old = await client({ clientId: 'alice', will: will('gone', 2) })
    const [serving] = stack.clients
    young.push(open({ clientId: 'alice' }))
    const connack = young[0].connect({ will: will('not yet') })
    await connack
    expect(serving.session.client).toBeUndefined()
    expect(seen).toEqual(['gone, CONNACK not sent', 'alice settled, CONNACK not sent'])
    await old.closed
  })

  it('waits for what the older connection is busy with', async () => {
    const door = gate('publish')
    const { client, open, settle } = await defaultStack({ backend: backend(), use: [door] })
    const old = await client({ clientId: 'alice' })
    await old.publish('a')
    const young = open({ clientId: 'alice' })
    young.connect().catch(() => {})
    await settle()
    expect(young.received).toEqual([])
    expect(old.stream.destroyed).toBe(true)
    door.open()
    await settle()
    expect(young.received).toMatchObject([{ cmd: 'connack', returnCode: 0 }])
  })

  it('does not wait for ever for a handler that never answers', async () => {
    const { client, open, advance, stack } = await defaultStack({
      backend: backend(),
      use: [gate('publish')],
    })
    const old = await client({ clientId: 'alice' })
    await old.publish('a')
    const young = open({ clientId: 'alice' })
    young.connect({ keepalive: 5 }).catch(() => {})
    await advance(stack.config.stallTimeout - 1_000)
    expect(young.received).toEqual([])
    await advance(2_000)
    expect(young.received).toMatchObject([{ cmd: 'connack', returnCode: 0 }])
    await young.ping()
  })

  it('does not wait for ever for a relay that is staged and never committed', async () => {
    const hangs: MiddlewareLike = {
      name: 'Hangs',
      relayMessage(ctx) {
        ctx.stage()
        return new Promise(() => {})
      },
    }
    const { client, open, advance, settle, stack } = await defaultStack({ backend: backend(), use: [hangs] })
    const old = await client({ clientId: 'alice' })
    // Its CONNECT is through: what it sends next is under way when the younger one comes.
    await settle()
    old.send({ cmd: 'publish', topic: 'a', payload: 'x', qos: 1, messageId: 1, dup: false, retain: false })
    const young = open({ clientId: 'alice' })
    young.connect({ keepalive: 5 }).catch(() => {})
    await advance(stack.config.stallTimeout - 1_000)
    expect(young.received).toEqual([])
    await advance(2_000)
    expect(young.received).toMatchObject([{ cmd: 'connack', returnCode: 0 }])
    await young.ping()
  })

  it('does not wait for a connection that takes no bytes', async () => {
    const { client } = await defaultStack({ backend: backend() })
    const old = await client({ clientId: 'alice' })
    old.freeze()
    await (await client({ clientId: 'alice' })).ping()
  })

  it.each([true, false])('two at once leave one (clean: %s)', async (clean) => {
    const test = await defaultStack({ backend: backend() })
    const rivals = [test.open({ clientId: 'alice' }), test.open({ clientId: 'alice' })]
    await Promise.all(rivals.map((rival) => rival.connect({ clean }).catch(() => undefined)))
    await test.settle()
    expect(alive(rivals)).toHaveLength(1)
    await alive(rivals)[0].ping()
    expect(test.stack.clients.size).toBe(1)
    expect(test.logger.errors).toEqual([])
  })

  it.each([true, false])(
    'of three the third ends the claim of the second, whole (clean: %s)',
    async (clean) => {
      const door = gate('publish')
      const test = await defaultStack({ backend: backend(), use: [door] })
      const first = await test.client({ clientId: 'alice', clean })
      await first.publish('a')
      const rivals = [test.open({ clientId: 'alice' }), test.open({ clientId: 'alice' })]
      const connected = rivals.map((rival) => rival.connect({ clean }).catch(() => undefined))
      // Both wait for the first, which is busy.
      await test.settle()
      door.open()
      await Promise.all(connected)
      await test.settle()
      expect(alive([first, ...rivals])).toHaveLength(1)
      await alive(rivals)[0].ping()
      expect(test.stack.clients.size).toBe(1)
      expect(test.logger.errors).toEqual([])
    },
  )

  it.each([true, false])('ten at once leave one connection and one session (clean: %s)', async (clean) => {
    const store = backend()
    const test = await defaultStack({ backend: store })
    await test.client({ clientId: 'alice', clean })
    const rivals = Array.from({ length: 10 }, () => test.open({ clientId: 'alice' }))
    await Promise.all(rivals.map((rival) => rival.connect({ clean }).catch(() => undefined)))
    await test.settle()
    const [winner, ...others] = alive(rivals)
    expect(others).toEqual([])
    expect(test.stack.clients.size).toBe(1)
    expect(store.stats.sessions).toBe(1)
    await winner.subscribe('a')
    await winner.publish('a', 'once')
    expect(await winner.message()).toMatchObject({ payload: 'once' })
    await winner.expectNothing()
    await test.stop()
    expect(count(test, 'unclean')).toBe(count(test, 'connected'))
    expect(count(test, 'disconnected')).toBe(count(test, 'connected'))
    expect(store.stats.sessions).toBe(clean ? 0 : 1)
    expect(test.logger.errors).toEqual([])
  })

  it('from a client whose CONNECT is not answered yet: nobody hears of that one', async () => {
    let go = (): void => {}
    let first = true
    const slow: MiddlewareLike = {
      name: 'Slow',
      clearSubscriptions() {
        if (!first) return
        first = false
        return new Promise<void>((resolve) => {
          go = resolve
        })
      },
    }
    const { open, settle, events, logger } = await defaultStack({ backend: backend(), use: [slow] })
    const [old, young] = [open({ clientId: 'alice' }), open({ clientId: 'alice' })]
    old.connect({ will: will('gone') }).catch(() => {})
    await settle()
    young.connect().catch(() => {})
    await settle()
    expect(old.stream.destroyed).toBe(true)
    expect(young.received).toEqual([])
    go()
    await settle()
    expect(old.received).toEqual([])
    expect(young.received).toMatchObject([{ cmd: 'connack', returnCode: 0 }])
    expect(events).toEqual(['ended alice (closed)', 'connected alice'])
    expect(logger.errors).toEqual([])
  })

  it('with what is unacknowledged: it comes again, marked as such', async () => {
    const { client } = await defaultStack({ backend: backend() })
    const old = await client({ clientId: 'alice', clean: false, autoAck: false })
    await old.subscribe('a', { qos: 1 })
    const bob = await client({ clientId: 'bob' })
    await bob.publish('a', 'one', { qos: 1 })
    const sent = await old.next('publish')
    const young = await client({ clientId: 'alice', clean: false, autoAck: false })
    expect(await young.next('publish')).toMatchObject({ messageId: sent.messageId, dup: true })
    await young.expectNothing()
  })

  it('[MQTT-3.1.2-6] and wiped by a clean session', async () => {
    const { client, open, events } = await defaultStack({ backend: backend() })
    const old = await client({ clientId: 'alice', clean: false })
    await old.subscribe('a', { qos: 1 })
    const young = open({ clientId: 'alice' })
    expect((await young.connect({ clean: true })).sessionPresent).toBe(false)
    const bob = await client({ clientId: 'bob' })
    await bob.publish('a', 'one', { qos: 1 })
    await young.expectNothing()
    await young.disconnect()
    const third = open({ clientId: 'alice' })
    expect((await third.connect({ clean: false })).sessionPresent).toBe(false)
    expect(events).toContain('ended alice (clean-start)')
  })

  it('and calls for what an older connection had are refused: epochs of one client identifier only grow', async () => {
    const { client, stack, settle } = await defaultStack({ backend: backend() })
    const epochs: number[] = []
    for (const clean of [true, true, false, false, true, false]) {
      await client({ clientId: 'alice', clean })
      await settle()
      const [{ session }] = stack.clients
      epochs.push(session.epoch)
    }
    expect(epochs).toEqual([...new Set(epochs)].toSorted((a, b) => a - b))
    for (const epoch of epochs.slice(0, -1)) {
      const late = stack.call('storeInboundMessage', { clientId: 'alice', epoch, packetId: 1 })
      await expect(late).rejects.toMatchObject({ code: 'STALE_EPOCH' })
    }
  })

  it('and a late UNSUBSCRIBE of the older connection leaves the session as it is', async () => {
    const { client, stack, settle } = await defaultStack({ backend: backend() })
    const first = await client({ clientId: 'alice', clean: false })
    await first.subscribe('a', { qos: 1 })
    const [old] = stack.clients
    const second = await client({ clientId: 'alice', clean: false })
    const packet = { cmd: 'unsubscribe', messageId: 1, unsubscriptions: ['a'] } as const
    const { id: clientId, epoch, session } = old
    const ctx = { client: old, clientId, epoch, session, packet, topic: 'a' }
    const late = stack.call('unsubscribeTopic', ctx as never)
    await expect(late).rejects.toMatchObject({ code: 'STALE_EPOCH' })
    await second.drop()
    const third = await client({ clientId: 'alice', clean: false })
    await (await client()).publish('a', 'still here', { qos: 1 })
    await settle()
    expect(third.received.filter(({ cmd }) => cmd === 'publish')).toHaveLength(1)
  })

  it('storms leave one connection for each client identifier, and nothing behind', async () => {
    const store = backend()
    const test = await defaultStack({ backend: store })
    const clients: TestClient[] = []
    const visit = async (i: number): Promise<void> => {
      const client = test.open({ clientId: `client-${i % 5}` })
      clients.push(client)
      const options = { clean: i % 3 > 0, will: will('gone', (i % 3) as 0 | 1 | 2) }
      await client.connect(options)
      await client.subscribe(['a', 'gone'], { qos: 2 })
      await client.publish('a', `${i}`, { qos: 1 })
      if (i % 4 === 0) await client.disconnect()
      if (i % 4 === 1) await client.drop()
    }
    await Promise.all(Array.from({ length: 40 }, (_, i) => visit(i).catch(() => {})))
    await test.settle()
    const ids = [...test.stack.clients].map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(alive(clients)).toHaveLength(ids.length)
    for (const client of alive(clients)) await client.ping()
    await test.stop()
    expect(test.stack.clients.size).toBe(0)
    expect(count(test, 'clean') + count(test, 'unclean')).toBe(count(test, 'connected'))
    expect(count(test, 'disconnected')).toBe(count(test, 'connected'))
    expect(test.logger.errors).toEqual([])
    // What is stored is over in a week; nobody sweeps any more, but the next of that name finds it gone.
    expect(store.stats.sessions).toBe(store.stats.expiring)
  })
})

describe.each(BACKENDS)('a session belongs to who made it, with %s', (_name, backend) => {
  it.each([
    ['another user', 'bob'],
    ['nobody', undefined],
  ])('%s is refused with 2 before anything is closed', async (_who, username) => {
    const { client, open, events } = await defaultStack({ backend: backend(), users: anybody })
    const alice = await client({ clientId: 'one', username: 'alice', will: will('gone') })
    await alice.subscribe(['a', 'gone'])
    const thief = open({ clientId: 'one' })
    expect(await thief.connect({ username })).toMatchObject({ returnCode: 2, sessionPresent: false })
    await thief.closed
    await alice.publish('a', 'still here')
    expect((await alice.message()).payload).toBe('still here')
    await alice.expectNothing()
    expect(events).toEqual(['connected one'])
  })

  it('a named user may not have the session of nobody', async () => {
    const { client, open } = await defaultStack({ backend: backend() })
    const nobody = await client({ clientId: 'one' })
    expect((await open({ clientId: 'one' }).connect({ username: 'bob' })).returnCode).toBe(2)
    await nobody.ping()
  })

  it.each([true, false])('nor one that waits for its client (clean: %s)', async (clean) => {
    const { client, open } = await defaultStack({ backend: backend() })
    const alice = await client({ clientId: 'one', username: 'alice', clean: false })
    await alice.subscribe('a', { qos: 1 })
    await alice.disconnect()
    expect((await open({ clientId: 'one' }).connect({ username: 'bob', clean })).returnCode).toBe(2)
    const again = open({ clientId: 'one' })
    expect(await again.connect({ username: 'alice', clean: false })).toMatchObject({
      returnCode: 0,
      sessionPresent: true,
    })
  })

  it('and is free when its time is over', async () => {
    const test = await defaultStack({
      backend: backend(),
      sessionManager: { maximumExpiry: 60, sweep: 3_600_000 },
    })
    await (await test.client({ clientId: 'one', username: 'alice', clean: false })).disconnect()
    await test.advance(60_000)
    const bob = test.open({ clientId: 'one' })
    expect(await bob.connect({ username: 'bob', clean: false })).toMatchObject({
      returnCode: 0,
      sessionPresent: false,
    })
  })
})
