/** An MQTT client for tests: says what it is told to, and hands out what comes. */
import { Buffer } from 'node:buffer'
import type { Duplex } from 'node:stream'
import type { IPubrecPacket, Packet, PacketCmd } from 'mqtt-packet'
import * as mqtt from 'mqtt-packet'
import type { Wanted } from './mailbox.ts'
import { describe, Mailbox } from './mailbox.ts'
import { settle } from './settle.ts'
import { StreamEnd } from './stream-pair.ts'
import type {
  ConnectOptions,
  DisconnectOptions,
  Filter,
  PublishOptions,
  Received,
  ReceivedMessage,
  ReceivedPacket,
  SentPacket,
  SubscribeOptions,
  TestClientOptions,
} from './test-client-options.ts'
import { firstFrame, readPairs, toWrite } from './user-properties.ts'

/**
 * An MQTT client over any stream. Packets that come are kept in order: `received` lists all; `next` takes the oldest
 * that nobody took. What answers a call of this client (the SUBACK of a `subscribe`) is taken by it.
 *
 * Every wait ends: with the packet, when the connection closes, or when all is settled and nothing came. For an answer
 * that needs time to pass, `send` the packet, advance the clock, then ask for `next`.
 */
export class TestClient {
  readonly stream: Duplex
  readonly protocolVersion: 3 | 4 | 5
  clientId: string
  /** Whether it acknowledges by itself; may be changed at any time. */
  autoAck: boolean
  /** Resolves when the connection is closed, with the stream's error if it had one. */
  readonly closed: Promise<Error | undefined>
  readonly #patience: number
  readonly #mailbox = new Mailbox()
  #lastId = 0
  /** What came and is no whole packet yet. */
  #bytes: Buffer = Buffer.alloc(0)

  /** @param stream The client's end of the connection: of a `streamPair()`, or a socket. */
  constructor(stream: Duplex, options: TestClientOptions = {}) {
    const { protocolVersion = 4, clientId = 'test-client', autoAck = true, patience = 0 } = options
    this.stream = stream
    this.protocolVersion = protocolVersion
    this.clientId = clientId
    this.autoAck = autoAck
    this.#patience = patience
    this.closed = this.#listen()
  }

  /** Every packet that came, oldest first. */
  get received(): readonly ReceivedPacket[] {
    return this.#mailbox.received
  }

  /** Sends CONNECT and waits for CONNACK, whatever it says. */
  connect(options: ConnectOptions = {}): Promise<Received<'connack'>> {
    const { clientId = this.clientId, clean = true, keepalive = 0, password, ...rest } = options
    this.clientId = clientId
    this.send({
      cmd: 'connect',
      protocolId: this.protocolVersion === 3 ? 'MQIsdp' : 'MQTT',
      protocolVersion: this.protocolVersion,
      clientId,
      clean,
      keepalive,
      ...rest,
      ...(password === undefined ? {} : { password: Buffer.from(password as string) }),
    })
    return this.#take('connack', undefined, this.connect)
  }

  /**
   * Sends a PUBLISH and waits for its last acknowledgement: none at QoS 0 (all that follows has settled), PUBACK at
   * QoS 1, PUBCOMP at QoS 2 (PUBREC without `autoAck`, or when it refuses).
   */
  async publish(
    topic: string,
    payload: string | Uint8Array = '',
    options: PublishOptions = {},
  ): Promise<ReceivedPacket | undefined> {
    const { qos = 0, retain = false, dup = false, properties } = options
    const messageId = options.messageId ?? (qos > 0 ? this.nextId() : undefined)
    const bytes = typeof payload === 'string' ? payload : Buffer.from(payload)
    this.send({ cmd: 'publish', topic, payload: bytes, qos, retain, dup, messageId, properties })
    if (messageId === undefined) {
      await settle()
      return undefined
    }
    if (qos === 1) return this.#take('puback', messageId, this.publish)
    if (!this.autoAck) return this.#take('pubrec', messageId, this.publish)
    const last: Wanted = {
      what: `pubcomp ${messageId}`,
      matches: (packet) => endsQoS2(packet, messageId),
    }
    return this.#mailbox.take(last, this.#settled, this.publish)
  }

  /** Sends one SUBSCRIBE for one or more filters, at QoS 0 unless told otherwise, and waits for SUBACK. */
  subscribe(
    filters: Filter | readonly Filter[],
    options: SubscribeOptions = {},
  ): Promise<Received<'suback'>> {
    const { messageId = this.nextId(), properties, ...shared } = options
    const list = (Array.isArray(filters) ? filters : [filters]) as readonly Filter[]
    const subscriptions = list.map((filter) => ({
      qos: 0 as const,
      ...shared,
      ...(typeof filter === 'string' ? { topic: filter } : filter),
    }))
    this.send({ cmd: 'subscribe', messageId, subscriptions, properties })
    return this.#take('suback', messageId, this.subscribe)
  }

  /** Sends one UNSUBSCRIBE and waits for UNSUBACK. */
  unsubscribe(
    filters: string | readonly string[],
    options: { messageId?: number } = {},
  ): Promise<Received<'unsuback'>> {
    const { messageId = this.nextId() } = options
    this.send({ cmd: 'unsubscribe', messageId, unsubscriptions: [filters].flat() as string[] })
    return this.#take('unsuback', messageId, this.unsubscribe)
  }

  /** Sends PINGREQ and waits for PINGRESP. */
  ping(): Promise<Received<'pingresp'>> {
    this.send({ cmd: 'pingreq' })
    return this.#take('pingresp', undefined, this.ping)
  }

