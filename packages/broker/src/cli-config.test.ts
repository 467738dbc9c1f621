/** The command with a configuration. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { IClientOptions, IConnackPacket, MqttClient } from 'mqtt'
import { connect, connectAsync } from 'mqtt'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Spawned } from '../../../test/support/spawned.ts'
import { spawned } from '../../../test/support/spawned.ts'

/** The command as it is built: Node runs no TypeScript. */
const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url))

function folder(files: Readonly<Record<string, string>>): string {
  const path = mkdtempSync(join(tmpdir(), 'mqtt-stack-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text)
  return path
}

/** Runs it on a configuration. */
function configured(text: string, args: readonly string[] = [], files: Record<string, string> = {}): Spawned {
  const file = join(folder({ 'broker.yaml': text, ...files }), 'broker.yaml')
  return spawned(process.execPath, [CLI, '--config', file, ...args])
}

async function url(cli: Spawned, scheme: string): Promise<string> {
  return (await cli.prints(new RegExp(`listening on (${scheme}:[\\w:/.]+)`)))[1]
}

async function client(url: string, options?: IClientOptions): Promise<MqttClient> {
  const connected = await connectAsync(url, { reconnectPeriod: 0, ...options })
  connected.on('error', () => {})
  onTestFinished(() => void connected.end(true))
  return connected
}

describe('runs what the configuration says', () => {
  test('listeners, options of places, the log', async () => {
    const cli = configured(
      'listeners:\n  - listen: mqtt://127.0.0.1:0\n  - listen: ws://127.0.0.1:0/mqtt\nkeepalive: { maximum: 60 }\nlog: { level: debug, format: lines }\n',
    )
    const one = connect(await url(cli, 'mqtt'), { protocolVersion: 5, keepalive: 90 })
    onTestFinished(() => void one.end(true))
    const { properties } = await new Promise<IConnackPacket>((resolve) => one.once('connect', resolve))
    expect(properties?.serverKeepAlive).toBe(60)
    expect(new URL(await url(cli, 'ws')).pathname).toBe('/mqtt')
    await client(await url(cli, 'ws'))
    await cli.prints(/DEBUG.*connected from/)
  })

  test('the form of the log, from the next SIGHUP on, unless a flag says it', async () => {
    const text = (format: string): string =>
      `listeners: [{ listen: "mqtt://127.0.0.1:0" }]\nlog: { format: ${format} }\n`
    const path = join(folder({ 'broker.yaml': text('json') }), 'broker.yaml')
    const run = (...flags: string[]) => spawned(process.execPath, [CLI, '--config', path, ...flags])
    const [one, other] = [run(), run('--log-format', 'json')]
    await Promise.all([one.prints(/"event":"listener.opened"/), other.prints(/"event":"listener.opened"/)])
    writeFileSync(path, text('lines'))
    one.child.kill('SIGHUP')
    other.child.kill('SIGHUP')
    await one.prints(/INFO.*SIGHUP: read again: log.format/)
    await other.prints(/"event":"config.reloaded"/)
  })

  test('a middleware of a module beside it, at its place', async () => {
    const module = `export class Only {
      name = 'Only'
      constructor(options) { this.prefix = options.prefix }
      authorizePacket({ packet }, store) {
        store.valid = packet.cmd !== 'publish' || packet.topic.startsWith(this.prefix)
      }
    }`
    const cli = configured(
      'listeners: [{ listen: "mqtt://127.0.0.1:0" }]\nuse:\n  - { package: ./only.mjs, options: { prefix: a/ }, before: authorize }\n',
      [],
      { 'only.mjs': module },
    )
    const one = await client(await url(cli, 'mqtt'), { protocolVersion: 5 })
    await one.publishAsync('a/b', '', { qos: 1 })
    await expect(one.publishAsync('b', '', { qos: 1 })).rejects.toThrow(/authorized/i)
  })

  test('a store on the disk, beside the configuration', async () => {
    const path = folder({
      'broker.yaml': 'listeners: [{ listen: "mqtt://127.0.0.1:0" }]\nstore: { lmdb: { path: data } }\n',
    })
    const cli = spawned(process.execPath, [CLI, '--config', join(path, 'broker.yaml')], { cwd: tmpdir() })
    await url(cli, 'mqtt')
    expect(existsSync(join(path, 'data'))).toBe(true)
  })
})

test('SIGHUP reads it again; a broken file changes nothing', async () => {
  const text = 'listeners: [{ listen: "mqtt://127.0.0.1:0" }]\n'
  const path = folder({ 'broker.yaml': text })
  const file = join(path, 'broker.yaml')
  const cli = spawned(process.execPath, [CLI, '--config', file])
  const one = await client(await url(cli, 'mqtt'))
  writeFileSync(file, `${text}keepalive: { maximum: 9 }\nstore: { memory: { sessions: 9 } }\n`)
  cli.child.kill('SIGHUP')
  await cli.prints(/SIGHUP: read again: keepalive"/)
  await cli.prints(
    /"level":40.*broker\.yaml:3:1: store: it is read at the start alone; what has changed takes effect at the next start/,
  )
  writeFileSync(file, 'listners: []')
  cli.child.kill('SIGHUP')
  await cli.prints(/"level":50.*SIGHUP: broker\.yaml:1:1: unknown key .*; nothing has changed/)
  await one.publishAsync('a', 'b', { qos: 1 })
})

test.each(['SIGHUP', 'SIGUSR2'] as const)(
  '%s while it starts ends nothing, and is done once it runs',
  async (signal) => {
    const text = 'listeners: [{ listen: "mqtt://127.0.0.1:0" }]\nuse: [{ package: ./slow.mjs }]\n'
    // It is loaded when the test says so.
    const slow = `process.stdout.write('loading\\n')
await new Promise((resolve) => process.stdin.once('data', resolve))
process.stdin.unref()
export class Slow {
  name = 'Slow'
  clientConnected() {}
}
`
    const cli = configured(text, [], { 'slow.mjs': slow })
    await cli.prints(/loading/)
    cli.child.kill(signal)
    cli.child.stdin?.write('go\n')
    await url(cli, 'mqtt')
    if (signal === 'SIGHUP') await cli.prints(/SIGHUP: read again: nothing has changed/)
    else await cli.prints(/SIGUSR2/)
    cli.child.kill('SIGTERM')
    expect(await cli.exited).toBe(0)
  },
)

test('SIGHUP tells of the listeners that are new or have changed, and of no others', async () => {
  const stays = '  - listen: mqtt://127.0.0.1:0\n  - { listen: "ws://127.0.0.1:0/mqtt", name: web }\n'
  const path = folder({ 'broker.yaml': `limits: {}\nlisteners:\n${stays}` })
  const file = join(path, 'broker.yaml')
  const cli = spawned(process.execPath, [CLI, '--config', file])
  await client(await url(cli, 'ws'))
  const listening = (): string[] => cli.stdout.match(/listening on [^"]*/g) ?? []
  expect(listening()).toEqual([
    expect.stringMatching(/^listening on mqtt:\/\/127\.0\.0\.1:\d+$/),
    expect.stringMatching(/^listening on ws:\/\/127\.0\.0\.1:\d+\/mqtt$/),
  ])
  writeFileSync(
    file,
    `limits: {}\nlisteners:\n${stays.replace('name: web', 'name: web, limits: { messageRate: 9 }')}`,
  )
  cli.child.kill('SIGHUP')
  await cli.prints(/read again: listeners/)
  writeFileSync(
    file,
    `limits: {}\nlisteners:\n${stays.replace('/mqtt', '/other')}  - listen: ws://127.0.0.1:0/new\n`,
  )
  cli.child.kill('SIGHUP')
  await cli.prints(/listening on ws:.*\/new/)
  expect(listening().slice(2)).toEqual([
    expect.stringMatching(/^listening on ws:\/\/127\.0\.0\.1:\d+\/other$/),
    expect.stringMatching(/^listening on ws:\/\/127\.0\.0\.1:\d+\/new$/),
  ])
})

describe('flags win', () => {
  test('--listen over its listeners, --log-level over its log', async () => {
    const cli = configured('listeners: [{ listen: "mqtt://127.0.0.1:1" }]\nlog: { level: error }\n', [
      '--listen',
      'ws://127.0.0.1:0',
      '--listen',
      'mqtt://127.0.0.1:0',
      '--log-level',
      'info',
    ])
    await client(await url(cli, 'ws'))
    await client(await url(cli, 'mqtt'))
  })
})

describe('says in one line what is wrong', () => {
  test('a wrong key', async () => {
    const cli = configured('listners: []\n')
    expect(await cli.exited).toBe(1)
    expect(cli.stderr).toBe(
      'mqtt-stack: broker.yaml:1:1: unknown key "listners" (did you mean "listeners"?)\n',
    )
  })

  test('a file that is not there', async () => {
    const cli = spawned(process.execPath, [CLI, '--config', '/nowhere.yaml'])
    expect(await cli.exited).toBe(1)
    expect(cli.stderr).toBe(
      'mqtt-stack: /nowhere.yaml: cannot be read: there is no such file: mqtt-stack init makes one\n',
    )
  })
})
