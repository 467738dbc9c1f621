import { Authentication } from '@mqtt-stack/authentication'
import type { ConnectPacket, Context, Listener, MiddlewareLike, Store } from '@mqtt-stack/core'
import type { Received, TestClient, TestStack } from '@mqtt-stack/testing'
import { testStack } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { NO_LIMITS } from '../../../test/rig/no-limits.ts'
import { Guard } from './guard.ts'
import type { RateLimitOptions } from './index.ts'
import { RateLimit } from './index.ts'

const at = (remote: string): Listener => ({ transport: 'tcp', local: false, remote: `${remote}:1883` })
const [HERE, THERE] = [at('192.0.2.1'), at('192.0.2.2')]

/** Knows everybody by the password `right`; counts how often it was asked. */
class Provider implements MiddlewareLike {
  readonly name = 'Provider'
  asked = 0

  authenticateConnection(
    { username, password }: Context<'authenticateConnection'>,
    store: Store<'authenticateConnection'>,
  ): void {
    this.asked++
    if (username === 'away') store.reasonCode = 0x88
    const given = Buffer.from(password ?? []).toString()
    store.valid = given === 'right' || given === 'token of eve'
    if (given === 'token of eve') store.identity = 'eve'
  }
}

/** Accepts whoever comes so far, and tells of it. */
const welcome: MiddlewareLike = {
  name: 'Welcome',
  handles: ['connect'],
  handle(client, packet) {
    client.accept()
    client.write({ cmd: 'connack', sessionPresent: false, reasonCode: 0 })
    const ctx = { client, packet: packet as ConnectPacket, present: false }
    client.stack.tell('clientConnected', ctx)
  },
}

interface Guarded extends TestStack {
  readonly provider: Provider
  /** What CONNACK says, once it came. */
  connack(listener: Listener, username?: string, password?: string): Promise<Received<'connack'>>
  /** The same with a wrong password, so many times, however long it takes. */
  fail(times: number, listener: Listener, username?: string): Promise<number | undefined>
}

async function guarded(options: RateLimitOptions): Promise<Guarded> {
  const provider = new Provider()
  const stack = await testStack(
    new RateLimit({ ...NO_LIMITS, ...options }),
    new Authentication(),
    provider,
    welcome,
  )
  const connack = (listener: Listener, username?: string, password?: string) =>
    stack.open({ listener, protocolVersion: 5 }).connect({ username, password })
  return Object.assign(stack, {
    provider,
    connack,
    async fail(times: number, listener: Listener, username?: string) {
      let code: number | undefined
      for (let i = 0; i < times; i++) {
        const client = asking(stack, listener, username, username && 'wrong')
        await stack.advance(4_025)
        code = (await client.next('connack')).reasonCode
      }
      return code
    },
  })
}

/** A client that has sent its CONNECT, and may have to wait. */
function asking({ open }: TestStack, listener: Listener, username?: string, password?: string): TestClient {
  const client = open({ listener, protocolVersion: 5 })
  const { clientId } = client
  const secret = password === undefined ? undefined : Buffer.from(password)
  client.send({
    cmd: 'connect',
    clientId,
    username,
    password: secret,
    protocolId: 'MQTT',
    protocolVersion: 5,
  })
  return client
}

/** Milliseconds until CONNACK comes. */
async function waited(
  stack: Guarded,
  listener: Listener,
  username: string,
  password = 'right',
): Promise<number> {
  const begun = stack.clock.now()
  const client = asking(stack, listener, username, password)
  await stack.settle()
  while (client.received.length === 0) await stack.advance(25)
  return stack.clock.now() - begun
}

