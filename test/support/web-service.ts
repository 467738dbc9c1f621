/** A web service on a free port of this machine, for tests. */
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** A request that came, whole. */
export interface Asked {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: IncomingMessage['headers']
  /** As JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests know what they sent
  readonly body: any
  /** Which of the connections it came over: 1 is the first. */
  readonly connection: number
}

export type Answer = (response: ServerResponse, asked: Asked) => void

/** An answer that is the same whatever is asked. */
export type PlainAnswer = (response: ServerResponse) => void

export interface WebService {
  readonly origin: string
  /** Every request, oldest first. */
  readonly asked: readonly Asked[]
  /** Requests that were not answered yet, and the most that there were at once. */
  readonly open: number
  readonly most: number
  /** Answers all further requests. */
  answer: Answer
  /** Resolves when so many requests have come in all. */
  came(count: number): Promise<void>
  /** Hangs up and listens no more. */
  close(): void
}

/** Answers with JSON. */
export function json(value: unknown, status = 200): PlainAnswer {
  return (response) => void response.writeHead(status).end(JSON.stringify(value))
}

/** Answers with a status and a text. */
export function says(status: number, text = ''): PlainAnswer {
  return (response) => void response.writeHead(status).end(text)
}

export async function webService(answer: Answer): Promise<WebService> {
  const asked: Asked[] = []
  const connections = new Map<unknown, number>()
  const waiting: { count: number; resolve: () => void }[] = []
  const server = createServer((request, response) => void serve(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    service.open++
    service.most = Math.max(service.most, service.open)
    response.on('close', () => service.open--)
    const { socket, method, url, headers } = request
    if (!connections.has(socket)) connections.set(socket, connections.size + 1)
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const text = Buffer.concat(chunks).toString()
    const one = {
      method,
      url,
      headers,
      body: text && JSON.parse(text),
      connection: connections.get(socket) ?? 0,
    }
    asked.push(one)
    for (const { resolve } of waiting.filter(({ count }) => asked.length >= count)) resolve()
    service.answer(response, one)
  }

  function close(): void {
    server.close()
    server.closeAllConnections()
  }

  const service = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    open: 0,
    most: 0,
    answer,
    came: (count: number): Promise<void> =>
      asked.length >= count
        ? Promise.resolve()
        : new Promise((resolve) => {
            waiting.push({ count, resolve })
          }),
    close,
  }
  onTestFinished(close)
  return service
}
