/** Revocation lists as OpenSSL writes them, and ours. */
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { Authority } from '../../../../test/support/authority.ts'
import { needs } from '../../../../test/support/needs.ts'
import { elementsOf, timeOf, within } from './der.ts'
import { blocksOf, bytesOf } from './pem.ts'
import { keyOf, readRevocationLists, subjectOf } from './revocation.ts'

const derOf = (pem: string): Buffer => new X509Certificate(pem).raw

describe('a list that OpenSSL wrote', () => {
  beforeEach((context) => needs(context, 'openssl'))

  test.each([
    ['RSA', 'rsa:2048', 'sha256'],
    ['RSA and SHA-512', 'rsa:2048', 'sha512'],
    ['ECDSA and SHA-384', 'ec', 'sha384'],
    ['Ed25519', 'ed25519', 'default'],
  ])('%s', (_what, algorithm, digest) => {
    const folder = mkdtempSync(join(tmpdir(), 'mqtt-stack-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
    const newKey = algorithm === 'ec' ? ['ec', '-pkeyopt', 'ec_paramgen_curve:P-384'] : [algorithm]
    const ca = ['-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/O=Acme, Inc./CN=Devices  CA', '-days', '30']
    openssl('req', '-x509', '-newkey', ...newKey, '-nodes', ...ca)
    for (const name of ['a', 'b']) {
      const own = ['-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`]
      openssl('req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', ...own)
      const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '30']
      openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, ...by)
    }
    writeFileSync(join(folder, 'index.txt'), '')
    const settings = ['[ca]', 'default_ca=d', '[d]', 'database=index.txt', `default_md=${digest}`]
    writeFileSync(join(folder, 'ca.conf'), `${settings.join('\n')}\n`)
    const as = ['-config', 'ca.conf', '-cert', 'ca.pem', '-keyfile', 'ca.key']
    openssl('ca', ...as, '-revoke', 'a.pem', '-crl_reason', 'keyCompromise')
    openssl('ca', ...as, '-gencrl', '-crldays', '7', '-out', 'crl.pem')

    const read = (name: string): string => readFileSync(join(folder, name), 'utf8')
    const [list] = readRevocationLists(read('crl.pem'))
    const authority = new X509Certificate(read('ca.pem'))
    expect(list.issuer).toBe(subjectOf(authority.raw))
    expect(list.revoked).toEqual([keyOf(derOf(read('a.pem')))])
    expect(list.revoked).not.toContain(keyOf(derOf(read('b.pem'))))
    expect(list.signedBy(authority)).toBe(true)
    expect(list.signedBy(new X509Certificate(read('b.pem')))).toBe(false)
    const days = ((list.until as number) - Date.now()) / 86_400_000
    expect(Math.round(days)).toBe(7)
  })
})

describe('names', () => {
  test('are compared without regard to case and spaces', () => {
    const [one, other] = [new Authority('Devices  CA'), new Authority(' devices ca')]
    expect(subjectOf(derOf(one.cert))).toBe(subjectOf(derOf(other.cert)))
    expect(subjectOf(derOf(one.cert))).not.toBe(subjectOf(derOf(new Authority('DevicesCA').cert)))
  })

  test('an attribute cannot pass for two', () => {
    const authority = new Authority('Devices')
    const two = authority.issue({
      subject: [
        ['O', 'a'],
        ['CN', 'b'],
      ],
    })
    const one = authority.issue({ subject: [['O', 'a",550403="b']] })
    expect(subjectOf(derOf(one.cert))).not.toBe(subjectOf(derOf(two.cert)))
  })
})

describe('texts', () => {
  const authority = new Authority('Devices')
  const pem = authority.revocations([authority.client('a')])

  test('several stand in one text', () => {
    const [own, other] = [authority, new Authority('Others')]
    const lists = readRevocationLists(`# comment\n${own.revocations([])}\n${other.revocations([])}`)
    expect(lists.map(({ issuer }) => issuer)).toEqual([own, other].map(({ cert }) => subjectOf(derOf(cert))))
  })

  test('each cut is an error, and none takes long', () => {
    const bytes = bytesOf(blocksOf(pem, 'X509 CRL')[0])
    for (let length = 0; length < bytes.length; length++)
      expect(() => within(bytes.subarray(0, length))).toThrow('it is cut off')
    expect(() => bytesOf(pem.slice(0, -20))).toThrow('it is cut off')
  })

  test.each([
    ['a length of its own kind', '3080'],
    ['a length of five bytes', '30850000000001'],
    ['a length beyond the end', '3003020100ff'.slice(0, 8)],
  ])('%s', (_what, hex) => {
    expect(() => [...elementsOf(Buffer.from(hex, 'hex'))].flatMap(({ bytes }) => within(bytes))).toThrow(
      'it is cut off',
    )
  })
})

test.each([
  [0x17, '260102030405Z', '2026-01-02T03:04:05.000Z'],
  [0x17, '990102030405Z', '1999-01-02T03:04:05.000Z'],
  [0x18, '20510102030405Z', '2051-01-02T03:04:05.000Z'],
])('a time of kind %s: %s', (tag, digits, iso) => {
  const content = Buffer.from(digits)
  expect(new Date(timeOf({ tag, content, bytes: content })).toISOString()).toBe(iso)
})
