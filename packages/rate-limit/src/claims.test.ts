/** Guesses at a user whose name stands in an exchange, or elsewhere than in the user name of the CONNECT. */
import { Authentication } from '@mqtt-stack/authentication'
import type { ConnectPacket, Context, Listener, MiddlewareLike, Store } from '@mqtt-stack/core'
import { ReasonCode } from '@mqtt-stack/core'
import type { TestClient, TestStack } from '@mqtt-stack/testing'
import { testStack } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { NO_LIMITS } from '../../../test/rig/no-limits.ts'
import type { RateLimitOptions } from './index.ts'
import { RateLimit } from './index.ts'

const at = (remote: string): Listener => ({ transport: 'tcp', local: false, remote: `${remote}:1883` })
const [HERE, THERE] = [at('192.0.2.1'), at('192.0.2.2')]
const TOO_MANY = 'too many failed authentications of this address with this user name (failures)'

/** A stranger's provider: everybody's password is `right`, and NAME:PASSWORD stands in the data, or in the password. */
class Strangers implements MiddlewareLike {
  readonly name = 'Strangers'
  /** Passwords that were looked at. */
  tried = 0
  readonly #names = new WeakMap<object, string>()

  async authenticateConnection(
    { client, password, claim }: Context<'authenticateConnection'>,
    store: Store<'authenticateConnection'>,
  ): Promise<void> {
    const [name, secret] = partsOf(password)
    await claim(name)
    if (client.closed) return
    store.valid = this.#isRight(secret)
    store.identity = name
  }

  /** `ONE` has all in one message; `TWO` says the name first, as SCRAM does. */
  async authenticateExchange(
    { client, packet, method, data, claim }: Context<'authenticateExchange'>,
    store: Store<'authenticateExchange'>,
  ): Promise<void> {
    const [said, secret = said] = partsOf(data)
    const begins = packet.cmd === 'connect' || packet.reasonCode === ReasonCode.RE_AUTHENTICATE
    const name = begins ? said : (this.#names.get(client) ?? '')
    this.#names.set(client, name)
    if (begins) await claim(name)
    if (client.closed) return
    if (begins && method === 'TWO') {
      store.state = 'continue'
      return
    }
    store.state = this.#isRight(secret) ? 'success' : 'failure'
    store.identity = name
  }

  #isRight(secret: string | undefined): boolean {
    this.tried++
    return secret === 'right'
  }
}

function partsOf(data: Uint8Array | undefined): string[] {
  return Buffer.from(data ?? [])
    .toString()
    .split(':')
}

/** As connection and session-manager do. */
const welcome: MiddlewareLike = {
  name: 'Welcome',
  handles: ['connect'],
  handle(client, packet) {
    client.accept()
    client.connected = true
    client.write({ cmd: 'connack', sessionPresent: false, reasonCode: 0 })
    client.stack.tell('clientConnected', { client, packet: packet as ConnectPacket, present: false })
  },
}
const names: MiddlewareLike = {
  name: 'Names',
  handles: ['connect'],
  handle(client, packet) {
    client.session.clientId = (packet as ConnectPacket).clientId
  },
}

type How = 'ONE' | 'TWO' | 'password'

interface Guarded extends TestStack {
  readonly provider: Strangers
  /** A connection with a client identifier and a user name of its own; the code that ends it, or 0, however long it takes. */
  guess(how: How, name: string, password?: string, listener?: Listener): Promise<number>
  begin(how: How, name: string, password?: string, listener?: Listener): TestClient
}

