import type { Client } from '@mqtt-stack/core'
import { Middleware } from '@mqtt-stack/core'
import { ClientEmitter } from './client-emitter.ts'

/** Gets each new connection before anything was read from it; true claims it. */
export type ClientHandler = (emitter: ClientEmitter) => boolean

/**
 * Takes part in no chain. Once {@link setClientHandler} was called each new connection is shown to the handler, and
 * the packets of those it claims go to their emitter alone, past every other middleware.
 */
export class PacketEmitter extends Middleware {
  #handler: ClientHandler | undefined

  /** Sets who is shown new connections; `undefined` for nobody. */
  setClientHandler(handler: ClientHandler | undefined): void {
    this.#handler = handler
  }

  install(client: Client): void {
    if (this.#handler === undefined) return
    const emitter = new ClientEmitter(client)
    if (this.#handler(emitter)) client.divert((packet) => emitter.emit(packet.cmd, packet))
  }
}
