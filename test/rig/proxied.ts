/** Connections that come through a proxy, for tests: the test is the proxy. */
import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import type { Broker, BrokerOptions, ListenerOptions, TcpListenerOptions } from '@mqtt-stack/broker'
import type { RecordingLogger } from '@mqtt-stack/testing'
import { settle, TestClient } from '@mqtt-stack/testing'
import { onTestFinished } from 'vitest'
import { listeningBroker } from './broker.ts'
import { version2 } from './proxy-headers.ts'

/** The test's own address. */
export const proxy = { from: ['127.0.0.1'] }
export const TCP: TcpListenerOptions = { transport: 'tcp', port: 0, proxy }
/** Where the client is, and two headers that say so. */
export const REMOTE = '192.0.2.1:50000'
export const V1 = Buffer.from('PROXY TCP4 192.0.2.1 198.51.100.1 50000 1883\r\n')
export const ADDRESSES = [192, 0, 2, 1, 198, 51, 100, 1, 0xc3, 0x50, 0x07, 0x5b]
export const V2 = version2(0x21, 0x11, ADDRESSES)

/** A broker that lets in everybody. */
export function broker(listener: ListenerOptions, options: BrokerOptions = {}): Promise<Broker> {
  return listeningBroker({ listeners: [listener], allowAnonymous: true, ...options })
}

export async function dial({ addresses: [{ port }] }: Broker): Promise<Socket> {
  const socket = connect(port as number, '127.0.0.1').on('error', () => {})
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  return socket.setNoDelay(true)
}

/** Each chunk in a packet of its own, as far as the kernel goes along. */
export async function trickle(socket: Socket, chunks: readonly Buffer[]): Promise<void> {
  for (const chunk of chunks) {
    await new Promise((resolve) => socket.write(chunk, resolve))
    await settle()
  }
}

export const clientOn = (socket: ConstructorParameters<typeof TestClient>[0]): TestClient =>
  new TestClient(socket, { patience: 10_000 })

/** The fields of the lines that tell who was refused. */
export function refusals({ stack }: Broker): unknown[] {
  const { lines } = stack.config.logger as RecordingLogger
  return lines.filter(({ message }) => message === 'client refused').map(({ cause }) => cause)
}
