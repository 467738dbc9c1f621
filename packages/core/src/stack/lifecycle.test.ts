/** Starting and stopping a stack, and connections that come before, between and after. */
import {
  acceptAll,
  RecordingLogger,
  settle,
  streamPair,
  TestClient,
  testStack,
  VirtualClock,
} from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import type { MiddlewareLike } from '../contract/middleware.ts'
import { blameOf } from '../errors/blame.ts'
import { ReasonCode } from '../packets/reason-codes.ts'
import { Stack } from './stack.ts'

function quiet(...middlewares: MiddlewareLike[]): Stack {
  return new Stack({ strict: true, clock: new VirtualClock(), logger: new RecordingLogger() }).use(
    ...middlewares,
  )
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Notes its start and its stop, each of which takes a while. */
function noted(
  name: string,
  log: string[],
  failing: { start?: boolean; stop?: boolean } = {},
): MiddlewareLike {
  return {
    name,
    async start() {
      log.push(`${name} starts`)
      await nextTurn()
      if (failing.start) throw new Error(`${name} cannot start`)
      log.push(`${name} started`)
    },
    async stop() {
      await nextTurn()
      log.push(`${name} stopped`)
      if (failing.stop) throw new Error(`${name} cannot stop`)
    },
  }
}

describe('start()', () => {
  it('starts last to first, one after the other', async () => {
    const log: string[] = []
    await quiet(noted('A', log), noted('B', log), noted('C', log)).start()
    expect(log).toEqual(['C starts', 'C started', 'B starts', 'B started', 'A starts', 'A started'])
  })

  it('takes middlewares whose start answers at once, or that have none', async () => {
    let started = false
    await quiet(
      { name: 'None', handle() {} },
      {
        name: 'Sync',
        start() {
          started = true
        },
      },
    ).start()
    expect(started).toBe(true)
  })

  it('stops those that had started when one fails, and rejects with its error', async () => {
    const log: string[] = []
    const stack = quiet(noted('A', log), noted('B', log, { start: true }), noted('C', log), noted('D', log))
    await expect(stack.start()).rejects.toThrow('B cannot start')
    expect(log).toEqual([
      'D starts',
      'D started',
      'C starts',
      'C started',
      'B starts',
      'C stopped',
      'D stopped',
    ])
  })

  it('rejects with the first error also when stopping fails too', async () => {
    const log: string[] = []
    const stack = quiet(noted('A', log, { start: true }), noted('B', log, { stop: true }), noted('C', log))
    await expect(stack.start()).rejects.toThrow('A cannot start')
    expect(log.slice(-2)).toEqual(['B stopped', 'C stopped'])
  })

  it('stops a middleware that threw at once as one that rejected: the others', async () => {
    const log: string[] = []
    const thrower: MiddlewareLike = {
      name: 'Thrower',
      start() {
        throw new Error('at once')
      },
    }
    await expect(quiet(thrower, noted('B', log)).start()).rejects.toThrow('at once')
    expect(log).toEqual(['B starts', 'B started', 'B stopped'])
  })

  it('is refused a second time', async () => {
    const stack = quiet()
    const started = stack.start()
    expect(() => stack.start()).toThrow(expect.objectContaining({ code: 'STACK_RUNNING' }))
    await started
  })

  it('is refused after stop()', async () => {
    const stack = quiet()
    await stack.stop()
    expect(() => stack.start()).toThrow(expect.objectContaining({ code: 'STACK_STOPPED' }))
  })

  it('gives each middleware its stack, unless it is frozen', async () => {
    const plain: MiddlewareLike = { name: 'Plain', handle() {} }
    const stack = quiet(plain, Object.freeze({ name: 'Frozen', handle() {} }))
    expect(plain.stack).toBe(stack)
    await stack.start()
  })
})

describe('stop()', () => {
  it('stops first to last, one after the other', async () => {
    const log: string[] = []
    const stack = quiet(noted('A', log), noted('B', log), noted('C', log))
    await stack.start()
    log.length = 0
    await stack.stop()
    expect(log).toEqual(['A stopped', 'B stopped', 'C stopped'])
  })

  it('stops the others when one fails, and rejects with the first error', async () => {
    const log: string[] = []
    const stack = quiet(noted('A', log, { stop: true }), noted('B', log, { stop: true }), noted('C', log))
    await stack.start()
    log.length = 0
    const error: unknown = await stack.stop().catch((failure: unknown) => failure)
    expect((error as Error).message).toBe('A cannot stop')
    expect(blameOf(error as Error)).toEqual({ middleware: 'A', callback: 'stop' })
    expect(log).toEqual(['A stopped', 'B stopped', 'C stopped'])
  })

  it('waits for a start under way', async () => {
    const log: string[] = []
    const stack = quiet(noted('A', log))
    void stack.start()
    await stack.stop()
    expect(log).toEqual(['A starts', 'A started', 'A stopped'])
  })

  it('stops nothing of a stack that was not started, or could not', async () => {
    const log: string[] = []
    await quiet(noted('A', log)).stop()
    const failing = quiet(noted('B', log, { start: true }))
    await failing.start().catch(() => {})
    await failing.stop()
    expect(log).toEqual(['B starts'])
  })

  it('may be called again', async () => {
    const log: string[] = []
    const stack = quiet(noted('A', log))
    await stack.start()
    await Promise.all([stack.stop(), stack.stop()])
    await stack.stop()
    expect(log.filter((line) => line === 'A stopped')).toHaveLength(1)
  })

  it('closes every connection before the middlewares stop, and says why by closeClient', async () => {
    const log: string[] = []
    const { client, stack, stop } = await testStack(
      {
        name: 'Log',
        install: (from) => from.onClose(() => log.push(`${from.id} closed`)),
        closeClient: ({ client: from, reasonCode }) => void log.push(`${from.id} told ${reasonCode}`),
        stop: () => void log.push('stopped'),
      },
      acceptAll(),
    )
    const [alice, bob] = [await client({ clientId: 'alice' }), await client({ clientId: 'bob' })]
    await stop()
    await Promise.all([alice.closed, bob.closed])
    const code = ReasonCode.SERVER_SHUTTING_DOWN
    expect(log).toEqual([`alice told ${code}`, 'alice closed', `bob told ${code}`, 'bob closed', 'stopped'])
    expect(stack.clients.size).toBe(0)
  })

  it('waits for handlers that have not answered, and no longer than the stall timeout', async () => {
    const { client, stack, clock } = await testStack({
      use: [{ name: 'Never', handles: ['publish'], handle: () => new Promise(() => {}) }, acceptAll()],
      options: { stallTimeout: 5_000 },
    })
    const alice = await client()
    await alice.publish('a')
    let stopped = false
    const stopping = stack.stop().then(() => {
      stopped = true
    })
    await clock.advance(4_999)
    expect(stopped).toBe(false)
    await clock.advance(1)
    await stopping
  })

  it('leaves no timer behind', async () => {
    const { stack, clock, client } = await testStack(acceptAll())
    await (await client()).disconnect()
    await stack.stop()
    await clock.advance(60_000)
    expect(clock.timers).toBe(0)
  })
})

describe('connections', () => {
  it('that come while the stack starts wait until it is ready', async () => {
    const log: string[] = []
    const stack = quiet({ ...noted('Slow', log), install: () => void log.push('install') }, acceptAll())
    const [device, broker] = streamPair()
    const started = stack.start()
    stack.connect(broker)
    const connack = new TestClient(device).connect()
    await started
    await connack
    expect(log).toEqual(['Slow starts', 'Slow started', 'install'])
  })

  it('start the stack if nobody has', async () => {
    const log: string[] = []
    const stack = quiet(noted('A', log), acceptAll())
    const [device, broker] = streamPair()
    stack.connect(broker)
    expect((await new TestClient(device).connect()).returnCode).toBe(0)
    expect(log).toEqual(['A starts', 'A started'])
  })

  it('are closed when the start fails', async () => {
    const stack = quiet(noted('A', [], { start: true }))
    const [device, broker] = streamPair()
    stack.connect(broker)
    const client = new TestClient(device)
    await client.closed
    expect(stack.clients.size).toBe(0)
  })

  it('are closed at once after stop()', async () => {
    const { stack, stop, open } = await testStack(acceptAll())
    await stop()
    await open().closed
    expect(stack.clients.size).toBe(0)
  })

  it('are installed with every middleware, in order, before anything is read', async () => {
    const log: string[] = []
    const note = (name: string): MiddlewareLike => ({
      name,
      install: () => void log.push(`${name} installs`),
      handle: () => void log.push(`${name} handles`),
    })
    const { client } = await testStack(note('A'), note('B'), acceptAll())
    await client()
    expect(log).toEqual(['A installs', 'B installs', 'A handles', 'B handles'])
  })

  it('are closed when a middleware cannot install itself, and errorHandler is told whose error it is', async () => {
    const errors: unknown[] = []
    const { open } = await testStack({
      use: [
        {
          name: 'Clumsy',
          install() {
            throw new Error('no')
          },
        },
      ],
      options: { errorHandler: (error) => void errors.push(error.message, blameOf(error)) },
    })
    await open().closed
    expect(errors).toEqual(['no', { middleware: 'Clumsy', callback: 'install' }])
  })
})

describe('handler()', () => {
  it('starts the stack and serves streams with the listener that it was given', async () => {
    const stack = quiet(acceptAll())
    const serve = stack.handler({ transport: 'tcp', local: false })
    const [device, broker] = streamPair()
    serve(broker)
    expect((await new TestClient(device).connect()).returnCode).toBe(0)
    expect([...stack.clients][0].listener).toEqual({ transport: 'tcp', local: false })
  })

  it('takes a stack that was started', async () => {
    const { stack } = await testStack(acceptAll())
    const [device, broker] = streamPair()
    stack.handler()(broker)
    expect((await new TestClient(device).connect()).returnCode).toBe(0)
  })

  it('throws what is wrong with the stack', () => {
    expect(() => quiet({ name: 'Idle' }).handler()).toThrow(
      expect.objectContaining({ code: 'MIDDLEWARE_IDLE' }),
    )
  })

  it('tells errorHandler when the start fails', async () => {
    const errors: string[] = []
    const stack = new Stack({ errorHandler: (error) => void errors.push(error.message) }).use(
      noted('A', [], { start: true }),
    )
    stack.handler()
    await settle()
    expect(errors).toEqual(['A cannot start'])
  })
})
