/** The default stack with one of its middlewares left out: the others go on with what is theirs. */
import type { TestClient, TestStack } from '@mqtt-stack/testing'
import { acceptAll, testStack } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { defaultMiddlewares } from '../../../test/rig/default-stack.ts'

const WILL = { topic: 'gone', payload: Buffer.from('bye'), qos: 0, retain: false } as const

async function without(...names: string[]): Promise<TestStack> {
  const left = defaultMiddlewares().filter(({ name }) => !names.includes(name))
  return testStack(...left)
}

/** Subscribes, and sees messages of each QoS come back. */
async function expectServed(client: TestClient): Promise<void> {
  await client.subscribe('a/#', { qos: 2 })
  for (const qos of [0, 1, 2] as const) {
    await client.publish('a/b', `${qos}`, { qos })
    expect(await client.message()).toMatchObject({ topic: 'a/b', payload: `${qos}` })
  }
}

describe('a stack without', () => {
  it.each([
    'PacketEmitter',
    'Connection',
    'KeepAlive',
    'Authentication',
    'Authorize',
    'LastWill',
    'RetainManager',
  ])('%s serves its clients, again and again', async (name) => {
    const { client, logger } = await without(name)
    for (const clean of [true, false, false, true]) {
      const alice = await client({ clientId: 'alice', clean })
      await expectServed(alice)
      await alice.disconnect()
    }
    expect(logger.errors).toEqual([])
  })

  it('SessionManager serves those whom another one accepts', async () => {
    const left = defaultMiddlewares().filter(({ name }) => name !== 'SessionManager')
    const { client, logger } = await testStack(...left, acceptAll())
    const alice = await client({ clientId: 'alice' })
    await expectServed(alice)
    const heir = await client({ clientId: 'heir' })
    await heir.subscribe('gone')
    const bob = await client({ clientId: 'bob', will: WILL })
    await bob.drop()
    expect((await heir.message()).topic).toBe('gone')
    expect(logger.errors).toEqual([])
  })

  it('Connection: take-over still leaves one, and a stored session its messages', async () => {
    const { client, stack, logger } = await without('Connection')
    const old = await client({ clientId: 'alice', clean: false })
    await old.subscribe('a', { qos: 1 })
    const young = await client({ clientId: 'alice', clean: false })
    await old.closed
    expect([...stack.clients].map(({ id }) => id)).toEqual(['alice'])
    await young.drop()
    const bob = await client({ clientId: 'bob' })
    await bob.publish('a', 'missed', { qos: 1 })
    const back = await client({ clientId: 'alice', clean: false })
    expect((await back.message()).payload).toBe('missed')
    expect(logger.errors).toEqual([])
  })

  it('OutboundManager: nothing is delivered, and nothing fails', async () => {
    const { client, logger } = await without('OutboundManager')
    const alice = await client()
    await alice.subscribe('a', { qos: 2 })
    for (const qos of [0, 1, 2] as const) await alice.publish('a', '', { qos })
    await alice.expectNothing('publish')
    expect(logger.errors).toEqual([])
  })

  it('InboundManager: what is published is not acknowledged', async () => {
    const { client, logger } = await without('InboundManager')
    const alice = await client()
    await expect(alice.publish('a', '', { qos: 1 })).rejects.toThrow('nothing more comes')
    await alice.ping()
    expect(logger.errors).toEqual([])
  })

  it('SubscriptionManager: SUBSCRIBE is not answered', async () => {
    const { client } = await without('SubscriptionManager')
    const alice = await client()
    await expect(alice.subscribe('a')).rejects.toThrow('nothing more comes')
    await alice.ping()
  })

  it('backend: clients come and go, with nothing kept', async () => {
    const { client, open, logger } = await without('MemoryBackend', 'RetainManager')
    for (const clean of [true, false, false]) {
      const alice = open({ clientId: 'alice' })
      expect(await alice.connect({ clean })).toMatchObject({ returnCode: 0, sessionPresent: false })
      await alice.publish('a', 'x', { qos: 2 })
      await alice.drop()
    }
    expect((await (await client()).subscribe('a')).granted).toEqual([0x80])
    expect(logger.errors).toEqual([])
  })
})
