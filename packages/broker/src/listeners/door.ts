/** One server: opens, keeps account of its connections, and closes with them. */
import type { Socket } from 'node:net'
import type { Logger } from '@mqtt-stack/core'
import type { Address } from './address.ts'
import type { Entrance } from './entrance.ts'
import { listenFailed } from './listen-error.ts'

/** How long connections may take to read their last bytes and hang up. */
const GRACE = 1_000

export class Door {
  readonly #entrance: Entrance
  readonly #logger: Logger
  readonly #sockets = new Set<Socket>()
  #shut: Promise<void> | undefined

  constructor(entrance: Entrance, logger: Logger) {
    this.#entrance = entrance
    this.#logger = logger
    entrance.server.on('connection', this.#count)
  }

  /** @throws StackError `LISTEN_FAILED`. */
  async open(): Promise<Address> {
    const { transport, server, where, makeRoom } = this.#entrance
    try {
      await this.#listen().catch(async (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EADDRINUSE' || (await makeRoom?.()) !== true) throw error
        await this.#listen()
      })
    } catch (error) {
      throw listenFailed(transport, where, error)
    }
    // What goes wrong with accepting, such as a lack of file descriptors, ends no connection that is there.
    server.on('error', (error) => this.#logger.error(`${transport} listener: ${error.message}`, error))
    return this.#entrance.address()
  }

  /** Takes no new connections. */
  shut(): void {
    const { server } = this.#entrance
    this.#shut ??= new Promise((resolve) => {
      if (server.listening) server.close(() => resolve())
      else resolve()
    })
  }

  /** Waits until all connections are gone; those that do not go are cut off. */
  async close(): Promise<void> {
    this.shut()
    const cutOff = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy()
    }, GRACE)
    await this.#shut
    clearTimeout(cutOff)
  }

  #listen(): Promise<void> {
    const { server, listen } = this.#entrance
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(listen, () => {
        server.off('error', reject)
        resolve()
      })
    })
  }

  readonly #count = (socket: Socket): void => {
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
  }
}
