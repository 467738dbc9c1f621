import { once } from 'node:events'
import { connect } from 'node:tls'
import type { Broker, BrokerOptions, TlsListenerOptions } from '@mqtt-stack/broker'
import type { Listener } from '@mqtt-stack/core'
import { TestClient } from '@mqtt-stack/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { broker5, listeningBroker, memoryClient } from '../../../test/rig/broker.ts'
import type { Issued } from '../../../test/support/authority.ts'
import { Authority } from '../../../test/support/authority.ts'
import { createCertificate } from '../../benchmark/src/brokers/certificate.ts'
import type { CertificateAuthOptions } from './index.ts'
import { CertificateAuth } from './index.ts'

const server = createCertificate('localhost')
const authority = new Authority('Devices')

interface Setup extends BrokerOptions {
  auth?: CertificateAuthOptions
  listener?: Partial<TlsListenerOptions>
}

function certificateBroker({ auth, listener, use = [], ...options }: Setup = {}): Promise<Broker> {
  return listeningBroker({
    listeners: [{ transport: 'tls', port: 0, ...server, ca: authority.cert, ...listener }],
    use: [new CertificateAuth(auth), ...use],
    authorize: false,
    ...options,
  })
}

async function dial({ addresses }: Broker, own?: Issued): Promise<TestClient> {
  const { port } = addresses[0]
  const socket = connect({ port, host: '127.0.0.1', ca: server.cert, servername: 'localhost', ...own })
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => {})
  await once(socket, 'secureConnect')
  return new TestClient(socket, { patience: 10_000, protocolVersion: 5 })
}

/** Who the broker takes the client for. */
function identityOf({ stack }: Broker): string | undefined {
  const [client] = stack.clients
  return client.session.identity
}

const everything = authority.issue({
  subject: [
    ['O', 'Acme, Inc.'],
    ['OU', 'plant'],
    ['OU', 'lamps'],
    ['CN', 'lamp-1'],
  ],
  san: [
    ['uri', 'urn:lamp:1'],
    ['dns', 'lamp-1.example'],
    ['email', 'lamp@example.com'],
    ['dns', 'other.example'],
  ],
})

describe('who a client is', () => {
  test.each([
    ['the common name', undefined, 'lamp-1'],
    ['the common name, if asked for', 'cn', 'lamp-1'],
    ['the subject', 'subject', 'CN=lamp-1,OU=lamps,OU=plant,O=Acme\\, Inc.'],
    ['the first email address', 'email', 'lamp@example.com'],
    ['the first DNS name', 'dns', 'lamp-1.example'],
    ['the first URI', 'uri', 'urn:lamp:1'],
  ] as const)('%s', async (_what, username, identity) => {
    const broker = await certificateBroker({ auth: username && { username } })
    const client = await dial(broker, everything)
    expect(await client.connect()).toMatchObject({ reasonCode: 0 })
    expect(identityOf(broker)).toBe(identity)
  })

  test('may be said otherwise while it runs, for whoever comes then', async () => {
    const auth = new CertificateAuth()
    const broker = await listeningBroker({
      listeners: [{ transport: 'tls', port: 0, ...server, ca: authority.cert }],
      use: [auth],
      authorize: false,
    })
    await (await dial(broker, everything)).connect()
    expect(auth.reconfigure({ username: 'email', groups: 'ou' })).toEqual([])
    await (await dial(broker, everything)).connect({ clientId: 'other' })
    expect([...broker.stack.clients].map(({ session }) => [session.identity, session.groups])).toEqual([
      ['lamp-1', []],
      ['lamp@example.com', ['plant', 'lamps']],
    ])
  })

  test('a user name and a password change nothing about it', async () => {
    const broker = await certificateBroker()
    const client = await dial(broker, everything)
    await client.connect({ username: 'admin', password: 'secret' })
    expect(identityOf(broker)).toBe('lamp-1')
  })

  test('its groups are the organizational units, if asked for', async () => {
    const broker = await certificateBroker({ auth: { groups: 'ou' } })
    await (await dial(broker, everything)).connect()
    const [{ session }] = broker.stack.clients
    expect(session.groups).toEqual(['plant', 'lamps'])
  })

  test('another certificate does not take a session over', async () => {
    const broker = await certificateBroker()
    const lamp = await dial(broker, everything)
    await lamp.connect({ clientId: 'lamp' })
    const thief = await dial(broker, authority.client('thief'))
    expect((await thief.connect({ clientId: 'lamp' })).reasonCode).toBeGreaterThan(0)
    await lamp.ping()
  })

  test('it is remembered when the connection is gone', async () => {
    const broker = await certificateBroker()
    const client = await dial(broker, everything)
    await client.connect()
    const [{ listener }] = broker.stack.clients
    const gone = once(broker, 'clientDisconnected')
    client.stream.destroy()
    await gone
    expect(listener.certificate?.()?.subject?.CN).toBe('lamp-1')
  })
})

