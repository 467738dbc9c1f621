/** The whole default stack on no socket, to be sent anything; what must hold whatever comes is checked here. */
import { Buffer } from 'node:buffer'
import type { Broker, BrokerOptions, MemoryBackendStats } from '@mqtt-stack/broker'
import { createBroker, MemoryBackend } from '@mqtt-stack/broker'
import type { Client, Context, MiddlewareLike, Store } from '@mqtt-stack/core'
import type { StreamEnd } from '@mqtt-stack/testing'
import {
  lateBackend,
  RecordingLogger,
  settle,
  streamPair,
  TestClient,
  VirtualClock,
} from '@mqtt-stack/testing'
import type { Phase, Version } from './corpus.ts'
import { connectFor, ID_LENGTH, METHOD, METHOD_IN_STEPS } from './corpus.ts'

/** One connection: what it sends, and when. */
export interface Case {
  readonly name: string
  readonly version: Version
  readonly phase: Phase
  /** Made for the client's identifier; sent a turn each. */
  chunks(clientId: string): readonly Buffer[]
  /** The connection goes on: it was sent nothing wrong. */
  readonly open?: boolean
  /** Nothing is answered: no packet was whole. */
  readonly silent?: boolean
}

/** What came of one connection, before it hung up. */
export interface Outcome {
  readonly clientId: string
  readonly closed: boolean
  readonly reasonCode: number | undefined
  /** What it was sent, the answer to the CONNECT of its phase included. */
  readonly frames: readonly Buffer[]
}

/** Seconds that sessions outlive their connections. */
const EXPIRY = 1
const CONNACK = 2
const DISCONNECT = 14
/** CONNACK, PUBLISH, the four acknowledgements, SUBACK, UNSUBACK, PINGRESP; DISCONNECT and AUTH in 5.0. */
const FROM_SERVER: ReadonlySet<number> = new Set([CONNACK, 3, 4, 5, 6, 7, 9, 11, 13, DISCONNECT, 15])

export class Stand {
  readonly broker: Broker
  readonly backend: MemoryBackend = new MemoryBackend()
  readonly clock: VirtualClock = new VirtualClock()
  readonly logger: RecordingLogger = new RecordingLogger()
  /** Connections served so far. */
  served = 0
  readonly #retained = new Set<string>()
  #neighbour!: TestClient
  #pings = 0
  #timers = 0
  #held!: MemoryBackendStats

