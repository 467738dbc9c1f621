import type { Context, MiddlewareLike, Store } from '@mqtt-stack/core'
import type { TestClient } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { BACKENDS } from '../../../test/rig/backends.ts'
import { broker5 } from '../../../test/rig/broker.ts'
import { defaultStack } from '../../../test/rig/default-stack.ts'

/** Says of `alice` whatever groups the test wants, by password and by the method `WORD`. */
class Groups implements MiddlewareLike {
  readonly name = 'Groups'
  groups: readonly string[] | undefined

  authenticateConnection(_ctx: object, store: Store<'authenticateConnection'>): void {
    store.valid = true
    if (this.groups !== undefined) store.groups = this.groups
  }

  authenticateExchange(
    { method }: Context<'authenticateExchange'>,
    store: Store<'authenticateExchange'>,
  ): void {
    if (method !== 'WORD') return
    store.state = 'success'
    store.identity = 'alice'
    if (this.groups !== undefined) store.groups = this.groups
  }

  authorizePacket(_ctx: object, store: Store<'authorizePacket'>): void {
    store.valid = true
  }
}

describe('the groups of a client', () => {
  it.each([
    ['none unless a provider says so', undefined, []],
    ['those that the provider says', ['staff', 'night'], ['staff', 'night']],
  ])('are %s', async (_case, groups, expected) => {
    const users = new Groups()
    users.groups = groups
    const { client, stack } = await defaultStack({ users })
    await client({ username: 'alice' })
    expect([...stack.clients][0].session.groups).toEqual(expected)
  })

  it('are those of the exchange, and of the last one of a connection', async () => {
    const users = new Groups()
    const { open, broker, seconds } = broker5({ use: [{ middleware: users, after: 'authentication' }] })
    const alice = open()
    const groups = (): readonly string[] | undefined => [...broker.stack.clients][0]?.session.groups
    const authenticationMethod = 'WORD'
    users.groups = ['staff']
    await alice.connect({ properties: { authenticationMethod } })
    expect(groups()).toEqual(['staff'])
    users.groups = ['night']
    await again(alice)
    expect(groups()).toEqual(['night'])
    users.groups = undefined
    await again(alice)
    expect(groups()).toEqual([])

    async function again(client: TestClient): Promise<void> {
      client.send({ cmd: 'auth', reasonCode: 0x19, properties: { authenticationMethod } })
      await seconds(0)
      await client.next('auth')
    }
  })
})

describe.each(BACKENDS)('with %s', (_name, backend) => {
  it('a session that is resumed has the groups of the latest authentication', async () => {
    const users = new Groups()
    users.groups = ['staff']
    const { client, stack } = await defaultStack({ users, backend: backend() })
    const options = { clientId: 'alice', username: 'alice', clean: false }
    await (await client(options)).drop()
    users.groups = ['night']
    await client(options)
    expect([...stack.clients][0].session).toMatchObject({ resumed: true, groups: ['night'] })
  })
})
