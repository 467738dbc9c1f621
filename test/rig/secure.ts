/** TLS listeners whose certificates are files, and clients that shake hands with them. */
import { once } from 'node:events'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { connect } from 'node:tls'
import type { Broker, BrokerOptions, TlsListenerOptions, WssListenerOptions } from '@mqtt-stack/broker'
import { RecordingLogger, TestClient, VirtualClock } from '@mqtt-stack/testing'
import { onTestFinished } from 'vitest'
import { createWebSocketStream, WebSocket } from 'ws'
import { Authority } from '../support/authority.ts'
import { closeOf, listeningBroker } from './broker.ts'

type Name = 'cert' | 'key' | 'ca' | 'crl' | 'other-cert' | 'other-key'

/** The files of one listener, in a folder that goes with the test. */
export class PemFiles {
  readonly folder: string

  constructor(contents: Partial<Record<Name, string>> = {}) {
    this.folder = mkdtempSync(join(tmpdir(), 'mqtt-stack-'))
    onTestFinished(() => rmSync(this.folder, { recursive: true }))
    for (const [name, text] of Object.entries(contents)) this.write(name as Name, text)
  }

  path(name: Name): string {
    return join(this.folder, `${name}.pem`)
  }

  /** What an option of a listener is given. */
  file(name: Name): { file: string } {
    return { file: this.path(name) }
  }

  /** Puts another file in place of the one that is there, as tools that renew certificates do. */
  write(name: Name, text: string): void {
    writeFileSync(`${this.path(name)}.new`, text)
    renameSync(`${this.path(name)}.new`, this.path(name))
  }
}

/** Signs the certificates of servers. */
export const servers: Authority = new Authority('Servers')
/** Signs those of clients. */
export const devices: Authority = new Authority('Devices')

/** A certificate of a server, for its names. */
export function serverCertificate(...names: string[]) {
  return servers.issue({ subject: [['CN', names[0]]], san: names.map((name) => ['dns', name] as const) })
}

/** Options of a listener that checks clients, and asks whether they are revoked. */
export const clientsOf = (files: PemFiles): Listening => ({ ca: files.file('ca'), crl: files.file('crl') })

/** Resolves when the server has ended the connection, at the handshake or right behind it. */
export async function refused(socket: TLSSocket): Promise<void> {
  socket.on('error', () => {})
  await closeOf(socket.resume())
}

export interface Secure {
  readonly broker: Broker
  readonly files: PemFiles
  readonly clock: VirtualClock
  readonly logger: RecordingLogger
  /** Shakes hands; for `localhost` unless told otherwise. Its errors are for who waits for them. */
  dial(options?: ConnectionOptions): TLSSocket
  /** A client behind a complete handshake, on the listener's transport; 5.0. */
  client(options?: ConnectionOptions): Promise<TestClient>
  /** The serial number that a client is shown, by the name that it asks for; none without SNI. */
  shown(servername?: string): Promise<string>
  seconds(count: number): Promise<void>
}

type Listening = Partial<Omit<TlsListenerOptions, 'transport'> & Omit<WssListenerOptions, 'transport'>>

/** A broker whose certificate and key are files. */
export async function secureBroker(
  listener: (files: PemFiles) => Listening,
  { transport = 'tls', ...options }: BrokerOptions & { transport?: 'tls' | 'wss' } = {},
): Promise<Secure> {
  const { cert, key } = serverCertificate('localhost')
  const files = new PemFiles({ cert, key, ca: devices.cert, crl: devices.revocations([]) })
  const [clock, logger] = [new VirtualClock(), new RecordingLogger()]
  const broker = await listeningBroker({
    ...options,
    listeners: [{ transport, port: 0, cert: files.file('cert'), key: files.file('key'), ...listener(files) }],
    stack: { clock, logger },
  })
  const [{ port }] = broker.addresses
  let clients = 0

  function dial(given: ConnectionOptions = {}): TLSSocket {
    const socket = connect({ port, host: '127.0.0.1', ca: servers.cert, servername: 'localhost', ...given })
    onTestFinished(() => void socket.destroy())
    return socket
  }

  async function client(given: ConnectionOptions = {}): Promise<TestClient> {
    const clientId = `client-${++clients}`
    if (transport === 'wss') {
      const { cert: own, key: ownKey } = given
      const socket = new WebSocket(`wss://localhost:${port}`, 'mqtt', {
        ca: servers.cert,
        cert: own as string,
        key: ownKey as string,
      })
      onTestFinished(() => socket.terminate())
      await once(socket, 'open')
      return new TestClient(createWebSocketStream(socket), { clientId, patience: 10_000, protocolVersion: 5 })
    }
    const socket = dial(given)
    await once(socket, 'secureConnect')
    socket.on('error', () => {})
    return new TestClient(socket, { clientId, patience: 10_000, protocolVersion: 5 })
  }

  async function shown(servername = ''): Promise<string> {
    const socket = dial({ servername, rejectUnauthorized: false })
    await once(socket, 'secureConnect')
    const { serialNumber } = socket.getPeerCertificate()
    socket.on('error', () => {}).destroy()
    return serialNumber
  }

  return {
    broker,
    files,
    clock,
    logger,
    dial,
    client,
    shown,
    seconds: (count) => clock.advance(count * 1_000),
  }
}
