/** The header of the PROXY protocol, version 1 or 2, in which a proxy says for whom it has connected. */
import type { Buffer } from 'node:buffer'
import type { TlsFacts } from '@mqtt-stack/core'
import { readVersion1, VERSION_1 } from './version-1.ts'
import { readVersion2, VERSION_2 } from './version-2.ts'

/** Who is behind a proxy, as far as it says so. */
export interface ProxyHeader {
  /** Bytes that the header takes; what follows is the client's. */
  readonly length: number
  /** Absent where the proxy speaks for itself (`LOCAL`), or does not know (`UNKNOWN`, a Unix socket). */
  readonly source?: { readonly host: string; readonly port: number }
  /** Of the client's TLS connection to the proxy, where there is one and it tells of it. */
  readonly tls?: TlsFacts
  /** Common name of the client's certificate, which the proxy has verified. */
  readonly commonName?: string
}

/**
 * Reads the header at the beginning of a connection.
 * @returns `undefined` as long as it is not whole.
 * @throws Error as soon as it can be none; the message says why.
 */
export function readProxyHeader(bytes: Buffer): ProxyHeader | undefined {
  if (begins(bytes, VERSION_2)) return readVersion2(bytes)
  if (begins(bytes, VERSION_1)) return readVersion1(bytes)
  throw new Error('it does not begin with one')
}

/** What is there of the signature is right. */
function begins(bytes: Buffer, signature: Buffer): boolean {
  const there = Math.min(bytes.length, signature.length)
  return bytes.compare(signature, 0, there, 0, there) === 0
}
