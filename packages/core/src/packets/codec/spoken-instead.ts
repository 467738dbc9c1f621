/** What a client speaks that does not begin with a CONNECT. */
import type { Buffer } from 'node:buffer'

/** Whether a handshake of TLS begins there. A CONNECT of 3.1 may have that type and flags, but never 3 bytes. */
export function isTls(chunk: Buffer, at: number): boolean {
  return chunk[at] === 0x16 && chunk[at + 1] === 3
}

const HTTP: ReadonlySet<string> = new Set([
  'GET ',
  'HEAD',
  'POST',
  'PUT ',
  'OPTI',
  'CONN',
  'DELE',
  'PATC',
  'PRI ',
])
const PROXY: ReadonlySet<string> = new Set(['PROX', '\r\n\r\n'])

/** The first packet in words, with the fix where a mistake is known. */
export function spokenInstead(chunk: Buffer, at: number): string {
  if (isTls(chunk, at))
    return 'the client speaks TLS, and this listener does not: have it connect without TLS, or to a listener that has a certificate'
  const begin = chunk.toString('latin1', at, at + 4)
  if (HTTP.has(begin)) return 'the client speaks HTTP: WebSockets have listeners of their own'
  if (PROXY.has(begin)) return 'a PROXY header: the listener has to be told who may send one (option "proxy")'
  return 'the first packet is not a CONNECT'
}
