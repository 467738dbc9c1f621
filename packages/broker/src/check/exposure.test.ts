/** What check says of who may do what: no more than is so. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { examine } from './examine.ts'

const MINE = `export class Keys {
  name = 'Keys'
  authenticateConnection() {}
}
export class Quiet {
  name = 'Quiet'
  relayMessage() {}
}
export class Doors {
  name = 'Doors'
  authorizePacket() {}
}
export class Slip {
  name = 'Slip'
  relayMesage() {}
}
`

async function report(text: string) {
  const folder = mkdtempSync(join(tmpdir(), 'exposure-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'broker.yaml'), text, { mode: 0o600 })
  writeFileSync(join(folder, 'mine.mjs'), MINE)
  writeFileSync(join(folder, 'users'), '', { mode: 0o600 })
  writeFileSync(join(folder, 'plain'), '')
  const { exposures, findings } = await examine(join(folder, 'broker.yaml'), {})
  const plain = (line: string): string => line.replaceAll(`${folder}/`, '')
  return {
    who: exposures.map(({ who }) => who.map(plain)),
    may: exposures.map(({ may }) => may.map(plain)),
    said: findings
      .filter(({ message }) => !/has no limits|there is no user|add "store"/.test(message))
      .map(({ level, where, message }) => plain(`${where.replace('broker.yaml:', '')} ${level}: ${message}`)),
  }
}

const TCP = 'listeners: [{ listen: "mqtt://127.0.0.1:1883" }]\n'

describe('what they may do', () => {
  test('is what all who have a say allow', async () => {
    const auth =
      'auth: { http: { authorize: "https://a/z" }, jwt: { algorithms: [HS256], key: "0123456789012345678901234567890123456789", rightsClaim: mqtt } }\n'
    expect((await report(`${TCP}${auth}acl: { rules: [{ allow: publish, topic: a }] }\n`)).may).toEqual([
      [
        'allow publish a',
        'nothing else',
        'of it, what https://a/z allows',
        'of it, for whoever has a token, what their token allows (claim mqtt)',
      ],
    ])
    expect((await report(`${TCP}${auth}use: [{ package: ./mine.mjs, export: Doors }]\n`)).may).toEqual([
      [
        'what https://a/z allows',
        'of it, what Doors allows',
        'of it, for whoever has a token, what their token allows (claim mqtt)',
      ],
    ])
  })

  test('is everything where middlewares of others say nothing of it', async () => {
    const { may } = await report(`${TCP}use: [{ package: ./mine.mjs, export: Quiet }]\n`)
    expect(may).toEqual([['everything']])
  })

  test('has rules for clients without a name where such clients may connect', async () => {
    const { may } = await report(`listeners:
  - { listen: "mqtt://127.0.0.1:1883" }
  - { listen: "mqtt://127.0.0.1:1884", providers: [password] }
auth: { anonymous: local, password: { file: ./users } }
acl: { rules: [{ allow: publish, topic: a, anonymous: true }] }
`)
    expect(may).toEqual([['allow publish a anonymous', 'nothing else'], ['nothing else']])
  })

  test('has rules for users and groups where somebody is asked for names', async () => {
    const { may } = await report(`listeners:
  - { listen: "mqtt://127.0.0.1:1883", providers: [anonymous] }
  - { listen: "mqtt://127.0.0.1:1884", providers: [password] }
auth: { anonymous: local, password: { file: ./users } }
acl: { rules: [{ allow: publish, topic: a, user: joe }, { allow: publish, topic: b, group: staff }] }
`)
    expect(may).toEqual([
      ['nothing else'],
      ['allow publish a user joe', 'allow publish b group staff', 'nothing else'],
    ])
  })
})

describe('who may connect', () => {
  test('names who is asked of the middlewares of others', async () => {
    const { who, said } = await report(`listeners:
  - { listen: "mqtt://127.0.0.1:1883" }
  - { listen: "mqtt://127.0.0.1:1884", providers: [Keys] }
  - { listen: "mqtt://127.0.0.1:1885", providers: [anonymous] }
auth: { anonymous: local }
use: [{ package: ./mine.mjs, export: Keys, after: authentication }]
acl: {}
`)
    expect(who).toEqual([
      ['whom Keys lets in', 'clients without a name'],
      ['whom Keys lets in'],
      ['clients without a name'],
    ])
    expect(said.filter((line) => line.includes('connect'))).toEqual([])
    const alone = await report(`${TCP}use: [{ package: ./mine.mjs, export: Keys }]\nauthorize: false\n`)
    expect(alone.who).toEqual([['whom Keys lets in']])
  })

  test('is nobody by a certificate where none can be shown', async () => {
    const { who, said } = await report(`${TCP}auth: { certificate: {} }\nacl: {}\n`)
    expect(who).toEqual([[]])
    expect(said).toContain(
      '2:22 warning: no client can show a certificate at any listener: it wants mqtts or wss with "ca"',
    )
    expect(said).toContain(
      '1:13 warning: mqtt://127.0.0.1:1883: nobody can connect: name a provider of "auth"',
    )
  })
})

test('is whoever has a certificate where a proxy tells of it', async () => {
  const { who } = await report(
    'listeners: [{ listen: "mqtt://127.0.0.1:1883", proxy: { from: [127.0.0.1] } }]\nauth: { certificate: {} }\nacl: {}\n',
  )
  expect(who).toEqual([['whoever has a certificate that names a user']])
})

describe('finds what a start would refuse', () => {
  test.each([
    [
      'listeners: [{ listen: "mqtt://127.0.0.1:1883" }, { listen: "ws://0.0.0.0:1883" }]\nauth: { anonymous: true }\nauthorize: false',
      '1:60 error: ws://0.0.0.0:1883 is taken by listeners[0] already',
    ],
    [
      'listeners: [{ listen: "mqtt://127.0.0.1:1883" }]\nadmin: { listen: "0.0.0.0:1883" }',
      '2:18 error: http://0.0.0.0:1883 is taken by listeners[0] already',
    ],
    [
      'listeners: [{ listen: "mqtt://127.0.0.1:1883" }]\nadmin: { open: "[::]:9464" }\nmetrics: { listen: "9464" }',
      '3:20 error: http://127.0.0.1:9464 is taken by admin.open already',
    ],
    [
      'listeners: [{ listen: "unix:/none/a.sock" }]',
      '1:23 note: unix:/none/a.sock cannot be opened as long as there is no folder /none',
    ],
    [
      'listeners: [{ listen: "unix:/etc/passwd" }]',
      '1:23 error: unix:/etc/passwd cannot be opened: /etc/passwd is no socket, and stays as it is',
    ],
    [
      'listeners: [{ listen: "mqtt://192.0.2.7:1883" }]\nauth: { anonymous: true }',
      '1:23 warning: this machine has no address 192.0.2.7: it cannot listen there',
    ],
    [
      'use: [{ package: ./mine.mjs, export: Slip }]',
      '1:7 error: use[0]: Slip has a method "relayMesage", which nobody calls: is "relayMessage" meant?',
    ],
    [
      'sessionManager: false',
      '1:17 error: sessionManager: without it no CONNECT is answered, and nobody can connect',
    ],
    [
      'auth: { anonymous: false }',
      '1:1 error: auth: nobody says who clients are, so nobody could connect: add a provider, or write "anonymous: local"',
    ],
    [
      'store: { lmdb: { path: ./plain } }',
      '1:10 error: store.lmdb: lmdb-backend: plain is a file: name a directory',
    ],
    [
      'auth: { jwt: { algorithms: [RS256], keyFile: ./none.pem } }\nacl: {}',
      '1:9 error: auth.jwt: JwtAuth: key file "none.pem" cannot be read: there is no such file',
    ],
  ])('%s', async (text, line) => {
    expect((await report(text)).said).toContain(line)
  })
})

describe('warns of settings that take back what they are there for', () => {
  test.each([
    [
      'listeners: [{ listen: "mqtt://127.0.0.1:1883", proxy: { from: [0.0.0.0/0] } }]',
      '1:55 warning: mqtt://127.0.0.1:1883: 0.0.0.0/0 is everybody, who may then say to come from anywhere: name the proxies',
    ],
    [
      'listeners: [{ listen: "ws://0.0.0.0:8083", origins: "*" }]',
      '1:53 warning: ws://0.0.0.0:8083: pages of every web site may connect ("*"): name their origins',
    ],
    [
      'listeners: [{ listen: "mqtt://0.0.0.0:1883" }]\nlimits: { failures: 0, memory: 0 }',
      '2:21 warning: failures, memory: 0 is no bound at all',
    ],
    [
      'listeners: [{ listen: "mqtt://0.0.0.0:1883" }]\nauth: { anonymous: true }\nacl: { rules: [{ allow: [publish, subscribe], topic: "#" }] }',
      '1:13 warning: mqtt://0.0.0.0:1883: whoever reaches it may read and write everything: acl rule 1 (broker.yaml:3) allows it',
    ],
  ])('%s', async (text, line) => {
    expect((await report(text)).said).toContain(line)
  })

  test('but not of a plain listener whose proxy is on this machine', async () => {
    const { said } = await report(
      'listeners: [{ listen: "mqtt://127.0.0.1:1883", proxy: { from: [127.0.0.1] } }]\nauth: { password: { file: ./users } }\nacl: {}\n',
    )
    expect(said.filter((line) => line.includes('TLS'))).toEqual([])
  })
})
