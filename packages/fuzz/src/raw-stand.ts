/** A broker that is reached over real sockets, by raw bytes, and a neighbour whose service must not suffer. */
import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { RecordingLogger, TestClient } from '@mqtt-stack/testing'
import type { Door, Opened } from './doors.ts'

/** A close frame without a reason: the last that a WebSocket server says. */
const CLOSE = Buffer.of(0x88, 0)

export class RawStand {
  readonly logger: RecordingLogger
  readonly #opened: Opened
  readonly #neighbour: TestClient

  private constructor(opened: Opened, logger: RecordingLogger) {
    this.#opened = opened
    this.logger = logger
    this.#neighbour = new TestClient(opened.neighbour(), { clientId: 'neighbour', patience: 20_000 })
  }

  static async open(door: Door): Promise<RawStand> {
    const logger = new RecordingLogger()
    const stand = new RawStand(await door(logger), logger)
    await stand.#neighbour.connect()
    return stand
  }

  close(): Promise<void> {
    return this.#opened.close()
  }

  /** Sends chunks, hangs up, and resolves with what came, when the connection is closed. */
  talk(chunks: readonly Uint8Array[]): Promise<Buffer> {
    return this.#talk(chunks, (socket) => void socket.end())
  }

  /** The same, but it is the broker that hangs up: no answer is lost. */
  listen(chunks: readonly Uint8Array[]): Promise<Buffer> {
    return this.#talk(chunks, () => {})
  }

  #talk(chunks: readonly Uint8Array[], sent: (socket: Socket) => void): Promise<Buffer> {
    return new Promise((resolve) => {
      const received: Buffer[] = []
      const socket = connect({ port: this.#opened.port, host: '127.0.0.1', noDelay: true })
      socket.on('error', () => {})
      socket.on('data', (chunk: Buffer) => {
        received.push(chunk)
        if (chunk.subarray(-CLOSE.length).equals(CLOSE)) socket.end()
      })
      socket.on('close', () => resolve(Buffer.concat(received)))
      const send = (at: number): void => {
        if (socket.destroyed) return
        if (at === chunks.length) sent(socket)
        else socket.write(chunks[at], () => setImmediate(send, at + 1))
      }
      socket.on('connect', () => send(0))
    })
  }

  /**
   * The neighbour is served, nobody else is left and nothing was logged as an error.
   * @throws Error
   */
  async check(): Promise<void> {
    await this.#neighbour.ping()
    // Their sockets are closed here; over there that is still to be noticed.
    while (this.#opened.broker.stack.clients.size > 1) await new Promise((resolve) => setImmediate(resolve))
    const [error] = this.logger.errors
    if (error !== undefined) throw new Error(`logged: ${error}`)
  }
}
