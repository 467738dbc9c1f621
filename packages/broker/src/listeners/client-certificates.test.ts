/** Which certificates of clients hold, with real handshakes: revoked ones, old ones, none. */
import { once } from 'node:events'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import type { TestClient } from '@mqtt-stack/testing'
import { describe, expect, test } from 'vitest'
import type { Secure } from '../../../../test/rig/secure.ts'
import { clientsOf, devices, refused, secureBroker, serverCertificate } from '../../../../test/rig/secure.ts'
import { Authority } from '../../../../test/support/authority.ts'

/** Why the broker refused whoever came last. */
function lastRefusal({ logger }: Secure): unknown {
  return logger.lines.filter(({ message }) => message === 'client refused').at(-1)?.cause
}

/** What a client may go on with at its next handshake. */
async function sessionOf(client: TestClient): Promise<Buffer> {
  const socket = client.stream as TLSSocket
  if (socket.getProtocol() !== 'TLSv1.3') return socket.getSession() as Buffer
  // That of TLS 1.3 comes behind the handshake.
  const session = once(socket, 'session') as Promise<[Buffer]>
  await client.connect()
  return (await session)[0]
}

describe('revoked certificates', () => {
  const [revoked, other] = [devices.client('revoked'), devices.client('other')]

  test.each(['tls', 'wss'] as const)(
    '%s: are refused at the next handshake, and their clients closed; others stay',
    async (transport) => {
      const secure = await secureBroker(clientsOf, { transport })
      const { broker, files, client, dial, seconds } = secure
      const [one, two] = [await client(revoked), await client(other)]
      for (const each of [one, two]) await each.connect()
      files.write('crl', devices.revocations([revoked]))
      const [bye, gone] = [one.next('disconnect'), once(broker, 'clientDisconnected')]
      await seconds(5)
      expect(await bye).toMatchObject({
        reasonCode: 0x87,
        properties: { reasonString: 'its certificate has been revoked' },
      })
      await gone
      await two.ping()
      await refused(dial(revoked))
      expect(lastRefusal(secure)).toMatchObject({
        cause:
          'the TLS handshake failed: the client’s certificate does not hold: it has been revoked (CERT_REVOKED)',
      })
      await (await client(other)).connect()
    },
  )

  test('are refused from the beginning', async () => {
    const { client, dial } = await secureBroker((files) => {
      files.write('crl', devices.revocations([revoked]))
      return clientsOf(files)
    })
    await refused(dial(revoked))
    await (await client(other)).connect()
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    '%s: a session from before does not get them in',
    async (version) => {
      const { broker, files, client, dial } = await secureBroker(clientsOf)
      const options: ConnectionOptions = { minVersion: version, maxVersion: version, ...revoked }
      const session = await sessionOf(await client(options))
      files.write('crl', devices.revocations([revoked]))
      await broker.reloadCertificates()
      await refused(dial({ ...options, session }))
    },
  )

  test('even where the keys of tickets are the user’s own', async () => {
    const ticketKeys = Buffer.alloc(48, 1)
    const secure = await secureBroker((files) => ({ ...clientsOf(files), tls: { ticketKeys } }))
    const { broker, files, client, dial } = secure
    const session = await sessionOf(await client(revoked))
    files.write('crl', devices.revocations([revoked]))
    await broker.reloadCertificates()
    const again = dial({ ...revoked, session })
    await refused(again)
    expect(broker.stack.clients.size).toBe(0)
  })

  test('an authority that has been revoked', async () => {
    const root = new Authority('Root')
    const middle = new Authority('Middle', root)
    const own = middle.client('a')
    const chain = { ...own, cert: own.cert + middle.cert }
    const { broker, files, client, dial } = await secureBroker((all) => {
      all.write('ca', root.cert)
      all.write('crl', root.revocations([]) + middle.revocations([]))
      return clientsOf(all)
    })
    const one = await client(chain)
    await one.connect()
    files.write('crl', root.revocations([middle]) + middle.revocations([]))
    await broker.reloadCertificates()
    await one.closed
    await refused(dial(chain))
  })

  test('a list that is overdue is warned of, for OpenSSL refuses everybody then', async () => {
    const overdue = devices.revocations([], { from: Date.UTC(2025, 0, 1), until: Date.UTC(2025, 5, 1) })
    const { logger, dial } = await secureBroker((files) => {
      files.write('crl', overdue)
      return clientsOf(files)
    })
    expect(logger.warnings).toEqual([
      'tls listener: a revocation list (option "crl") was to be renewed by 2025-06-01T00:00:00.000Z: until it is, its authority’s clients are refused',
    ])
    await refused(dial(other))
  })
})

describe('a certificate that has run out', () => {
  test('is warned of where it is the listener’s own, at the start and when it is read again', async () => {
    const old = { from: Date.UTC(2025, 0, 1), until: Date.UTC(2025, 5, 1) }
    const warning =
      'tls listener: its certificate has expired, on 2025-06-01T00:00:00.000Z: clients that check it do not connect'
    const { broker, files, logger } = await secureBroker((written) => {
      const { cert, key } = new Authority('Servers').issue({ subject: [['CN', 'localhost']], term: old })
      written.write('cert', cert)
      written.write('key', key)
      return {}
    })
    expect(logger.warnings).toEqual([warning])
    await broker.reloadCertificates()
    expect(logger.warnings).toEqual([warning, warning])
    const { cert, key } = serverCertificate('localhost')
    files.write('cert', cert)
    files.write('key', key)
    await broker.reloadCertificates()
    expect(logger.warnings).toHaveLength(2)
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('%s: a session from before does not get in', async (version) => {
    const secure = await secureBroker((files) => ({ ca: files.file('ca') }))
    const { clock, client } = secure
    const options: ConnectionOptions = { minVersion: version, maxVersion: version, ...devices.client('a') }
    const session = await sessionOf(await client(options))
    const again = await client({ ...options, session })
    expect((again.stream as TLSSocket).isSessionReused()).toBe(true)
    await again.connect()
    clock.set(Date.now() + 100 * 86_400_000)
    await (await client({ ...options, session })).closed
    expect(lastRefusal(secure)).toMatchObject({ cause: 'its certificate has run out' })
  })
})

describe('certificates that a client need not have', () => {
  test('whoever has none is let through, whoever has a wrong one is not', async () => {
    const revoked = devices.client('revoked')
    const secure = await secureBroker((files) => {
      files.write('crl', devices.revocations([revoked]))
      return { ...clientsOf(files), clientCertificate: 'optional' }
    })
    const { client } = secure
    await (await client()).connect()
    await (await client(devices.client('a'))).connect()
    const stranger = await client(new Authority('Others').client('a'))
    await stranger.closed
    expect(lastRefusal(secure)).toMatchObject({
      cause:
        'its certificate does not hold: no authority in "ca" has signed it, or the client does not send those in between (UNABLE_TO_VERIFY_LEAF_SIGNATURE)',
    })
    await (await client(revoked)).closed
    expect(lastRefusal(secure)).toMatchObject({
      cause: 'its certificate does not hold: it has been revoked (CERT_REVOKED)',
    })
  })
})
