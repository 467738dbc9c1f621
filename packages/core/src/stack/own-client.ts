/** A client of the process itself: MQTT 5.0 over a stream that goes nowhere. */
import { Buffer } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import { Duplex } from 'node:stream'
import type { IConnackPacket, ISubackPacket, Packet as PlainPacket } from 'mqtt-packet'
import { generate } from 'mqtt-packet'
import type { Client, Stack } from '../contract/index.ts'
import { PROCESS } from '../contract/index.ts'
import { StackError } from '../errors/index.ts'
import type { Publish } from '../packets/index.ts'
import { ColdReader, Decoder, Inbox, ReasonCode, TopicAliases } from '../packets/index.ts'
import type { Timer } from '../time/index.ts'

/** So long CONNACK and SUBACK may take, in ms. */
const ANSWER_WITHIN = 10_000
const PUBLISH = 3
const PUBREL = 6
/** All that a broker may send, a bit for each type. */
const ANY_TYPE = 0xffff

/** What a subscription is asked for with. */
export interface Asked {
  readonly filter: string
  readonly qos: 0 | 1 | 2
  readonly retainAsPublished: boolean
  /** Whether what is retained already is sent. */
  readonly retained: boolean
}

/** Who hears of what comes. */
export interface OwnClientEvents {
  message(packet: Publish): void
  /** It is over, by itself or with what was wrong. */
  closed(reason: string | undefined): void
}

/** One connection with one subscription. It takes all that it is sent, at once. */
export class OwnClient {
  readonly client: Client
  readonly #stack: Stack
  readonly #events: OwnClientEvents
  readonly #stream: Duplex
  readonly #inbox = new Inbox(Number.POSITIVE_INFINITY)
  readonly #decoder: Decoder
  readonly #cold = new ColdReader()
  #answer: ((packet: IConnackPacket | ISubackPacket | undefined) => void) | undefined
  #ping: Timer | undefined
  #said: string | undefined

  constructor(stack: Stack, events: OwnClientEvents) {
    this.#stack = stack
    this.#events = events
    const { topicLevels: levels, topicBytes: bytes } = stack.config
    this.#decoder = new Decoder({ levels, bytes })
    this.#inbox.awaitsConnect = false
    this.#inbox.types = ANY_TYPE
    this.#stream = new Duplex({
      read() {},
      write: (chunk: Buffer, _encoding, done) => {
        this.#read(chunk)
        done()
      },
      final(done) {
        this.push(null)
        done()
      },
    })
    this.client = stack.connect(this.#stream, PROCESS)
    this.client.onClose(() => this.#close())
  }

  /**
   * @param window QoS 1 and 2 messages that may come before one is acknowledged.
   * @returns The QoS that was granted.
   * @throws StackError `SUBSCRIBE_REFUSED`
   */
  async open(asked: Asked, window: number): Promise<0 | 1 | 2> {
    const clientId = `process-${randomBytes(12).toString('hex')}`
    this.#send({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 5,
      clientId,
      clean: true,
      keepalive: 0,
      properties: { receiveMaximum: window },
    })
    const connack = (await this.#answered(asked.filter)) as IConnackPacket
    if ((connack.reasonCode ?? 0) !== 0)
      throw refused(asked.filter, connack.reasonCode, connack.properties?.reasonString)
    this.#keepAlive(connack.properties?.serverKeepAlive)
    const { filter: topic, qos, retainAsPublished: rap, retained } = asked
    this.#send({
      cmd: 'subscribe',
      messageId: 1,
      subscriptions: [{ topic, qos, rap, nl: false, rh: retained ? 0 : 2 }],
    })
    const { granted } = (await this.#answered(asked.filter)) as ISubackPacket
    const grant = Number(granted[0])
    if (grant >= 0x80) throw refused(asked.filter, grant, undefined)
    return grant as 0 | 1 | 2
  }

  /** A QoS 1 or 2 message is done with; `failed`: it is not to come again all the same. */
  acknowledge({ qos, packetId: messageId }: Publish, failed: boolean): void {
    const reasonCode = failed ? ReasonCode.IMPLEMENTATION_SPECIFIC_ERROR : ReasonCode.SUCCESS
    this.#send({ cmd: qos === 1 ? 'puback' : 'pubrec', messageId, reasonCode })
  }

  /** Says good-bye. */
  end(): void {
    if (this.client.closed) return
    this.#send({ cmd: 'disconnect', reasonCode: 0 })
    this.#stream.push(null)
  }

  #send(packet: PlainPacket): void {
    if (!this.#stream.destroyed && !this.#stream.readableEnded)
      this.#stream.push(generate(packet, { protocolVersion: 5 }))
  }

  #read(chunk: Buffer): void {
    const inbox = this.#inbox
    inbox.push(Buffer.from(chunk))
    while (inbox.advance()) {
      const { type, bytes, start, end } = inbox
      if (type === PUBLISH) this.#events.message(this.#decoder.decode(this.#source) as Publish)
      else if (type === PUBREL) this.#send({ cmd: 'pubcomp', messageId: bytes.readUInt16BE(inbox.body) })
      else this.#take(this.#cold.read(bytes, start, end, 5) as unknown as PlainPacket)
    }
  }

  #take(packet: PlainPacket): void {
    if (packet.cmd === 'connack' || packet.cmd === 'suback') this.#answer?.(packet)
    else if (packet.cmd === 'disconnect')
      this.#said = packet.properties?.reasonString ?? hex(packet.reasonCode)
  }

  #answered(filter: string): Promise<IConnackPacket | ISubackPacket> {
    return new Promise((resolve, reject) => {
      const timer = this.#stack.clock.after(ANSWER_WITHIN, () => this.#answer?.(undefined))
      this.#answer = (packet) => {
        this.#answer = undefined
        timer.cancel()
        if (packet === undefined) reject(refused(filter, undefined, this.#said ?? this.client.reason))
        else resolve(packet)
      }
      if (this.client.closed) this.#answer(undefined)
    })
  }

  /** A broker may want to hear of everybody. */
  #keepAlive(seconds: number | undefined): void {
    if (seconds === undefined || seconds === 0) return
    this.#ping = this.#stack.clock.every(seconds * 500, () => this.#send({ cmd: 'pingreq' }))
  }

  #close(): void {
    this.#ping?.cancel()
    this.#answer?.(undefined)
    this.#events.closed(this.#said ?? this.client.reason)
  }

  get #source(): Parameters<Decoder['decode']>[0] {
    const aliases = new TopicAliases(0, () => this.#stack.ledger.own)
    return { inbox: this.#inbox, protocolVersion: 5, bridge: false, aliases }
  }
}

function refused(filter: string, reasonCode: number | undefined, reason: string | undefined): StackError {
  const why = reason ?? (reasonCode === undefined ? 'there was no answer' : hex(reasonCode))
  return new StackError(
    'SUBSCRIBE_REFUSED',
    `the process may not subscribe to ${JSON.stringify(filter)}: ${why}`,
  )
}

function hex(reasonCode: number | undefined): string {
  return `0x${(reasonCode ?? 0).toString(16).padStart(2, '0')}`
}
