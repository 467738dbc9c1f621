// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of a configuration look so
/** What is said of a configuration that is wrong: the exact text. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { brokerOptionsOf } from './broker-options-of.ts'
import { loadConfig, readText } from './load-config.ts'
import type { ConfigError } from './problem.ts'
import { lineOf } from './problem.ts'

/** Every problem of a text, a line each. */
async function problemsOf(text: string, env: NodeJS.ProcessEnv = {}): Promise<string[]> {
  const failed = await readText('/etc/mqtt/broker.yaml', text, env)
    .then(brokerOptionsOf)
    .then(
      () => undefined,
      (error: ConfigError) => error,
    )
  return failed?.problems.map(lineOf) ?? []
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'mqtt-stack-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

describe('variables', () => {
  test.each<[string, NodeJS.ProcessEnv, string]>([
    [
      'keepalive:\n  grace: ${GRACE}',
      { GRACE: 'much' },
      'broker.yaml:2:10: keepalive.grace must be a number from 1 to 10, not what ${GRACE} stands for',
    ],
    [
      'auth: { jwt: { key: ${KEY}, algorithms: [HS256] } }',
      { KEY: 'x' },
      'broker.yaml:1:22: inside of { } and [ ] a variable stands in quotes: "${NAME}"',
    ],
  ])('%s', async (text, env, line) => {
    expect(await problemsOf(text, env)).toEqual([line])
  })
})

describe('a token of operators is named by its line, and never shown', () => {
  const secret = 'a secret of 16 characters or more (openssl rand -hex 24 makes one)'
  const good = '    - { token: long-enough-to-be-one, role: read }'
  test.each<[string, string, string]>([
    [
      'written',
      '    - { token: short, role: read }',
      `broker.yaml:4:16: admin.tokens[1].token must be ${secret}, not this text`,
    ],
    [
      'out of a variable',
      '    - token: ${TOKEN}\n      role: read',
      `broker.yaml:4:14: admin.tokens[1].token must be ${secret}, not what ${'${TOKEN}'} stands for`,
    ],
    [
      'out of a file',
      '    - token:\n        file: FILE\n      role: read',
      `broker.yaml:5:15: admin.tokens[1].token must be ${secret}, not what the file holds`,
    ],
    [
      'with spaces',
      '    - { token: "with some spaces in it", role: read }',
      'broker.yaml:4:9: admin: Admin: option "tokens[1].token" must be of printable ASCII characters, without spaces',
    ],
  ])('%s', async (_how, text, line) => {
    const file = join(folder(), 'token')
    writeFileSync(file, 'short\n')
    const all = ['admin:', '  tokens:', good, text.replace('FILE', file)].join('\n')
    expect(await problemsOf(all, { TOKEN: 'short' })).toEqual([line])
  })
})

test('a certificate that is missing is the path of a file', async () => {
  expect(await problemsOf('listeners:\n  - listen: mqtts://a:1\n    key: ./none')).toContain(
    'broker.yaml:2:5: listeners[0]: mqtts needs "cert": the path of a file with its certificate chain (PEM)',
  )
  expect(await problemsOf('listeners: [{ listen: "mqtt://::1:1883" }]')).toEqual([
    'broker.yaml:1:23: listeners[0].listen: "mqtt://::1:1883" is no address: an IPv6 address stands in brackets, as mqtt://[::1]:1883',
  ])
})

describe('names key, line and column', () => {
  test.each([
    ['listners: []', 'broker.yaml:1:1: unknown key "listners" (did you mean "listeners"?)'],
    [
      'listeners:\n  - listen: mqtts://0.0.0.0:8883\n    cret: x',
      'broker.yaml:3:5: unknown key "cret" in listeners[0] (did you mean "cert"?)',
    ],
    [
      'store: { postgres: {} }',
      'broker.yaml:1:10: unknown key "postgres" in store (known: memory, lmdb, redis)',
    ],
    [
      'store: { redis: {} }',
      'broker.yaml:1:10: store.redis: RedisBackend: one of "url", "sentinels" and "cluster" is needed',
    ],
    ['keepalive:\n  grace: 99', 'broker.yaml:2:10: keepalive.grace must be a number from 1 to 10, not 99'],
    ['keepalive:\n  grace: "2"', 'broker.yaml:2:10: keepalive.grace must be a number from 1 to 10, not "2"'],
    ['keepalive: true', 'broker.yaml:1:12: keepalive must be a map or false, not true or false'],
    [
      'log:\n  level: wran',
      'broker.yaml:2:10: log.level must be one of "error", "warn", "info", "debug", not "wran" (did you mean "warn"?)',
    ],
    [
      'limits: {}\nlisteners:\n  - listen: mqtt://a:1\n    limits:\n      connectionsPerUser: 5\n      exempt: [10.0.0.1]',
      'broker.yaml:5:7: listeners[0].limits.connectionsPerUser holds for the whole broker: write it into the section "limits"',
    ],
    [
      'limits: {}\nlisteners:\n  - listen: mqtt://a:1\n    limits:\n      connections: 5\n      exempt: [10.0.0.1]',
      'broker.yaml:6:7: listeners[0].limits.exempt holds for the whole broker: write it into the section "limits"',
    ],
    [
      'limits: {}\nlisteners:\n  - { listen: "mqtt://a:1", limits: { burst: 0 } }',
      'broker.yaml:3:46: listeners[0].limits.burst must be a number from 0.1 to 3600, not 0',
    ],
    [
      'limits: {}\nlisteners:\n  - { listen: "mqtt://a:1", limits: { conections: 1 } }',
      'broker.yaml:3:39: unknown key "conections" in listeners[0].limits (did you mean "connections"?)',
    ],
    [
      'listeners:\n  - { listen: "mqtt://a:1", limits: { connections: 1 } }',
      'broker.yaml:2:29: listeners[0].limits: nothing says what holds besides: add a section "limits" (limits: {} has the defaults)',
    ],
    [
      'limits: { exempt: [10.0.0.1/40] }',
      'broker.yaml:1:11: limits: RateLimit: option "exempt" has "10.0.0.1/40", which is no address and no network: write it as 10.0.0.1, 10.0.0.0/8 or 2001:db8::/32',
    ],
    [
      'acl: {}\nlisteners:\n  - { listen: "mqtt://a:1", rules: [] }',
      'broker.yaml:3:29: listeners[0].rules: they are found by the name of the listener: give it a "name"',
    ],
    [
      'listeners:\n  - { listen: "mqtt://a:1", name: a, rules: [] }',
      'broker.yaml:2:38: listeners[0].rules: nothing says what clients of other listeners may do: add a section "acl" (acl: {} allows them nothing)',
    ],
    [
      'acl:\nlisteners:\n  - listen: mqtt://a:1\n    name: a\n    rules:\n      - { allow: publish, topic: a, listener: b }',
      'broker.yaml:6:37: listeners[0].rules[0].listener is this listener already: leave it out',
    ],
    [
      'acl:\nlisteners:\n  - listen: mqtt://a:1\n    name: a\n    rules:\n      - { allow: publish, topic: "#/a" }',
      'broker.yaml:6: "#/a" is no topic filter: "#" stands alone in the last level, "+" alone in its level',
    ],
    [
      'acl: { rules: [{ allow: publish, topic: a, qos: 5 }] }',
      'broker.yaml:1:49: acl.rules[0].qos must be one of 0, 1, 2, not 5',
    ],
    ['listeners:\n  listen: 1', 'broker.yaml:2:3: listeners must be a list of maps, not a map'],
    ['listeners: []', 'broker.yaml:1:12: listeners must not be empty'],
    [
      'listeners:\n  - backlog: 1',
      'broker.yaml:2:5: listeners[0] needs "listen": Where: mqtt, mqtts, ws or wss with host and port, or unix with a path.',
    ],
    [
      'listeners:\n  - listen: http://a:1',
      'broker.yaml:2:13: listeners[0].listen must be an address: mqtt, mqtts, ws or wss with host and port, or unix with a path, not this text',
    ],
    [
      'listeners:\n  - listen: mqtt://a:b',
      'broker.yaml:2:13: listeners[0].listen: "mqtt://a:b" is no address: write mqtt, mqtts, ws or wss with an address, as mqtts://0.0.0.0:8883, or unix:/run/mqtt.sock',
    ],
    [
      'listeners:\n  - listen: mqtt://a:65536',
      'broker.yaml:2:13: listeners[0].listen: "mqtt://a:65536": a port is a number from 0 to 65535',
    ],
    [
      'listeners:\n  - listen: mqtt://a/b',
      'broker.yaml:2:13: listeners[0].listen: "mqtt://a/b": only ws and wss have a path',
    ],
    [
      'listeners:\n  - listen: mqtt://127.0.0.1\n    cert: a.pem',
      'broker.yaml:3:5: listeners[0].cert: mqtt has no such option (mqtts, wss have)',
    ],
    [
      'listeners:\n  - { listen: mqtt://127.0.0.1, providers: [password] }',
      'broker.yaml:2:45: listeners[0].providers[0]: the section auth has no "password" (it has: nothing)',
    ],
    [
      'listeners:\n  - { listen: mqtt://127.0.0.1, providers: [anonymous] }\nauth: { certificate: {} }\nacl: {}',
      'broker.yaml:2:45: listeners[0].providers[0]: clients without a name are let in nowhere: write "anonymous: local" into auth',
    ],
    [
      'store:\n  memory: {}\n  lmdb: { path: a }',
      'broker.yaml:1:1: store must have one of memory, lmdb, redis',
    ],
    [
      'store:\n  lmdb:',
      'broker.yaml:2:3: store.lmdb needs "path": The directory of the database; made if there is none. One process has it at a time.',
    ],
    [
      'acl: { file: none.acl }',
      'broker.yaml:1:1: acl: cannot read /etc/mqtt/none.acl: there is no such file: name a readable file of rules',
    ],
    [
      'listeners:\n  - { listen: "ws://127.0.0.1", origins: 7 }',
      'broker.yaml:2:42: listeners[0].origins must be "*" or a list of texts, not a number',
    ],
    [
      'auth: { jwt: { algorithms: [RS256], key: abc } }\nacl: {}',
      'broker.yaml:1:37: auth.jwt: JwtAuth: option "key" is no public key: it must be PEM, a certificate, a JWK or a JWK Set',
    ],
    [
      'auth: { http: { token: x } }\nacl: {}',
      'broker.yaml:1:9: auth.http: HttpAuth: give at least one of the options "authenticate" and "authorize"',
    ],
    [
      'limits: { connectionsPerAdress: 1 }',
      'broker.yaml:1:11: unknown key "connectionsPerAdress" in limits (did you mean "connectionsPerAddress"?)',
    ],
    [
      'use:\n  - package: "@acme/none"',
      'broker.yaml:2:5: use[0]: @acme/none is not installed: npm install @acme/none',
    ],
    [
      'use:\n  - { package: a, before: backend, after: backend }',
      'broker.yaml:2:5: use[0]: "before" and "after" exclude each other: leave one out',
    ],
    [
      'a: [',
      'broker.yaml:1:5: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    ['log: {}\nlog: {}', 'broker.yaml:2:1: Map keys must be unique'],
    ['- a', 'broker.yaml:1:1: the configuration must be a map, not a list'],
    ['__proto__: { a: 1 }', 'broker.yaml:1:1: unknown key "__proto__" (known: '],
    ['? [a]\n: b', 'broker.yaml:1:3: a key must be text'],
  ])('%j', async (text, message) => {
    const [first] = await problemsOf(text)
    if (message.endsWith('(known: ')) expect(first).toContain(message)
    else expect(first).toBe(message)
  })

  test('and so it does in JSON', async () => {
    const text = '{\n\t"keepalive": { "graze": 2 }\n}'
    expect(await problemsOf(text)).toEqual([
      'broker.yaml:2:17: unknown key "graze" in keepalive (did you mean "grace"?)',
    ])
  })

  test('all that is wrong is told', async () => {
    const text = 'keepalive:\n  grace: 0\n  swep: 1\nuse: 3\n'
    expect(await problemsOf(text)).toEqual([
      'broker.yaml:2:10: keepalive.grace must be a number from 1 to 10, not 0',
      'broker.yaml:3:3: unknown key "swep" in keepalive (did you mean "sweep"?)',
      'broker.yaml:4:6: use must be a list of maps, not a number',
    ])
    await expect(readText('broker.yaml', text)).rejects.toThrow(
      'broker.yaml:2:10: keepalive.grace must be a number from 1 to 10, not 0 (and 2 more: mqtt-stack check lists all)',
    )
  })

  test('a file that cannot be read', async () => {
    await expect(loadConfig('/nowhere/broker.yaml')).rejects.toThrow(
      '/nowhere/broker.yaml: cannot be read: there is no such file: mqtt-stack init makes one',
    )
    await expect(loadConfig(folder())).rejects.toThrow(/: cannot be read: it is a folder$/)
  })

  test('a certificate that is missing, and one that is none', async () => {
    const path = folder()
    writeFileSync(join(path, 'key.pem'), 'nothing')
    const file = join(path, 'broker.yaml')
    const text = 'listeners:\n  - listen: mqtts://127.0.0.1:0\n    cert: cert.pem\n    key: key.pem\n'
    const failed = await readText(file, text)
      .then(brokerOptionsOf)
      .catch((error: ConfigError) => error)
    expect((failed as ConfigError).problems.map(lineOf)).toEqual([
      `broker.yaml:3:11: listeners[0].cert: cannot read ${join(path, 'cert.pem')}: there is no such file: name a readable PEM file`,
      `broker.yaml:4:10: listeners[0].key: cannot read ${join(path, 'key.pem')}: it is no PEM file: name a readable PEM file`,
    ])
  })
})

describe('the environment', () => {
  const keepalive = async (text: string, env: NodeJS.ProcessEnv): Promise<unknown> =>
    (await readText('broker.yaml', `keepalive:\n  maximum: ${text}`, env)).value.keepalive

  test('fills in texts, and numbers where they belong', async () => {
    expect(await keepalive('"${MOST}"', { MOST: '60' })).toEqual({ maximum: 60 })
    expect(await keepalive('${MOST}', { MOST: '60' })).toEqual({ maximum: 60 })
    expect(await keepalive('${MOST:-30}', {})).toEqual({ maximum: 30 })
    expect(await keepalive('${MOST:-30}', { MOST: '' })).toEqual({ maximum: 30 })
  })

  test('a variable that is not set has its name and its line', async () => {
    expect(await problemsOf('keepalive:\n  maximum: ${MOST}')).toEqual([
      'broker.yaml:2:12: keepalive.maximum: the environment has no MOST: set it, or write ${MOST:-default}',
    ])
  })

  test('what comes from it is no YAML, no variable, and in no message', async () => {
    const env = { MOST: '${OTHER}, grace: 2', OTHER: 'x' }
    expect(await problemsOf('keepalive:\n  maximum: ${MOST}', env)).toEqual([
      'broker.yaml:2:12: keepalive.maximum must be a number from 0 to 65535, not what ${MOST} stands for',
    ])
  })

  test('a dollar is a dollar', async () => {
    const text = 'stack: { controlTopics: [$SYS, "$${A}"] }'
    const { value } = await readText('broker.yaml', text, {})
    expect(value.stack).toEqual({ controlTopics: ['$SYS', '${A}'] })
  })
})

describe('secrets', () => {
  const listener = (passphrase: string): string =>
    `listeners:\n  - { listen: "mqtts://127.0.0.1", cert: c, key: k, passphrase: ${passphrase} }`

  test('come from files beside the configuration', async () => {
    const path = folder()
    writeFileSync(join(path, 'secret'), 'swordfish\n')
    const { value } = await readText(join(path, 'broker.yaml'), listener('{ file: secret }'))
    expect(value.listeners?.[0].passphrase).toBe('swordfish')
  })

  test('are text, with or without a mark at their beginning, and no pipe', async () => {
    const path = folder()
    const secret = join(path, 'secret')
    const read = () => problemsOf(listener(`{ file: ${secret} }`))
    const problem = (why: string) => [
      `broker.yaml:2:73: listeners[0].passphrase: cannot read the file ${secret}: ${why}`,
    ]
    writeFileSync(secret, '\uFEFFswordfish\r\n')
    const { value } = await readText(join(path, 'broker.yaml'), listener('{ file: secret }'))
    expect(value.listeners?.[0].passphrase).toBe('swordfish')
    writeFileSync(secret, Buffer.from('swordf\xefsh', 'latin1'))
    expect(await read()).toEqual(problem('it is not UTF-8'))
    rmSync(secret)
    execFileSync('mkfifo', [secret])
    expect(await read()).toEqual(problem('it is no regular file but a pipe, a socket or a device'))
  })

  test('are in no message', async () => {
    expect(await problemsOf(listener('[swordfish]'))).toEqual([
      'broker.yaml:2:65: listeners[0].passphrase must be text or a map with "file", not a list',
    ])
    expect(await problemsOf(listener('{ file: secret, name: x }'))).toEqual([
      'broker.yaml:2:81: unknown key "name" in listeners[0].passphrase (known: file)',
    ])
    expect(await problemsOf(listener('{ file: secret }'))).toEqual([
      'broker.yaml:2:73: listeners[0].passphrase: cannot read the file /etc/mqtt/secret: there is no such file',
    ])
  })
})

describe('bounds', () => {
  test('aliases that multiply, and one within itself', async () => {
    const lines = ['a: &a [x,x,x,x,x,x,x,x,x,x]']
    for (let i = 1; i < 9; i++)
      lines.push(`${'abcdefghi'[i]}: &${'abcdefghi'[i]} [${Array(10).fill(`*${'abcdefghi'[i - 1]}`)}]`)
    expect((await problemsOf(lines.join('\n')))[0]).toMatch(
      /^broker\.yaml:\d+:\d+: too much of it: at most 200000 parts, 64 levels deep$/,
    )
    expect((await problemsOf('a: &a\n  b: *a'))[0]).toMatch(/too much of it/)
  })

  test('what is nested without an end', async () => {
    expect((await problemsOf('['.repeat(20_000))).length).toBeLessThanOrEqual(100)
    for (const depth of [1_000, 20_000]) {
      const [first] = await problemsOf(`${'['.repeat(depth)}${']'.repeat(depth)}`)
      expect(first).toMatch(/^broker\.yaml:1:\d+: (?:nested too deep|too much of it)/)
    }
    const deep = `${'['.repeat(100)}${']'.repeat(100)}`
    expect((await problemsOf(`a: ${deep}`))[0]).toMatch(/too much of it/)
  })

  test('an empty file is a configuration', async () => {
    expect(await problemsOf('')).toEqual([])
    expect(await problemsOf('# nothing\n')).toEqual([])
  })
})
