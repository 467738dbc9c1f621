/** A server of node:http whose every part is bounded. */

import type { RequestListener, Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isLoopback, StackError } from '@mqtt-stack/core'
import { placeOf } from '../listen-at.ts'

/** Milliseconds. */
const HEADERS_WITHIN = 10_000
const REQUEST_WITHIN = 30_000
const IDLE = 5_000
/** How often it is looked whether a time is over; Node.js looks every 30 s. */
const LOOKED_EVERY = 1_000
/** Bytes of a request's line and header fields. */
const HEADER_SIZE = 16_384
/** So long a connection has at the end to hear the rest of its answer, in ms. */
const GRACE = 500

export class HttpListener {
  readonly #option: string
  readonly #place: string
  readonly #server: Server
  #url = ''

  /** @param option Names it in errors. */
  constructor(option: string, place: string, connections: number, listener: RequestListener) {
    this.#option = option
    this.#place = place
    const timeouts = {
      headersTimeout: HEADERS_WITHIN,
      requestTimeout: REQUEST_WITHIN,
      keepAliveTimeout: IDLE,
      connectionsCheckingInterval: LOOKED_EVERY,
    }
    this.#server = createServer({ ...timeouts, maxHeaderSize: HEADER_SIZE }, listener)
    this.#server.maxConnections = connections
  }

  /** Such as `http://127.0.0.1:18080`; empty before it is open. */
  get url(): string {
    return this.#url
  }

  /** A URL that a browser on this machine can open: an address that stands for all is none. */
  get link(): string {
    return this.#url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:')
  }

  /** Only this machine can reach it. */
  get local(): boolean {
    const address = this.#server.address() as AddressInfo | null
    return address === null || isLoopback(address.address)
  }

  /** @throws StackError `LISTEN_FAILED` */
  async open(): Promise<void> {
    const { host, port } = placeOf(this.#option, this.#place)
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause: NodeJS.ErrnoException) => {
        const why =
          cause.code === 'EADDRINUSE'
            ? 'somebody else listens there already: choose another port'
            : cause.message
        reject(
          new StackError(
            'LISTEN_FAILED',
            `Admin: option "${this.#option}": cannot listen on ${this.#place}: ${why}`,
            { cause },
          ),
        )
      })
      // Not shared with other processes of a cluster: each answers for itself.
      this.#server.listen({ port, host, exclusive: true }, resolve)
    })
    const { address, port: got, family } = this.#server.address() as AddressInfo
    this.#url = `http://${family === 'IPv6' ? `[${address}]` : address}:${got}`
  }

  /** Takes no more; who is being answered has a moment. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#server.closeAllConnections(), GRACE)
      this.#server.close(() => {
        clearTimeout(timer)
        resolve()
      })
      this.#server.closeIdleConnections()
    })
  }
}
