import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'

/** A free port of 127.0.0.1 that is listened on already, for a program that inherits it. */
export interface OpenPort {
  readonly port: number
  /** Its file descriptor, until {@link handOver}. */
  readonly fd: number
  /** The program has it: who connects from now on, or has connected already, is the program's. */
  handOver(): void
}

export async function openPort(): Promise<OpenPort> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { _handle: handle } = server as unknown as { _handle: { readonly fd: number } }
  return {
    port: (server.address() as AddressInfo).port,
    fd: handle.fd,
    handOver: () => void server.close(),
  }
}
