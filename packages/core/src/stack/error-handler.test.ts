/** Errors that no caller waits for: whose they are, where they go, and that they stay with one client. */
import { acceptAll, testStack } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import type { Client } from '../contract/client.ts'
import type { MiddlewareLike } from '../contract/middleware.ts'
import { blame, blameOf } from '../errors/blame.ts'
import type { ErrorCode } from '../errors/errors.ts'
import { ERRORS, StackError } from '../errors/errors.ts'
import type { Packet } from '../packets/packets.ts'
import { ProtocolError } from '../packets/protocol-error.ts'
import { ReasonCode } from '../packets/reason-codes.ts'

/** Fails on every PUBLISH to `bomb`, in each of the ways there are. */
function bomb(way: string): MiddlewareLike {
  const error = new Error('boom')
  const isBomb = (packet: Packet): boolean => packet.cmd === 'publish' && packet.topic === 'bomb'
  const handles = ['publish'] as const
  switch (way) {
    case 'throws':
      return {
        name: 'Bomb',
        handles,
        handle(_client, packet) {
          if (isBomb(packet)) throw error
        },
      }
    case 'rejects':
      return {
        name: 'Bomb',
        handles,
        async handle(_client, packet) {
          await null
          if (isBomb(packet)) throw error
        },
      }
    case 'answers with an error':
      return {
        name: 'Bomb',
        handles,
        handle(_client, packet, next) {
          next(isBomb(packet) ? error : undefined)
        },
      }
    case 'throws after its answer':
      return {
        name: 'Bomb',
        handles,
        handle(_client, packet, next) {
          next()
          if (isBomb(packet)) throw error
        },
      }
    default:
      return {
        name: 'Bomb',
        handles,
        async handle(_client, packet, next) {
          next()
          await null
          if (isBomb(packet)) throw error
        },
      }
  }
}

const WAYS = [
  'throws',
  'rejects',
  'answers with an error',
  'throws after its answer',
  'rejects after its answer',
]

describe('the default errorHandler', () => {
  it.each(WAYS)(
    'closes the client whose handler %s, logs the middleware, and leaves the others alone',
    async (way) => {
      const seen: string[] = []
      const { client, logger } = await testStack(
        bomb(way),
        {
          name: 'Seen',
          handles: ['publish'],
          handle(from, packet) {
            if (packet.cmd === 'publish') seen.push(`${from.id} ${packet.topic}`)
          },
        },
        acceptAll(),
      )
      const [alice, bob] = [await client({ clientId: 'alice' }), await client({ clientId: 'bob' })]
      await alice.publish('bomb')
      await alice.closed
      await bob.publish('still/here')
      expect(seen).toContain('bob still/here')
      expect(bob.stream.destroyed).toBe(false)
      expect(logger.errors).toEqual(['Bomb (handle publish): boom'])
    },
  )

  it('says why by closeClient, and closes whatever becomes of that', async () => {
    const told: unknown[] = []
    const { client, logger } = await testStack(
      bomb('throws'),
      {
        name: 'Closer',
        closeClient({ client: from, reasonCode, reason }) {
          told.push(from.id, reasonCode, reason)
          throw new Error('cannot say')
        },
      },
      acceptAll(),
    )
    const alice = await client({ clientId: 'alice' })
    await alice.publish('bomb')
    await alice.closed
    expect(told).toEqual(['alice', ReasonCode.UNSPECIFIED_ERROR, 'boom'])
    expect(logger.errors).toEqual(['Bomb (handle publish): boom', 'Closer (closeClient): cannot say'])
  })

  it('does not log what a client did wrong as an error', async () => {
    const { client, logger, stack } = await testStack(acceptAll())
    stack.log.level = 'debug'
    const alice = await client()
    alice.raw([0xff, 0])
    await alice.closed
    expect(logger.errors).toEqual([])
    expect(logger.lines.map(({ level }) => level)).toEqual(['debug'])
  })

  it('handles no further packet of a client that it closed', async () => {
    const seen: string[] = []
    const { client } = await testStack(
      bomb('throws'),
      {
        name: 'Seen',
        handles: ['publish'],
        handle: (_from, packet) => void seen.push(packet.cmd === 'publish' ? packet.topic : ''),
      },
      acceptAll(),
    )
    const alice = await client()
    for (const topic of ['one', 'bomb', 'two'])
      alice.send({ cmd: 'publish', topic, payload: '', qos: 0, retain: false, dup: false })
    await alice.closed
    expect(seen).toEqual(['one'])
  })
})

