/** A connection on which packets are changed, lost or made up: a broker that breaks a statement on purpose. */
import { Buffer } from 'node:buffer'
import { Duplex } from 'node:stream'
import type { Setup } from '../src/harness/target.ts'

/** What becomes of a packet: itself, another, several or none. */
export type Change = (packet: Buffer) => readonly Buffer[]

export interface Tampering {
  /** Made anew for each connection; changes what the client sends. */
  toBroker?(): Change
  /** The same for what the broker sends. */
  toClient?(): Change
  /** What the broker is sent when the client is gone without a word. */
  readonly lastWords?: Buffer
}

/** The same broker behind tampered connections. */
export function tampered(setup: Setup, tampering: Tampering): Setup {
  return async () => {
    const target = await setup()
    return {
      ...target,
      async connect() {
        return new Tampered(await target.connect(), tampering)
      },
    }
  }
}

class Tampered extends Duplex {
  readonly #inner: Duplex
  readonly #out: Frames
  readonly #lastWords: Buffer | undefined

  constructor(inner: Duplex, { toBroker = unchanged, toClient = unchanged, lastWords }: Tampering) {
    super({ allowHalfOpen: false })
    this.#inner = inner
    this.#lastWords = lastWords
    this.#out = new Frames(toBroker())
    const back = new Frames(toClient())
    inner.on('data', (chunk: Buffer) => {
      for (const packet of back.take(chunk)) this.push(packet)
    })
    inner.on('end', () => this.push(null))
    inner.on('error', () => this.destroy())
    inner.on('close', () => this.destroy())
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.#inner.write(Buffer.concat(this.#out.take(chunk)), () => callback())
  }

  override _read(): void {}

  override _final(callback: () => void): void {
    this.#inner.end()
    callback()
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    if (this.#lastWords !== undefined && !this.#inner.writableEnded) this.#inner.end(this.#lastWords)
    else this.#inner.destroy()
    callback(error)
  }
}

function unchanged(): Change {
  return (packet) => [packet]
}

/** Cuts a stream into packets. */
class Frames {
  readonly #change: Change
  #pending: Buffer = Buffer.alloc(0)

  constructor(change: Change) {
    this.#change = change
  }

  take(chunk: Buffer): Buffer[] {
    this.#pending = Buffer.concat([this.#pending, chunk])
    const packets: Buffer[] = []
    for (let length = whole(this.#pending); length > 0; length = whole(this.#pending)) {
      packets.push(...this.#change(Buffer.from(this.#pending.subarray(0, length))))
      this.#pending = this.#pending.subarray(length)
    }
    return packets
  }
}

/** The length of the first packet; 0 while it is not whole. */
function whole(bytes: Buffer): number {
  let length = 0
  for (let at = 1; at < Math.min(5, bytes.length); at++) {
    length += (bytes[at] & 0x7f) * 128 ** (at - 1)
    if (bytes[at] < 0x80) return bytes.length >= at + 1 + length ? at + 1 + length : 0
  }
  return 0
}
