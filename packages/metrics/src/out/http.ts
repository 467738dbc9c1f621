/** `/metrics` over HTTP, on a listener of its own. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { StackError } from '@mqtt-stack/core'
import type { Place } from './place.ts'

/** Connections at a time, and what each may take, in ms and bytes. */
const CONNECTIONS = 64
const HEADERS_TIMEOUT = 5_000
const REQUEST_TIMEOUT = 10_000
const KEEP_ALIVE = 5_000
const HEADER_BYTES = 8_192
/** How long connections may go on behind the end, in ms. */
const CLOSING = 1_000

export class MetricsServer {
  readonly #server: Server
  readonly #place: Place

  /** @param text What is served, and as what. Where it rejects the answer is 503. */
  constructor(place: Place, text: () => Promise<{ body: string; type: string }>) {
    this.#place = place
    this.#server = createServer({ maxHeaderSize: HEADER_BYTES }, (request, response) => {
      void answer(request, response, text)
    })
    this.#server.maxConnections = CONNECTIONS
    this.#server.headersTimeout = HEADERS_TIMEOUT
    this.#server.requestTimeout = REQUEST_TIMEOUT
    this.#server.keepAliveTimeout = KEEP_ALIVE
    // One that takes nothing of its answer.
    this.#server.setTimeout(REQUEST_TIMEOUT, (socket) => socket.destroy())
    this.#server.maxRequestsPerSocket = 1_000
  }

  /**
   * Where it listens, with the port it got.
   * @throws StackError `LISTEN_FAILED`
   */
  open(): Promise<Place> {
    const { host, port } = this.#place
    return new Promise((resolve, reject) => {
      this.#server.once('error', (cause: NodeJS.ErrnoException) => {
        const isTaken = cause.code === 'EADDRINUSE'
        const why = isTaken ? 'somebody else listens there already: choose another port' : cause.message
        const message = `Metrics: option "listen": cannot listen on ${host}:${port}: ${why}`
        reject(new StackError('LISTEN_FAILED', message, { cause }))
      })
      this.#server.listen(port, host, () => {
        // What goes wrong with a connection is not the broker's.
        this.#server.on('error', () => {})
        const address = this.#server.address()
        resolve({ host, port: typeof address === 'object' && address !== null ? address.port : port })
      })
    })
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#server.closeAllConnections(), CLOSING)
      timer.unref()
      this.#server.close(() => {
        clearTimeout(timer)
        resolve()
      })
      this.#server.closeIdleConnections()
    })
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  text: () => Promise<{ body: string; type: string }>,
): Promise<void> {
  response.on('error', () => {})
  response.setHeader('Cache-Control', 'no-store')
  response.setHeader('X-Content-Type-Options', 'nosniff')
  // Nobody has anything to send: a body is not read.
  const mayStay =
    request.headers['content-length'] === undefined && request.headers['transfer-encoding'] === undefined
  if (!mayStay) response.setHeader('Connection', 'close')
  const say = (status: number, body: string, type = 'text/plain; charset=utf-8'): void => {
    const isHead = request.method === 'HEAD'
    response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) })
    response.end(isHead ? undefined : body)
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD')
    say(405, 'only GET and HEAD\n')
    return
  }
  if (request.url?.split('?', 1)[0] !== '/metrics') {
    say(404, 'see /metrics\n')
    return
  }
  try {
    const { body, type } = await text()
    say(200, body, type)
  } catch (error) {
    say(503, `${(error as Error).message}\n`)
  }
}
