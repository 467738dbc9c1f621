/** A method that is nearly named like a callback is an error at start. */
import { acceptAll, RecordingLogger } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import type { MiddlewareLike } from '../contract/middleware.ts'
import { Middleware } from '../contract/middleware.ts'
import type { StackError } from '../errors/errors.ts'
import { Stack } from './stack.ts'

/** What start() says; nothing where it starts. */
async function complaint(middleware: object): Promise<StackError | undefined> {
  const stack = new Stack({ strict: true, logger: new RecordingLogger() })
  stack.use(acceptAll(), { name: 'Mine', start() {}, ...middleware } as MiddlewareLike)
  try {
    await stack.start()
    await stack.stop()
    return undefined
  } catch (error) {
    return error as StackError
  }
}

describe('start() names the callback that is meant by', () => {
  it.each([
    ['relayMesage', 'relayMessage'],
    ['relayMessages', 'relayMessage'],
    ['realyMessage', 'relayMessage'],
    ['relaymessage', 'relayMessage'],
    ['RelayMessage', 'relayMessage'],
    ['onRelayMessage', 'relayMessage'],
    ['handleRelayMessage', 'relayMessage'],
    ['onSubscribeTopic', 'subscribeTopic'],
    ['subscribeTopics', 'subscribeTopic'],
    ['autorizePacket', 'authorizePacket'],
    ['authenticateConection', 'authenticateConnection'],
    ['clientDisconnect', 'clientDisconnected'],
    ['uncleandisconnect', 'uncleanDisconnect'],
    ['onSubscribe', 'handle'],
    ['onPublish', 'handle'],
  ])('%s', async (method, meant) => {
    const error = await complaint({ [method]() {} })
    expect(error).toMatchObject({ code: 'CALLBACK_MISSPELT' })
    expect(error?.message).toContain(
      `Mine has a method "${method}", which nobody calls: is "${meant}" meant?`,
    )
  })
})

describe('start() refuses a misspelt method', () => {
  it('of a class, also where the class does something else', async () => {
    class Typo extends Middleware {
      readonly handles = ['publish' as const]
      handle(): void {}
      relayMesage(): void {}
    }
    const stack = new Stack({ logger: new RecordingLogger() }).use(new Typo())
    await expect(async () => stack.start()).rejects.toMatchObject({ code: 'CALLBACK_MISSPELT' })
  })

  it('that is inherited', async () => {
    class Base extends Middleware {
      relayMesage(): void {}
    }
    class Child extends Base {
      clientConnected(): void {}
    }
    const stack = new Stack({ logger: new RecordingLogger() }).use(new Child())
    await expect(async () => stack.start()).rejects.toMatchObject({ code: 'CALLBACK_MISSPELT' })
  })

  it('that is nearly a callback of the middleware’s own', async () => {
    const defines = { testPrice: { merge: 'all' } }
    expect(await complaint({ defines, testPrise() {} })).toMatchObject({ code: 'CALLBACK_MISSPELT' })
  })
})

describe('start() says nothing of', () => {
  it.each<[string, object]>([
    ['a helper beside the callback itself', { relayMessage() {}, relayMessages() {} }],
    ['a method that is named after a packet, of one who handles packets', { handle() {}, onPublish() {} }],
    ['a method with another name', { relay() {}, publish() {}, close() {}, store() {}, subscribe() {} }],
    ['a property that is no function', { relayMesage: 7 }],
  ])('%s', async (_what, middleware) => {
    expect(await complaint(middleware)).toBeUndefined()
  })
})
