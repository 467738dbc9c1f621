/** `mqtt-stack init` and `mqtt-stack check`: what they write and say. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createCertificate } from '../../../benchmark/src/brokers/certificate.ts'
import { check } from './check.ts'
import { init } from './init.ts'

interface Ran {
  readonly code: number
  readonly text: string
}

type Run = typeof check

async function run(command: Run, ...args: string[]): Promise<Ran> {
  let text = ''
  const out = { write: (part: string) => (text += part) }
  const code = await command(args, { stdin: Readable.from([]), stdout: out, stderr: out, env: {} })
  return { code, text }
}

function folder(files: Readonly<Record<string, string>> = {}): string {
  const path = mkdtempSync(join(tmpdir(), 'mqtt-stack-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text, { mode: 0o600 })
  return path
}

/** What check says of a configuration, without the folder that its files are in. */
async function checked(text: string, files: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const path = folder({ 'broker.yaml': text, ...files })
  const { code, text: said } = await run(check, join(path, 'broker.yaml'))
  return { code, text: said.replaceAll(`${path}/`, '') }
}

/** Of an empty section. */
const LIMITS =
  '  limits            as everywhere: connectionsPerAddress 1000, connectRatePerAddress 20, burst 5, tooFast slow, failures 10, failuresPerAddress 100, failuresPerName 100, refusalTime 60000, memory 0.9, loopDelay 250'

test('check advises to keep things, but not where the memory was named', async () => {
  const listeners = 'listeners: [{ listen: "mqtt://127.0.0.1:1883" }]\nauth: { anonymous: true }\n'
  const advice = 'sessions and messages are in memory, and gone with the process: add "store"'
  expect((await checked(listeners)).text).toContain(advice)
  for (const memory of ['{}', '{ sessions: 10 }'])
    expect((await checked(`${listeners}store: { memory: ${memory} }\n`)).text).not.toContain(advice)
})

describe('init', () => {
  test('writes a configuration that check has nothing against', async () => {
    const file = join(folder(), 'broker.yaml')
    expect((await run(init, file)).text).toContain(`mqtt-stack check ${file}`)
    const { code, text } = await run(check, file)
    expect(code).toBe(0)
    expect(text).toBe(
      [
        'mqtt://127.0.0.1:1883  (this machine, no TLS)',
        '  who may connect   clients without a name',
        '  what they may do  everything',
        '  limits            none',
        '',
        `broker.yaml:7:1: note: sessions and messages are in memory, and gone with the process: add "store"`,
        '0 errors, 0 warnings',
        '',
      ]
        .join('\n')
        .replace('broker.yaml:7:1', /broker\.yaml:\d+:\d+/.exec(text)?.[0] ?? ''),
    )
  })

  test('everything that it has in comments can be turned on', async () => {
    const { cert, key } = createCertificate('localhost')
    const path = folder({ users: '' })
    mkdirSync(join(path, 'certs'))
    writeFileSync(join(path, 'certs', 'server.pem'), cert)
    writeFileSync(join(path, 'certs', 'server.key'), key, { mode: 0o600 })
    const file = join(path, 'broker.yaml')
    await run(init, file)
    const all = readFileSync(file, 'utf8').replaceAll(
      /^( *)# (?=- listen| {2}(?:cert|key|providers|rules|lmdb):|\w+: ?(?:\{.*)?$| {4}- \{)/gm,
      '$1',
    )
    writeFileSync(file, all)
    const { code, text } = await run(check, file)
    // The certificate of a test is good for a day, and there is no user yet.
    expect(text.replaceAll(/.*(?:expires in|there is no user).*\n/g, '')).toBe(
      [
        'mqtt://127.0.0.1:1883  (this machine, no TLS)',
        `  who may connect   users of ${join(path, 'users')}, by password`,
        '                    clients without a name',
        '  what they may do  allow publish,subscribe users/%u/#',
        '                    allow publish,subscribe # anonymous',
        '                    nothing else',
        LIMITS,
        '',
        'mqtts://0.0.0.0:8883  (the network, TLS)',
        `  who may connect   users of ${join(path, 'users')}, by password`,
        '  what they may do  allow publish,subscribe users/%u/#',
        '                    nothing else',
        LIMITS,
        '',
        '0 errors, 2 warnings',
        '',
      ].join('\n'),
    )
    expect(code).toBe(0)
  })

  test('leaves a file that is there as it is', async () => {
    const path = folder({ 'broker.yaml': 'mine' })
    const file = join(path, 'broker.yaml')
    await expect(run(init, file)).rejects.toThrow(
      `${file} is there already, and stays as it is: name another file`,
    )
    expect(readFileSync(file, 'utf8')).toBe('mine')
    await expect(run(init, join(path, 'none', 'broker.yaml'))).rejects.toThrow(
      'cannot be made: its folder is missing',
    )
    await expect(run(init, '--force')).rejects.toThrow('usage: mqtt-stack init [FILE]')
  })
})

