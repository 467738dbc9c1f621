/** One request for a JWK Set, bounded in time and bytes. */
import type { Clock } from '@mqtt-stack/core'

/** The most bytes of an answer. */
const LONGEST = 262_144

export interface FetchKeysOptions {
  readonly clock: Clock
  /** In ms, for the whole answer. */
  readonly timeout: number
  /** Gives the request up. */
  readonly signal: AbortSignal
}

/** The JSON of the answer; rejects with an error whose message says in a few words what is wrong. */
export async function fetchKeys(url: string, { clock, timeout, signal }: FetchKeysOptions): Promise<unknown> {
  const late = new AbortController()
  const timer = clock.after(timeout, () => late.abort())
  try {
    const response = await fetch(url, {
      headers: { accept: 'application/jwk-set+json, application/json' },
      // Whoever answers at another address was not asked for.
      redirect: 'manual',
      signal: AbortSignal.any([late.signal, signal]),
    })
    if (response.status !== 200) {
      await response.body?.cancel()
      throw new Error(`it answered ${response.status}`)
    }
    return parse(await readBody(response))
  } catch (error) {
    if (late.signal.aborted) throw new Error(`it did not answer within ${timeout} ms`)
    // fetch says "fetch failed", and why in the cause.
    const { message, cause } = error as Error
    throw cause instanceof Error ? new Error(causeOf(cause)) : new Error(message)
  } finally {
    timer.cancel()
  }
}

async function readBody({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body ?? []) {
    bytes += chunk.length
    if (bytes > LONGEST) throw new Error(`it answered more than ${LONGEST} bytes`)
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

function causeOf(cause: Error): string {
  const { code } = cause as NodeJS.ErrnoException
  return code ?? cause.message
}
