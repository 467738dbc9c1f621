/** Certificates of a listener that is open, with real handshakes. */
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { testBroker } from '../../../../test/rig/broker.ts'
import type { PemFiles } from '../../../../test/rig/secure.ts'
import { clientsOf, devices, refused, secureBroker, serverCertificate } from '../../../../test/rig/secure.ts'
import type { Issued } from '../../../../test/support/authority.ts'
import { Authority } from '../../../../test/support/authority.ts'
import type { TlsListenerOptions } from './options.ts'

const serialOf = ({ serial }: Issued): string => serial.subarray(2).toString('hex').toUpperCase()

describe('are read again', () => {
  test.each(['tls', 'wss'] as const)(
    '%s: by reloadCertificates(), for clients with and without SNI',
    async (transport) => {
      const { broker, files, client, shown } = await secureBroker(() => ({}), { transport })
      const before = await client()
      await before.connect()
      const renewed = serverCertificate('localhost')
      files.write('cert', renewed.cert)
      files.write('key', renewed.key)
      expect(await shown()).not.toBe(serialOf(renewed))
      await broker.reloadCertificates()
      expect(await shown()).toBe(serialOf(renewed))
      expect(await shown('localhost')).toBe(serialOf(renewed))
      await before.ping()
      await (await client()).connect()
    },
  )

  test('by themselves when their files change, together and once', async () => {
    const { files, client, shown, seconds, logger } = await secureBroker(() => ({}))
    const before = await client()
    await before.connect()
    await seconds(5)
    const renewed = serverCertificate('localhost')
    files.write('cert', renewed.cert)
    await seconds(1)
    files.write('key', renewed.key)
    await seconds(4)
    expect(await shown()).toBe(serialOf(renewed))
    await before.ping()
    expect(logger.errors).toEqual([])
    expect(logger.lines.filter(({ message }) => message.includes('certificates'))).toEqual([
      { level: 'info', message: 'tls listener: the certificates were read again', cause: expect.anything() },
    ])
  })

  test('authorities too', async () => {
    const secure = await secureBroker((files) => ({ ca: files.file('ca') }))
    const { broker, files, client, dial } = secure
    const other = new Authority('Others')
    const stranger = other.client('a')
    await refused(dial(stranger))
    const before = await client(devices.client('b'))
    await before.connect()
    files.write('ca', other.cert)
    await broker.reloadCertificates()
    await (await client(stranger)).connect()
    // Whoever is connected stays; the authority's clients do not come in again.
    await before.ping()
    await refused(dial(devices.client('c')))
  })

  test('nothing is watched any more when the broker is closed', async () => {
    const { broker, files, seconds, logger } = await secureBroker(clientsOf)
    files.write('cert', 'none')
    await seconds(2)
    await broker.close()
    files.write('key', 'none')
    await seconds(10)
    expect(logger.errors).toEqual([])
  })

  test('of a broker that does not listen there are none', async () => {
    await expect(testBroker().reloadCertificates()).resolves.toBeUndefined()
  })

  test('the other options of TLS stay', async () => {
    const { broker, dial } = await secureBroker(() => ({ maxVersion: 'TLSv1.2', alpn: ['mqtt'] }))
    await broker.reloadCertificates()
    const socket = dial({ ALPNProtocols: ['mqtt'] })
    await once(socket, 'secureConnect')
    expect([socket.getProtocol(), socket.alpnProtocol]).toEqual(['TLSv1.2', 'mqtt'])
  })
})

/** What is wrong, how it comes to be so, and what is said of it. */
type SpoiledCase = [string, (files: PemFiles) => void, (path: string) => string]