describe('errorHandler', () => {
  it('is told error, client and packet, and may keep the client', async () => {
    const told: [Error, Client | undefined, Packet | undefined][] = []
    const { client, stack } = await testStack({
      use: [bomb('throws'), acceptAll()],
      options: { errorHandler: (...args) => void told.push(args) },
    })
    const alice = await client({ clientId: 'alice' })
    await alice.publish('bomb')
    expect(told).toHaveLength(1)
    const [error, from, packet] = told[0]
    expect(blameOf(error)).toEqual({ middleware: 'Bomb', callback: 'handle publish' })
    expect([from?.id, packet?.cmd]).toEqual(['alice', 'publish'])
    await alice.publish('harmless')
    expect([...stack.clients].map(({ id }) => id)).toEqual(['alice'])
  })

  it('cannot keep a client that broke the protocol', async () => {
    const errors: Error[] = []
    const { client } = await testStack({
      use: [acceptAll()],
      options: { errorHandler: (error) => void errors.push(error) },
    })
    const alice = await client()
    alice.raw([0xff, 0])
    await alice.closed
    expect(errors).toHaveLength(1)
    expect(errors[0]).toBeInstanceOf(ProtocolError)
  })

  it('that throws takes nothing down: the client is closed and the failure logged', async () => {
    const { client, logger } = await testStack({
      use: [bomb('throws'), acceptAll()],
      options: {
        errorHandler() {
          throw new Error('worse')
        },
      },
    })
    const [alice, bob] = [await client(), await client()]
    await alice.publish('bomb')
    await alice.closed
    expect(logger.errors).toEqual(['errorHandler failed'])
    await bob.publish('still/here')
    expect(bob.stream.destroyed).toBe(false)
  })

  it('is told what a close listener throws; the other listeners are called', async () => {
    const log: string[] = []
    const { client } = await testStack({
      use: [
        {
          name: 'Careless',
          install(from) {
            from.onClose(() => {
              throw new Error('in a listener')
            })
            from.onClose(() => log.push('second listener'))
          },
        },
        acceptAll(),
      ],
      options: { errorHandler: (error) => void log.push(error.message) },
    })
    await (await client()).drop()
    expect(log).toEqual(['in a listener', 'second listener'])
  })

  it('is told what work at the end of a turn throws; the other work is done', async () => {
    const log: string[] = []
    const { stack, settle } = await testStack({
      options: { errorHandler: (error) => void log.push(error.message) },
    })
    stack.turn.add({
      endTurn() {
        throw new Error('in a turn')
      },
    })
    stack.turn.add({ endTurn: () => void log.push('second task') })
    await settle()
    expect(log).toEqual(['in a turn', 'second task'])
  })
})

describe('a handler that never answers', () => {
  const never: MiddlewareLike = {
    name: 'Never',
    handles: ['publish'],
    handle: () => new Promise(() => {}),
  }
  const stalls: unknown[] = []
  const listener: MiddlewareLike = {
    name: 'Listener',
    handlerStalled({ middleware, callback, client, since }) {
      stalls.push([middleware, callback, client?.id, since])
    },
  }

  it('is told by handlerStalled, once, after the stall timeout', async () => {
    stalls.length = 0
    const { client, clock, logger } = await testStack({
      use: [never, listener, acceptAll()],
      options: { stallTimeout: 10_000 },
    })
    const alice = await client({ clientId: 'alice' })
    await alice.publish('a')
    await clock.advance(9_999)
    expect(stalls).toEqual([])
    await clock.advance(60_000)
    expect(stalls).toEqual([['Never', 'handle publish', 'alice', 0]])
    expect(logger.events('handler.stalled')).toEqual([
      {
        event: 'handler.stalled',
        middleware: 'Never',
        callback: 'handle publish',
        clientId: 'alice',
        ms: 10_000,
      },
    ])
  })

  it('is told for a form with next too, and for a callback without a client', async () => {
    stalls.length = 0
    const { stack, clock } = await testStack({
      use: [{ name: 'Forgot', lookupRetainedMessages(_ctx, _store, _next) {} }, listener],
      options: { stallTimeout: 10_000 },
    })
    stack.execute('lookupRetainedMessages', { topic: '#' }, [])
    await clock.advance(30_000)
    expect(stalls).toEqual([['Forgot', 'lookupRetainedMessages', undefined, 0]])
  })

  it('is told for nobody who answers in time', async () => {
    stalls.length = 0
    const { client, clock, stack } = await testStack({
      use: [
        {
          name: 'Slow',
          handles: ['publish'],
          handle: () => new Promise<void>((resolve) => void stack.clock.after(9_000, resolve)),
        },
        listener,
        acceptAll(),
      ],
      options: { stallTimeout: 10_000 },
    })
    const alice = await client()
    await alice.publish('a')
    await clock.advance(30_000)
    expect(stalls).toEqual([])
  })

  it('holds nothing once its connection is gone: the client is given up', async () => {
    const log: string[] = []
    const { client, clock, stack } = await testStack({
      use: [never, { name: 'Log', install: (from) => from.onClose(() => log.push('closed')) }, acceptAll()],
      options: { stallTimeout: 10_000 },
    })
    const alice = await client()
    await alice.publish('a')
    await alice.drop()
    expect(stack.clients.size).toBe(1)
    await clock.advance(11_000)
    expect(stack.clients.size).toBe(0)
    expect(log).toEqual(['closed'])
  })
})

describe('the table of errors', () => {
  it.each(Object.entries(ERRORS))('%s says what it means and what to do', (_code, text) => {
    expect(text).toMatch(/\.$/)
  })

  it('StackError has a code and a cause', () => {
    const cause = new Error('why')
    const error = new StackError('LISTEN_FAILED', 'taken', { cause })
    expect(error).toMatchObject({ name: 'StackError', code: 'LISTEN_FAILED', message: 'taken', cause })
    expect(error).toBeInstanceOf(Error)
  })

  it('ProtocolError has a code, a reason code and the standard’s statement', () => {
    const code: ErrorCode = 'PROTOCOL_ERROR'
    const error = new ProtocolError(code, ReasonCode.PROTOCOL_ERROR, 'no CONNECT', 'MQTT-3.1.0-1')
    expect(error).toMatchObject({ code, reasonCode: 0x82, statement: 'MQTT-3.1.0-1' })
    expect(error.message).toBe('no CONNECT [MQTT-3.1.0-1]')
    expect(new ProtocolError(code, 0x82, 'no number').message).toBe('no number')
  })

  it('the first blame stays', () => {
    const error = blame(blame(new Error('x'), 'Inner', 'relayMessage'), 'Outer', 'handle publish')
    expect(blameOf(error)).toEqual({ middleware: 'Inner', callback: 'relayMessage' })
    expect(blameOf(new Error('nobody’s'))).toBeUndefined()
  })
})