  /** Sends DISCONNECT, hangs up, and waits until the connection is closed. */
  async disconnect(options: DisconnectOptions = {}): Promise<void> {
    this.send({ cmd: 'disconnect', ...options })
    this.stream.end()
    await settle()
    this.stream.destroy()
    await this.#gone()
  }

  /** Closes without DISCONNECT, as a lost network does. What was sent before arrives. */
  async drop(): Promise<void> {
    await settle()
    this.stream.destroy()
    await this.#gone()
  }

  /** Sends one packet, as it is. */
  send(packet: SentPacket): void {
    this.raw(mqtt.generate(toWrite(packet), { protocolVersion: this.protocolVersion }))
  }

  /** Sends bytes, whatever they are; they arrive as one chunk. */
  raw(bytes: Uint8Array | readonly number[]): void {
    this.stream.write(Buffer.from(bytes))
  }

  /** The oldest packet (of a type) that nobody took, or the next one. */
  next(): Promise<ReceivedPacket>
  next<Cmd extends PacketCmd>(cmd: Cmd): Promise<Received<Cmd>>
  next(cmd?: PacketCmd): Promise<ReceivedPacket> {
    return this.#take(cmd, undefined, this.next)
  }

  /** The next PUBLISH, its payload as text. */
  async message(): Promise<ReceivedMessage> {
    const { topic, payload, qos, retain, dup } = await this.#take('publish', undefined, this.message)
    return { topic, payload: payload.toString(), qos, retain, dup }
  }

  /** Fails if, once all is settled, there is a packet (of a type) that nobody took. */
  async expectNothing(cmd?: PacketCmd): Promise<void> {
    await this.#settled()
    const found = this.#mailbox.waiting.filter((packet) => cmd === undefined || packet.cmd === cmd)
    if (found.length === 0) return
    const error = new Error(`expected no ${cmd ?? 'packet'}, but received ${found.map(describe).join(', ')}`)
    Error.captureStackTrace(error, this.expectNothing)
    throw error
  }

  /** Takes no bytes any more, as a device that hangs; sending goes on. */
  freeze(): void {
    if (this.stream instanceof StreamEnd) this.stream.freeze()
    else this.stream.pause()
  }

  /** Takes bytes again. */
  thaw(): void {
    if (this.stream instanceof StreamEnd) this.stream.thaw()
    else this.stream.resume()
  }

  /** A packet identifier that was not used lately. */
  nextId(): number {
    this.#lastId = (this.#lastId % 65_535) + 1
    return this.#lastId
  }

  #listen(): Promise<Error | undefined> {
    const parser = mqtt.parser({ protocolVersion: this.protocolVersion })
    let failure: Error | undefined
    parser.on('packet', this.#onPacket)
    parser.on('error', (error: Error) => {
      failure ??= error
      this.stream.destroy()
    })
    this.stream.on('data', (chunk: Buffer) => {
      this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk])
      parser.parse(chunk)
    })
    this.stream.on('error', (error: Error) => {
      failure ??= error
    })
    return new Promise((resolve) => {
      this.stream.once('close', () => {
        this.#mailbox.close(
          failure === undefined ? 'the connection closed' : `the connection closed: ${failure.message}`,
        )
        resolve(failure)
      })
    })
  }

  readonly #onPacket = (read: Packet): void => {
    const frame = firstFrame(this.#bytes)
    this.#bytes = this.#bytes.subarray(frame.length)
    const packet = read as ReceivedPacket
    if ('properties' in packet && packet.properties?.userProperties !== undefined)
      packet.properties.userProperties = readPairs(frame)
    this.#mailbox.deliver(packet, this.#acknowledge(packet))
  }

  /** Answers if that is ours to do; whether the packet is then nobody else's. */
  #acknowledge(packet: ReceivedPacket): boolean {
    if (!this.autoAck) return false
    const { cmd, messageId } = packet
    if (cmd === 'publish' && packet.qos === 1) this.send({ cmd: 'puback', messageId })
    if (cmd === 'publish' && packet.qos === 2) this.send({ cmd: 'pubrec', messageId })
    if (cmd === 'pubrel') this.send({ cmd: 'pubcomp', messageId })
    if (cmd !== 'pubrec' || isRefusal(packet)) return cmd === 'pubrel'
    this.send({ cmd: 'pubrel', messageId })
    return true
  }

  #take<Cmd extends PacketCmd>(
    cmd: Cmd | undefined,
    messageId: number | undefined,
    caller: (...args: never[]) => unknown,
  ): Promise<Received<Cmd>> {
    const kind = cmd ?? 'a packet'
    const wanted: Wanted = {
      what: messageId === undefined ? kind : `${kind} ${messageId}`,
      matches: (packet) =>
        (cmd === undefined || packet.cmd === cmd) &&
        (messageId === undefined || packet.messageId === messageId),
    }
    return this.#mailbox.take(wanted, this.#settled, caller) as Promise<Received<Cmd>>
  }

  readonly #settled = async (): Promise<void> => {
    await settle()
    if (this.#patience > 0) await new Promise((resolve) => setTimeout(resolve, this.#patience))
  }

  async #gone(): Promise<void> {
    await this.closed
    await settle()
  }
}

/** A PUBREC that refuses ends the exchange as PUBCOMP does (5.0). */
function endsQoS2(packet: ReceivedPacket, messageId: number): boolean {
  if (packet.messageId !== messageId) return false
  return packet.cmd === 'pubcomp' || (packet.cmd === 'pubrec' && isRefusal(packet))
}

function isRefusal(packet: Pick<IPubrecPacket, 'reasonCode'>): boolean {
  return (packet.reasonCode ?? 0) >= 0x80
}
