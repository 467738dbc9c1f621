/** What the log says of handshakes that fail, with real ones: a sentence each, and who it was. */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect as connectPlain } from 'node:net'
import { Duplex } from 'node:stream'
import type { ConnectionOptions } from 'node:tls'
import { connect } from 'node:tls'
import { describe, expect, it, onTestFinished } from 'vitest'
import { listeningBroker } from '../../../../test/rig/broker.ts'
import type { Secure } from '../../../../test/rig/secure.ts'
import { clientsOf, devices, secureBroker } from '../../../../test/rig/secure.ts'
import { Authority } from '../../../../test/support/authority.ts'
import { createCertificate } from '../../../benchmark/src/brokers/certificate.ts'
import type { TlsListenerOptions } from './options.ts'

const strangers = new Authority('Strangers')
const revoked = devices.client('revoked')
const DAY = 86_400_000
const NO_CERTIFICATE =
  'the client has shown no certificate: it needs one of an authority in "ca", unless "clientCertificate" is "optional"'
const UNKNOWN = 'no authority in "ca" has signed it, or the client does not send those in between'
const NO_VERSION =
  'client and listener have no version of TLS in common (options "minVersion" and "maxVersion")'
const NO_CIPHER =
  'client and listener have no cipher in common: see the options "ciphers" of both, and whether the client can use the kind of key that the certificate has'
const SEEN =
  'the client hung up when it had seen the certificate of this listener: it may not trust it, or want another host name'
const MQTT = Buffer.from('101000044d5154540402003c000474657374', 'hex')

type Listening = Partial<Omit<TlsListenerOptions, 'transport'>>

function term(from: number, until: number): ConnectionOptions {
  return devices.issue({ subject: [['CN', 'a']], term: { from, until } })
}

/** A listener of TLS, for certificates of clients where it is told so; nobody is let in. */
function listener(options: Listening = {}, transport: 'tls' | 'wss' = 'tls'): Promise<Secure> {
  return secureBroker(() => options, { transport })
}

function portOf({ broker }: Pick<Secure, 'broker'>): number {
  return broker.addresses[0].port as number
}

function dialPlain(secure: Pick<Secure, 'broker'>, port: number = portOf(secure)): Socket {
  const socket = connectPlain(port, '127.0.0.1').on('error', () => {})
  onTestFinished(() => void socket.destroy())
  return socket
}

/** What the log says once somebody was refused, who is always named. */
async function told(
  { broker, logger }: Pick<Secure, 'broker' | 'logger'>,
  act: () => Socket,
): Promise<string> {
  const refused = once(broker, 'clientRefused')
  const socket = act()
  socket.on('error', () => {}).resume()
  await refused
  const lines = logger.lines.filter(({ message }) => message === 'client refused')
  expect(lines).toHaveLength(1)
  const { remote, cause } = lines[0].cause as { remote: string; cause: string }
  expect(remote).toMatch(/^127\.0\.0\.1:\d+$/)
  return cause
}

/** The first message of a client, for those who go on with something else. */
async function clientHello(options: ConnectionOptions = {}): Promise<Buffer> {
  let write: (bytes: Buffer) => void = () => {}
  const written = new Promise<Buffer>((resolve) => {
    write = resolve
  })
  const socket = new Duplex({
    read() {},
    write(bytes: Buffer, _encoding, done) {
      write(bytes)
      done()
    },
  })
  const client = connect({ socket, servername: 'localhost', ...options }).on('error', () => {})
  const hello = await written
  client.destroy()
  return hello
}

