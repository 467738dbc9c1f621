/** Many clients that do what is legal, in orders that a seed finds, held against a model of what each is to receive. */
import type { Broker, MiddlewareLike } from '@mqtt-stack/broker'
import { createBroker } from '@mqtt-stack/broker'
import { matchesFilter } from '@mqtt-stack/core'
import { RecordingLogger, settle, streamPair, TestClient, VirtualClock } from '@mqtt-stack/testing'
import fc from 'fast-check'
import { expect } from 'vitest'

/** A backend, and what it tells of itself. */
export interface Kept extends MiddlewareLike {
  readonly stats: object
  /** Fulfils when all that was staged is durable. */
  readonly settled?: Promise<void> | undefined
}

/** A place where a backend keeps things. */
export interface Place {
  /** One over what the one before it has left, which was stopped; nothing is left where it keeps things in memory. */
  open(): Kept
  readonly outlivesProcess: boolean
  remove?(): void
}

const CLIENTS = ['a', 'b', 'c', 'd']
const FILTERS = ['t', 't/u', 't/+', '#', '+', 't/u/#']
const TOPICS = ['t', 't/u', 'x', 't/u/v']
/** Seconds that a kept session outlives its connection. */
const EXPIRY = 60

const client = fc.constantFrom(...CLIENTS)
const qos = fc.constantFrom(0, 1, 2) as fc.Arbitrary<0 | 1 | 2>
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ what: fc.constant('connect'), client, clean: fc.boolean(), kept: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constantFrom('drop', 'leave'), client }) },
  {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constant('subscribe'),
      client,
      filter: fc.constantFrom(...FILTERS),
      qos,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ what: fc.constant('unsubscribe'), client, filter: fc.constantFrom(...FILTERS) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ what: fc.constant('publish'), topic: fc.constantFrom(...TOPICS), qos }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constantFrom('restart', 'expire') }) },
)
type Step = Partial<{
  client: string
  clean: boolean
  kept: boolean
  filter: string
  topic: string
  qos: 0 | 1 | 2
}> & {
  readonly what: string
}

/** What a session is to be, and to receive. */
class Expected {
  connected: TestClient | undefined = undefined
  kept = false
  readonly filters = new Map<string, number>()
  waiting: string[] = []
  /** On this connection. */
  received: string[] = []
}

export interface ManyClientsOptions {
  readonly runs: number
  readonly seed: number
  readonly place: () => Place
  /** ms of real time after which no more sequences are tried. */
  readonly within?: number
}

/** @returns How many sequences held: each client had what it was to have, in order and once, and nothing is left at the end. */
export async function holdManyClients({ runs, seed, place, within }: ManyClientsOptions): Promise<number> {
  let held = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
      const one = new Run(place())
      try {
        await one.begin()
        for (const what of steps) await one.take(what)
        await one.end()
        held++
      } finally {
        await one.close()
      }
    }),
    { numRuns: runs, seed, ...(within !== undefined && { interruptAfterTimeLimit: within }) },
  )
  return held
}

/** One sequence. */
class Run {
  readonly #place: Place
  #clock = new VirtualClock()
  #backend!: Kept
  #broker!: Broker
  readonly #logger = new RecordingLogger()
  readonly #model = new Map<string, Expected>()
  #sent = 0

  constructor(place: Place) {
    this.#place = place
  }

