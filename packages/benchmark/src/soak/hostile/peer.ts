import type { Socket } from 'node:net'
import { openWire } from '../../load/wire.ts'
import { workspace } from '../../load/workspace.ts'
import type { ConnectFields } from '../../mqtt/encode.ts'
import { connect, DISCONNECT, PacketType } from '../../mqtt/encode.ts'
import type { FrameSink } from '../../mqtt/frames.ts'
import { splitFrames } from '../../mqtt/frames.ts'

/** Where a reason code stands in what follows the length of a 5.0 packet. */
const CODE_AT: Readonly<Record<number, number>> = {
  [PacketType.CONNACK]: 1,
  [PacketType.PUBACK]: 2,
  [PacketType.DISCONNECT]: 0,
}

/**
 * A connection of somebody who does what he should not. That the broker ends it is no failure: what became of it is told
 * in words, `refused 0x86` or `closed 0x8E`.
 */
export class Peer implements FrameSink {
  /** Resolves with how the connection ended: `closed`, with the code if there was one, or `left`. */
  readonly ended: Promise<string>
  readonly #opened: Promise<boolean>
  readonly #socket: Socket
  readonly #waiting: { type: number; resolve: (body: Buffer | undefined) => void }[] = []
  #carry: Buffer | undefined
  #code: number | undefined
  #isOver = false
  #hasLeft = false

  /** @param from The address that the proxy tells. */
  constructor(port: number, from: string) {
    let [open, end] = [(_isOpen: boolean): void => {}, (_how: string): void => {}]
    this.#opened = new Promise((resolve) => (open = resolve))
    this.ended = new Promise((resolve) => (end = resolve))
    this.#socket = openWire(
      { port, transport: 'tcp', version: 5 },
      {
        opened: () => {
          this.send(Buffer.from(`PROXY TCP4 ${from} 192.0.2.1 40000 1883\r\n`))
          open(true)
        },
        bytes: (length) => this.#read(length),
        closed: () => {
          open(false)
          this.#isOver = true
          for (const { resolve } of this.#waiting.splice(0)) resolve(undefined)
          end(this.#hasLeft ? 'left' : spell('closed', this.#code))
        },
      },
    )
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Whether it came about. */
  opened(): Promise<boolean> {
    return this.#opened
  }

  /** `accepted`, `refused 0x86`, or how the connection ended before. */
  async connect(fields: ConnectFields): Promise<string> {
    await this.#opened
    const answer = this.next(PacketType.CONNACK)
    this.send(connect({ version: 5, ...fields }))
    const body = await answer
    if (body === undefined) return await this.ended
    return body[1] === 0 ? 'accepted' : spell('refused', body[1])
  }

  /** What comes next of a type, without type and length; undefined where the connection ends first. */
  next(type: number): Promise<Buffer | undefined> {
    if (this.#isOver) return Promise.resolve(undefined)
    return new Promise((resolve) => this.#waiting.push({ type, resolve }))
  }

  send(bytes: Buffer): void {
    if (!this.#isOver) this.#socket.write(bytes)
  }

  /** Resolves with true when the bytes are with the kernel, with false when the connection is over. */
  sent(bytes: Buffer): Promise<boolean> {
    if (this.#isOver) return Promise.resolve(false)
    return new Promise((resolve) => {
      this.#socket.write(bytes, (error) => resolve(!error))
    })
  }

  stopReading(): void {
    this.#socket.pause()
  }

  readOn(): void {
    this.#socket.resume()
  }

  /** Says DISCONNECT and hangs up. */
  leave(): void {
    this.send(DISCONNECT)
    this.break()
  }

  /** Hangs up without a word. */
  break(): void {
    this.#hasLeft ||= !this.#isOver
    this.#socket.destroy()
  }

  frame(buffer: Buffer, first: number, start: number, end: number): void {
    const type = first >> 4
    if (type === PacketType.DISCONNECT && end > start) this.#code = buffer[start + CODE_AT[type]]
    const at = this.#waiting.findIndex((one) => one.type === type)
    if (at >= 0) this.#waiting.splice(at, 1)[0].resolve(Buffer.from(buffer.subarray(start, end)))
  }

  #read(length: number): void {
    const { buffer, start } = workspace
    const came = buffer.subarray(start, start + length)
    const whole = this.#carry === undefined ? came : Buffer.concat([this.#carry, came])
    const rest = splitFrames(whole, 0, whole.length, this)
    this.#carry = rest < whole.length ? Buffer.from(whole.subarray(rest)) : undefined
  }
}

/** The reason code of a PUBACK of 5.0, which leaves out success. */
export function codeOf(puback: Buffer): number {
  return puback.length > 2 ? puback[CODE_AT[PacketType.PUBACK]] : 0
}

/** `refused 0x86` */
export function spell(what: string, code: number | undefined): string {
  return code === undefined ? what : `${what} 0x${code.toString(16).toUpperCase().padStart(2, '0')}`
}
