/** What a program does with its own broker: subscribe, send to one client, look at what is retained, end connections. */
import type { Publish } from '@mqtt-stack/core'
import { settle } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { BACKENDS } from '../../../test/rig/backends.ts'
import { broker5 } from '../../../test/rig/broker.ts'

const WANTED = ['a backend that answers at once', 'a backend that commits late', 'an ordered store']
const SOME = BACKENDS.filter(([name]) => WANTED.includes(name))

/** Notes what comes, as text. */
function notes(): { readonly list: string[]; readonly note: (packet: Publish) => void } {
  const list: string[] = []
  return { list, note: ({ topic, payload, qos }) => void list.push(`${topic} ${payload} ${qos}`) }
}

describe.each(SOME)('the process over %s', (_name, make) => {
  it('subscribes at any QoS, gets what is retained first, and ends by its handle', async () => {
    const { broker, client } = broker5({ backend: make() })
    const device = await client()
    await device.publish('a/kept', 'old', { qos: 1, retain: true })
    const { list, note } = notes()
    const subscription = await broker.subscribe('a/#', note, { qos: 2 })
    expect(subscription.qos).toBe(2)
    for (const qos of [0, 1, 2] as const) await device.publish('a/b', `at ${qos}`, { qos })
    await broker.publish('a/c', 'of the broker', { qos: 1 })
    await settle()
    expect(list).toEqual(['a/kept old 1', 'a/b at 0 0', 'a/b at 1 1', 'a/b at 2 2', 'a/c of the broker 1'])
    await subscription.end()
    expect(await subscription.ended).toBeUndefined()
    await device.publish('a/b', 'late', { qos: 1 })
    expect(list).toHaveLength(5)
    expect([...broker.clients].map(({ id }) => id)).toEqual([device.clientId])
  })

  it('shares a filter with clients, each message once', async () => {
    const { broker, client } = broker5({ backend: make() })
    const { list, note } = notes()
    await broker.subscribe('a/b', note, { qos: 1, share: 'workers' })
    const worker = await client()
    await worker.subscribe('$share/workers/a/b', { qos: 1 })
    const device = await client()
    for (let i = 0; i < 6; i++) await device.publish('a/b', `${i}`, { qos: 1 })
    await settle()
    const others = worker.received.filter(({ cmd }) => cmd === 'publish')
    expect(list.length + others.length).toBe(6)
    expect(list.length).toBe(3)
  })

  it('waits for a listener that answers later before QoS 1 is acknowledged', async () => {
    const { broker, client } = broker5({ backend: make(), outboundManager: { queueMessages: 5 } })
    const device = await client()
    const release: (() => void)[] = []
    const begun: string[] = []
    const subscription = await broker.subscribe(
      'a',
      ({ payload }) => {
        begun.push(payload.toString())
        return new Promise<void>((resolve) => release.push(resolve))
      },
      { qos: 1 },
    )
    for (let i = 0; i < 40; i++) await device.publish('a', `${i}`, { qos: 1 })
    await settle()
    // One is in the listener's hands, 31 wait here, 5 in the broker; others were dropped there, and told.
    expect(begun).toEqual(['0'])
    expect(subscription.waiting).toBe(31)
    for (let i = 0; i < 60; i++) {
      release.shift()?.()
      await settle()
    }
    expect(begun).toHaveLength(37)
    expect(begun.at(-1)).toBe('36')
  })

  it('drops QoS 0 for a listener that is slow, tells of it, and keeps nobody else waiting', async () => {
    const { broker, client } = broker5({ backend: make() })
    const drops: string[] = []
    broker.on('messageDropped', ({ reason, clientId }) => drops.push(`${reason} ${clientId}`))
    const device = await client()
    const subscription = await broker.subscribe('a', () => new Promise(() => {}), { queue: 3 })
    const other = await client()
    await other.subscribe('a')
    for (let i = 0; i < 10; i++) await device.publish('a', `${i}`)
    expect(subscription.waiting).toBe(3)
    expect(subscription.dropped).toBe(6)
    expect(drops).toEqual(Array.from({ length: 6 }, () => `queue-full ${subscription.clientId}`))
    expect(other.received.filter(({ cmd }) => cmd === 'publish')).toHaveLength(10)
    await subscription.end()
  })

  it('goes on behind a listener that throws or rejects; the message does not come again', async () => {
    const { broker, client, logger } = broker5({ backend: make() })
    const device = await client()
    const failures: string[] = []
    const options = {
      qos: 1,
      onError: ({ message }: Error, { payload }: Publish) => void failures.push(`${message}: ${payload}`),
    } as const
    const subscription = await broker.subscribe(
      'a',
      ({ payload }) => {
        if (`${payload}` === '1') throw new Error('thrown')
        return `${payload}` === '2' ? Promise.reject(new Error('rejected')) : undefined
      },
      options,
    )
    await broker.subscribe('a', () => {
      throw new Error('nobody takes this')
    })
    for (const payload of ['1', '2', '3']) await device.publish('a', payload, { qos: 1 })
    await settle()
    expect(failures).toEqual(['thrown: 1', 'rejected: 2'])
    expect(subscription.failed).toBe(2)
    expect(subscription.waiting).toBe(0)
    expect(logger.errors.filter((line) => line.includes('nobody takes this'))).toHaveLength(3)
  })

  it('ends by a signal, and says why where it was ended by somebody else', async () => {
    const { broker } = broker5({ backend: make() })
    const controller = new AbortController()
    const one = await broker.subscribe('a', () => {}, { signal: controller.signal })
    const other = await broker.subscribe('a', () => {})
    controller.abort()
    expect(await one.ended).toBeUndefined()
    expect(await broker.kick(other.clientId, { reason: 'enough' })).toBe(true)
    expect(await other.ended).toBe('enough')
    await expect(broker.subscribe('a', () => {}, { signal: controller.signal })).rejects.toThrow('aborted')
    await expect(broker.subscribe('a/#/b', () => {})).rejects.toThrow('not a topic filter: "a/#/b"')
    await expect(broker.subscribe('a', () => {}, { queue: 0 })).rejects.toThrow(
      'subscribe: option "queue" must be a number from 1 to 4294836225, not 0',
    )
  })

  it('is let in past providers and rules, and pings where everybody has to', async () => {
    const { broker, seconds } = broker5({
      backend: make(),
      keepalive: { maximum: 10 },
      use: [
        {
          name: 'Nobody',
          authenticateConnection(_, store) {
            store.valid = false
          },
          authorizePacket(_, store) {
            store.valid = false
          },
        },
      ],
    })
    const { list, note } = notes()
    const subscription = await broker.subscribe('a', note)
    await seconds(60)
    await broker.publish('a', 'x')
    await settle()
    expect(list).toEqual(['a x 0'])
    expect(broker.clients.get(subscription.clientId)?.session.identity).toBeUndefined()
  })

  it('sends to one client, connected or away', async () => {
    const { broker, client } = broker5({ backend: make() })
    const device = await client({ clientId: 'lamp', properties: { sessionExpiryInterval: 60 } })
    expect(await broker.sendTo('lamp', { topic: 'for/you', payload: 'now', qos: 1 })).toEqual({
      outcome: 'sent',
    })
    expect((await device.message()).payload).toBe('now')
    await device.disconnect()
    expect(await broker.sendTo('lamp', { topic: 'for/you', payload: 'later', qos: 1 })).toEqual({
      outcome: 'queued',
    })
    expect(await broker.sendTo('lamp', { topic: 'for/you', payload: 'lost' })).toEqual({ outcome: 'dropped' })
    expect(await broker.sendTo('nobody', { topic: 'for/you' })).toEqual({ outcome: 'unknown' })
    const again = await client({ clientId: 'lamp', clean: false, properties: { sessionExpiryInterval: 60 } })
    expect((await again.message()).payload).toBe('later')
    await expect(broker.sendTo('lamp', { topic: 'a/#' })).rejects.toThrow(
      'not a topic name, or too large: "a/#"',
    )
  })

  it('looks at retained messages page by page', async () => {
    const { broker } = broker5({ backend: make() })
    for (const name of ['c', 'a', 'b']) await broker.publish(`x/${name}`, name, { retain: true })
    const found: string[] = []
    for await (const { topic, packet } of broker.retained('x/#', { page: 2 }))
      found.push(`${topic} ${packet.payload}`)
    expect(found).toEqual(['x/a a', 'x/b b', 'x/c c'])
    for await (const { topic } of broker.retained('x/#', { after: 'x/b' })) expect(topic).toBe('x/c')
    await expect(broker.retained('x/#/y').next()).rejects.toThrow('not a topic filter: "x/#/y"')
  })

  it('knows who is connected, and ends a connection', async () => {
    const { broker, client } = broker5({ backend: make() })
    const one = await client({ clientId: 'b' })
    await client({ clientId: 'a' })
    expect(broker.clients.size).toBe(2)
    await client({ clientId: 'ba' })
    expect([...broker.clients].map(({ id }) => id)).toEqual(['a', 'b', 'ba'])
    expect([...broker.clients.within({ prefix: 'b', after: 'b' })].map(({ id }) => id)).toEqual(['ba'])
    expect(broker.clients.get('b')?.id).toBe('b')
    expect(await broker.kick('b')).toBe(true)
    expect((await one.next('disconnect')).reasonCode).toBe(0x98)
    expect(await broker.kick('b')).toBe(false)
    expect([...broker.clients.find(({ id }) => id > 'a')].map(({ id }) => id)).toEqual(['ba'])
  })
})