  private constructor(options: BrokerOptions, late: boolean) {
    this.broker = createBroker({
      backend: late ? lateBackend(this.backend) : this.backend,
      sessionManager: { maximumExpiry: EXPIRY },
      lastwill: { sweep: 1_000 },
      keepalive: { sweep: 1_000 },
      ...options,
      use: [provider, this.#watcher(), ...(options.use ?? [])],
      stack: { strict: true, clock: this.clock, logger: this.logger, ...options.stack },
    })
  }

  /**
   * A started one, with a neighbour whose service must not suffer.
   * @param late The backend takes some turns to answer.
   */
  static async open(options: BrokerOptions = {}, late = false): Promise<Stand> {
    const stand = new Stand(options, late)
    await stand.broker.start()
    stand.#neighbour = new TestClient(stand.connection().device, { clientId: 'neighbour' })
    await stand.#neighbour.connect()
    await stand.#neighbour.subscribe('neighbours/own', { qos: 1 })
    stand.#timers = stand.clock.timers
    stand.#held = stand.backend.stats
    return stand
  }

  close(): Promise<void> {
    return this.broker.close()
  }

  /** A bare connection: the device's end, and core's Client of the other one. */
  connection(): { device: StreamEnd; client: Client } {
    const [device, end] = streamPair()
    const client = this.broker.stack.connect(end, { transport: 'memory', local: true })
    return { device: device.on('error', () => {}), client }
  }

  /**
   * Serves all cases at once, checks each, hangs up, and checks that nothing is left of them and the neighbour is
   * served.
   * @throws Error that names the case.
   */
  async serve(cases: readonly Case[]): Promise<Outcome[]> {
    const connections = cases.map((one) => this.#begin(one))
    for (let turn = 0; connections.some(({ chunks }) => turn < chunks.length); turn++) {
      for (const { device, chunks } of connections) {
        if (turn < chunks.length && !device.destroyed) device.write(chunks[turn])
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
    await settle()
    const outcomes = connections.map(({ clientId, client, received }) => ({
      clientId,
      closed: client.closed,
      reasonCode: client.reasonCode,
      frames: framesOf(Buffer.concat(received)),
    }))
    for (const [i, one] of cases.entries()) check(one, connections[i].chunks, outcomes[i])
    for (const { device } of connections) device.destroy()
    await this.#clean()
    this.served += cases.length
    return outcomes
  }

  #begin(one: Case): {
    clientId: string
    device: StreamEnd
    client: Client
    chunks: readonly Buffer[]
    received: Buffer[]
  } {
    const { device, client } = this.connection()
    const clientId = String(this.served + this.#pings++)
      .padStart(ID_LENGTH, 'c')
      .slice(-ID_LENGTH)
    const received: Buffer[] = []
    device.on('data', (chunk: Buffer) => received.push(chunk))
    const connect = connectFor(one.version, one.phase, clientId)
    if (connect !== undefined) device.write(connect)
    return { clientId, device, client, chunks: one.chunks(clientId), received }
  }

  /** Lets sessions, wills and last words run out, clears what was retained, and looks at what is left. */
  async #clean(): Promise<void> {
    await this.clock.advance(4_000)
    for (const topic of this.#retained) await this.broker.publish(topic, '', { retain: true })
    this.#retained.clear()
    await this.#greet()
    const { stack } = this.broker
    equal('connections', stack.clients.size, 1)
    equal('timers', this.clock.timers, this.#timers)
    equal('held by the backend', JSON.stringify(this.backend.stats), JSON.stringify(this.#held))
    const errors = this.logger.lines.filter(({ level }) => level === 'error' || level === 'warn')
    this.logger.lines.length = 0
    if (errors.length > 0) throw new Error(`logged: ${errors[0].message}`, { cause: errors[0].cause })
  }

  /** The neighbour publishes to itself. */
  async #greet(): Promise<void> {
    const text = `hello ${this.#pings++}`
    await this.#neighbour.publish('neighbours/own', text, { qos: 1 })
    for (;;) {
      const { topic, payload } = await this.#neighbour.message()
      if (topic === 'neighbours/own' && payload === text) break
    }
    // It remembers all that it received, which would look like a leak.
    ;(this.#neighbour.received as unknown[]).length = 0
  }

  #watcher(): MiddlewareLike {
    return {
      name: 'Watcher',
      relayMessage: ({ packet }: Context<'relayMessage'>) => {
        if (packet.retain && packet.payloadLength > 0) this.#retained.add(packet.topic)
      },
    }
  }
}

/** Whom the stand refuses, and where to no will may go. */
export const STRANGER = 'stranger'
export const REFUSED = 'refused'

/** Lets everybody else in, by the methods of the corpus too, and allows everything else. */
const provider: MiddlewareLike = {
  name: 'Provider',
  authenticateConnection(
    { username }: Context<'authenticateConnection'>,
    store: Store<'authenticateConnection'>,
  ) {
    store.valid = username !== STRANGER
  },
  authenticateExchange(
    { method, packet }: Context<'authenticateExchange'>,
    store: Store<'authenticateExchange'>,
  ) {
    if (method === METHOD) store.state = 'success'
    else if (method === METHOD_IN_STEPS) store.state = packet.cmd === 'connect' ? 'continue' : 'success'
  },
  authorizePacket({ packet }: Context<'authorizePacket'>, store: Store<'authorizePacket'>) {
    store.valid = packet.cmd !== 'connect' || packet.will?.topic !== REFUSED
  },
}

/** What holds for every connection, whatever it sent. */
function check(one: Case, chunks: readonly Buffer[], { closed, reasonCode, frames }: Outcome): void {
  const wrong = (what: string): never => {
    const sent = Buffer.concat(chunks).toString('hex')
    const got = frames.map((frame) => frame.toString('hex')).join(' ')
    throw new Error(`${one.name}, ${one.phase}: ${what}\n  sent ${sent}\n  got  ${got}`)
  }
  const types = frames.map((frame) => frame[0] >> 4)
  if (types.some((type) => !FROM_SERVER.has(type))) wrong('was sent what no server may send')
  if (one.open === true && closed) wrong(`was closed (${reasonCode}) although nothing was wrong`)
  if (one.open === false && !closed) wrong('was not closed')
  if (one.silent === true && frames.length > (one.phase === 'first' ? 0 : 1)) wrong('was answered too early')
  if (!closed || reasonCode === undefined || reasonCode < 0x80 || one.version !== 5) return
  if (one.phase === 'connected' && types.at(-1) !== DISCONNECT) wrong('was closed without a DISCONNECT')
  if (one.phase === 'exchange' && types.at(-1) !== DISCONNECT && types.at(-1) !== CONNACK)
    wrong('was closed without a word')
}

/** The packets in what a server sent; all of them are whole. */
export function framesOf(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    let length = 0
    let next = at + 1
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[next++]
      if (byte === undefined || shift > 21)
        throw new Error(`no packet: ${bytes.subarray(at).toString('hex')}`)
      length += (byte & 127) << shift
      if (byte < 128) break
    }
    const end = next + length
    if (end > bytes.length) throw new Error(`cut short: ${bytes.subarray(at).toString('hex')}`)
    frames.push(bytes.subarray(at, end))
    at = end
  }
  return frames
}

function equal(what: string, found: unknown, wanted: unknown): void {
  if (found !== wanted) throw new Error(`${what}: ${String(found)}, and not ${String(wanted)}`)
}
