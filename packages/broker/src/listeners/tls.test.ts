import { once } from 'node:events'
import { connect as connectPlain } from 'node:net'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { connect } from 'node:tls'
import type { RecordingLogger } from '@mqtt-stack/testing'
import { TestClient } from '@mqtt-stack/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { closeOf, listeningBroker, testBroker } from '../../../../test/rig/broker.ts'
import { createCertificate } from '../../../benchmark/src/brokers/certificate.ts'
import type { Broker } from '../broker.ts'
import type { TlsListenerOptions } from './options.ts'

const server = createCertificate('localhost')
const known = createCertificate('device')
const stranger = createCertificate('device')

function tlsBroker(options: Partial<TlsListenerOptions> = {}): Promise<Broker> {
  return listeningBroker({ listeners: [{ transport: 'tls', port: 0, ...server, ...options }] })
}

function dial(broker: Broker, options: ConnectionOptions = {}): TLSSocket {
  const { port } = broker.addresses[0]
  const socket = connect({ port, host: '127.0.0.1', ca: server.cert, servername: 'localhost', ...options })
  onTestFinished(() => void socket.destroy())
  return socket.on('error', () => {})
}

const clientOn = (socket: TLSSocket): TestClient => new TestClient(socket, { patience: 10_000 })

describe('TLS', () => {
  test('clients that trust the certificate connect; the stack knows where from', async () => {
    const broker = await tlsBroker()
    expect(broker.addresses[0].url).toMatch(/^mqtts:\/\/127\.0\.0\.1:\d+$/)
    expect(await clientOn(dial(broker)).connect()).toMatchObject({ returnCode: 0 })
    const [{ listener }] = broker.stack.clients
    const { transport, local, remote } = listener
    expect([transport, local, remote]).toEqual(['tls', true, expect.stringMatching(/^127\.0\.0\.1:\d+$/)])
  })

  test('with authorities, clients need a certificate of theirs', async () => {
    const broker = await tlsBroker({ ca: known.cert })
    expect(await clientOn(dial(broker, known)).connect()).toMatchObject({ returnCode: 0 })
    for (const options of [{}, stranger]) {
      const client = clientOn(dial(broker, options))
      await expect(client.connect()).rejects.toThrow()
      await client.closed
    }
    expect(broker.stack.clients.size).toBe(1)
  })

  test('further options of node:tls reach it, and win', async () => {
    const broker = await tlsBroker({
      ca: known.cert,
      tls: { rejectUnauthorized: false, minVersion: 'TLSv1.3' },
    })
    const socket = dial(broker)
    expect(await clientOn(socket).connect()).toMatchObject({ returnCode: 0 })
    expect(socket.getProtocol()).toBe('TLSv1.3')
    const old = dial(broker, { maxVersion: 'TLSv1.2' })
    await closeOf(old)
  })

  test('a handshake that never comes is given up', async () => {
    const broker = await tlsBroker({ handshakeTimeout: 50 })
    const socket = connectPlain(broker.addresses[0].port as number, '127.0.0.1').on('error', () => {})
    socket.resume()
    await closeOf(socket)
  })

  test('what is no handshake ends that connection alone', async () => {
    const broker = await tlsBroker()
    const client = clientOn(dial(broker))
    await client.connect()
    const socket = connectPlain(broker.addresses[0].port as number, '127.0.0.1').on('error', () => {})
    socket.end('GET / HTTP/1.1\r\n\r\n').resume()
    await closeOf(socket)
    await client.ping()
  })

  test.each(['tls', 'wss'] as const)(
    '%s: a flood of renegotiations ends the connection, and is told',
    async (transport) => {
      const broker = await listeningBroker({ listeners: [{ transport, port: 0, ...server }] })
      const socket = dial(broker, { maxVersion: 'TLSv1.2' })
      await once(socket, 'secureConnect')
      if (transport === 'tls') await clientOn(socket).connect()
      else {
        const upgrade = ['GET / HTTP/1.1', 'host: x', 'connection: upgrade', 'upgrade: websocket']
        const mqtt = ['sec-websocket-version: 13', `sec-websocket-key: ${'A'.repeat(22)}==`]
        socket.write([...upgrade, ...mqtt, 'sec-websocket-protocol: mqtt', '', ''].join('\r\n'))
        await once(socket, 'data')
      }
      const closed = closeOf(socket)
      let handshakes = 0
      const again = (): void => {
        handshakes++
        if (!socket.destroyed) socket.renegotiate({ rejectUnauthorized: false }, () => setImmediate(again))
      }
      again()
      await closed
      expect(handshakes).toBeLessThan(10)
      expect(broker.stack.clients.size).toBe(0)
      const { lines } = broker.stack.config.logger as RecordingLogger
      expect(lines.filter(({ level }) => level === 'info')).toEqual([
        expect.objectContaining({
          cause: expect.objectContaining({ cause: expect.stringContaining('renegotiation') }),
        }),
      ])
    },
  )

  test('closing cuts off who is still shaking hands', async () => {
    const broker = await tlsBroker()
    const socket = connectPlain({
      port: broker.addresses[0].port as number,
      host: '127.0.0.1',
      allowHalfOpen: true,
    })
    socket.on('error', () => {}).resume()
    await once(socket, 'connect')
    const ended = once(socket, 'end')
    await broker.close()
    await ended
  })
})

describe('what cannot be used is named before anything listens', () => {
  const broken = server.cert.slice(0, 200)
  const cases: [string, Partial<TlsListenerOptions>, RegExp][] = [
    ['certificate', { cert: 'none' }, /"cert"/],
    ['cut certificate', { cert: broken }, /"cert"/],
    ['key', { key: 'none' }, /"key"/],
    ['key of another certificate', { key: known.key }, /"cert" and "key"/],
    ['authorities', { ca: 'none' }, /"ca"/],
    ['cut authorities', { ca: known.cert + broken }, /"ca"/],
  ]
  test.each(cases)('%s', async (_what, options, message) => {
    const broker = testBroker({
      listeners: [
        { transport: 'tcp', port: 0 },
        { transport: 'tls', port: 0, ...server, ...options },
      ],
    })
    await expect(broker.listen()).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      message: expect.stringMatching(message),
    })
    expect(broker.addresses).toEqual([])
  })
})
