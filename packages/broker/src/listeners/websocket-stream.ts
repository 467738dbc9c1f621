/** A WebSocket as the byte stream that MQTT runs on: packets and frames need not align [MQTT-6.0.0-2]. */
import type { Buffer } from 'node:buffer'
import { Duplex } from 'node:stream'
import type { RawData, WebSocket } from 'ws'

type Callback = (error?: Error | null) => void

const UNSUPPORTED_DATA = 1003
const BINARY = { binary: true, compress: false, fin: true } as const

export class WebSocketStream extends Duplex {
  readonly #socket: WebSocket
  /** What it runs over: tells how far the other side is with what it is sent. */
  readonly socket: Duplex | undefined
  /** Nothing more will be read. */
  #over = false

  /** @param carrier The socket that was upgraded. */
  constructor(socket: WebSocket, carrier?: Duplex) {
    super({ highWaterMark: 65_536 })
    this.#socket = socket
    this.socket = carrier
    socket.on('message', this.#onMessage)
    // The library has answered with the close code that belongs to the error, and closes.
    socket.on('error', this.#end)
    socket.on('close', this.#end)
    // Nothing follows a close frame, however long its sender keeps TCP open (RFC 6455, 1.4).
    socket.on('closing', () => {
      if (!this.writableEnded) this.#end()
    })
  }

  override _read(): void {
    if (this.#socket.isPaused) this.#socket.resume()
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, callback: Callback): void {
    this.#socket.send(chunk, BINARY, callback)
  }

  /** Waits for the other side's close frame: destroying earlier would cut off what it has not read. */
  override _final(callback: Callback): void {
    const { readyState, CLOSED } = this.#socket
    if (readyState === CLOSED) callback()
    else this.#socket.once('close', () => callback()).close()
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.#socket.terminate()
    callback(error)
  }

  readonly #onMessage = (data: RawData, binary: boolean): void => {
    if (this.#over) return
    if (!binary) {
      // [MQTT-6.0.0-1]
      this.#socket.close(UNSUPPORTED_DATA, 'MQTT wants binary frames')
      this.#socket.emit('error', new Error('a WebSocket frame of text: MQTT wants binary ones'))
    } else if (!this.push(data as Buffer)) this.#socket.pause()
  }

  readonly #end = (): void => {
    if (this.#over) return
    this.#over = true
    if (this.#socket.isPaused) this.#socket.resume()
    this.push(null)
  }
}