describe('the log says of a handshake that fails', () => {
  const wantsCertificates: Listening = { ca: devices.cert }
  it.each<[string, Listening, ConnectionOptions, string]>([
    ['no certificate where one is required', wantsCertificates, {}, NO_CERTIFICATE],
    ['no certificate, with TLS 1.2', wantsCertificates, { maxVersion: 'TLSv1.2' }, NO_CERTIFICATE],
    [
      'a certificate of another authority',
      wantsCertificates,
      strangers.client('a'),
      `the client’s certificate does not hold: ${UNKNOWN} (UNABLE_TO_VERIFY_LEAF_SIGNATURE)`,
    ],
    [
      'a certificate of its own',
      wantsCertificates,
      createCertificate('device'),
      `the client’s certificate does not hold: ${UNKNOWN} (DEPTH_ZERO_SELF_SIGNED_CERT)`,
    ],
    [
      'a certificate that has run out',
      wantsCertificates,
      term(Date.now() - 2 * DAY, Date.now() - DAY),
      'the client’s certificate does not hold: it has run out, and is to be renewed (CERT_HAS_EXPIRED)',
    ],
    [
      'a certificate of tomorrow',
      wantsCertificates,
      term(Date.now() + DAY, Date.now() + 2 * DAY),
      'the client’s certificate does not hold: it is not valid yet: look at the clock of this machine, and of whoever signed it (CERT_NOT_YET_VALID)',
    ],
    [
      'a revoked certificate',
      { ...wantsCertificates, crl: devices.revocations([revoked]) },
      revoked,
      'the client’s certificate does not hold: it has been revoked (CERT_REVOKED)',
    ],
    [
      'a revocation list that has run out',
      {
        ...wantsCertificates,
        crl: devices.revocations([], { from: Date.now() - 2 * DAY, until: Date.now() - DAY }),
      },
      devices.client('a'),
      'the client’s certificate does not hold: the revocation list of its authority (option "crl") has run out, and is to be renewed (CRL_HAS_EXPIRED)',
    ],
    ['a version that is too old', { minVersion: 'TLSv1.3' }, { maxVersion: 'TLSv1.2' }, NO_VERSION],
    ['a version that is too new', { maxVersion: 'TLSv1.2' }, { minVersion: 'TLSv1.3' }, NO_VERSION],
    [
      'no cipher in common',
      { ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384', maxVersion: 'TLSv1.2' },
      { ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' },
      NO_CIPHER,
    ],
    [
      'no cipher of TLS 1.3 in common',
      { ciphers: 'TLS_AES_256_GCM_SHA384', minVersion: 'TLSv1.3' },
      { ciphers: 'TLS_AES_128_GCM_SHA256' },
      NO_CIPHER,
    ],
    [
      'no curve in common',
      { tls: { ecdhCurve: 'P-521' }, minVersion: 'TLSv1.3' },
      { ecdhCurve: 'P-384' },
      'client and listener have no curve in common ("ecdhCurve" in option "tls")',
    ],
    [
      'another protocol',
      {},
      { ALPNProtocols: ['h2'] },
      'the client asks by ALPN for other protocols alone: let it ask for none, or name one of its own in option "alpn"',
    ],
  ])('%s', async (_what, options, client, sentence) => {
    const secure = await listener(options)
    expect(await told(secure, () => secure.dial(client))).toBe(`the TLS handshake failed: ${sentence}`)
  })

  it.each<[string, number, string]>([
    [
      'unknown ca',
      48,
      'the client does not trust the certificate of this listener (unknown ca): give the client the certificate of the authority that has signed it',
    ],
    [
      'bad certificate',
      42,
      'the client does not accept the certificate of this listener: see whether it is for the host name that the client connects to, and give the client the certificate of the authority that has signed it',
    ],
    [
      'certificate expired',
      45,
      'the client says that the certificate of this listener has run out: renew it',
    ],
    ['certificate revoked', 44, 'the client says that the certificate of this listener has been revoked'],
    ['internal error', 80, 'the client broke it off with the alert internal error'],
  ])('that a client sent the alert "%s"', async (_name, alert, sentence) => {
    const secure = await listener()
    const hello = await clientHello({ maxVersion: 'TLSv1.2' })
    const cause = await told(secure, () => {
      const socket = dialPlain(secure)
      socket.write(hello)
      socket.once('data', () => socket.end(Buffer.of(0x15, 3, 3, 0, 2, 2, alert)))
      return socket
    })
    expect(cause).toBe(`the TLS handshake failed: ${sentence}`)
  })
})

describe('of what is no TLS', () => {
  it.each<['tls' | 'wss', string, string | Buffer, string]>([
    ['tls', 'MQTT', MQTT, 'the client does not speak TLS: have it connect with mqtts://'],
    ['wss', 'MQTT', MQTT, 'the client does not speak TLS: have it connect with wss://'],
    ['tls', 'HTTP', 'GET / HTTP/1.1\r\n\r\n', 'the client speaks HTTP without TLS: mqtts:// is spoken here'],
    ['wss', 'HTTP', 'GET / HTTP/1.1\r\n\r\n', 'the client speaks HTTP without TLS: wss:// is spoken here'],
    [
      'tls',
      'something else',
      'SSH-2.0-x\r\n',
      'the client does not speak TLS: have it connect with mqtts://',
    ],
    [
      'tls',
      'a handshake that cannot be read',
      Buffer.from('16030100050100000100', 'hex'),
      'what the client sent cannot be used (length too short)',
    ],
  ])('at %s: %s', async (transport, _what, bytes, sentence) => {
    const secure = await listener({}, transport)
    const cause = await told(secure, () => {
      const socket = dialPlain(secure)
      socket.write(bytes)
      return socket
    })
    expect(cause).toBe(`the TLS handshake failed: ${sentence}`)
  })
})

describe.each(['tls', 'wss'] as const)('of a client of %s that hangs up', (transport) => {
  it.each<[string, (socket: Socket, hello: Buffer) => void, string]>([
    [
      'before it said anything',
      (socket) => socket.end(),
      'the client hung up before it said anything, as whoever looks whether a port is open',
    ],
    [
      'in the middle of its first message',
      (socket, hello) => socket.end(hello.subarray(0, 50)),
      'the client hung up in the middle of its first message',
    ],
    [
      'when it has the answer',
      (socket, hello) => {
        socket.write(hello)
        socket.once('data', () => socket.end())
      },
      SEEN,
    ],
    [
      'at once when it has the answer',
      (socket, hello) => {
        socket.write(hello)
        socket.once('data', () => socket.resetAndDestroy())
      },
      SEEN,
    ],
  ])('%s', async (_when, act, sentence) => {
    const secure = await listener({}, transport)
    const hello = await clientHello()
    const cause = await told(secure, () => {
      const socket = dialPlain(secure)
      act(socket, hello)
      return socket
    })
    expect(cause).toBe(`the TLS handshake failed: ${sentence}`)
  })

  it('or says nothing for too long', async () => {
    const secure = await listener({ handshakeTimeout: 50 }, transport)
    expect(await told(secure, () => dialPlain(secure))).toBe(
      'the TLS handshake failed: it was not complete within 50 ms (option "handshakeTimeout")',
    )
  })
})

it('a certificate that a client need not have, and that does not hold, is told in the same words', async () => {
  const secure = await secureBroker((files) => ({ ...clientsOf(files), clientCertificate: 'optional' }))
  expect(await told(secure, () => secure.dial(strangers.client('a')))).toBe(
    `its certificate does not hold: ${UNKNOWN} (UNABLE_TO_VERIFY_LEAF_SIGNATURE)`,
  )
})

describe('of whoever speaks something else to a listener without TLS', () => {
  const TLS = 'the client speaks TLS, and this listener does not: have it connect'
  it.each<['tcp' | 'ws', string, (port: number) => Socket, string]>([
    [
      'tcp',
      'TLS',
      (port) => connect({ port, host: '127.0.0.1' }),
      `${TLS} without TLS, or to a listener that has a certificate [MQTT-3.1.0-1]`,
    ],
    [
      'tcp',
      'HTTP',
      (port) => writing(port, 'GET / HTTP/1.1\r\n\r\n'),
      'the client speaks HTTP: WebSockets have listeners of their own [MQTT-3.1.0-1]',
    ],
    [
      'tcp',
      'a PROXY header',
      (port) => writing(port, 'PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n'),
      'a PROXY header: the listener has to be told who may send one (option "proxy") [MQTT-3.1.0-1]',
    ],
    [
      'tcp',
      'something else',
      (port) => writing(port, 'SSH-2.0-x\r\n'),
      'the first packet is not a CONNECT [MQTT-3.1.0-1]',
    ],
    [
      'ws',
      'TLS',
      (port) => connect({ port, host: '127.0.0.1' }),
      `${TLS} with ws://, or to a listener that has a certificate`,
    ],
    [
      'ws',
      'MQTT',
      (port) => writing(port, MQTT),
      'the client speaks MQTT without a WebSocket: have it connect to a listener of mqtt:// or mqtts://',
    ],
    [
      'ws',
      'something else',
      (port) => writing(port, 'SSH-2.0-x\r\n'),
      'what came is no HTTP request (HPE_INVALID_METHOD)',
    ],
    [
      'ws',
      'headers without end',
      (port) => writing(port, `GET / HTTP/1.1\r\nx: ${'y'.repeat(20_000)}`),
      'an HTTP request with headers of more than 8192 bytes',
    ],
  ])('%s: %s', async (transport, _what, act, sentence) => {
    const broker = await listeningBroker({ listeners: [{ transport, port: 0 }] })
    const logger = broker.stack.config.logger as Secure['logger']
    expect(await told({ broker, logger }, () => act(portOf({ broker })))).toBe(sentence)
  })
})

function writing(port: number, bytes: string | Buffer): Socket {
  const socket = connectPlain(port, '127.0.0.1').on('error', () => {})
  onTestFinished(() => void socket.destroy())
  socket.write(bytes)
  return socket
}