async function guarded(options: RateLimitOptions, ...more: MiddlewareLike[]): Promise<Guarded> {
  const provider = new Strangers()
  const stack = await testStack(
    names,
    new RateLimit({ ...NO_LIMITS, ...options }),
    new Authentication(),
    provider,
    ...more,
    welcome,
  )
  let guesses = 0
  const begin = (how: How, name: string, password = 'wrong', listener = HERE): TestClient => {
    const clientId = `guess-${++guesses}`
    const client = stack.open({ listener, protocolVersion: 5, clientId })
    const data = Buffer.from(how === 'TWO' ? name : `${name}:${password}`)
    client.send({
      cmd: 'connect',
      clientId,
      username: `nobody-${guesses}`,
      ...(how === 'password' ? { password: data } : { properties: exchangeOf(how, data) }),
      protocolId: 'MQTT',
      protocolVersion: 5,
    })
    return client
  }
  const guess = async (how: How, name: string, password = 'wrong', listener = HERE): Promise<number> => {
    const client = begin(how, name, password, listener)
    await stack.advance(4_025)
    if (how === 'TWO' && client.received[0]?.cmd === 'auth')
      prove(client, ReasonCode.CONTINUE_AUTHENTICATION, password)
    await stack.settle()
    return (await client.next('connack')).reasonCode ?? 0
  }
  return Object.assign(stack, { provider, guess, begin })
}

function exchangeOf(authenticationMethod: string, authenticationData: Buffer) {
  return { authenticationMethod, authenticationData }
}

function prove(client: TestClient, reasonCode: ReasonCode, text: string, method = 'TWO'): void {
  client.send({ cmd: 'auth', reasonCode, properties: exchangeOf(method, Buffer.from(text)) })
}

describe.each<How>(['ONE', 'TWO', 'password'])('a user name that a provider finds out (%s)', (how) => {
  const options = { failures: 6, refusalTime: 60_000 }
  const wrong = how === 'password' ? ReasonCode.BAD_USER_NAME_OR_PASSWORD : ReasonCode.NOT_AUTHORIZED

  it('has its failures counted, under whatever client identifiers and user names they come', async () => {
    const test = await guarded(options)
    for (let i = 0; i < 6; i++) expect(await test.guess(how, 'alice')).toBe(wrong)
    const client = test.begin(how, 'alice', 'right')
    expect(await client.next('connack')).toMatchObject({
      reasonCode: ReasonCode.BANNED,
      properties: { reasonString: TOO_MANY },
    })
    // Nobody has looked at the password, and what was refused is no further failure.
    expect(test.provider.tried).toBe(6)
    await test.advance(60_000)
    expect(await test.guess(how, 'alice', 'right')).toBe(0)
  })

  it('waits before it is tried again', async () => {
    const test = await guarded(options)
    for (let i = 0; i < 4; i++) await test.guess(how, 'alice')
    const client = test.begin(how, 'alice', 'right')
    await test.advance(475)
    expect([client.received, test.provider.tried]).toEqual([[], 4])
    await test.advance(25)
    expect(client.received).toHaveLength(1)
  })

  it('is neither refused from elsewhere, nor are others from here', async () => {
    const test = await guarded(options)
    for (let i = 0; i < 6; i++) await test.guess(how, 'alice')
    expect(await test.guess(how, 'alice', 'right', THERE)).toBe(0)
    expect(await test.guess(how, 'bob', 'right')).toBe(0)
  })

  it('has its failures forgotten with a success of its own alone', async () => {
    const test = await guarded(options)
    for (let i = 0; i < 5; i++) await test.guess(how, 'alice')
    await test.guess(how, 'mallory', 'right')
    expect(await test.guess(how, 'alice')).toBe(wrong)
    expect(await test.guess(how, 'alice', 'right')).toBe(ReasonCode.BANNED)
    const other = await guarded(options)
    for (let i = 0; i < 5; i++) await other.guess(how, 'alice')
    await other.guess(how, 'alice', 'right')
    for (let i = 0; i < 6; i++) expect(await other.guess(how, 'alice')).toBe(wrong)
  })

  it('is the same user however it is named', async () => {
    const test = await guarded(options)
    for (const one of [how, 'ONE', 'TWO', 'password', how, 'TWO'] as const) await test.guess(one, 'alice')
    expect(await test.guess(how, 'alice', 'right')).toBe(ReasonCode.BANNED)
  })

  it('has no more guesses under way than may fail', async () => {
    const test = await guarded(options)
    const clients = Array.from({ length: 50 }, () => test.begin(how, 'alice', 'wrong'))
    await test.settle()
    const begun = how === 'TWO' ? clients.filter(({ received }) => received[0]?.cmd === 'auth').length : 6
    expect(begun).toBe(6)
    if (how === 'TWO') for (const client of clients.slice(0, 6)) prove(client, 0x18, 'wrong')
    await test.advance(1_000)
    expect(test.provider.tried).toBe(6)
  })
})