describe('who is left to others', () => {
  const optional = { tls: { rejectUnauthorized: false } }
  const users = {
    name: 'Users',
    authenticateConnection({ username }: { username?: string }, store: { valid?: boolean }) {
      if (username === 'alice') store.valid = true
    },
  }

  test('a client without a certificate', async () => {
    const broker = await certificateBroker({ listener: optional, use: [users] })
    expect(await (await dial(broker)).connect({ username: 'alice' })).toMatchObject({ reasonCode: 0 })
    expect(identityOf(broker)).toBe('alice')
    expect(await (await dial(broker)).connect()).toMatchObject({ reasonCode: 0x87 })
  })

  test('a client whose certificate nobody vouches for', async () => {
    const broker = await certificateBroker({ listener: optional })
    const stranger = new Authority('Strangers').client('lamp-1')
    const client = await dial(broker, stranger)
    expect(await client.connect()).toMatchObject({ reasonCode: 0x87 })
  })

  test('a client that came over no TLS', async () => {
    const { broker } = broker5({ use: [new CertificateAuth(), users], authorize: false })
    const client = memoryClient(broker, { protocolVersion: 5 })
    expect(await client.connect({ username: 'alice' })).toMatchObject({ reasonCode: 0 })
  })

  test.each([
    ['cn', 'its certificate has no common name (CN) that can be a user name'],
    ['subject', 'its certificate has no subject that can be a user name'],
    ['email', 'its certificate has no email address (SAN) that can be a user name'],
    ['dns', 'its certificate has no DNS name (SAN) that can be a user name'],
    ['uri', 'its certificate has no URI (SAN) that can be a user name'],
  ] as const)('a client whose certificate has no %s, and it is told', async (username, reasonString) => {
    const broker = await certificateBroker({ auth: { username } })
    const client = await dial(broker, authority.issue({}))
    expect(await client.connect()).toMatchObject({ reasonCode: 0x87, properties: { reasonString } })
  })
})

describe('names', () => {
  async function identityFrom(
    certificate: ReturnType<NonNullable<Listener['certificate']>>,
    username?: CertificateAuthOptions['username'],
  ): Promise<string | undefined> {
    const { broker } = broker5({ use: [new CertificateAuth({ username })], authorize: false })
    const listener: Listener = { transport: 'tls', local: false, certificate: () => certificate }
    const { reasonCode } = await memoryClient(broker, { protocolVersion: 5 }, listener).connect()
    return reasonCode === 0 ? identityOf(broker) : undefined
  }
  const subject = (CN: string | string[]) => ({ CN }) as never

  test('what a proxy tells is enough for the common name', async () => {
    expect(await identityFrom({ subject: subject('lamp') })).toBe('lamp')
    expect(await identityFrom({ subject: subject('lamp') }, 'subject')).toBeUndefined()
    expect(await identityFrom({ subject: subject('lamp') }, 'dns')).toBeUndefined()
    expect(await identityFrom({})).toBeUndefined()
  })

  test('of several the first', async () => {
    expect(await identityFrom({ subject: subject(['lamp', 'admin']) })).toBe('lamp')
  })

  test.each([
    ['nothing', ''],
    ['U+0000', 'admin\0.evil'],
    ['a line’s end', 'lamp\nadmin'],
    ['half a character', 'lamp\ud800'],
    ['more bytes than MQTT has room for', 'ä'.repeat(32_768)],
  ])('%s is no name', async (_what, name) => {
    expect(await identityFrom({ subject: subject(name) })).toBeUndefined()
  })

  test('a comma in an alternative name begins no other', async () => {
    const [subjectaltname, username] = ['URI:"x:a, email:admin@example.com", email:lamp@example.com', 'email']
    expect(await identityFrom({ subjectaltname }, username as 'email')).toBe('lamp@example.com')
  })
})

test('a wrong option is named', () => {
  expect(() => new CertificateAuth({ username: 'serial' as never })).toThrow(
    'CertificateAuth: option "username" must be one of "cn", "subject", "email", "dns", "uri", not "serial"',
  )
})
