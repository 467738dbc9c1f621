import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RecordingLogger, VirtualClock } from '@mqtt-stack/testing'
import { expect, onTestFinished, test } from 'vitest'
import { Authority } from '../../../../test/support/authority.ts'
import { createLog } from '../contract/index.ts'
import { AuthorityFile } from './authority-file.ts'

const [one, other] = [new Authority('One').cert.trim(), new Authority('Other').cert.trim()]

function fileOf(text?: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'authority-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'ca.pem')
  if (text !== undefined) writeFileSync(path, text)
  return path
}

test('it has the certificates of the file, whatever else is in it', () => {
  const path = fileOf(`One:\n${one}\n\n# Other\n${other}\n`)
  expect(new AuthorityFile(path, 'Provider').pem).toBe(`${one}\n${other}`)
})

test('it is read again when it changes, and goes on with what it held where it is broken', async () => {
  const [clock, log] = [new VirtualClock(), new RecordingLogger()]
  const path = fileOf(one)
  const file = new AuthorityFile(path, 'Provider')
  file.start({ clock, log: createLog(log, clock) })
  writeFileSync(path, other)
  await clock.advance(2_000)
  expect(file.pem).toBe(other)
  writeFileSync(path, 'x')
  await clock.advance(2_000)
  expect(file.pem).toBe(other)
  file.stop()
  expect([log.lines.map(({ message }) => message.replaceAll(path, 'ca')), clock.timers]).toEqual([
    [
      'Provider: the file of option "caFile" (ca) has changed: what it holds now is in force',
      'Provider: the file of option "caFile" (ca) holds no certificate: it must be PEM, "-----BEGIN CERTIFICATE-----" and so on; what it held before goes on',
    ],
    0,
  ])
})

test.each([
  ['nothing', undefined, 'cannot be read: there is no such file'],
  [
    'no certificate',
    'a key',
    'holds no certificate: it must be PEM, "-----BEGIN CERTIFICATE-----" and so on',
  ],
  [
    'a damaged one',
    `${one}\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----`,
    'holds a certificate that cannot be read (the 2. of 2)',
  ],
])('%s is an error', (_what, text, message) => {
  const path = fileOf(text)
  expect(() => new AuthorityFile(path, 'Provider')).toThrow(
    `Provider: the file of option "caFile" (${path}) ${message}`,
  )
})
