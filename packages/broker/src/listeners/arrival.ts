import type { Socket } from 'node:net'
import type { Listener } from '@mqtt-stack/core'
import { remoteOf } from './address.ts'

/** Where a connection came in. Who is on the other side is looked up when somebody asks: that is a system call. */
export class Arrival implements Listener {
  readonly transport: string
  readonly local: boolean
  readonly #socket: Socket
  #remote: string | undefined

  constructor(transport: string, local: boolean, socket: Socket) {
    this.transport = transport
    this.local = local
    this.#socket = socket
  }

  get remote(): string | undefined {
    this.#remote ??= remoteOf(this.#socket)
    return this.#remote
  }
}
