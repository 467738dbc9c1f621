/** The highest QoS of rules that change holds for subscriptions that there are, on every backend. */
import type { MiddlewareLike } from '@mqtt-stack/core'
import type { TestClient } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { BACKENDS } from '../../../test/rig/backends.ts'
import type { DefaultStackOptions } from '../../../test/rig/default-stack.ts'
import { defaultStack } from '../../../test/rig/default-stack.ts'
import { Acl } from './acl.ts'
import type { AclRule } from './rule.ts'

const most = (qos: 0 | 1 | 2): AclRule[] => [
  { allow: 'subscribe', topic: '#', qos },
  { allow: 'publish', topic: '#' },
]

/** QoS of the messages that came. */
const levels = ({ received }: TestClient): number[] =>
  received.flatMap((packet) => (packet.cmd === 'publish' ? [packet.qos] : []))

describe.each(BACKENDS)('with %s', (_name, backend) => {
  async function setup(options: DefaultStackOptions = {}) {
    const acl = new Acl({ rules: most(2) })
    const test = await defaultStack({ rules: acl, backend: backend(), ...options })
    const alice = await test.client({ clientId: 'alice' })
    const publish = async (topic: string): Promise<void> => {
      await alice.publish(topic, 'x', { qos: 2 })
      await test.settle()
    }
    return { ...test, acl, publish }
  }

  it.each([
    ['ends with its connection', true],
    ['outlives it', false],
  ])('a subscription of a session that %s is lowered at once, and raised again', async (_what, clean) => {
    const { acl, client, publish } = await setup()
    const reader = await client({ clientId: 'reader', clean })
    await reader.subscribe('a', { qos: 2 })
    await reader.subscribe('$share/g/b', { qos: 1 })
    expect(await acl.replace(most(0))).toMatchObject({ subscriptions: 0, regranted: 2 })
    for (const topic of ['a', 'b']) await publish(topic)
    expect(levels(reader)).toEqual([0, 0])
    // No higher than was asked for.
    expect(await acl.replace(most(2))).toMatchObject({ regranted: 2 })
    for (const topic of ['a', 'b']) await publish(topic)
    expect(levels(reader).slice(2)).toEqual([2, 1])
    expect(await acl.replace(most(2))).toMatchObject({ regranted: 0 })
  })

  it('one that was granted less when it was made is raised to what was asked for', async () => {
    const { acl, client, publish } = await setup()
    await acl.replace(most(1))
    const reader = await client({ clientId: 'reader' })
    expect((await reader.subscribe('a', { qos: 2 })).granted).toEqual([1])
    await acl.replace(most(2))
    await publish('a')
    expect(levels(reader)).toEqual([2])
  })

  it('keeps its options, and is one subscription', async () => {
    const { acl, open, publish, stack } = await setup()
    const reader = open({ protocolVersion: 5, clientId: 'reader' })
    await reader.connect()
    const properties = { subscriptionIdentifier: 7 }
    await reader.subscribe([{ topic: 'a', qos: 2, nl: true, rap: true }], { properties })
    await acl.replace(most(1))
    const [subscription, ...others] = await stack.call('lookupSubscriptions', { clientId: 'reader' })
    expect(others).toEqual([])
    expect(subscription).toMatchObject({
      qos: 1,
      options: { topic: 'a', qos: 2, nl: true, rap: true },
      identifier: 7,
    })
    await reader.publish('a', 'own', { qos: 1 })
    await publish('a')
    expect(levels(reader)).toEqual([1])
  })

  it('of a client that is away it is lowered while it is away, and raised when it is back', async () => {
    const { acl, client, publish, settle } = await setup()
    await (await away(client)).drop()
    await acl.replace(most(1))
    await publish('a')
    await acl.replace(most(2))
    const back = await client({ clientId: 'reader', clean: false })
    await publish('a')
    await settle()
    expect(levels(back)).toEqual([1, 2])
  })

  it('is not raised above what others grant', async () => {
    const other: MiddlewareLike = {
      name: 'Other',
      authorizePacket({ packet }, store) {
        if (packet.cmd === 'subscribe') store.grants = store.grants?.map((grant) => Math.min(grant, 1))
      },
    }
    const { acl, client, publish } = await setup({ use: [other] })
    const reader = await client({ clientId: 'reader' })
    await reader.subscribe('a', { qos: 2 })
    await acl.replace(most(0))
    await acl.replace(most(2))
    await publish('a')
    expect(levels(reader)).toEqual([1])
  })
})

async function away(client: (options: object) => Promise<TestClient>): Promise<TestClient> {
  const reader = await client({ clientId: 'reader', clean: false })
  await reader.subscribe('a', { qos: 2 })
  return reader
}