describe('authenticating again', () => {
  const again = (client: TestClient, name: string, password: string): void =>
    prove(client, ReasonCode.RE_AUTHENTICATE, `${name}:${password}`, 'ONE')
  const mallory = async (test: Guarded): Promise<TestClient> => {
    const client = test.begin('ONE', 'mallory', 'right')
    expect((await client.next('connack')).reasonCode).toBe(0)
    return client
  }

  it('is counted as a guess at the user whom it names', async () => {
    const test = await guarded({ failures: 3, refusalTime: 60_000 })
    for (let i = 0; i < 3; i++) {
      const client = await mallory(test)
      again(client, 'alice', 'wrong')
      await test.advance(4_025)
      expect(client.closed).toBeDefined()
      expect(client.received.at(-1)).toMatchObject({ cmd: 'disconnect', reasonCode: 0x87 })
    }
    const { tried } = test.provider
    const client = await mallory(test)
    again(client, 'alice', 'right')
    await test.settle()
    expect(client.received.at(-1)).toMatchObject({
      cmd: 'disconnect',
      properties: { reasonString: TOO_MANY },
    })
    // That of mallory alone.
    expect(test.provider.tried - tried).toBe(1)
  })

  it('is over with its success, as often as it is done', async () => {
    const test = await guarded({ failures: 3 })
    const client = await mallory(test)
    for (let i = 0; i < 20; i++) {
      again(client, 'mallory', 'right')
      expect((await client.next('auth')).reasonCode).toBe(0)
    }
    for (let i = 0; i < 5; i++) await mallory(test)
  })
})

it('who waits is told of under the name that was found out', async () => {
  const test = await guarded({ failures: 3 })
  for (let i = 0; i < 2; i++) await test.guess('ONE', 'alice')
  await test.guess('ONE', 'alice', 'right')
  const line = test.logger.lines.filter(({ message }) => message === 'client slowed').at(-1)
  expect(line?.cause).toMatchObject({ username: 'alice', cause: 'failed authentications' })
})

it('a client that goes while it waits leaves nothing', async () => {
  const test = await guarded({ failures: 6 })
  const { timers } = test.clock
  for (let i = 0; i < 4; i++) await test.guess('ONE', 'alice')
  const client = test.begin('ONE', 'alice')
  await test.settle()
  await client.drop()
  await test.advance(10_000)
  expect([test.stack.clients.size, test.clock.timers, test.provider.tried]).toEqual([0, timers, 4])
})

it('whoever gave no name takes back no failures of those who gave none', async () => {
  const letIn: MiddlewareLike = {
    name: 'LetIn',
    authenticateExchange(_ctx, store) {
      store.state = 'failure'
    },
    authenticateConnection(_ctx, store) {
      store.valid = true
    },
  }
  const limits = new RateLimit({ ...NO_LIMITS, failures: 2 })
  const { open, advance } = await testStack(names, limits, new Authentication(), letIn, welcome)
  const connect = async (properties = {}) => {
    const client = open({ protocolVersion: 5, listener: HERE })
    client.send({ cmd: 'connect', clientId: 'a', properties, protocolId: 'MQTT', protocolVersion: 5 })
    await advance(4_025)
    return (await client.next('connack')).reasonCode
  }
  const guess = () => connect({ authenticationMethod: 'M' })
  expect([await guess(), await connect(), await guess(), await guess()]).toEqual([0x87, 0, 0x87, 0x8a])
})
