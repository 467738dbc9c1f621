import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { TestClient } from '@mqtt-stack/testing'
import { generate } from 'mqtt-packet'
import { expect, onTestFinished, test } from 'vitest'
import { createWebSocketStream, WebSocket } from 'ws'
import { listeningBroker } from '../../../../test/rig/broker.ts'
import { createCertificate } from '../../../benchmark/src/brokers/certificate.ts'
import type { Broker } from '../broker.ts'
import type { ListenerOptions } from './options.ts'

const { cert, key } = createCertificate('localhost')

function socketFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-stack-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'mqtt.sock')
}

const portOf = ({ addresses: [{ port }] }: Broker): number => port as number

test.each<[string, () => ListenerOptions, (broker: Broker) => Duplex]>([
  ['tcp', () => ({ transport: 'tcp', port: 0 }), (broker) => connect(portOf(broker))],
  [
    'tls',
    () => ({ transport: 'tls', port: 0, cert, key }),
    (broker) => connectTls({ port: portOf(broker), ca: cert, servername: 'localhost' }),
  ],
  ['ws', () => ({ transport: 'ws', port: 0 }), (broker) => webSocket(`ws://localhost:${portOf(broker)}`)],
  [
    'wss',
    () => ({ transport: 'wss', port: 0, cert, key }),
    (broker) => webSocket(`wss://localhost:${portOf(broker)}`),
  ],
  [
    'unix',
    () => ({ transport: 'unix', path: socketFile() }),
    ({ addresses: [{ path }] }) => connect(path as string),
  ],
])('bytes and packets are counted each way over %s', async (_name, listener, dial) => {
  const broker = await listeningBroker({ listeners: [listener()] })
  const stream = dial(broker)
  onTestFinished(() => void stream.destroy())
  const device = new TestClient(stream, { patience: 10_000 })
  const connectPacket = { cmd: 'connect', clientId: 'a', clean: true, keepalive: 0 } as const
  await device.connect({ clientId: 'a' })
  await device.ping()
  const [{ bytesIn, packetsIn, bytesOut, packetsOut }] = broker.stack.clients
  expect([bytesIn, packetsIn]).toEqual([generate(connectPacket).length + 2, 2])
  expect([bytesOut, packetsOut]).toEqual([4 + 2, 2])
})

function webSocket(url: string): Duplex {
  const socket = new WebSocket(url, 'mqtt', { ca: cert })
  socket.on('error', () => {})
  return createWebSocketStream(socket)
}
