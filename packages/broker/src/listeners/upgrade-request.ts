/** The HTTP request of a WebSocket, as middlewares see it. */
import type { IncomingMessage } from 'node:http'
import type { UpgradeRequest } from '@mqtt-stack/core'

/** Keeps of a request what can be asked for; the request itself would hold its socket. */
export class KeptRequest implements UpgradeRequest {
  readonly url: string
  readonly headers: UpgradeRequest['headers']
  #cookies: ReadonlyMap<string, string> | undefined

  constructor({ url = '/', headers }: Pick<IncomingMessage, 'url' | 'headers'>) {
    this.url = url
    this.headers = headers
  }

  get cookies(): ReadonlyMap<string, string> {
    this.#cookies ??= cookiesOf(this.headers.cookie as string | undefined)
    return this.#cookies
  }
}

/** As RFC 6265 writes them: `name=value; other="value"`. What is no pair is passed over. */
export function cookiesOf(header: string = ''): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>()
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=')
    const name = pair.slice(0, Math.max(equals, 0)).trim()
    if (name === '' || cookies.has(name)) continue
    const value = pair.slice(equals + 1).trim()
    cookies.set(name, decoded(/^".*"$/.test(value) ? value.slice(1, -1) : value))
  }
  return cookies
}

/** What is not encoded as in a URL stays as it is. */
function decoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}
