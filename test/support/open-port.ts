import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'

/** Nobody else listens on it alone: a port that was free there a moment ago still is. */
const HOST = '127.0.0.3'

/** A free port of this machine (of Linux) that is listened on already, for a program that inherits or takes it. */
export interface OpenPort {
  readonly host: string
  readonly port: number
  /** Its file descriptor, until {@link handOver}. */
  readonly fd: number
  /** The program has it: who connects, or has connected already, is the program's. */
  handOver(): void
}

export async function openPort(): Promise<OpenPort> {
  const server = createServer()
  server.listen(0, HOST)
  await once(server, 'listening')
  const { _handle: handle } = server as unknown as { _handle: { readonly fd: number } }
  return {
    host: HOST,
    port: (server.address() as AddressInfo).port,
    fd: handle.fd,
    handOver: () => void server.close(),
  }
}
