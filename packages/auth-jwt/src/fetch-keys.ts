/** One request for a JWK Set, bounded in time and bytes. */
import type { IncomingMessage } from 'node:http'
import { get as httpGet } from 'node:http'
import { get as httpsGet } from 'node:https'
import type { Clock } from '@mqtt-stack/core'

/** The most bytes of an answer. */
const LONGEST = 262_144

export interface FetchKeysOptions {
  readonly clock: Clock
  /** In ms, for the whole answer. */
  readonly timeout: number
  /** Gives the request up. */
  readonly signal: AbortSignal
  /** Whose certificates are believed, PEM; those that Node knows where it is left out. */
  readonly ca?: string | undefined
}

/** The JSON of the answer; rejects with an error whose message says in a few words what is wrong. */
export async function fetchKeys(
  url: string,
  { clock, timeout, signal, ca }: FetchKeysOptions,
): Promise<unknown> {
  const late = new AbortController()
  const timer = clock.after(timeout, () => late.abort())
  try {
    const response = await request(url, AbortSignal.any([late.signal, signal]), ca)
    // Whoever answers at another address was not asked for: no redirection is followed.
    if (response.statusCode === 200) return parse(await readBody(response))
    response.destroy()
    throw new Error(`it answered ${response.statusCode}`)
  } catch (error) {
    if (late.signal.aborted) throw new Error(`it did not answer within ${timeout} ms`)
    const { code, message } = error as NodeJS.ErrnoException
    throw new Error(code ?? message)
  } finally {
    timer.cancel()
  }
}

function request(url: string, signal: AbortSignal, ca: string | undefined): Promise<IncomingMessage> {
  const headers = { accept: 'application/jwk-set+json, application/json' }
  return new Promise((resolve, reject) => {
    // A connection for each: they are seconds apart at least.
    const options = { headers, signal, agent: false } as const
    const asked = url.startsWith('https:')
      ? httpsGet(url, { ...options, ca }, resolve)
      : httpGet(url, options, resolve)
    asked.on('error', reject)
  })
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response) {
    bytes += chunk.length
    if (bytes > LONGEST) {
      response.destroy()
      throw new Error(`it answered more than ${LONGEST} bytes`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error('it answered what is no JSON')
  }
}
