/** A client that authenticates again (5.0) and is in other groups then: what the earlier ones allowed is asked about again. */
import type { Context, MiddlewareLike, Store } from '@mqtt-stack/core'
import type { TestClient } from '@mqtt-stack/testing'
import { expect, it } from 'vitest'
import { broker5 } from '../../../test/rig/broker.ts'
import { Acl } from './acl.ts'

/** Says of everybody who comes by the method `WORD` the groups that the test wants. */
class Groups implements MiddlewareLike {
  readonly name = 'Groups'
  groups: readonly string[] = ['staff']

  authenticateExchange(
    { method, client }: Context<'authenticateExchange'>,
    store: Store<'authenticateExchange'>,
  ): void {
    if (method !== 'WORD') return
    store.state = 'success'
    store.identity = client.id
    store.groups = client.id === 'reader' ? this.groups : ['staff']
  }
}

const properties = { authenticationMethod: 'WORD' }

async function setup() {
  const users = new Groups()
  const acl = new Acl({
    rules: [
      { allow: 'subscribe', topic: 'staff/#', group: 'staff' },
      { allow: 'subscribe', topic: 'level', qos: 2, group: 'staff' },
      { allow: 'subscribe', topic: 'level', qos: 0 },
      { allow: 'publish', topic: 'staff/#', group: 'staff' },
      { allow: 'publish', topic: 'level' },
      { allow: ['publish', 'subscribe'], topic: 'open/#' },
    ],
  })
  const { open, seconds } = broker5({
    use: [
      { middleware: users, after: 'authentication' },
      { middleware: acl, after: 'authorize' },
    ],
  })
  const member = async (clientId: string, will?: string): Promise<TestClient> => {
    const client = open()
    const last = will && { topic: will, payload: Buffer.from('x'), qos: 1 as const, retain: false }
    await client.connect({ clientId, properties, ...(last && { will: last }) })
    return client
  }
  const again = async (client: TestClient): Promise<void> => {
    client.send({ cmd: 'auth', reasonCode: 0x19, properties })
    await seconds(0)
    expect(await client.next('auth')).toMatchObject({ reasonCode: 0 })
  }
  return { users, member, again, seconds }
}

const messages = ({ received }: TestClient): Array<{ topic: string; qos: number }> =>
  received.flatMap((packet) => (packet.cmd === 'publish' ? [packet] : []))

it.each([
  ['', 'staff/#', 'open/#'],
  ['also shared ones, ', '$share/g/staff/#', '$share/g/open/#'],
])(
  'ends subscriptions that only an earlier group allowed, %sand leaves the others',
  async (_what, staff, all) => {
    const { users, member, again, seconds } = await setup()
    const reader = await member('reader')
    await reader.subscribe([staff, all], { qos: 1 })
    const writer = await member('writer')
    users.groups = []
    await again(reader)
    for (const topic of ['staff/1', 'open/1']) await writer.publish(topic, 'x', { qos: 1 })
    await seconds(0)
    expect(messages(reader).map(({ topic }) => topic)).toEqual(['open/1'])
  },
)

it('lowers the QoS of those that are allowed less', async () => {
  const { users, member, again, seconds } = await setup()
  const reader = await member('reader')
  await reader.subscribe('level', { qos: 1 })
  const writer = await member('writer')
  users.groups = []
  await again(reader)
  await writer.publish('level', 'x', { qos: 1 })
  await seconds(0)
  expect(messages(reader).map(({ qos }) => qos)).toEqual([0])
})

it.each([
  [['staff'], ['staff/will']],
  [[], []],
])('in the groups %j it leaves the will %j', async (groups, expected) => {
  const { users, member, again, seconds } = await setup()
  const reader = await member('reader', 'staff/will')
  const other = await member('other')
  await other.subscribe('staff/#')
  users.groups = groups
  await again(reader)
  await reader.drop()
  await seconds(1)
  expect(messages(other).map(({ topic }) => topic)).toEqual(expected)
})
