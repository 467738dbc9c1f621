/** Guesses that come at the same moment are no more than those that come one after the other. */
import { Authentication } from '@mqtt-stack/authentication'
import type { ConnectPacket, Context, Listener, MiddlewareLike, Store } from '@mqtt-stack/core'
import type { TestClient, TestStack } from '@mqtt-stack/testing'
import { testStack } from '@mqtt-stack/testing'
import { expect, it } from 'vitest'
import { NO_LIMITS } from '../../../test/rig/no-limits.ts'
import type { RateLimitOptions } from './index.ts'
import { RateLimit } from './index.ts'

const at = (remote: string): Listener => ({ transport: 'tcp', local: false, remote: `${remote}:1883` })
const HERE = at('192.0.2.1')

/** Accepts whoever comes so far, and tells of it. */
const welcome: MiddlewareLike = {
  name: 'Welcome',
  handles: ['connect'],
  handle(client, packet) {
    client.accept()
    client.write({ cmd: 'connack', sessionPresent: false, reasonCode: 0 })
    client.stack.tell('clientConnected', { client, packet: packet as ConnectPacket, present: false })
  },
}

/** Takes as long as the test wants; knows everybody by the password `right`. */
class Slow implements MiddlewareLike {
  readonly name = 'Slow'
  asked = 0
  readonly #waiting: (() => void)[] = []

  async authenticateConnection(
    { password }: Context<'authenticateConnection'>,
    store: Store<'authenticateConnection'>,
  ): Promise<void> {
    this.asked++
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
    store.valid = Buffer.from(password ?? []).toString() === 'right'
  }

  answer(): void {
    for (const go of this.#waiting.splice(0)) go()
  }
}

async function setup(options: RateLimitOptions) {
  const slow = new Slow()
  const stack = await testStack(
    new RateLimit({ ...NO_LIMITS, ...options }),
    new Authentication(),
    slow,
    welcome,
  )
  return Object.assign(stack, { slow })
}

function guess({ open }: TestStack, username: string, listener = HERE, password = 'wrong'): TestClient {
  const client = open({ listener, protocolVersion: 5 })
  const { clientId } = client
  const secret = Buffer.from(password)
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

it('of one address with one user name are no more than may fail', async () => {
  const test = await setup({ failures: 6 })
  const clients = Array.from({ length: 50 }, () => guess(test, 'alice'))
  await test.settle()
  expect(test.slow.asked).toBe(6)
  test.slow.answer()
  await test.advance(1_000)
  expect(test.slow.asked).toBe(6)
  for (const client of clients.slice(6)) expect((await client.next('connack')).reasonCode).toBe(0x8a)
})

it('with the right password all come in, a few at a time', async () => {
  const test = await setup({ failures: 6 })
  const clients = Array.from({ length: 50 }, () => guess(test, 'alice', HERE, 'right'))
  for (let round = 0; round < 10; round++) {
    await test.settle()
    test.slow.answer()
    await test.advance(150)
  }
  for (const client of clients) expect((await client.next('connack')).reasonCode).toBe(0)
})

it('of others do not wait for them', async () => {
  const test = await setup({ failures: 6 })
  for (let i = 0; i < 50; i++) guess(test, 'alice')
  guess(test, 'bob')
  guess(test, 'alice', at('192.0.2.2'))
  await test.settle()
  expect(test.slow.asked).toBe(8)
})

it('of clients that are gone count no more', async () => {
  const test = await setup({ failures: 6 })
  const gone = Array.from({ length: 6 }, () => guess(test, 'alice', HERE, 'right'))
  await test.settle()
  for (const client of gone) await client.drop()
  test.slow.answer()
  await test.settle()
  guess(test, 'alice', HERE, 'right')
  await test.settle()
  expect(test.slow.asked).toBe(7)
})
