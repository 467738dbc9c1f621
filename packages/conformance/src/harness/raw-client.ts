/** A client that sends bytes, right and wrong ones, and holds every packet it gets against the standard. */
import { Buffer } from 'node:buffer'
import type { Duplex } from 'node:stream'
import { decode } from '../wire/decode.ts'
import type {
  ConnectInput,
  FilterInput,
  PublishInput,
  SubscribeInput,
  Text,
  UnsubscribeInput,
} from '../wire/encode.ts'
import * as encode from '../wire/encode.ts'
import type { Version } from '../wire/packet-types.ts'
import type { Connack, Publish, Received, ReceivedOf, Suback, Unsuback } from '../wire/packets.ts'
import { describe } from '../wire/packets.ts'
import { ConformanceError } from './errors.ts'
import { Inbox } from './inbox.ts'
import type { Like } from './matches.ts'
import { difference } from './matches.ts'
import { checkRefusal } from './refusal.ts'
import { within } from './within.ts'

export interface RawClientOptions {
  version: Version
  /** Milliseconds of real time after which a packet is given up. */
  patience: number
  /** `false`: bytes are only kept, for answers in no version that was asked for. */
  decode?: boolean
}

/** Where the topics of {@link RawClient.mark} begin: no test sees such messages. */
const MARKS = 'conformance-barrier/'

/** Identifiers of {@link RawClient}'s own choice begin here; tests that name theirs stay below. */
const FIRST_OWN_ID = 50_000

export class RawClient {
  readonly version: Version
  readonly stream: Duplex
  /** Settles when the connection is gone. */
  readonly closed: Promise<void>
  readonly #patience: number
  readonly #inbox = new Inbox()
  /** Messages by which other clients' messages are waited for. */
  readonly #marks = new Inbox()
  #pending: Buffer = Buffer.alloc(0)
  #all: Buffer = Buffer.alloc(0)
  #nextId = FIRST_OWN_ID
  #isClosed = false
  #problem: ConformanceError | undefined

