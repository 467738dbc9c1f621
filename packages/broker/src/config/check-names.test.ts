/** Names of listeners, providers and packages in a configuration: the exact text of each error. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { brokerOptionsOf } from './broker-options-of.ts'
import { loadConfig } from './load-config.ts'
import type { ConfigError } from './problem.ts'
import { lineOf } from './problem.ts'

const FILES: Readonly<Record<string, string>> = {
  'keys.mjs': `export class Keys {
  name = 'Keys'
  authenticateConnection() {}
}`,
  'wants-list.mjs': `import { Middleware } from '${import.meta.resolve('@mqtt-stack/core')}'
export class Lists extends Middleware {
  constructor(options) {
    const schema = { type: 'array', items: { type: 'string' } }
    super(options, { names: { kind: 'any', optional: true, schema, doc: 'Names.' } })
  }
  relayMessage() {}
}`,
  'quiet.mjs': `export default { name: 'Quiet', relayMessage() {} }`,
  'node_modules/by-name/index.js': `class Quiet {
  name = 'Quiet'
  relayMessage() {}
}
exports.Quiet = Quiet
exports.limit = 5`,
  'node_modules/by-default/index.js': `Object.defineProperty(exports, '__esModule', { value: true })
class Tag {
  name = 'Tag'
  relayMessage() {}
  constructor(options) { this.tag = options.tag }
}
exports.Tag = Tag
exports.default = Tag`,
  'node_modules/whole/index.js': `module.exports = class Whole {
  name = 'Whole'
  relayMessage() {}
}`,
  'node_modules/frozen/index.js': `module.exports = Object.freeze({ name: 'Frozen', relayMessage() {} })`,
}

async function made(text: string) {
  const folder = mkdtempSync(join(tmpdir(), 'names-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const [name, source] of Object.entries({ ...FILES, 'broker.yaml': text })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), source)
  }
  return brokerOptionsOf(await loadConfig(join(folder, 'broker.yaml')))
}

async function problemsOf(text: string): Promise<string[]> {
  return made(text).then(
    () => [],
    (error: ConfigError) => error.problems.map(lineOf),
  )
}

const HOUSE = 'listeners: [{ listen: "mqtt://127.0.0.1:1883", name: house'

describe('a name that is none', () => {
  test.each([
    [
      `${HOUSE} }]\nacl: { rules: [{ deny: publish, topic: a, listener: huose }] }`,
      'broker.yaml:2:53: acl.rules[0].listener: there is no listener "huose" (did you mean "house"?)',
    ],
    [
      `${HOUSE} }]\nacl: { rules: [{ deny: publish, topic: a, listener: [house, x] }] }`,
      'broker.yaml:2:53: acl.rules[0].listener: there is no listener "x" (known: house)',
    ],
    [
      'acl: { rules: [{ deny: publish, topic: a, listener: world }] }',
      'broker.yaml:1:53: acl.rules[0].listener: there is no listener "world" (no listener has a "name")',
    ],
    [
      `${HOUSE} }, { listen: "mqtt://127.0.0.1:1884", name: house }]`,
      'broker.yaml:1:104: listeners[1].name: listeners[0] is "house" already: give each a name of its own',
    ],
    [
      `${HOUSE}, providers: [Kyes] }]\nuse: [{ package: ./keys.mjs }]\nauthorize: false`,
      'broker.yaml:1:73: listeners[0].providers[0]: neither "auth" nor "use" has "Kyes" (did you mean "Keys"?)',
    ],
    [
      `${HOUSE}, providers: [Quiet] }]\nuse: [{ package: ./quiet.mjs }]`,
      'broker.yaml:1:73: listeners[0].providers[0]: Quiet says nothing of who clients are: it answers neither authenticateConnection nor authenticateExchange',
    ],
    [
      'use: [{ package: "@mqtt-stack/acl", options: { rles: [] } }]',
      'broker.yaml:1:48: use[0].options: Acl: unknown option "rles" (did you mean "rules"?)',
    ],
    [
      'use: [{ package: "@mqtt-stack/acl", options: { rules: 5 } }]',
      'broker.yaml:1:37: use[0].options: acl: rules: a list of rules is wanted, not 5',
    ],
    [
      'use: [{ package: "@mqtt-stack/core" }]',
      'broker.yaml:1:7: use[0]: @mqtt-stack/core exports Middleware, Account, Ledger, Roster, Seat, Publish, Stack, Pace and N more: say which by "export"',
    ],
    [
      'use: [{ package: "@mqtt-stack/acl", export: Alc }]',
      'broker.yaml:1:7: use[0]: @mqtt-stack/acl exports no "Alc" (did you mean "Acl"?)',
    ],
    [
      'use: [{ package: frozen, name: other }]',
      'broker.yaml:1:7: use[0]: what frozen exports has a fixed name: leave "name" out',
    ],
    [
      'use: [{ package: ./keys.mjs }]',
      'broker.yaml:1:7: use[0]: clients are asked who they are, and nothing says what they may do: add a section "acl", or allow everything with "authorize: false"',
    ],
  ])('%s', async (text, line) => {
    // How many classes core has is no matter of this test.
    const problems = (await problemsOf(text)).map((problem) => problem.replace(/and \d+ more/, 'and N more'))
    expect(problems).toEqual([line])
  })
})

test('a listener asks a middleware of `use` by its name, and one that was renamed by its new one', async () => {
  const { listeners } = await made(`listeners:
  - { listen: "mqtt://127.0.0.1:1883", providers: [Keys, anonymous] }
  - { listen: "mqtt://127.0.0.1:1884", providers: [partners] }
auth: { anonymous: local }
use: [{ package: ./keys.mjs }, { package: ./keys.mjs, name: partners }]
acl: {}
`)
  expect(listeners?.map(({ providers }) => providers)).toEqual([['Keys', 'Anonymous'], ['partners']])
})

test('two listeners of one name are refused in code, too', async () => {
  const { createBroker } = await import('../create-broker.ts')
  const house = { transport: 'tcp', port: 0, name: 'house' } as const
  expect(() => createBroker({ listeners: [house, house] })).toThrow(
    'two listeners are called "house": give each a name of its own',
  )
})

test.each(['by-name', 'by-default', 'whole'])('a CommonJS package %s is made', async (name) => {
  const options = name === 'by-default' ? ', options: { tag: x }' : ''
  const { use } = await made(`use: [{ package: ${name}${options} }]`)
  expect(use).toMatchObject([{ name: { 'by-name': 'Quiet', 'by-default': 'Tag', whole: 'Whole' }[name] }])
})
