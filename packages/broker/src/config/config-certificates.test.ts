/** Certificates of a configuration: the listeners are told files, which they read again. */
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { RecordingLogger } from '@mqtt-stack/testing'
import { expect, onTestFinished, test } from 'vitest'
import { devices, PemFiles, serverCertificate } from '../../../../test/rig/secure.ts'
import { examine } from '../check/examine.ts'
import { createBrokerFrom } from '../create-broker-from.ts'
import { brokerOptionsOf } from './broker-options-of.ts'
import { readText } from './load-config.ts'
import type { ConfigError } from './problem.ts'

const TEXT = `
listeners:
  - listen: mqtts://127.0.0.1:0
    cert: cert.pem
    key: key.pem
    ca: ca.pem
    crl: crl.pem
    certificates:
      - { names: [house.example], cert: other-cert.pem, key: other-key.pem }
    providers: [certificate]
auth:
  certificate: { username: cn }
authorize: false
`

function filesOf(): PemFiles {
  const [one, other] = [serverCertificate('localhost'), serverCertificate('house.example')]
  return new PemFiles({
    cert: one.cert,
    key: one.key,
    ca: devices.cert,
    crl: devices.revocations([]),
    'other-cert': other.cert,
    'other-key': other.key,
  })
}

test('files are named beside the configuration', async () => {
  const files = filesOf()
  const { listeners, use } = await brokerOptionsOf(await readText(join(files.folder, 'broker.yaml'), TEXT))
  expect(listeners).toEqual([
    expect.objectContaining({
      cert: files.file('cert'),
      key: files.file('key'),
      ca: files.file('ca'),
      crl: files.file('crl'),
      certificates: [
        { names: ['house.example'], cert: files.file('other-cert'), key: files.file('other-key') },
      ],
      providers: ['CertificateAuth'],
    }),
  ])
  expect(use).toMatchObject([{ middleware: { name: 'CertificateAuth' }, after: 'authentication' }])
})

test('what is no PEM file is named with its line', async () => {
  const files = filesOf()
  writeFileSync(files.path('other-key'), 'nothing')
  writeFileSync(files.path('crl'), 'nothing')
  const failed = await brokerOptionsOf(await readText(join(files.folder, 'broker.yaml'), TEXT)).catch(
    (error: ConfigError) => error,
  )
  const { problems } = failed as ConfigError
  expect(problems.map(({ where, message }) => `${where} ${message}`)).toEqual([
    `broker.yaml:7:10 listeners[0].crl: cannot read ${files.path('crl')}: it is no PEM file: name a readable PEM file`,
    `broker.yaml:9:62 listeners[0].certificates[0].key: cannot read ${files.path('other-key')}: it is no PEM file: name a readable PEM file`,
  ])
})

test('broker.reload() reads files again that are named as before; what cannot be used is logged', async () => {
  const files = filesOf()
  const config = join(files.folder, 'broker.yaml')
  writeFileSync(config, TEXT)
  const logger = new RecordingLogger()
  const broker = await createBrokerFrom(config, { stack: { logger } })
  onTestFinished(() => broker.close())
  const [{ port }] = await broker.listen()
  const renewed = serverCertificate('localhost')
  files.write('cert', renewed.cert)
  await broker.reload()
  const problem = `tls listener: the certificate with the private key (options "cert" and "key") cannot be used`
  expect(logger.errors).toEqual([expect.stringContaining(problem)])
  files.write('key', renewed.key)
  await broker.reload()
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...devices.client('a') })
  await once(socket, 'secureConnect')
  const { serialNumber } = socket.getPeerCertificate()
  socket.on('error', () => {}).destroy()
  expect(serialNumber).toBe(renewed.serial.subarray(2).toString('hex').toUpperCase())
})

test('check looks at all of them', async () => {
  const files = filesOf()
  const config = join(files.folder, 'broker.yaml')
  writeFileSync(config, TEXT, { mode: 0o600 })
  files.write('crl', devices.revocations([], { from: Date.UTC(2025, 0, 1), until: Date.UTC(2025, 5, 1) }))
  const { findings } = await examine(config)
  const said = findings.map(({ where, message }) => `${where} ${message.replaceAll(files.folder, '')}`)
  expect(said).toContain(
    `broker.yaml:7:10 a list in /crl.pem was to be renewed by 2025-06-01T00:00:00.000Z: until it is, its authority’s clients are refused`,
  )
  // The files of a test may be read by everybody.
  expect(said).toContain(
    `broker.yaml:9:62 /other-key.pem may be read by every user of this machine: chmod 600 /other-key.pem`,
  )
})