  async begin(): Promise<void> {
    this.#backend = this.#place.open()
    const stack = { logger: this.#logger, clock: this.#clock, strict: true }
    this.#broker = createBroker({ backend: this.#backend, sessionManager: { maximumExpiry: EXPIRY }, stack })
    await this.#broker.start()
  }

  /** Takes a step, waits until all is quiet, and looks at what everybody has received. */
  async take(one: Step): Promise<void> {
    const { what, client: name = '' } = one
    const session = this.#model.get(name)
    const device = session?.connected
    if (what === 'connect') await this.#connect(name, one)
    else if (what === 'publish') await this.#publish(one)
    else if (what === 'restart') await this.#restart()
    else if (what === 'expire') await this.#expire()
    else if (session !== undefined && device !== undefined) {
      const { filter = '', qos: granted = 0 } = one
      if (what === 'subscribe') {
        await device.subscribe(filter, { qos: granted })
        session.filters.set(filter, granted)
      } else if (what === 'unsubscribe') {
        await device.unsubscribe(filter)
        session.filters.delete(filter)
      } else {
        if (what === 'drop') device.stream.destroy()
        else device.send({ cmd: 'disconnect' })
        this.#lose(name, session)
      }
    }
    await this.#quiet()
    for (const [id, { connected, received }] of this.#model)
      if (connected !== undefined) expect([id, payloadsOf(connected)]).toEqual([id, received])
  }

  async #connect(name: string, { clean = false, kept = false }: Step): Promise<void> {
    const [end, other] = streamPair()
    this.#broker.stack.connect(other, { transport: 'memory', local: true })
    const device = new TestClient(end, { clientId: name, protocolVersion: 5, patience: 2_000 })
    const properties = { sessionExpiryInterval: kept ? EXPIRY : 0 }
    const before = this.#model.get(name)
    // Whoever was connected is taken over: a session that was not kept ends with that.
    const goesOn = before?.kept === true && !clean
    const { sessionPresent } = await device.connect({ clean, properties })
    expect([name, sessionPresent]).toEqual([name, goesOn])
    const session = goesOn ? before : new Expected()
    session.connected = device
    session.kept = kept
    session.received = session.waiting
    session.waiting = []
    this.#model.set(name, session)
  }

  async #publish({ topic = '', qos: published = 0 }: Step): Promise<void> {
    const payload = `${++this.#sent}`
    for (const session of this.#model.values()) {
      const matching = [...session.filters].filter(([filter]) => matchesFilter(filter, topic))
      if (matching.length === 0) continue
      const granted = Math.min(published, Math.max(...matching.map(([, most]) => most)))
      if (session.connected !== undefined) session.received.push(payload)
      else if (granted > 0) session.waiting.push(payload)
    }
    await this.#broker.publish(topic, payload, { qos: published })
  }

  async #restart(): Promise<void> {
    if (!this.#place.outlivesProcess) return
    await this.#broker.close()
    for (const [name, session] of this.#model) this.#lose(name, session)
    this.#clock = new VirtualClock({ wall: this.#clock.wall() })
    await this.begin()
  }

  /** Who is away for too long has no session any more. */
  async #expire(): Promise<void> {
    await this.#quiet()
    for (let seconds = 0; seconds < EXPIRY + 15; seconds += 5) {
      await this.#clock.advance(5_000)
      await this.#quiet()
    }
    for (const [name, { connected }] of this.#model) if (connected === undefined) this.#model.delete(name)
  }

  #lose(name: string, session: Expected): void {
    session.connected = undefined
    if (!session.kept) this.#model.delete(name)
  }

  async #quiet(): Promise<void> {
    for (let rounds = 0; rounds < 2; rounds++) {
      await settle()
      const writing = this.#backend.settled
      if (writing === undefined) continue
      await writing
      rounds = 0
    }
  }

  /** Nothing is left when everybody has gone, and the time of all sessions is over. */
  async end(): Promise<void> {
    for (const [name, session] of this.#model) {
      session.connected?.stream.destroy()
      this.#lose(name, session)
    }
    await this.#expire()
    await this.#quiet()
    const left = Object.entries(this.#backend.stats).filter(([, count]) => count !== 0)
    expect([left, this.#broker.stack.ledger.held, this.#logger.errors]).toEqual([[], 0, []])
  }

  async close(): Promise<void> {
    await this.#broker.close()
    this.#place.remove?.()
  }
}

function payloadsOf({ received }: TestClient): string[] {
  return received.flatMap((packet) => (packet.cmd === 'publish' ? [packet.payload.toString()] : []))
}
