/** Sections that are all right by themselves have to be so with each other: real brokers of a file. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createBrokerFrom } from '../create-broker-from.ts'

const QUIET = { error() {}, warn() {}, info() {}, debug() {} }
/** `secret`, as Mosquitto 1.6 keeps it. */
const USERS =
  'alice:$6$c2FsdHNhbHQ=$aCu7JRc+kLsuEmFs1zTY+AiP7DSGnjjG+dH28Dp+E5usqoAixeTPihKqZmkWal4mUfp63tqvCAkFV1LKTDFH6Q==\n'
const PROVIDERS: Readonly<Record<string, string>> = {
  password: '{ file: users }',
  scram: '{ file: users }',
  jwt: `{ algorithms: [HS256], key: ${'k'.repeat(32)}, rightsClaim: mqtt }`,
  http: '{ authenticate: "http://127.0.0.1:1/", authorize: "http://127.0.0.1:1/" }',
  certificate: '{}',
  anonymous: 'local',
}
const SECTIONS: Readonly<Record<string, string>> = {
  acl: '{ rules: [{ allow: [publish, subscribe, receive], topic: "#" }] }',
  limits: '{ messageRate: 1000, connectionsPerUser: 10, retainedPerUser: 10 }',
  store: '{ lmdb: { path: data } }',
  admin: '{ listen: "0", tokens: [{ role: read, token: long-enough-to-be-one }] }',
  metrics: '{ listen: "0", sysInterval: 1000, openTelemetry: false }',
  tracing: '{}',
  use: '[{ package: ./mine.mjs }]',
  stack: '{ controlTopics: ["$SYS", "$mine"] }',
  log: '{ level: error }',
  keepalive: '{ maximum: 60 }',
}
const MINE = 'export class Mine { name = "Mine"; relayMessage(_ctx, _store, next) { next() } }\n'

async function starts(
  sections: Readonly<Record<string, string>>,
  providers: readonly string[],
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-stack-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const auth = providers.map((name) => `${name}: ${PROVIDERS[name]}`).join(', ')
  const all = { ...(auth !== '' && { auth: `{ ${auth} }` }), ...sections }
  const isOpen =
    auth === '' || 'acl' in sections || providers.every((name) => /http|anonymous|jwt/.test(name))
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`)
  if (!isOpen) lines.push('authorize: false')
  const text = ['listeners: [{ listen: "mqtt://127.0.0.1:0" }]', ...lines].join('\n')
  for (const [name, contents] of Object.entries({ users: USERS, 'mine.mjs': MINE, 'broker.yaml': text }))
    writeFileSync(join(folder, name), contents, { mode: 0o600 })
  const broker = await createBrokerFrom(join(folder, 'broker.yaml'), { stack: { logger: QUIET } })
  try {
    await broker.listen()
    expect(broker.addresses).toHaveLength(1)
  } finally {
    await broker.close()
  }
}

const pairs = Object.keys(SECTIONS).flatMap((one, i, names) =>
  names.slice(i + 1).map((other) => [one, other]),
)

test.each(pairs)('%s and %s start together', async (one, other) => {
  const pick = (name: string) => SECTIONS[name] as string
  await starts({ [one]: pick(one), [other]: pick(other) }, [])
})

test.each(Object.keys(PROVIDERS))('all sections start together with auth.%s', async (provider) => {
  await starts(SECTIONS, [provider])
})

test('all sections start together, in one order and in the other', async () => {
  const backwards = Object.fromEntries(Object.entries(SECTIONS).reverse())
  for (const sections of [SECTIONS, backwards]) await starts(sections, Object.keys(PROVIDERS))
})
