/** A strict stack on no socket, on a clock of its own. */
import type { Client, Listener, MiddlewareLike, StackOptions } from '@mqtt-stack/core'
import { Stack } from '@mqtt-stack/core'
import { RecordingLogger } from './recording-logger.ts'
import { settle } from './settle.ts'
import type { StreamEnd } from './stream-pair.ts'
import { streamPair } from './stream-pair.ts'
import { TestClient } from './test-client.ts'
import type { ConnectOptions, TestClientOptions } from './test-client-options.ts'
import { VirtualClock } from './virtual-clock.ts'

export interface TestStackOptions {
  /** The middlewares, in order. */
  use?: readonly MiddlewareLike[]
  /** Options of the stack; strict, with a virtual clock and a recording logger unless they say otherwise. */
  options?: Omit<StackOptions, 'clock' | 'logger'>
  clock?: VirtualClock
  logger?: RecordingLogger
  /** How its clients behave unless told otherwise. */
  clients?: TestClientOptions
}

/** What a connection can be told: how the client behaves, and where it seems to come from. */
export interface OpenOptions extends TestClientOptions {
  /** `memory`, local, by default. */
  listener?: Listener
  /** Bytes that either side of the connection buffers. */
  highWaterMark?: number
}

const MEMORY: Listener = { transport: 'memory', local: true }

/**
 * A started, strict stack with a virtual clock and no socket. `testStack(new KeepAlive(), acceptAll())`, or
 * `testStack({ use: [...], options: {...} })`.
 * @throws StackError as `stack.start()` does.
 */
export function testStack(options?: TestStackOptions): Promise<TestStack>
export function testStack(...middlewares: MiddlewareLike[]): Promise<TestStack>
export async function testStack(
  ...given: (TestStackOptions | MiddlewareLike | undefined)[]
): Promise<TestStack> {
  const [first] = given
  const middlewares = given as MiddlewareLike[]
  const test = new TestStack(first === undefined || !('name' in first) ? first : { use: middlewares })
  await test.stack.start()
  return test
}

/** Made by {@link testStack}. Its functions may be taken apart: `const { stack, clock, client } = await testStack()`. */
export class TestStack {
  readonly stack: Stack
  readonly clock: VirtualClock
  readonly logger: RecordingLogger
  readonly #defaults: TestClientOptions
  #clients = 0

  constructor(setup: TestStackOptions = {}) {
    const {
      use = [],
      options = {},
      clock = new VirtualClock(),
      logger = new RecordingLogger(),
      clients = {},
    } = setup
    this.clock = clock
    this.logger = logger
    this.#defaults = clients
    this.stack = new Stack({ strict: true, ...options, clock, logger })
    this.stack.use(...use)
  }

  /** A connection on which nothing was sent yet. Its default client identifier is `client-1`, `client-2`, ... */
  readonly open = (options: OpenOptions = {}): TestClient => {
    const { listener, highWaterMark, ...rest } = options
    const { stream } = this.connection({ listener, highWaterMark })
    return new TestClient(stream, { clientId: `client-${++this.#clients}`, ...this.#defaults, ...rest })
  }

  /** A client that was accepted. Fails if its CONNECT is refused, or not answered. */
  readonly client = async (options: ConnectOptions & OpenOptions = {}): Promise<TestClient> => {
    const client = this.open(options)
    const connack = await client.connect(connectOptions(options))
    const code = connack.returnCode ?? connack.reasonCode
    if (code) throw new Error(`${client.clientId} was refused with ${code}`)
    return client
  }

  /** A bare connection: the device's end, for a client of the user's own, and core's Client of the other end. */
  readonly connection = (
    options: Pick<OpenOptions, 'listener' | 'highWaterMark'> = {},
  ): { stream: StreamEnd; client: Client } => {
    const { listener = MEMORY, highWaterMark } = options
    const [device, broker] = streamPair({ highWaterMark })
    return { stream: device, client: this.stack.connect(broker, listener) }
  }

  /** Lets time pass: see {@link VirtualClock.advance}. */
  readonly advance = (ms: number): Promise<void> => this.clock.advance(ms)

  /** Waits until all that follows from what was done has happened. */
  readonly settle = (): Promise<void> => settle()

  /** Closes all connections and stops the middlewares. */
  readonly stop = (): Promise<void> => this.stack.stop()
}

function connectOptions(options: ConnectOptions & OpenOptions): ConnectOptions {
  const { clientId, clean, keepalive, username, password, will, properties } = options
  return { clientId, clean, keepalive, username, password, will, properties }
}
