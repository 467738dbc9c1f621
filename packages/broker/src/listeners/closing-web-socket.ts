import type { Buffer } from 'node:buffer'
import { WebSocket } from 'ws'

/** A WebSocket that tells by the event `closing` when the close handshake begins, whoever began it. */
export class ClosingWebSocket extends WebSocket {
  /** The library calls it too, to answer a close frame. */
  override close(code?: number, data?: string | Buffer): void {
    super.close(code, data)
    this.emit('closing')
  }
}
