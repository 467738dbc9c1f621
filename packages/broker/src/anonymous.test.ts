import { describe, expect, test } from 'vitest'
import { memoryClient, testBroker } from '../../../test/rig/broker.ts'
import type { BrokerOptions, Listener, MiddlewareLike } from './index.ts'
import { createBroker } from './index.ts'

const FAR: Listener = { transport: 'tcp', local: false }

const passwords: MiddlewareLike = {
  name: 'Passwords',
  authenticateConnection({ username, password }, store) {
    if (username !== undefined) store.valid = username === 'joe' && String(password) === 'secret'
  },
}

const rules: MiddlewareLike = {
  name: 'Rules',
  authorizePacket({ packet }, store) {
    if (packet.cmd === 'publish' && packet.topic === 'allowed') store.valid = true
  },
}

/** The CONNACK's return code, and what SUBACK granted to those who came in. */
async function tries(
  options: BrokerOptions,
  user: { username?: string; password?: string } = {},
  listener?: Listener,
): Promise<number[]> {
  const client = memoryClient(testBroker(options), {}, listener)
  const { returnCode } = await client.connect(user)
  if (returnCode !== 0) return [returnCode as number]
  const { granted } = await client.subscribe('a')
  return [returnCode, granted[0] as number]
}

const JOE = { username: 'joe', password: 'secret' }

describe('without a provider', () => {
  test('clients without a name may do everything on local listeners', async () => {
    expect(await tries({})).toEqual([0, 0])
  })

  test('a yes to what one of them publishes stands', async () => {
    const broker = testBroker({})
    const calls = (): number | undefined =>
      broker.stack.observation
        .activity()
        .find(({ callback, middleware }) => callback === 'authorizePacket' && middleware === 'Anonymous')
        ?.calls
    const alice = memoryClient(broker)
    await alice.connect({})
    for (let i = 0; i < 3; i++) await alice.publish('a', 'x', { qos: 1 })
    expect(calls()).toBe(1)
  })

  test('and are refused on others', async () => {
    expect(await tries({}, {}, FAR)).toEqual([5])
  })

  test('unless allowAnonymous', async () => {
    expect(await tries({ allowAnonymous: true }, {}, FAR)).toEqual([0, 0])
  })

  test('allowAnonymous: false leaves nobody to ask', async () => {
    await expect(testBroker({ allowAnonymous: false }).start()).rejects.toMatchObject({
      code: 'CALLBACK_UNANSWERED',
    })
  })

  test('whoever claims to be somebody is refused', async () => {
    expect(await tries({}, JOE)).toEqual([4])
    expect(await tries({}, { username: '' })).toEqual([4])
    expect(await tries({ allowAnonymous: 'local' }, JOE)).toEqual([4])
  })

  test.each([
    ['a user name', { username: 'DVES_USER' }],
    ['an empty one', { username: '' }],
    ['a password too', JOE],
  ])(
    'unless allowAnonymous: %s is what a client calls itself, and it is let in as anybody is',
    async (_what, user) => {
      expect(await tries({ allowAnonymous: true }, user)).toEqual([0, 0])
      expect(await tries({ allowAnonymous: true }, user, FAR)).toEqual([0, 0])
    },
  )

  test('its name is a label and no identity', async () => {
    const broker = testBroker({ allowAnonymous: true })
    const one = memoryClient(broker, { clientId: 'one' }, FAR)
    await one.connect({ ...JOE, clean: false })
    const [client] = broker.stack.clients
    expect([client.username, client.session.identity]).toEqual(['joe', undefined])
    await one.disconnect()
    // So the session is nobody's: another name goes on with it.
    const again = memoryClient(broker, { clientId: 'one' }, FAR)
    expect(await again.connect({ username: 'ann', clean: false })).toMatchObject({ sessionPresent: true })
  })

  test('an authentication method is not passed over', async () => {
    const broker = testBroker({ allowAnonymous: true })
    const five = memoryClient(broker, { protocolVersion: 5 })
    const properties = { authenticationMethod: 'SCRAM-SHA-256' }
    expect(await five.connect({ username: 'joe', properties })).toMatchObject({ reasonCode: 0x8c })
  })
})

describe('with a provider', () => {
  test('users it knows come in', async () => {
    expect(await tries({ use: [passwords], authorize: false }, JOE)).toEqual([0, 0])
  })

  test('nobody else does, not even locally', async () => {
    expect(await tries({ use: [passwords], authorize: false })).toEqual([5])
    expect(await tries({ use: [passwords], authorize: false }, { ...JOE, password: 'x' })).toEqual([4])
  })

  test('unless allowAnonymous says so, where it says so', async () => {
    const options: BrokerOptions = { use: [passwords], authorize: false }
    expect(await tries({ ...options, allowAnonymous: 'local' })).toEqual([0, 0])
    expect(await tries({ ...options, allowAnonymous: 'local' }, {}, FAR)).toEqual([5])
    expect(await tries({ ...options, allowAnonymous: true }, {}, FAR)).toEqual([0, 0])
    expect(await tries({ ...options, allowAnonymous: true }, { ...JOE, password: 'x' })).toEqual([4])
  })

  test('its no is final, wherever it stands', async () => {
    const nobody: MiddlewareLike = {
      name: 'Nobody',
      authenticateConnection(_ctx, store) {
        store.valid = false
      },
    }
    const options: BrokerOptions = { authorize: false, allowAnonymous: true }
    expect(await tries({ ...options, use: [nobody] })).toEqual([5])
    expect(await tries({ ...options, use: [{ middleware: nobody, after: 'backend' }] })).toEqual([5])
  })
})

describe('with a provider of an authentication method alone', () => {
  const mirror: MiddlewareLike = {
    name: 'Mirror',
    authenticateExchange(_ctx, store) {
      store.state = 'success'
    },
  }

  test('clients without one are refused', async () => {
    expect(await tries({ use: [mirror], authorize: false })).toEqual([5])
    expect(await tries({ use: [mirror], authorize: false }, JOE)).toEqual([4])
  })

  test('access rules are asked for', () => {
    expect(() => createBroker({ use: [mirror] })).toThrow(
      expect.objectContaining({ code: 'CALLBACK_UNANSWERED' }),
    )
  })
})

describe('with access rules', () => {
  test('what they do not allow is refused: anonymous clients get no yes from elsewhere', async () => {
    expect(await tries({ use: [rules] })).toEqual([0, 0x80])
  })

  test('a provider without rules is an error that names the way out', () => {
    const make = () => createBroker({ use: [passwords] })
    expect(make).toThrow(expect.objectContaining({ code: 'CALLBACK_UNANSWERED' }))
    expect(make).toThrow(/"authorize: false"/)
    expect(() => createBroker({ use: [passwords], allowAnonymous: true })).toThrow(/access rules/)
    expect(() => createBroker({ use: [passwords, rules] })).not.toThrow()
  })

  test('so is a broker that asks nobody who they are', () => {
    expect(() => createBroker({ authentication: false })).toThrow(/access rules/)
    expect(() => createBroker({ authentication: false, authorize: false })).not.toThrow()
  })
})
