import type { Socket } from 'node:net'
import type { ConnectFields, Version } from '../mqtt/encode.ts'
import { connect, DISCONNECT, PacketType, subscribe } from '../mqtt/encode.ts'
import type { FrameSink } from '../mqtt/frames.ts'
import { splitFrames } from '../mqtt/frames.ts'
import type { Target } from './wire.ts'
import { openWire } from './wire.ts'
import { workspace } from './workspace.ts'

/** A client without rights of its own that does what it should not; that the broker closes it is no failure. */
export class Attacker implements FrameSink {
  readonly id: string
  readonly version: Version
  /** Frames that came, by type. */
  readonly counts: number[] = new Array<number>(16).fill(0)
  readonly #target: Target
  #socket: Socket | undefined
  #carry: Buffer | undefined
  #open = false
  #waiting: { type: number; count: number; resolve: (came: boolean) => void } | undefined

  constructor(target: Target, id: string, version: Version = 4) {
    this.#target = target
    this.id = id
    this.version = version
  }

  get isOpen(): boolean {
    return this.#open
  }

  /** The bare connection, to pause it or to look at what is not written. */
  get socket(): Socket {
    if (this.#socket === undefined) throw new Error(`${this.id} is not connected`)
    return this.#socket
  }

  /** Whether the broker accepted it. */
  async connect(fields: Omit<ConnectFields, 'clientId' | 'version'> = {}): Promise<boolean> {
    this.#open = true
    this.#carry = undefined
    const accepted = this.next(PacketType.CONNACK)
    this.#socket = openWire(this.#target, {
      opened: () => this.send(connect({ ...fields, clientId: this.id, version: this.version })),
      bytes: (length) => this.#read(length),
      closed: () => this.#closed(),
    })
    return await accepted
  }

  send(bytes: Buffer): void {
    if (this.#open) this.#socket?.write(bytes)
  }

  /** Resolves when the bytes are with the kernel, or the connection is over. */
  async sent(bytes: Buffer): Promise<void> {
    const socket = this.#socket
    if (!this.#open || socket === undefined || socket.write(bytes)) return
    await new Promise<void>((resolve) => {
      const done = (): void => {
        socket.off('drain', done).off('close', done)
        resolve()
      }
      socket.on('drain', done).on('close', done)
    })
  }

  /** Whether `count` packets of a type came; false when the connection was closed first. */
  next(type: number, count: number = 1): Promise<boolean> {
    if (!this.#open) return Promise.resolve(false)
    return new Promise((resolve) => {
      this.#waiting = { type, count, resolve }
    })
  }

  /** Subscribes by one packet; false when the connection was closed. */
  async subscribe(filters: readonly string[]): Promise<boolean> {
    const answered = this.next(PacketType.SUBACK)
    this.send(subscribe(1, filters, 0, this.version))
    return await answered
  }

  /** Says DISCONNECT; resolves when the connection is closed. */
  async leave(): Promise<void> {
    await this.#end((socket) => socket.end(DISCONNECT))
  }

  /** Breaks the connection; resolves when it is closed here. */
  async break(): Promise<void> {
    await this.#end((socket) => socket.destroy())
  }

  frame(_buffer: Buffer, first: number): void {
    const type = first >> 4
    this.counts[type]++
    const waiting = this.#waiting
    if (waiting?.type !== type || --waiting.count > 0) return
    this.#waiting = undefined
    waiting.resolve(true)
  }

  async #end(how: (socket: Socket) => void): Promise<void> {
    const socket = this.#socket
    if (socket === undefined || socket.closed) return
    const closed = new Promise((resolve) => socket.once('close', resolve))
    how(socket)
    await closed
  }

  /** Frames that are longer than a read are put together; the load has no more than one of them at a time. */
  #read(length: number): void {
    const { buffer, start } = workspace
    const came = buffer.subarray(start, start + length)
    const whole = this.#carry === undefined ? came : Buffer.concat([this.#carry, came])
    const rest = splitFrames(whole, 0, whole.length, this)
    this.#carry = rest < whole.length ? Buffer.from(whole.subarray(rest)) : undefined
  }

  #closed(): void {
    this.#open = false
    this.#waiting?.resolve(false)
    this.#waiting = undefined
  }
}