describe('failed authentications of one address with one user name', () => {
  const options = { failures: 6, refusalTime: 60_000 }

  it('cost nothing at first, then waits that double, up to 4 s', async () => {
    const waits: number[] = []
    for (let failures = 0; failures < 6; failures++) {
      const stack = await guarded({ ...options, failures: 12 })
      await stack.fail(failures + 4, HERE, 'alice')
      waits.push(await waited(stack, HERE, 'alice'))
    }
    expect(waits).toEqual([0, 250, 500, 1_000, 2_000, 4_000])
  })

  it('too many are refused for a while with 0x8A, without a look at the password', async () => {
    const stack = await guarded(options)
    expect(await stack.fail(6, HERE, 'alice')).toBe(0x86)
    expect(stack.provider.asked).toBe(6)
    expect(await stack.connack(HERE, 'alice', 'right')).toMatchObject({
      reasonCode: 0x8a,
      properties: {
        reasonString: 'too many failed authentications of this address with this user name (failures)',
      },
    })
    expect(stack.provider.asked).toBe(6)
    await stack.advance(60_000)
    expect((await stack.connack(HERE, 'alice', 'right')).reasonCode).toBe(0)
  })

  it('before 5.0 get return code 5', async () => {
    const stack = await guarded(options)
    await stack.fail(6, HERE, 'alice')
    expect((await stack.open({ listener: HERE }).connect({ username: 'alice' })).returnCode).toBe(5)
  })

  it('refuse neither other names of that address nor that name from others', async () => {
    const stack = await guarded(options)
    await stack.fail(7, HERE, 'alice')
    expect((await stack.connack(HERE, 'bob', 'right')).reasonCode).toBe(0)
    expect((await stack.connack(THERE, 'alice', 'right')).reasonCode).toBe(0)
  })

  it('are not forgotten with a success of somebody else who only calls itself so', async () => {
    const stack = await guarded(options)
    await stack.fail(5, HERE, 'alice')
    expect(await waited(stack, HERE, 'alice', 'token of eve')).toBeGreaterThan(0)
    expect(await stack.fail(1, HERE, 'alice')).toBe(0x86)
    expect((await stack.connack(HERE, 'alice', 'token of eve')).reasonCode).toBe(0x8a)
  })

  it('are forgotten with a success', async () => {
    const stack = await guarded(options)
    await stack.fail(2, HERE, 'alice')
    await stack.connack(HERE, 'alice', 'right')
    expect(await stack.fail(5, HERE, 'alice')).toBe(0x86)
    expect(await waited(stack, HERE, 'alice')).toBeGreaterThan(0)
  })

  it('are those of a client without a name too, by its client identifier', async () => {
    // As connection does, which stands before.
    const names: MiddlewareLike = {
      name: 'Names',
      handles: ['connect'],
      handle(client, packet) {
        client.session.clientId = (packet as ConnectPacket).clientId
      },
    }
    const { open } = await testStack(
      names,
      new RateLimit({ ...NO_LIMITS, failures: 1 }),
      new Authentication(),
      new Provider(),
      welcome,
    )
    const connack = async (clientId: string) =>
      (await open({ protocolVersion: 5, listener: HERE, clientId }).connect()).reasonCode
    expect([await connack('a'), await connack('a'), await connack('b')]).toEqual([0x87, 0x8a, 0x87])
  })

  it('do not count where nobody could find out', async () => {
    const stack = await guarded(options)
    expect(await stack.fail(20, HERE, 'away')).toBe(0x88)
  })

  it('a client that waits and goes leaves nothing', async () => {
    const stack = await guarded(options)
    const timers = stack.clock.timers
    await stack.fail(4, HERE, 'alice')
    const client = asking(stack, HERE, 'alice', 'right')
    await stack.settle()
    expect(stack.clock.timers).toBeGreaterThan(timers)
    await client.drop()
    await stack.advance(10_000)
    expect(stack.stack.clients.size).toBe(0)
    expect(stack.clock.timers).toBe(timers)
  })
})