describe('what cannot be used changes nothing', () => {
  const kept = '; what was read before stays in use'

  test.each<SpoiledCase>([
    [
      'a certificate that is none',
      (files) => files.write('cert', 'none'),
      (at) =>
        `the certificate (option "cert", ${at}/cert.pem) cannot be used: name a file with PEM text (error:0480006C:PEM routines::no start line)`,
    ],
    [
      'a certificate that is gone',
      (files) => rmSync(files.path('cert')),
      (at) =>
        `the certificate (option "cert", ${at}/cert.pem) cannot be used: name a file with PEM text (there is no such file)`,
    ],
    ...Object.entries({
      cert: 'the certificate',
      key: 'the private key',
      ca: 'the list of authorities',
      crl: 'the revocation list',
    }).map(
      ([name, what]): SpoiledCase => [
        `an emptied file: ${name}`,
        (files) => files.write(name as 'cert', name === 'key' ? '\n' : ''),
        (at) =>
          `${what} (option "${name}", ${at}/${name}.pem) cannot be used: name a file with PEM text (it is empty)`,
      ],
    ),
    [
      'a key that is none',
      (files) => files.write('key', 'none'),
      (at) =>
        `the private key (option "key", ${at}/key.pem) cannot be used: name a file with PEM text (error:1E08010C:DECODER routines::unsupported)`,
    ],
    [
      'a key of another certificate',
      (files) => files.write('key', serverCertificate('localhost').key),
      () =>
        'the certificate with the private key (options "cert" and "key") cannot be used: give the key that the certificate is for (error:05800074:x509 certificate routines::key values mismatch)',
    ],
    [
      'authorities that are none',
      (files) => files.write('ca', 'none'),
      (at) =>
        `the list of authorities (option "ca", ${at}/ca.pem) cannot be used: name a file with PEM text (no certificate in it)`,
    ],
    [
      'a revocation list that is none',
      (files) => files.write('crl', 'none'),
      (at) =>
        `the revocation list (option "crl", ${at}/crl.pem) cannot be used: name a file with PEM text (no revocation list in it)`,
    ],
    [
      'a revocation list that is cut off',
      (files) => files.write('crl', devices.revocations([]).slice(0, 150)),
      (at) =>
        `the revocation list (option "crl", ${at}/crl.pem) cannot be used: name a file with PEM text (Failed to parse CRL)`,
    ],
    [
      'a revocation list of another authority',
      (files) => files.write('crl', new Authority('Others').revocations([])),
      (at) =>
        `the revocation list (option "crl", ${at}/crl.pem) cannot be used: name a file with PEM text (it has no list of the authority CN=Devices)`,
    ],
    [
      'a revocation list that the authority has not signed',
      (files) => files.write('crl', new Authority('Devices').revocations([])),
      (at) =>
        `the revocation list (option "crl", ${at}/crl.pem) cannot be used: name a file with PEM text (the authority CN=Devices has not signed its list)`,
    ],
  ])('%s', async (_what, spoil, problem) => {
    const { broker, files, client, shown, seconds, logger } = await secureBroker(clientsOf)
    const [own, before] = [devices.client('a'), await shown()]
    spoil(files)
    const message = `tls listener: ${problem(files.folder)}`
    await expect(broker.reloadCertificates()).rejects.toMatchObject({ code: 'LISTEN_FAILED', message })
    await seconds(10)
    expect(logger.errors).toEqual([message + kept])
    expect(await shown()).toBe(before)
    expect(await (await client(own)).connect()).toMatchObject({ reasonCode: 0 })
  })

  test('it is logged once, however often the files change, and again after they were right', async () => {
    const { files, seconds, logger } = await secureBroker(() => ({}))
    const { cert, key } = serverCertificate('localhost')
    for (const text of ['none', 'nothing', 'no']) {
      files.write('cert', text)
      await seconds(5)
    }
    expect(logger.errors).toHaveLength(1)
    files.write('cert', cert)
    files.write('key', key)
    await seconds(5)
    files.write('cert', 'none')
    await seconds(5)
    expect(logger.errors).toHaveLength(2)
  })

  test('of several listeners none changes where one cannot', async () => {
    const { cert, key } = serverCertificate('localhost')
    const { broker, files, shown } = await secureBroker(() => ({}))
    const second = await secureBroker(() => ({ cert: files.file('cert'), key: files.file('key') }))
    const before = await shown()
    await second.broker.close()
    files.write('cert', cert)
    await expect(broker.reloadCertificates()).rejects.toMatchObject({ code: 'LISTEN_FAILED' })
    files.write('key', key)
    expect(await shown()).toBe(before)
  })
})

