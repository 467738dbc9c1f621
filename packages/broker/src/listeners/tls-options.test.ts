/** The named options of TLS, each with real handshakes. */
import { once } from 'node:events'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { connect } from 'node:tls'
import { TestClient } from '@mqtt-stack/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { listeningBroker, testBroker } from '../../../../test/rig/broker.ts'
import { createCertificate } from '../../../benchmark/src/brokers/certificate.ts'
import type { Broker } from '../broker.ts'
import type { TlsListenerOptions } from './options.ts'

const server = createCertificate('localhost')

function tlsBroker(options: Partial<TlsListenerOptions> = {}): Promise<Broker> {
  return listeningBroker({ listeners: [{ transport: 'tls', port: 0, ...server, ...options }] })
}

function dial({ addresses: [{ port }] }: Broker, options: ConnectionOptions = {}): TLSSocket {
  const socket = connect({ port, host: '127.0.0.1', ca: server.cert, servername: 'localhost', ...options })
  onTestFinished(() => void socket.destroy())
  return socket
}

/** The handshake is complete, or why it is not. */
async function outcome(socket: TLSSocket): Promise<TLSSocket | string> {
  try {
    await once(socket, 'secureConnect')
    socket.on('error', () => {})
    return socket
  } catch (error) {
    return (error as NodeJS.ErrnoException).code as string
  }
}

describe('versions', () => {
  test.each([
    ['older ones are refused', { minVersion: 'TLSv1.3' }, { maxVersion: 'TLSv1.2' }],
    ['newer ones are refused', { maxVersion: 'TLSv1.2' }, { minVersion: 'TLSv1.3' }],
  ] as const)('%s', async (_what, options, client) => {
    const broker = await tlsBroker(options)
    expect(await outcome(dial(broker, client))).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION')
    const socket = await outcome(dial(broker))
    expect((socket as TLSSocket).getProtocol()).toBe('minVersion' in options ? 'TLSv1.3' : 'TLSv1.2')
  })

  test('the oldest must not be above the newest', () => {
    const listener = { transport: 'tls', ...server, minVersion: 'TLSv1.3', maxVersion: 'TLSv1.2' } as const
    expect(() => testBroker({ listeners: [listener] })).toThrow(
      'tls listener: option "minVersion" (TLSv1.3) must not be above "maxVersion" (TLSv1.2)',
    )
  })

  test('a version that is not safe is refused', () => {
    const listener = { transport: 'tls', ...server, minVersion: 'TLSv1.1' }
    expect(() => testBroker({ listeners: [listener as TlsListenerOptions] })).toThrow(
      'tls listener: option "minVersion" must be one of "TLSv1.2", "TLSv1.3", not "TLSv1.1"',
    )
  })
})

describe('ciphers', () => {
  test('others than those named are refused', async () => {
    const broker = await tlsBroker({
      maxVersion: 'TLSv1.2',
      ciphers: 'ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES256-GCM-SHA384',
    })
    const socket = (await outcome(dial(broker))) as TLSSocket
    expect(socket.getCipher().name).toMatch(/AES256-GCM-SHA384$/)
    const other = 'ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256'
    expect(await outcome(dial(broker, { ciphers: other }))).toMatch(/HANDSHAKE_FAILURE/)
  })

  test('what names none is an error before anything listens', async () => {
    const listener = { transport: 'tls', port: 0, ...server, ciphers: 'NONSENSE' } as const
    await expect(testBroker({ listeners: [listener] }).listen()).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      message: expect.stringMatching(
        /^tls listener: the ciphers \(option "ciphers"\) cannot be used: name ciphers as OpenSSL does, with colons in between \(/,
      ),
    })
  })
})

describe('ALPN', () => {
  test('mqtt is agreed on where a client offers it', async () => {
    const broker = await tlsBroker()
    const socket = (await outcome(dial(broker, { ALPNProtocols: ['h2', 'mqtt'] }))) as TLSSocket
    expect(socket.alpnProtocol).toBe('mqtt')
    expect(await new TestClient(socket, { patience: 10_000 }).connect()).toMatchObject({ returnCode: 0 })
  })

  test('a client that offers none is let in, one that offers others alone is refused', async () => {
    const broker = await tlsBroker()
    expect(((await outcome(dial(broker))) as TLSSocket).alpnProtocol).toBe(false)
    expect(await outcome(dial(broker, { ALPNProtocols: ['http/1.1'] }))).toMatch(/NO_APPLICATION_PROTOCOL/)
  })

  test('other names may be allowed', async () => {
    const broker = await tlsBroker({ alpn: ['mqtt', 'x-amzn-mqtt-ca'] })
    const socket = (await outcome(dial(broker, { ALPNProtocols: ['x-amzn-mqtt-ca'] }))) as TLSSocket
    expect(socket.alpnProtocol).toBe('x-amzn-mqtt-ca')
  })

  test('what is no list of names is refused', () => {
    const listener = { transport: 'tls', ...server, alpn: 'mqtt' as unknown as string[] } as const
    expect(() => testBroker({ listeners: [listener] })).toThrow(
      'tls listener: option "alpn" must be a list of protocol names, not "mqtt"',
    )
  })
})

describe('session tickets', () => {
  /** Connects, and connects again with the session of the first time. */
  async function comesBack(broker: Broker, options: ConnectionOptions): Promise<boolean> {
    const first = dial(broker, options)
    let session: Buffer | undefined
    first.on('session', (one) => {
      session = one
    })
    await outcome(first)
    // A session of TLS 1.3 comes behind the handshake.
    await new TestClient(first, { patience: 10_000 }).connect()
    const second = dial(broker, { ...options, session })
    await outcome(second)
    return second.isSessionReused()
  }

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('%s: a session goes on, unless that is off', async (version) => {
    const options = { minVersion: version, maxVersion: version }
    expect(await comesBack(await tlsBroker(), options)).toBe(true)
    expect(await comesBack(await tlsBroker({ sessionTickets: false }), options)).toBe(false)
  })
})
