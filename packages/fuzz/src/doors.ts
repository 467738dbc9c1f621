/** The ways in which a connection comes to a broker before MQTT begins. */
import { Buffer } from 'node:buffer'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Broker, ListenerOptions } from '@mqtt-stack/broker'
import { createBroker } from '@mqtt-stack/broker'
import type { RecordingLogger } from '@mqtt-stack/testing'
import { createWebSocketStream, WebSocket } from 'ws'

/** A broker behind a door. */
export interface Opened {
  readonly broker: Broker
  readonly port: number
  /** The stream of one who comes in as it should be. */
  neighbour(): Duplex
  close(): Promise<void>
}

export type Door = (logger: RecordingLogger) => Promise<Opened>

/** A good PROXY header of version 1. */
export const PROXY_1: Buffer = Buffer.from('PROXY TCP4 192.0.2.1 198.51.100.1 50000 1883\r\n')

/** Good headers of version 2: one of IPv4, one of IPv6 with the facts of the client's TLS, one of the proxy itself. */
export const PROXY_2: readonly Buffer[] = [
  version2(0x21, 0x11, [192, 0, 2, 1, 198, 51, 100, 1, 0xc3, 0x50, 0x07, 0x5b]),
  version2(0x21, 0x21, [...new Array(32).fill(0x20), 0xc3, 0x50, 0x07, 0x5b, ...tlsFacts()]),
  version2(0x20, 0x00, []),
]

const FROM_HERE = { from: ['127.0.0.1', '::1'] }

/** WebSockets at a listener. */
export const webSockets: Door = (logger) => listening({ transport: 'ws', port: 0, path: '/mqtt' }, logger)

/** MQTT behind a PROXY header. */
export const proxied: Door = (logger) => listening({ transport: 'tcp', port: 0, proxy: FROM_HERE }, logger)

/** WebSockets behind a PROXY header, of a web server that says whom it speaks for. */
export const proxiedWebSockets: Door = (logger) =>
  listening({ transport: 'ws', port: 0, path: '/mqtt', proxy: FROM_HERE, forwardedFor: FROM_HERE }, logger)

/** A path of somebody else's web server. */
export const attached: Door = async (logger) => {
  const broker = createBroker({ listeners: [], allowAnonymous: true, stack: { logger } })
  const server = createServer((_request, response) => void response.writeHead(404).end())
  // As whoever has a web server does: a request that is none is hung up on.
  server.on('clientError', (_error, socket) => void socket.destroy())
  await broker.attach(server, { forwardedFor: FROM_HERE })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    broker,
    port,
    neighbour: () => webSocket(port),
    async close() {
      await broker.close()
      server.closeAllConnections()
      server.close()
    },
  }
}

async function listening(listener: ListenerOptions, logger: RecordingLogger): Promise<Opened> {
  const broker = createBroker({ listeners: [listener], allowAnonymous: true, stack: { logger } })
  const [{ port = 0 }] = await broker.listen()
  const isProxied = 'proxy' in listener
  const neighbour = (): Duplex => {
    if (listener.transport === 'ws') return webSocket(port, isProxied ? PROXY_1 : undefined)
    const socket = connect(port, '127.0.0.1')
    socket.write(PROXY_1)
    return socket
  }
  return { broker, port, neighbour, close: () => broker.close() }
}

/** @param before What comes before the request. */
function webSocket(port: number, before?: Buffer): Duplex {
  const createConnection = (): ReturnType<typeof connect> => {
    const socket = connect(port, '127.0.0.1')
    if (before !== undefined) socket.write(before)
    return socket
  }
  const socket = new WebSocket(`ws://127.0.0.1:${port}/mqtt`, 'mqtt', { createConnection })
  return createWebSocketStream(socket.on('error', () => {}))
}

function version2(command: number, family: number, rest: readonly number[]): Buffer {
  const signature = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]
  return Buffer.from([...signature, command, family, rest.length >> 8, rest.length & 0xff, ...rest])
}

/** Type 0x20: verified, TLS 1.3, and a common name. */
function tlsFacts(): number[] {
  const text = (type: number, value: string): number[] => [type, 0, value.length, ...Buffer.from(value)]
  const inner = [0x07, 0, 0, 0, 0, ...text(0x21, 'TLSv1.3'), ...text(0x22, 'lamp'), ...text(0x23, 'AES')]
  return [0x20, 0, inner.length, ...inner]
}
