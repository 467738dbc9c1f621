/** A client of MQTT 5.0 of our own that keeps to the letter what a session asks of it, over any number of connections. */
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import type { IConnectPacket, IPubackPacket, IPublishPacket, IPubrecPacket, Packet } from 'mqtt-packet'
import { generate, parser } from 'mqtt-packet'
import type { QoS } from './ledger.ts'

export interface DeviceOptions {
  readonly clientId: string
  /** Seconds that its session outlives a connection; an hour by default. */
  readonly expiry?: number
  /** Told of each message once, as the QoS has it. */
  readonly onMessage?: (topic: string, payload: string) => void
  readonly will?: () => IConnectPacket['will']
  /** What is wrong with what the broker says. */
  readonly onProblem: (problem: string) => void
}

export interface Message {
  readonly topic: string
  readonly payload: string
  readonly qos: QoS
  readonly retain?: boolean
}

interface Outgoing {
  readonly packet: IPublishPacket
  /** PUBREC has come: only PUBREL is left. */
  released: boolean
  readonly acknowledged: () => void
}

const VERSION = { protocolVersion: 5 }
const HOUR = 3_600

export class Device {
  readonly #options: DeviceOptions
  #socket: Socket | undefined
  #accepted = false
  /** It was accepted once: its session is there from then on. */
  #known = false
  #nextId = 1
  /** Not acknowledged yet, in the order in which they were sent. */
  readonly #outgoing = new Map<number, Outgoing>()
  /** QoS 2 messages that came, and await PUBREL. */
  readonly #incoming = new Set<number>()
  readonly #waiting = new Map<number, () => void>()

  constructor(options: DeviceOptions) {
    this.#options = options
  }

  get clientId(): string {
    return this.#options.clientId
  }

  get underWay(): number {
    return this.#outgoing.size
  }

  get accepted(): boolean {
    return this.#accepted
  }

  /** Fulfils with whether it was accepted; false where the connection fails before. */
  connect(port: number): Promise<boolean> {
    this.drop()
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket = socket
    return new Promise((resolve) => {
      const reader = parser(VERSION)
      reader.on('packet', (packet: Packet) => {
        if (this.#socket !== socket) return
        if (packet.cmd === 'connack') resolve(this.#accept(packet.sessionPresent, packet.reasonCode ?? 0))
        else this.#handle(packet)
      })
      socket.on('data', (bytes) => reader.parse(bytes))
      socket.on('error', () => {})
      socket.on('close', () => {
        if (this.#socket === socket) this.#gone()
        resolve(false)
      })
      socket.on('connect', () => {
        const { clientId, expiry = HOUR, will } = this.#options
        this.#send({
          cmd: 'connect',
          protocolId: 'MQTT',
          protocolVersion: 5,
          clean: false,
          clientId,
          keepalive: 0,
          will: will?.(),
          properties: { sessionExpiryInterval: expiry },
        })
      })
    })
  }

  /** Ends the connection without a word. */
  drop(): void {
    this.#socket?.destroy()
    this.#gone()
  }

  /** Sends it now, and again after each connect until the broker has it. */
  publish({ topic, payload, qos, retain = false }: Message, acknowledged: () => void): void {
    const messageId = this.#id()
    const packet: IPublishPacket = { cmd: 'publish', topic, payload, qos, messageId, retain, dup: false }
    this.#outgoing.set(messageId, { packet, released: false, acknowledged })
    if (this.#accepted) this.#send(packet)
  }

  /** Fulfils with SUBACK; never if the connection ends before. */
  subscribe(topic: string, qos: QoS, retainHandling: 0 | 2 = 2): Promise<void> {
    const messageId = this.#id()
    const subscription = { topic, qos, nl: false, rap: true, rh: retainHandling }
    this.#send({ cmd: 'subscribe', messageId, subscriptions: [subscription] })
    return new Promise((resolve) => this.#waiting.set(messageId, resolve))
  }

  #accept(present: boolean, reasonCode: number): boolean {
    const { clientId, onProblem } = this.#options
    if (reasonCode !== 0) {
      onProblem(`${clientId} was refused with 0x${reasonCode.toString(16)}`)
      return false
    }
    if (this.#known && !present) onProblem(`the session of ${clientId} is lost`)
    this.#known = true
    this.#accepted = true
    for (const [messageId, { packet, released }] of this.#outgoing)
      this.#send(released ? { cmd: 'pubrel', messageId } : { ...packet, dup: true })
    return true
  }

  #handle(packet: Packet): void {
    const id = packet.messageId ?? 0
    if (packet.cmd === 'publish') this.#received(packet)
    else if (packet.cmd === 'puback' && this.#isTaken(packet)) this.#settle(id)
    else if (packet.cmd === 'pubrec' && this.#isTaken(packet)) this.#release(id)
    else if (packet.cmd === 'pubcomp') this.#outgoing.delete(id)
    else if (packet.cmd === 'pubrel') {
      this.#incoming.delete(id)
      this.#send({ cmd: 'pubcomp', messageId: id })
    } else if (packet.cmd === 'suback') this.#waiting.get(id)?.()
    else if (packet.cmd === 'disconnect') {
      const { clientId, onProblem } = this.#options
      onProblem(`${clientId} was disconnected with 0x${(packet.reasonCode ?? 0).toString(16)}`)
    }
  }

  #received({ topic, payload, qos, messageId = 0 }: IPublishPacket): void {
    const { onMessage } = this.#options
    if (qos === 2 && this.#incoming.has(messageId)) {
      this.#send({ cmd: 'pubrec', messageId })
      return
    }
    onMessage?.(topic, String(payload))
    if (qos === 2) this.#incoming.add(messageId)
    if (qos > 0) this.#send({ cmd: qos === 2 ? 'pubrec' : 'puback', messageId })
  }

  #isTaken({ cmd, reasonCode = 0 }: IPubackPacket | IPubrecPacket): boolean {
    const { clientId, onProblem } = this.#options
    if (reasonCode >= 0x80) onProblem(`${clientId} got ${cmd} with 0x${reasonCode.toString(16)}`)
    return reasonCode < 0x80
  }

  #settle(id: number): void {
    this.#outgoing.get(id)?.acknowledged()
    this.#outgoing.delete(id)
  }

  #release(id: number): void {
    const outgoing = this.#outgoing.get(id)
    outgoing?.acknowledged()
    if (outgoing !== undefined) outgoing.released = true
    this.#send({ cmd: 'pubrel', messageId: id })
  }

  #id(): number {
    do this.#nextId = (this.#nextId % 65_535) + 1
    while (this.#outgoing.has(this.#nextId))
    return this.#nextId
  }

  #gone(): void {
    this.#socket = undefined
    this.#accepted = false
    this.#waiting.clear()
  }

  #send(packet: Packet): void {
    this.#socket?.write(generate(packet, VERSION))
  }
}