describe('several, by name', () => {
  const [house, any] = [serverCertificate('house.example'), serverCertificate('*.any.example')]
  const certificates = (files: PemFiles) => {
    files.write('other-cert', house.cert)
    files.write('other-key', house.key)
    return [
      { names: ['house.example'], cert: files.file('other-cert'), key: files.file('other-key') },
      { names: ['*.any.example'], ...any },
    ]
  }

  test('a client sees the one that it asks for; all others see the first', async () => {
    const { shown } = await secureBroker((files) => ({ certificates: certificates(files) }))
    const usual = await shown()
    expect(await shown('house.example')).toBe(serialOf(house))
    expect(await shown('HOUSE.example')).toBe(serialOf(house))
    expect(await shown('one.any.example')).toBe(serialOf(any))
    for (const name of ['two.one.any.example', 'any.example', 'other.example', 'localhost'])
      expect(await shown(name)).toBe(usual)
  })

  test('they are read again', async () => {
    const { broker, files, shown } = await secureBroker((all) => ({ certificates: certificates(all) }))
    const renewed = serverCertificate('house.example')
    files.write('other-cert', renewed.cert)
    files.write('other-key', renewed.key)
    await broker.reloadCertificates()
    expect(await shown('house.example')).toBe(serialOf(renewed))
    expect(await shown('one.any.example')).toBe(serialOf(any))
  })

  test('one that cannot be used changes nothing', async () => {
    const { broker, files, shown } = await secureBroker((all) => ({ certificates: certificates(all) }))
    files.write('other-cert', 'none')
    await expect(broker.reloadCertificates()).rejects.toMatchObject({
      message: `tls listener: the certificate (option "certificates[0].cert", ${files.path('other-cert')}) cannot be used: name a file with PEM text (error:0480006C:PEM routines::no start line)`,
    })
    expect(await shown('house.example')).toBe(serialOf(house))
  })

  test('whoever asks by name is judged by the same authorities and lists', async () => {
    const { broker, files, client, dial } = await secureBroker((all) => ({
      ...clientsOf(all),
      certificates: certificates(all),
    }))
    const own = devices.client('a')
    const asked = { servername: 'house.example' }
    await (await client({ ...own, ...asked })).connect()
    await refused(dial({ ...new Authority('Others').client('a'), ...asked }))
    await refused(dial(asked))
    files.write('crl', devices.revocations([own]))
    await broker.reloadCertificates()
    await refused(dial({ ...own, ...asked }))
  })
})

describe('wrong options', () => {
  const { cert, key } = serverCertificate('localhost')
  const pem = 'PEM text, its bytes, or { file: path }'
  test.each<[string, object, string]>([
    ['a number', { cert: 5 }, `option "cert" must be ${pem}, not 5`],
    ['no file', { key: { path: 'a' } }, `option "key" must be ${pem}, not {"path":"a"}`],
    ['an empty path', { ca: { file: '' } }, `option "ca" must be ${pem}, not {"file":""}`],
    [
      'lists without authorities',
      { crl: 'x' },
      'option "crl" needs "ca", the authorities whose lists they are',
    ],
    [
      'certificates of no authority',
      { clientCertificate: 'optional' },
      'option "clientCertificate" needs "ca", the authorities of such certificates',
    ],
    ...[{}, [{}], [{ names: [], cert, key }], [{ names: ['a'], cert: 'x' }]].map(
      (certificates): [string, object, string] => [
        JSON.stringify(certificates).slice(0, 20),
        { certificates },
        `option "certificates" must be a list of { names, cert, key }, where names is a list of names, and cert and key are each ${pem}`,
      ],
    ),
  ])('%s', (_what, options, message) => {
    const listener = { transport: 'tls', port: 0, cert, key, ...options } as TlsListenerOptions
    expect(() => testBroker({ listeners: [listener] })).toThrow(`tls listener: ${message}`)
  })

  test('a path in place of its file’s text is told what to do', async () => {
    const listener = {
      transport: 'tls',
      port: 0,
      key,
      cert: 'certs/server.pem',
    } as const
    await expect(testBroker({ listeners: [listener] }).listen()).rejects.toMatchObject({
      message:
        'tls listener: the certificate (option "cert") cannot be used: give PEM text, or { file } of it (error:0480006C:PEM routines::no start line)',
    })
  })
})