describe('failed authentications of one address', () => {
  it('too many are refused, whatever the user names; other addresses are not', async () => {
    const stack = await guarded({ failuresPerAddress: 6 })
    for (let i = 0; i < 6; i++) expect(await stack.fail(1, HERE, `user-${i}`)).toBe(0x86)
    expect(await stack.connack(HERE, 'bob', 'right')).toMatchObject({
      reasonCode: 0x8a,
      properties: { reasonString: 'too many failed authentications of this address (failuresPerAddress)' },
    })
    expect((await stack.connack(THERE, 'user-1', 'right')).reasonCode).toBe(0)
  })

  it('an IPv6 /64 is one address', async () => {
    const stack = await guarded({ failuresPerAddress: 6 })
    for (let i = 0; i < 6; i++) await stack.fail(1, at(`[2001:db8::${i}]`), 'alice')
    expect((await stack.connack(at('[2001:db8::ffff]'), 'bob', 'right')).reasonCode).toBe(0x8a)
    expect((await stack.connack(at('[2001:db8:0:1::1]'), 'bob', 'right')).reasonCode).toBe(0)
  })

  it('a success takes none of them back', async () => {
    const stack = await guarded({ failuresPerAddress: 6 })
    for (let i = 0; i < 6; i++) {
      expect(await stack.fail(1, HERE, 'alice')).toBe(0x86)
      if (i === 1) await stack.connack(HERE, 'mallory', 'right')
    }
    expect((await stack.connack(HERE, 'mallory', 'right')).reasonCode).toBe(0x8a)
  })
})

describe('failed authentications with one user name from many addresses', () => {
  const attacked = async (): Promise<Guarded> => {
    const stack = await guarded({ failuresPerName: 10, refusalTime: 3_600_000 })
    await stack.connack(HERE, 'alice', 'right')
    for (let i = 0; i < 100; i++) await stack.fail(1, at(`198.51.100.${i}`), 'alice')
    return stack
  }

  it('lock nobody out: who comes from elsewhere waits, 4 s at most', async () => {
    const stack = await attacked()
    expect(await waited(stack, THERE, 'alice')).toBe(4_000)
    expect((await stack.connack(THERE, 'alice', 'right')).reasonCode).toBe(0)
  })

  it('do not touch the user where it was let in lately, nor other users', async () => {
    const stack = await attacked()
    expect(await waited(stack, HERE, 'alice')).toBe(0)
    expect(await waited(stack, THERE, 'bob')).toBe(0)
  })
})

it('who comes from this machine only waits: others may be behind the same address', async () => {
  const stack = await guarded({ failures: 3, failuresPerAddress: 3 })
  const local: Listener = { transport: 'tcp', local: true, remote: '127.0.0.1:1' }
  expect(await stack.fail(10, local, 'alice')).toBe(0x86)
  expect(await waited(stack, local, 'alice')).toBe(4_000)
  expect(await waited(stack, local, 'bob')).toBe(0)
})

it('a flood of addresses and names fills no more than its tables, and is forgotten', async () => {
  const { client } = (await testStack(welcome)).connection()
  const limits = { failures: 3, failuresPerAddress: 3, failuresPerName: 3, refusalTime: 60_000 }
  const failures = new Guard()
  failures.limit(new RateLimit(limits).config, new Map())
  for (let i = 0; i < 25_000; i++) {
    const claimed = { address: `address ${i}`, username: `name ${i}`, clientId: '', local: false }
    failures.failed(client, claimed, i)
    client.session.identity = claimed.username
    failures.succeeded(client, claimed, i)
  }
  expect(failures.size).toBeLessThanOrEqual(40_000)
  failures.sweep(100_000)
  expect(failures.size).toBe(10_000)
  failures.sweep(86_500_000)
  expect(failures.size).toBe(0)
})

it('a long user name is not kept', async () => {
  const stack = await guarded({ failures: 2 })
  const name = 'x'.repeat(60_000)
  await stack.fail(2, HERE, name)
  expect((await stack.connack(HERE, name, 'right')).reasonCode).toBe(0x8a)
  expect((await stack.connack(HERE, `${name}y`, 'right')).reasonCode).toBe(0)
})
