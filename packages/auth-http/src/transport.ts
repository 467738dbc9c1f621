/** One request and its answer, bounded in time and bytes, over connections that are kept. */
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import { Agent, request as httpRequest } from 'node:http'
import { request as httpsRequest, Agent as SecureAgent } from 'node:https'
import { urlToHttpOptions } from 'node:url'
import type { Clock } from '@mqtt-stack/core'
import { Unanswered, WrongAnswer } from './failures.ts'

/** The most bytes of an answer. */
const LONGEST = 65_536
/** Statuses after which asking again may help. */
const PASSING: ReadonlySet<number> = new Set([408, 429])

export interface TransportOptions {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  /** In ms, for the whole answer. */
  readonly timeout: number
  readonly connections: number
  /** Whose certificates are believed, PEM, as it is now; those that Node knows where it is left out. */
  readonly ca?: (() => string) | undefined
}

export class Transport {
  readonly #options: TransportOptions
  readonly #agent: Agent
  readonly #request: (options: RequestOptions & { agent: Agent }) => ClientRequest

  constructor(options: TransportOptions) {
    const { url, connections } = options
    const secure = url.protocol === 'https:'
    this.#options = options
    this.#agent = new (secure ? SecureAgent : Agent)({ keepAlive: true, maxSockets: connections })
    this.#request = (rest) =>
      secure
        ? httpsRequest({ ...urlToHttpOptions(url), ...rest, ca: options.ca?.() })
        : httpRequest(url, rest)
  }

  /** The text of an answer with status 200; rejects with {@link Unanswered} or {@link WrongAnswer}. */
  async post(body: string, clock: Clock): Promise<string> {
    const { timeout } = this.#options
    const late = new AbortController()
    const timer = clock.after(timeout, () => late.abort())
    try {
      const response = await this.#send(body, late.signal)
      const { statusCode = 0 } = response
      if (statusCode === 200) return await readBody(response)
      response.destroy()
      const Failure = statusCode >= 500 || PASSING.has(statusCode) ? Unanswered : WrongAnswer
      throw new Failure(`it answered ${statusCode}`)
    } catch (error) {
      if (late.signal.aborted) throw new Unanswered(`it did not answer within ${timeout} ms`)
      if (error instanceof Unanswered || error instanceof WrongAnswer) throw error
      const { code, message } = error as NodeJS.ErrnoException
      throw new Unanswered(code ?? message)
    } finally {
      timer.cancel()
    }
  }

  /** Keeps no connection behind its answer. */
  retire(): void {
    this.#agent.maxFreeSockets = 0
    for (const sockets of Object.values(this.#agent.freeSockets))
      for (const one of sockets ?? []) one.destroy()
  }

  /** Closes the connections. */
  close(): void {
    this.#agent.destroy()
  }

  #send(body: string, signal: AbortSignal): Promise<IncomingMessage> {
    const headers = {
      ...this.#options.headers,
      accept: 'application/json',
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    }
    return new Promise((resolve, reject) => {
      const request = this.#request({ method: 'POST', agent: this.#agent, headers, signal })
      request.on('response', resolve)
      request.on('error', reject)
      request.end(body)
    })
  }
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response) {
    bytes += chunk.length
    if (bytes > LONGEST) {
      response.destroy()
      throw new WrongAnswer(`it answered more than ${LONGEST} bytes`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