describe('check', () => {
  test('says of a rule under a listener where it stands', async () => {
    const { text } = await checked(`listeners:
  - listen: mqtt://127.0.0.1:1883
    name: house
    rules:
      - { allow: publish, topic: "#" }
      - { deny: publish, topic: a }
acl: { rules: [{ allow: publish, topic: a }] }
`)
    expect(text.split('\n').filter((line) => line.includes('never decides'))).toEqual([
      'broker.yaml:6:9: warning: acl rule 2 (broker.yaml:6) never decides: acl rule 1 (broker.yaml:5) fits all that it fits',
    ])
  })

  test('says which limits hold at each listener', async () => {
    const { text } = await checked(`listeners:
  - { listen: "mqtt://127.0.0.1:1883", limits: { connectionsPerAddress: 0, messageRate: 10, tooFast: close } }
  - { listen: "mqtt://127.0.0.1:1884" }
limits: { connections: 500, exempt: [10.0.0.1, 10.1.0.0/16], memory: 0 }
`)
    expect(text.match(/ {2}limits .*\n(?: {20}.*\n)*/g)?.join('')).toBe(
      `  limits            here: messageRate 10, tooFast close
                    not here: connectionsPerAddress
                    as everywhere: connections 500, connectRatePerAddress 20, burst 5, failures 10, failuresPerAddress 100, failuresPerName 100, refusalTime 60000, loopDelay 250, exempt 10.0.0.1 10.1.0.0/16
  limits            as everywhere: connections 500, connectionsPerAddress 1000, connectRatePerAddress 20, burst 5, tooFast slow, failures 10, failuresPerAddress 100, failuresPerName 100, refusalTime 60000, loopDelay 250, exempt 10.0.0.1 10.1.0.0/16
`,
    )
  })

  test('says where operators and Prometheus are answered, and by which tokens', async () => {
    const { text } = await checked(`listeners: [{ listen: "mqtt://127.0.0.1:1883" }]
admin:
  listen: "[::]:18080"
  open: 10.0.0.1:18081
  tokens:
    - { token: 0123456789abcdef, role: read }
    - { token: fedcba9876543210, role: operate, name: night shift }
metrics: { listen: "9464" }
`)
    expect(text).toContain(`
http://[::]:18080  (admin, the network, no TLS)
  who may ask       whoever has token 1: read
                    whoever has the token of night shift: operate

http://10.0.0.1:18081  (admin, the network, no TLS)
  who may ask       everybody, without a token: /healthz, /readyz and /metrics

http://127.0.0.1:9464  (metrics, this machine, no TLS)
  who may ask       everybody, without a token: /metrics
`)
    expect(text).not.toMatch(/0123456789|fedcba/)
  })

  test('says so where everything is as it is unless said otherwise', async () => {
    const listeners = 'listeners: [{ listen: "mqtt://127.0.0.1:1883" }]\n'
    expect((await checked(`${listeners}admin: {}\nmetrics: {}\n`)).text).toContain(`
http://127.0.0.1:18080  (admin, this machine, no TLS)
  who may ask       whoever has the token that is made at each start and printed once: operate

broker.yaml`)
    expect((await checked(listeners)).text).not.toContain('http:')
  })

  test('says who may do what, listener by listener', async () => {
    const { cert, key } = createCertificate('localhost')
    const text = `listeners:
  - { listen: "mqtts://0.0.0.0:8883", name: world, cert: cert.pem, key: key.pem, ca: cert.pem, providers: [certificate] }
  - { listen: "mqtt://127.0.0.1:1883", name: house, providers: [anonymous] }
auth: { anonymous: local, certificate: {} }
acl:
  rules:
    - { allow: publish, topic: devices/%c/#, group: devices, qos: 1 }
    - { deny: publish, topic: plant/#, listener: world }
    - { allow: [publish, subscribe], topic: "#", anonymous: true }
store: { lmdb: { path: data } }
`
    const { code, text: said } = await checked(text, { 'cert.pem': cert, 'key.pem': key })
    expect(code).toBe(0)
    // The certificate of a test is good for a day.
    expect(said.replace(/(expires in) .*/, '$1 ...')).toBe(`mqtts://0.0.0.0:8883  (the network, TLS)
  who may connect   whoever has a certificate that names a user, with a certificate of the authorities
  what they may do  allow publish devices/%c/# group devices qos 1
                    deny publish plant/# listener world
                    nothing else
  limits            none

mqtt://127.0.0.1:1883  (this machine, no TLS)
  who may connect   clients without a name
  what they may do  allow publish,subscribe # anonymous
                    nothing else
  limits            none

broker.yaml:2:5: warning: mqtts://0.0.0.0:8883 has no limits on connections and failed log-ins: add "limits: {}"
broker.yaml:2:58: warning: cert.pem expires in ...
0 errors, 2 warnings
`)
  })

  test.each([
    [
      'listeners: [{ listen: "mqtt://0.0.0.0" }]\nauth: { anonymous: true }',
      'broker.yaml:1:13: warning: mqtt://0.0.0.0: whoever reaches it may read and write everything: add "acl"',
    ],
    [
      'listeners: [{ listen: "mqtt://0.0.0.0" }]\nauth: { anonymous: true }',
      'broker.yaml:1:13: warning: mqtt://0.0.0.0 has no TLS: messages can be read on their way',
    ],
    [
      'listeners: [{ listen: "mqtt://0.0.0.0" }]',
      'broker.yaml:1:13: warning: mqtt://0.0.0.0 is reached by others, and this machine alone is let in there',
    ],
    [
      'listeners: [{ listen: "mqtt://127.0.0.1" }]\nauth: { certificate: {} }\nacl: {}',
      'broker.yaml:1:13: warning: mqtt://127.0.0.1: nobody can connect: name a provider of "auth"',
    ],
    [
      'listeners: [{ listen: "mqtt://0.0.0.0", providers: [anonymous] }]\nauth: { anonymous: true, certificate: {} }\nacl: {}',
      'broker.yaml:2:39: warning: no listener asks certificate: name it in "providers" of one',
    ],
    ['acl: {}', 'broker.yaml:1:6: warning: there are no rules: nobody may do anything'],
    [
      'authorize: false',
      'broker.yaml:1:12: warning: nobody is asked what clients may do: whoever is let in may do everything',
    ],
    [
      'acl:\n  rules:\n    - { allow: publish, topic: "a/#" }\n    - { deny: publish, topic: a/b, user: alice }\n',
      'broker.yaml:4:7: warning: acl rule 2 (broker.yaml:4) never decides: acl rule 1 (broker.yaml:3) fits all that it fits',
    ],
  ])('warns: %j', async (text, line) => {
    const { code, text: said } = await checked(text)
    expect(said.split('\n')).toContain(line)
    expect(code).toBe(0)
  })

  test('a rule that an earlier one leaves something to is reached', async () => {
    const rules = [
      '{ allow: publish, topic: a/+, user: alice }',
      '{ deny: publish, topic: a/b }',
      '{ allow: publish, topic: "b/#", qos: 0 }',
      '{ allow: publish, topic: b/c, qos: 1 }',
      '{ allow: publish, topic: "+/x" }',
      '{ allow: publish, topic: "$SYS/x" }',
      '{ allow: subscribe, topic: c/+ }',
      '{ allow: subscribe, topic: c/# }',
    ]
    const { text } = await checked(`acl:\n  rules:\n${rules.map((one) => `    - ${one}\n`).join('')}`)
    expect(text).not.toContain('never decides')
  })

  test('rights that a web service and tokens give, and a secret that everybody may read', async () => {
    const text = `auth:
  jwt: { algorithms: [HS256], key: 0123456789abcdef0123456789abcdef, rightsClaim: mqtt }
  http: { authenticate: "https://a.example/in", authorize: "https://a.example/may" }
`
    const path = folder({ 'broker.yaml': text })
    const file = join(path, 'broker.yaml')
    chmodSync(file, 0o644)
    const { code, text: said } = await run(check, file)
    expect(code).toBe(0)
    expect(said).toContain(`  who may connect   whoever has a token that is signed (jwt)
                    whom https://a.example/in lets in
  what they may do  what https://a.example/may allows
                    of it, for whoever has a token, what their token allows (claim mqtt)
`)
    expect(said).toContain(
      `broker.yaml:2:36: warning: auth.jwt.key may be read by every user of this machine: chmod 600 ${file}, or { file: path }`,
    )
  })

  test('warns of keys that everybody may read, and of certificates that expire', async () => {
    const { cert, key } = createCertificate('localhost')
    const text = 'listeners: [{ listen: "mqtts://127.0.0.1", cert: cert.pem, key: key.pem }]\n'
    const path = folder({ 'broker.yaml': text, 'cert.pem': cert, 'key.pem': key })
    const open = join(path, 'key.pem')
    chmodSync(open, 0o644)
    const { text: said } = await run(check, join(path, 'broker.yaml'))
    expect(said).toContain(
      `broker.yaml:1:65: warning: ${open} may be read by every user of this machine: chmod 600 ${open}`,
    )
  })

  test('lists all errors, and exits with 1', async () => {
    expect(await checked('keepalive: { graze: 1 }\nlog: { level: loud }\n')).toEqual({
      code: 1,
      text: `broker.yaml:1:14: error: unknown key "graze" in keepalive (did you mean "grace"?)
broker.yaml:2:15: error: log.level must be one of "error", "warn", "info", "debug", not "loud"
2 errors, 0 warnings
`,
    })
  })

  test('reads the file of users: a bad line is an error, and a weak hash a warning', async () => {
    const text =
      'listeners: [{ listen: "mqtt://127.0.0.1" }]\nauth:\n  password: { file: users }\nacl: { rules: [{ allow: publish, topic: a }] }\n'
    expect(await checked(text, { users: 'alice:secret' })).toEqual({
      code: 1,
      text: 'broker.yaml:3:3: error: auth.password: users:1: the password of "alice" is not hashed: mqtt-stack passwd users alice\n1 error, 0 warnings\n',
    })
    const key = Buffer.alloc(64).toString('base64')
    const { code, text: said } = await checked(text, { users: `alice:$7$101$c2FsdA==$${key}` })
    expect(code).toBe(0)
    expect(said).toContain(
      'broker.yaml:3:13: warning: whoever gets hold of users can try passwords of alice quickly (SHA-512, or few iterations): mqtt-stack passwd users NAME\n',
    )
  })

  test.each([
    [
      'auth: { certificate: {} }',
      'broker.yaml:1:1: error: auth: clients are asked who they are, and nothing says what they may do: add a section "acl", or allow everything with "authorize: false"',
    ],
    [
      'acl:\n  rules:\n    - { allow: publish, topic: a/#/b }',
      'broker.yaml:3: error: "a/#/b" is no topic filter: "#" stands alone in the last level, "+" alone in its level',
    ],
    [
      'acl:\n  rules:\n    - { alow: publish, topic: a }',
      'broker.yaml:3:9: error: unknown key "alow" in acl.rules[0] (did you mean "allow"?)',
    ],
    [
      'listeners: [{ listen: "mqtts://127.0.0.1", cert: text.pem, key: text.pem }]',
      expect.stringMatching(
        /^broker\.yaml:1:44: error: listeners\[0\]: tls listener: the certificate \(option "cert", text\.pem\) cannot be used: name a file with PEM text/,
      ),
    ],
  ])('an error: %j', async (text, line) => {
    const { code, text: said } = await checked(text, { 'text.pem': '-----BEGIN NOTHING-----' })
    expect(said.split('\n')[0]).toEqual(line)
    expect(code).toBe(1)
  })
})
