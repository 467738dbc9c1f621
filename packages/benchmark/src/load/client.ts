import type { Socket } from 'node:net'
import type { Qos } from '../mqtt/encode.ts'
import {
  connect,
  DISCONNECT,
  PacketType,
  subscribe,
  unsubscribe,
  writeAcknowledgement,
} from '../mqtt/encode.ts'
import type { FrameSink } from '../mqtt/frames.ts'
import { splitFrames } from '../mqtt/frames.ts'
import type { Target } from './wire.ts'
import { envelope, openWire } from './wire.ts'
import { MAX_CARRY, workspace } from './workspace.ts'

export interface ConnectOptions {
  readonly clean?: boolean
  readonly sessionExpiry?: number
  readonly username?: string
  readonly password?: string
}

interface Awaited {
  readonly type: number
  resolve(body: Buffer): void
  reject(error: Error): void
}

/** One MQTT connection of the load: CONNECT, SUBSCRIBE and batched acknowledgements; PUBLISH is its heirs'. */
export class LoadClient implements FrameSink {
  readonly id: string
  readonly target: Target
  #socket: Socket | undefined
  #carry: Buffer | undefined
  #awaited: Awaited | undefined
  #packetId = 0
  #acknowledgements: Buffer = Buffer.allocUnsafe(256)
  #acknowledged = 0
  #leaving = false

  constructor(target: Target, id: string) {
    this.target = target
    this.id = id
  }

  /** Resolves with CONNACK's body: flags, then the return code, which is 0. */
  async connect(options: ConnectOptions = {}): Promise<Buffer> {
    this.#leaving = false
    const body = this.#expect(PacketType.CONNACK)
    this.#socket = openWire(this.target, {
      opened: () => this.send(connect({ ...options, clientId: this.id, version: this.target.version })),
      bytes: (length) => this.#read(length),
      closed: (error) => this.#closed(error),
    })
    const connack = await body
    if (connack[1] !== 0) throw new Error(`${this.id}: refused with ${connack[1]}`)
    return connack
  }

  async subscribe(filters: readonly string[], qos: Qos): Promise<void> {
    const body = this.#expect(PacketType.SUBACK)
    this.send(subscribe(this.nextPacketId(), filters, qos, this.target.version))
    const grants = (await body).subarray(-filters.length)
    if (grants.some((grant) => grant !== qos)) throw new Error(`${this.id}: not granted ${filters[0]}`)
  }

  async unsubscribe(filters: readonly string[]): Promise<void> {
    const body = this.#expect(PacketType.UNSUBACK)
    this.send(unsubscribe(this.nextPacketId(), filters, this.target.version))
    await body
  }

  /** Writes a packet that is not prepared, in its envelope. */
  send(bytes: Buffer): void {
    this.write(envelope(this.target.transport, bytes))
  }

  write(bytes: Buffer): void {
    this.#socket?.write(bytes)
  }

  /** Stops reading, as a client does whose program hangs: the kernel's buffers fill, then the broker's. */
  freeze(): void {
    this.#socket?.pause()
  }

  /** Says DISCONNECT and resolves once the connection is closed. */
  async leave(): Promise<void> {
    const socket = this.#socket
    this.#leaving = true
    if (!socket || socket.closed) return
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.end(envelope(this.target.transport, DISCONNECT))
    await closed
  }

  /** Says DISCONNECT and hangs up at once, as a program does that is done; resolves once the socket is closed. */
  async quit(): Promise<void> {
    await this.#goodbye((socket) => socket.destroy())
  }

  /** The same, but the connection is reset: neither side keeps anything of it. */
  async reset(): Promise<void> {
    await this.#goodbye((socket) => socket.resetAndDestroy())
  }

  async #goodbye(hangUp: (socket: Socket) => void): Promise<void> {
    const socket = this.#socket
    this.#leaving = true
    if (!socket || socket.closed) return
    const closed = new Promise((resolve) => socket.once('close', resolve))
    this.send(DISCONNECT)
    hangUp(socket)
    await closed
  }

  /** Breaks the connection without a word. */
  break(): void {
    this.#leaving = true
    this.#socket?.destroy()
  }

  frame(buffer: Buffer, first: number, start: number, end: number): void {
    const type = first >> 4
    if (this.#awaited?.type === type) {
      const { resolve } = this.#awaited
      this.#awaited = undefined
      resolve(Buffer.from(buffer.subarray(start, end)))
    }
  }

  /** Called when all frames of a read are handled. */
  protected readEnded(): void {
    if (this.#acknowledged > 0) {
      // A copy, because the socket may keep what it cannot write yet.
      this.send(Buffer.from(this.#acknowledgements.subarray(0, this.#acknowledged)))
      this.#acknowledged = 0
    }
  }

  /** Puts an acknowledgement into the one write that follows this read. */
  protected acknowledge(type: number, packetId: number): void {
    if (this.#acknowledged === this.#acknowledgements.length) {
      this.#acknowledgements = Buffer.concat([this.#acknowledgements, Buffer.allocUnsafe(this.#acknowledged)])
    }
    writeAcknowledgement(this.#acknowledgements, this.#acknowledged, type, packetId)
    this.#acknowledged += 4
  }

  protected nextPacketId(): number {
    this.#packetId = (this.#packetId % 65535) + 1
    return this.#packetId
  }

  /** The broker ended the connection, and nobody waits for a packet who would be told. */
  protected lost(failure: Error): void {
    throw failure
  }

  #expect(type: number): Promise<Buffer> {
    return new Promise((resolve, reject) => (this.#awaited = { type, resolve, reject }))
  }

  #read(length: number): void {
    const { buffer, start } = workspace
    let from = start
    if (this.#carry) {
      from -= this.#carry.length
      this.#carry.copy(buffer, from)
      this.#carry = undefined
    }
    const end = start + length
    const rest = splitFrames(buffer, from, end, this)
    if (end - rest > MAX_CARRY) throw new Error('a frame larger than the workspace takes')
    if (rest < end) this.#carry = Buffer.from(buffer.subarray(rest, end))
    this.readEnded()
  }

  #closed(error: Error | undefined): void {
    if (this.#leaving) return
    const failure = new Error(`${this.id}: ${error?.message ?? 'closed by the broker'}`)
    const awaited = this.#awaited
    this.#awaited = undefined
    if (awaited) awaited.reject(failure)
    else this.lost(failure)
  }
}