  constructor(stream: Duplex, { version, patience, decode: decodes = true }: RawClientOptions) {
    this.stream = stream
    this.version = version
    this.#patience = patience
    stream.on('data', (chunk: Buffer) => (decodes ? this.#read(chunk) : this.#keep(chunk)))
    // A reset is one way to be closed.
    stream.on('error', () => {})
    this.closed = new Promise((resolve) => {
      const gone = (): void => {
        this.#isClosed = true
        this.#end(new ConformanceError('the connection was closed'))
        resolve()
      }
      stream.on('end', gone)
      stream.on('close', gone)
    })
  }

  /** Every packet that came. */
  get received(): readonly Received[] {
    return this.#inbox.received
  }

  /** Every byte that came, where nothing is decoded. */
  get bytes(): Buffer {
    return this.#all
  }

  /** Whether the broker has closed the connection, or this side has. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  /** What the broker sent and may never send. */
  get problem(): ConformanceError | undefined {
    return this.#problem
  }

  /** A packet identifier that no test names. */
  id(): number {
    return this.#nextId++
  }

  /** Sends bytes as they are, in one write. */
  send(...bytes: readonly Uint8Array[]): void {
    if (!this.#isClosed) this.stream.write(Buffer.concat(bytes))
  }

  /** The next packet, whatever it is. */
  next(): Promise<Received> {
    return this.#take('a packet', () => true)
  }

  /** The oldest packet of a type that no one took, or the next to come; it must be like `like`. */
  async expect<Name extends Received['type']>(type: Name, like: Like<Name> = {}): Promise<ReceivedOf<Name>> {
    const packet = await this.#take(type.toUpperCase(), (one) => one.type === type)
    const different = difference(packet, like)
    if (different !== undefined) {
      throw new ConformanceError(`${describe(packet)}: ${different} (untaken: ${this.#inbox})`)
    }
    return packet as ReceivedOf<Name>
  }

  /** The oldest packet of a type for which `wants` holds, or the next to come. */
  async expectMatching<Name extends Received['type']>(
    type: Name,
    wants: (packet: ReceivedOf<Name>) => boolean,
  ): Promise<ReceivedOf<Name>> {
    const fits = (one: Received): boolean => one.type === type && wants(one as ReceivedOf<Name>)
    return (await this.#take(`a certain ${type.toUpperCase()}`, fits)) as ReceivedOf<Name>
  }

  /** Fails if there is a packet that nobody took. Say first by which barrier it would have come. */
  expectNothing(): void {
    if (this.#problem !== undefined) throw this.#problem
    if (this.#inbox.waiting.length > 0) {
      throw new ConformanceError(`nothing should have come, but ${this.#inbox} did`)
    }
  }

  /** Sends CONNECT; the CONNACK must accept. */
  async connect(input: ConnectInput = {}): Promise<Connack> {
    this.send(encode.connect(this.version, input))
    return await this.expect('connack', { code: 0 })
  }

  /** Sends PUBLISH and completes its exchange; resolves with what acknowledged it. */
  async publish(input: PublishInput): Promise<Received | undefined> {
    const { qos = 0, id = this.id() } = input
    this.send(encode.publish(this.version, { ...input, id }))
    if (qos === 0) return undefined
    if (qos === 1) return await this.expect('puback', { id })
    const pubrec = await this.expect('pubrec', { id })
    if (pubrec.code >= 0x80) return pubrec
    this.send(encode.ack(this.version, 'pubrel', id))
    await this.expect('pubcomp', { id, code: 0 })
    return pubrec
  }

  /** Sends SUBSCRIBE; every filter must be granted. */
  async subscribe(...filters: readonly (Text | FilterInput)[]): Promise<Suback> {
    return await this.subscribeWith({ filters })
  }

  /** Sends SUBSCRIBE; every filter must be granted. */
  async subscribeWith(input: SubscribeInput): Promise<Suback> {
    const suback = await this.trySubscribe(input)
    const granted = suback.codes.every((code) => code <= 2) && suback.codes.length === input.filters.length
    if (!granted) throw new ConformanceError(`${describe(suback)}: not all was granted`)
    return suback
  }

  /** Sends SUBSCRIBE; resolves with the SUBACK, whatever it says. */
  async trySubscribe({ id = this.id(), ...input }: SubscribeInput): Promise<Suback> {
    this.send(encode.subscribe(this.version, { id, ...input }))
    return await this.expect('suback', { id })
  }

  /** Sends UNSUBSCRIBE and awaits its UNSUBACK. */
  async unsubscribe(...filters: readonly Text[]): Promise<Unsuback> {
    const input: UnsubscribeInput = { id: this.id(), filters }
    this.send(encode.unsubscribe(this.version, input))
    return await this.expect('unsuback', { id: input.id })
  }

  /** The next message, which must be like `like`; completes its exchange. */
  async message(like: Like<'publish'> = {}): Promise<Publish> {
    const publish = await this.expect('publish', like)
    await this.acknowledge(publish)
    return publish
  }

  /** Completes the exchange of a PUBLISH. */
  async acknowledge({ qos, id }: Publish): Promise<void> {
    if (qos === 1) this.send(encode.ack(this.version, 'puback', id))
    if (qos !== 2) return
    this.send(encode.ack(this.version, 'pubrec', id))
    await this.expect('pubrel', { id })
    this.send(encode.ack(this.version, 'pubcomp', id))
  }

  /** The barrier of one client: all that was sent before is answered once PINGRESP comes. */
  async ping(): Promise<void> {
    this.send(encode.pingreq())
    await this.expect('pingresp')
  }

  /**
   * Waits until what `from` caused so far has come here: messages of QoS 0 and 1 that it publishes come behind them.
   * @param name differs in every call
   * @param qos 0 and 1; without 1 for a client whose window is full
   */
  async mark(name: string, from: RawClient, qos: readonly number[]): Promise<void> {
    const topic = MARKS + name
    await this.subscribe({ filter: topic, qos: Math.max(...qos) })
    for (const one of qos) await from.publish({ topic, payload: `${one}`, qos: one })
    for (const one of qos) {
      const fits = (packet: Received): boolean =>
        packet.type === 'publish' && packet.topic === topic && packet.payload.toString() === `${one}`
      await this.#marks.take('the barrier message', fits, this.#patience)
    }
    await this.unsubscribe(topic)
    await this.ping()
  }

  /** Sends DISCONNECT and hangs up. */
  async disconnect(reasonCode?: number, properties?: encode.ConnectInput['properties']): Promise<void> {
    this.send(encode.disconnect(this.version, reasonCode, properties))
    this.stream.end()
    await this.#within(this.closed, 'the end of the connection')
  }

  /** Is gone without a word, as a network failure. */
  async drop(): Promise<void> {
    this.stream.destroy()
    await this.#within(this.closed, 'the end of the connection')
  }

  /** The connection ends, whatever came before. */
  gone(): Promise<void> {
    return this.#within(this.closed, 'the end of the connection')
  }

  /**
   * The broker closes the connection; before it only what is named may come.
   * @param within milliseconds to wait for it instead of the usual patience
   */
  async expectClose(within?: number): Promise<void> {
    await this.#within(this.closed, 'the broker to close the connection', within)
    this.expectNothing()
  }

  /**
   * The broker refuses: 5.0 says why and closes, CONNACK before it accepted and DISCONNECT after; before 5.0 it just
   * closes. To say nothing, or something else, is remarked, as the standard only recommends it.
   */
  async expectRefusal(...codes: readonly number[]): Promise<void> {
    await this.#within(this.closed, 'the broker to close the connection')
    if (this.#problem !== undefined) throw this.#problem
    const accepted = this.received.some((packet) => packet.type === 'connack' && packet.code === 0)
    const type = accepted ? 'disconnect' : 'connack'
    const at = this.#inbox.waiting.findIndex((packet) => packet.type === type)
    const [said] = at < 0 ? [] : this.#inbox.waiting.splice(at, 1)
    this.expectNothing()
    checkRefusal(this.version, said, type, codes)
  }

  async #take(what: string, wants: (packet: Received) => boolean): Promise<Received> {
    if (this.#problem !== undefined) throw this.#problem
    return await this.#inbox.take(what, wants, this.#patience)
  }

  #keep(chunk: Buffer): void {
    this.#all = Buffer.concat([this.#all, chunk])
  }

  #read(chunk: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, chunk])
    try {
      for (;;) {
        const packet = this.#problem === undefined ? decode(this.version, this.#pending) : undefined
        if (packet === undefined) return
        this.#pending = this.#pending.subarray(packet.bytes.length)
        if (packet.type === 'publish' && packet.topic.startsWith(MARKS)) this.#marked(packet)
        else this.#inbox.deliver(packet)
      }
    } catch (error) {
      this.#problem = new ConformanceError(`the broker sent what it may not: ${(error as Error).message}`)
      this.#end(this.#problem)
    }
  }

  #end(why: ConformanceError): void {
    this.#inbox.end(why)
    this.#marks.end(why)
  }

  #marked(packet: Publish): void {
    if (packet.qos === 1) this.send(encode.ack(this.version, 'puback', packet.id))
    this.#marks.deliver(packet)
  }

  #within(event: Promise<void>, what: string, patience: number = this.#patience): Promise<void> {
    return within(event, what, patience, this.#inbox)
  }
}
