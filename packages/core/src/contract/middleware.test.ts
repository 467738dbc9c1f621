/** Both ways to make a middleware: a class, and a plain object, typed with nothing annotated. */
import { acceptAll, RecordingLogger, testStack } from '@mqtt-stack/testing'
import { describe, expect, expectTypeOf, it } from 'vitest'
import type { Packet, SubscribePacket } from '../packets/packets.ts'
import type { Publish } from '../packets/publish.ts'
import { Stack } from '../stack/stack.ts'
import type { Context, Store } from './callbacks/index.ts'
import type { Client } from './client.ts'
import type { Done } from './done.ts'
import { DONE } from './done.ts'
import type { MiddlewareLike, Next } from './middleware.ts'
import { Middleware } from './middleware.ts'
import type { OptionsSpec } from './options.ts'
import type { RelayContext, RelayStore } from './relay.ts'

const relay = {} as RelayContext
const quiet = (): Stack => new Stack({ strict: true, logger: new RecordingLogger() })

describe('a plain object', () => {
  it('is fully typed with nothing annotated', async () => {
    const stack = quiet().use({
      name: 'Plain',
      handles: ['publish', 'subscribe'],
      requires: ['relayMessage'],
      uses: ['messageDropped'],
      install(client) {
        expectTypeOf(client).toEqualTypeOf<Client>()
      },
      handle(client, packet, next, done) {
        expectTypeOf(client).toEqualTypeOf<Client>()
        expectTypeOf(packet).toEqualTypeOf<Packet>()
        expectTypeOf(next).toEqualTypeOf<Next>()
        expectTypeOf(done).toEqualTypeOf<Next>()
        if (packet.cmd === 'publish') expectTypeOf(packet).toEqualTypeOf<Publish>()
        if (packet.cmd === 'subscribe') expectTypeOf(packet).toEqualTypeOf<SubscribePacket>()
        next()
      },
      relayMessage(ctx, store) {
        expectTypeOf(ctx).toEqualTypeOf<RelayContext>()
        expectTypeOf(store).toEqualTypeOf<RelayStore>()
        store.matched = 3
      },
      authorizePacket: async (ctx, store) => {
        expectTypeOf(ctx).toEqualTypeOf<Context<'authorizePacket'>>()
        expectTypeOf(store).toEqualTypeOf<Store<'authorizePacket'>>()
        return DONE
      },
    })
    expect(await stack.call('relayMessage', relay, { matched: 0 } as RelayStore)).toMatchObject({
      matched: 3,
    })
  })

  it('may leave parameters out, and answer in every form', () => {
    const forms: MiddlewareLike[] = [
      { name: 'nothing', relayMessage() {} },
      { name: 'DONE', relayMessage: () => DONE },
      { name: 'promise', relayMessage: async () => {} },
      { name: 'promise of DONE', relayMessage: async () => DONE },
      { name: 'either', relayMessage: (ctx) => (ctx.topic === '' ? DONE : undefined) },
      { name: 'promise of either', relayMessage: async (ctx) => (ctx.topic === '' ? DONE : undefined) },
      { name: 'next', relayMessage: (_ctx, _store, next) => next() },
      { name: 'done', relayMessage: (_ctx, _store, _next, done) => done() },
    ]
    expect(forms).toHaveLength(8)
  })

  it('is refused by the compiler where it is wrong', () => {
    const wrong = (): unknown =>
      quiet().use({
        name: 'Wrong',
        // @ts-expect-error an answer that means nothing
        closeClient: () => true,
        // @ts-expect-error it is answered by return
        async sendMessage() {},
        // @ts-expect-error no packet type
        handles: ['publsih'],
        // @ts-expect-error no callback
        requires: ['relayMesage'],
      })
    const change = (packet: Publish): void => {
      // @ts-expect-error packets are read-only
      packet.topic = 'other'
    }
    expect([wrong, change]).toHaveLength(2)
  })

  it('DONE has a type of its own', () => {
    expectTypeOf(DONE).toEqualTypeOf<Done>()
    expectTypeOf<undefined>().not.toExtend<Done>()
    expectTypeOf<boolean>().not.toExtend<Done>()
    expectTypeOf<object>().not.toExtend<Done>()
    expect(String(DONE)).toBe('DONE')
  })
})

describe('a class', () => {
  interface GreeterOptions {
    greeting?: string
  }
  const SPEC: OptionsSpec<GreeterOptions> = {
    greeting: { kind: 'string', default: 'hello', doc: 'What to say.' },
  }

  class Greeter extends Middleware<GreeterOptions> {
    readonly said: string[] = []

    constructor(options?: GreeterOptions) {
      super(options, SPEC)
    }

    relayMessage(ctx: Context<'relayMessage'>, store: Store<'relayMessage'>): void {
      store.matched++
      this.said.push(`${this.config.greeting} ${ctx.topic}`)
    }
  }

  it('has its class name, its options, and its stack', async () => {
    const greeter = new Greeter({ greeting: 'bye' })
    const stack = quiet().use(greeter)
    expect(greeter.name).toBe('Greeter')
    expect(greeter.stack).toBe(stack)
    const store = await stack.call(
      'relayMessage',
      { topic: 'a' } as RelayContext,
      { matched: 0 } as RelayStore,
    )
    expect([greeter.said, store.matched]).toEqual([['bye a'], 1])
  })

  it('answers by methods that it inherits', async () => {
    class Loud extends Greeter {}
    const loud = new Loud()
    await quiet()
      .use(loud)
      .call('relayMessage', { topic: 'a' } as RelayContext, {} as RelayStore)
    expect([loud.name, loud.said]).toEqual(['Loud', ['hello a']])
  })

  it('needs no options and no table', () => {
    class Bare extends Middleware {
      handle(): void {}
    }
    expect(new Bare().config).toEqual({})
    expect(() => new Bare({ some: 'thing' })).toThrow(expect.objectContaining({ code: 'OPTION_UNKNOWN' }))
  })

  it('is never asked for: an object without that prototype works like it', async () => {
    const bare = Object.assign(Object.create(null) as object, {
      name: 'Bare',
      relayMessage: (_ctx: RelayContext, store: RelayStore) => void store.matched++,
    })
    const store = { matched: 0 } as RelayStore
    await quiet().use(bare).call('relayMessage', relay, store)
    expect(store.matched).toBe(1)
  })
})

describe('handle', () => {
  it('is called for the packets that `handles` names, and for no other', async () => {
    const seen: string[] = []
    const note = (name: string, handles?: MiddlewareLike['handles']): MiddlewareLike => ({
      name,
      handles,
      handle: (_client, packet) => void seen.push(`${name} ${packet.cmd}`),
    })
    const { client } = await testStack(
      note('all'),
      note('two', ['pingreq', 'publish']),
      note('none', []),
      acceptAll(),
    )
    const alice = await client()
    alice.send({ cmd: 'pingreq' })
    await alice.publish('a')
    expect(seen).toEqual(['all connect', 'all pingreq', 'two pingreq', 'all publish', 'two publish'])
  })

  it('DONE or done() keeps a packet from those behind', async () => {
    const seen: string[] = []
    const { client } = await testStack(
      { name: 'Done', handles: ['pingreq'], handle: () => DONE },
      { name: 'Behind', handle: (_client, packet) => void seen.push(packet.cmd) },
      acceptAll(),
    )
    const alice = await client()
    alice.send({ cmd: 'pingreq' })
    await alice.publish('a')
    expect(seen).toEqual(['connect', 'publish'])
  })
})
